//! Which metrics the page is made of: ours as far as the deployment's level has them, and AWS's own, which are free.

use std::collections::BTreeMap;

use contract::TierTable;
use contract::metrics::{self, DISPATCHER, Monitoring, SKIPS};

use crate::aws::{Deployment, Function};

/// Whose metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Namespace {
    /// By metric filters on the functions' logs.
    Ours,
    Lambda,
    Logs,
    Sqs,
}

impl Namespace {
    /// As CloudWatch spells it.
    pub(super) fn name(self, deployment: &Deployment) -> String {
        match self {
            Self::Ours => deployment.metrics_namespace(),
            Self::Lambda => "AWS/Lambda".to_owned(),
            Self::Logs => "AWS/Logs".to_owned(),
            Self::Sqs => "AWS/SQS".to_owned(),
        }
    }
}

/// A CloudWatch statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Statistic {
    Sum,
    Minimum,
    P95,
}

impl Statistic {
    /// As CloudWatch spells it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::P95 => "p95",
        }
    }
}

/// A metric and how its values are put together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MetricKey {
    pub namespace: Namespace,
    /// Of a dimension, its name and its value; nothing of the sum over all functions.
    pub dimension: Option<(&'static str, String)>,
    pub name: &'static str,
    pub statistic: Statistic,
}

impl MetricKey {
    /// Every metric that the page of a deployment with this level is made of.
    pub(super) fn all(
        deployment: &Deployment,
        tiers: &TierTable,
        level: Monitoring,
        functions: &[Function],
    ) -> Vec<Self> {
        let ours = metrics::all().iter().filter(|metric| metric.level <= level);
        let ours = ours.flat_map(|metric| {
            let values = match metric.dimension.as_deref() {
                None => vec![None],
                Some("tier") => {
                    let names = tiers.iter().map(|tier| tier.name.as_str());
                    let names: Vec<_> = if metric.functions.iter().any(|function| function == "worker") {
                        names.collect()
                    } else {
                        vec![DISPATCHER]
                    };
                    names.into_iter().map(|name| Some(("tier", name.to_owned()))).collect()
                }
                Some("outcome") if metric.name == "objects" => {
                    SKIPS.iter().map(|skip| Some(("outcome", (*skip).to_owned()))).collect()
                }
                Some(_) => Vec::new(),
            };
            let statistic = if metric.name == "headroom_percent" { Statistic::Minimum } else { Statistic::Sum };
            let key = move |dimension| Self { namespace: Namespace::Ours, dimension, name: &metric.name, statistic };
            values.into_iter().map(key)
        });
        let of_functions = functions.iter().flat_map(|function| {
            let sums = ["Invocations", "Errors", "Duration"]
                .map(|name| Self::of_function(&function.name, name, Statistic::Sum));
            let p95 = Self::of_function(&function.name, "Duration", Statistic::P95);
            sums.into_iter().chain([p95, Self::log_bytes(&function.name)])
        });
        let queues = QUEUES.into_iter().flat_map(|queue| {
            let name = deployment.function_name(queue);
            QUEUE_REQUESTS.into_iter().map(move |metric| Self::of_queue(&name, metric))
        });
        ours.chain(of_functions).chain(queues).collect()
    }

    /// One of ours by tier.
    pub(super) fn of_tier(tier: &str, name: &'static str, statistic: Statistic) -> Self {
        Self { namespace: Namespace::Ours, dimension: Some(("tier", tier.to_owned())), name, statistic }
    }

    /// One of ours over everything.
    pub(super) const fn of_all(name: &'static str) -> Self {
        Self { namespace: Namespace::Ours, dimension: None, name, statistic: Statistic::Sum }
    }

    pub(super) fn of_skip(skip: &str) -> Self {
        let dimension = Some(("outcome", skip.to_owned()));
        Self { namespace: Namespace::Ours, dimension, name: "objects", statistic: Statistic::Sum }
    }

    /// One of Lambda's.
    pub(super) fn of_function(function: &str, name: &'static str, statistic: Statistic) -> Self {
        let dimension = Some(("FunctionName", function.to_owned()));
        Self { namespace: Namespace::Lambda, dimension, name, statistic }
    }

    /// What CloudWatch Logs took from a function, as it is billed.
    pub(super) fn log_bytes(function: &str) -> Self {
        let dimension = Some(("LogGroupName", format!("/aws/lambda/{function}")));
        Self { namespace: Namespace::Logs, dimension, name: "IncomingBytes", statistic: Statistic::Sum }
    }

    /// One of a queue's.
    pub(super) fn of_queue(queue: &str, name: &'static str) -> Self {
        let dimension = Some(("QueueName", queue.to_owned()));
        Self { namespace: Namespace::Sqs, dimension, name, statistic: Statistic::Sum }
    }
}

/// The deployment's queues.
pub(super) const QUEUES: [&str; 3] = ["failed-jobs", "dead-letters", "refusals"];

/// What SQS counts of its requests: Lambda asks a queue that is empty too.
pub(super) const QUEUE_REQUESTS: [&str; 4] =
    ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "NumberOfEmptyReceives"];

/// Values by metric and by the start of their period, in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(BTreeMap<MetricKey, BTreeMap<i64, f64>>);

impl Metrics {
    /// Notes the values of a metric.
    pub(super) fn add(&mut self, key: &MetricKey, values: impl Iterator<Item = (i64, f64)>) {
        self.0.entry(key.clone()).or_default().extend(values);
    }

    /// Its values by the start of their period.
    pub(super) fn values(&self, key: &MetricKey) -> impl Iterator<Item = (i64, f64)> {
        self.0.get(key).into_iter().flatten().map(|(hour, value)| (*hour, *value))
    }

    /// All of them together; 0 of none.
    pub(super) fn sum(&self, key: &MetricKey) -> f64 {
        self.values(key).map(|(_, value)| value).sum()
    }

    /// One of ours by tier, together.
    pub(super) fn of_tier(&self, tier: &str, name: &'static str) -> f64 {
        self.sum(&MetricKey::of_tier(tier, name, Statistic::Sum))
    }
}
