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
    Sns,
    Events,
    S3,
    CloudFront,
}

impl Namespace {
    /// As CloudWatch spells it.
    pub(super) fn name(self, deployment: &Deployment) -> String {
        match self {
            Self::Ours => deployment.metrics_namespace(),
            Self::Lambda => "AWS/Lambda".to_owned(),
            Self::Logs => "AWS/Logs".to_owned(),
            Self::Sqs => "AWS/SQS".to_owned(),
            Self::Sns => "AWS/SNS".to_owned(),
            Self::Events => "AWS/Events".to_owned(),
            Self::S3 => "AWS/S3".to_owned(),
            Self::CloudFront => "AWS/CloudFront".to_owned(),
        }
    }
}

/// A CloudWatch statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Statistic {
    Sum,
    Minimum,
    Average,
    P95,
}

impl Statistic {
    /// As CloudWatch spells it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Average => "Average",
            Self::P95 => "p95",
        }
    }
}

/// A metric and how its values are put together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MetricKey {
    pub namespace: Namespace,
    /// Of each dimension, its name and its value; none of the sum over all functions.
    pub dimensions: Vec<(&'static str, String)>,
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
            let key = move |dimension: Option<_>| Self {
                namespace: Namespace::Ours,
                dimensions: dimension.into_iter().collect(),
                name: &metric.name,
                statistic,
            };
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
        let beside = [Self::of_topic(&deployment.function_name(TOPIC)), Self::of_rule(&deployment.function_name(RULE))];
        ours.chain(of_functions).chain(queues).chain(beside).collect()
    }

    fn new(
        namespace: Namespace,
        dimensions: &[(&'static str, &str)],
        name: &'static str,
        statistic: Statistic,
    ) -> Self {
        let dimensions = dimensions.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { namespace, dimensions, name, statistic }
    }

    /// One of ours by tier.
    pub(super) fn of_tier(tier: &str, name: &'static str, statistic: Statistic) -> Self {
        Self::new(Namespace::Ours, &[("tier", tier)], name, statistic)
    }

    /// One of ours over everything.
    pub(super) fn of_all(name: &'static str) -> Self {
        Self::new(Namespace::Ours, &[], name, Statistic::Sum)
    }

    pub(super) fn of_skip(skip: &str) -> Self {
        Self::new(Namespace::Ours, &[("outcome", skip)], "objects", Statistic::Sum)
    }

    /// One of Lambda's.
    pub(super) fn of_function(function: &str, name: &'static str, statistic: Statistic) -> Self {
        Self::new(Namespace::Lambda, &[("FunctionName", function)], name, statistic)
    }

    /// What CloudWatch Logs took from a function, as it is billed.
    pub(super) fn log_bytes(function: &str) -> Self {
        let group = format!("/aws/lambda/{function}");
        Self::new(Namespace::Logs, &[("LogGroupName", &group)], "IncomingBytes", Statistic::Sum)
    }

    /// One of a queue's.
    pub(super) fn of_queue(queue: &str, name: &'static str) -> Self {
        Self::new(Namespace::Sqs, &[("QueueName", queue)], name, Statistic::Sum)
    }

    /// Messages that alarms published.
    pub(super) fn of_topic(topic: &str) -> Self {
        Self::new(Namespace::Sns, &[("TopicName", topic)], "NumberOfMessagesPublished", Statistic::Sum)
    }

    /// Events that the rule took.
    pub(super) fn of_rule(rule: &str) -> Self {
        Self::new(Namespace::Events, &[("RuleName", rule)], "TriggeredRules", Statistic::Sum)
    }

    /// What S3 measures of a bucket once a day.
    pub(super) fn stored_bytes(bucket: &str) -> Self {
        let dimensions = [("BucketName", bucket), ("StorageType", "StandardStorage")];
        Self::new(Namespace::S3, &dimensions, "BucketSizeBytes", Statistic::Average)
    }

    /// One of a distribution's; they are in us-east-1.
    pub(super) fn of_cloudfront(distribution: &str, name: &'static str) -> Self {
        let dimensions = [("DistributionId", distribution), ("Region", "Global")];
        Self::new(Namespace::CloudFront, &dimensions, name, Statistic::Sum)
    }
}

/// The deployment's queues.
pub(super) const QUEUES: [&str; 3] = ["failed-jobs", "dead-letters", "refusals"];

/// The topic of its alarms.
pub(super) const TOPIC: &str = "alarms";

/// The rule of `event_source=eventbridge`.
pub(super) const RULE: &str = "uploads";

/// What SQS counts of its requests, but for those of Lambda that found nothing: they come every month, used or not.
pub(super) const QUEUE_REQUESTS: [&str; 3] =
    ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"];

/// Values by metric and by the start of their period, in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(BTreeMap<MetricKey, BTreeMap<i64, f64>>);

impl Metrics {
    /// Notes the values of a metric.
    pub(super) fn add(&mut self, key: &MetricKey, values: impl Iterator<Item = (i64, f64)>) {
        self.0.entry(key.clone()).or_default().extend(values);
    }

    /// Takes those of `other` too.
    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Its values by the start of their period.
    pub(super) fn values(&self, key: &MetricKey) -> impl Iterator<Item = (i64, f64)> {
        self.0.get(key).into_iter().flatten().map(|(hour, value)| (*hour, *value))
    }

    /// That of the latest period.
    pub(super) fn last(&self, key: &MetricKey) -> Option<f64> {
        self.values(key).last().map(|(_, value)| value)
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
