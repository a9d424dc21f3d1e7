//! From metrics to costs per tier. Pure.

use std::collections::BTreeMap;

use contract::metrics::DISPATCHER;
use contract::{Architecture, Dollars, InvocationReport, RegionPrices, TierTable};
use serde::Serialize;

use super::advice::advice;
use crate::aws::Deployment;

/// Metrics that are added up, by their names in [`contract::metrics`].
pub(super) const SUMS: [&str; 8] = [
    "images",
    "objects",
    "compute_dollars",
    "request_dollars",
    "largest_only_dollars",
    "escalations",
    "refusals",
    "failures",
];

/// A metric of a tier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MetricKey {
    /// A tier's name, or `dispatcher`.
    pub tier: String,
    /// The metric's name.
    pub name: &'static str,
    /// Over each period.
    pub statistic: Statistic,
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

/// Values by metric and by the start of their period, in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(BTreeMap<MetricKey, BTreeMap<i64, f64>>);

impl Metrics {
    /// Notes the values of a metric.
    pub(super) fn add(&mut self, key: &MetricKey, values: impl Iterator<Item = (i64, f64)>) {
        self.0.entry(key.clone()).or_default().extend(values);
    }

    fn values(&self, tier: &str, name: &'static str, statistic: Statistic) -> impl Iterator<Item = (i64, f64)> {
        let key = MetricKey { tier: tier.to_owned(), name, statistic };
        self.0.get(&key).into_iter().flatten().map(|(hour, value)| (*hour, *value))
    }

    fn sum(&self, tier: &str, name: &'static str) -> f64 {
        self.values(tier, name, Statistic::Sum).map(|(_, value)| value).sum()
    }
}

/// What Lambda billed a function.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Billed {
    /// How many REPORT records there are.
    pub invocations: u64,
    /// Memory times billed time.
    pub compute: Dollars,
}

impl Billed {
    /// Adds one invocation.
    pub(super) fn add(&mut self, report: &InvocationReport, prices: &RegionPrices, architecture: Architecture) {
        self.invocations += 1;
        self.compute = self.compute + prices.compute(architecture, report.memory_mb, report.billed_ms);
    }
}

/// What the page says; `--json` is this.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub stage: String,
    pub region: String,
    /// `metrics`: estimated by the functions; `billed`: from REPORT records.
    pub compute_from: &'static str,
    pub tiers: Vec<TierFigures>,
    pub dispatcher: DispatcherFigures,
    pub total: Total,
    /// The same images on the largest tier's function alone, without a dispatcher.
    pub single_function: SingleFunction,
    /// Dollars by the hour, from the first hour with a cost to the last.
    pub hourly_dollars: Vec<f64>,
    pub recommendation: String,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct TierFigures {
    pub tier: String,
    pub memory_mb: u64,
    pub images: u64,
    #[serde(flatten)]
    pub cost: Cost,
    /// The least of the whole time.
    pub headroom_percent: Option<f64>,
    pub escalations: u64,
    pub refusals: u64,
    pub failures: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct DispatcherFigures {
    pub objects: u64,
    #[serde(flatten)]
    pub cost: Cost,
}

/// What a function cost, and how long it took.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cost {
    pub compute_dollars: Dollars,
    pub request_dollars: Dollars,
    pub dollars: Dollars,
    /// By images, or by objects of the dispatcher.
    pub dollars_per_million: Option<Dollars>,
    pub p95_ms: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Total {
    pub images: u64,
    pub dollars: Dollars,
    pub dollars_per_million: Option<Dollars>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct SingleFunction {
    pub memory_mb: u64,
    pub dollars: Dollars,
    pub dollars_per_million: Option<Dollars>,
}

impl Figures {
    /// Adds everything up. An escalated job counts in both tiers that saw it, as it costs in both.
    pub(super) fn new(
        deployment: &Deployment,
        tiers: &TierTable,
        metrics: &Metrics,
        billed: Option<&BTreeMap<String, Billed>>,
        target_ms: f64,
    ) -> Self {
        let compute = |tier: &str| match billed.and_then(|billed| billed.get(tier)) {
            Some(billed) => billed.compute,
            None => Dollars(metrics.sum(tier, "compute_dollars")),
        };
        let rows: Vec<_> =
            tiers.iter().map(|tier| row(metrics, &tier.name, tier.memory_mb, compute(&tier.name))).collect();
        let dispatcher = dispatcher(metrics, compute(DISPATCHER));
        let escalations: u64 = rows.iter().map(|row| row.escalations).sum();
        let images = rows.iter().map(|row| row.images).sum::<u64>().saturating_sub(escalations);
        let requests: Dollars = rows.iter().map(|row| row.cost.request_dollars).sum();
        let dollars = rows.iter().map(|row| row.cost.dollars).sum::<Dollars>() + dispatcher.cost.dollars;
        let largest = tiers.largest();
        let single = tiers.iter().map(|tier| {
            // What was billed beyond the estimate is time that a job takes at any memory.
            let beyond = compute(&tier.name).0 - metrics.sum(&tier.name, "compute_dollars");
            let dearer = largest.memory_mb as f64 / tier.memory_mb as f64;
            Dollars(metrics.sum(&tier.name, "largest_only_dollars") + beyond * dearer)
        });
        let single = single.sum::<Dollars>() + requests;
        let mut figures = Self {
            stage: deployment.stage.clone(),
            region: deployment.region.clone(),
            compute_from: if billed.is_some() { "billed" } else { "metrics" },
            tiers: rows,
            dispatcher,
            total: Total { images, dollars, dollars_per_million: per_million(dollars, images) },
            single_function: SingleFunction {
                memory_mb: largest.memory_mb,
                dollars: single,
                dollars_per_million: per_million(single, images),
            },
            hourly_dollars: hourly(metrics, tiers),
            recommendation: String::new(),
        };
        figures.recommendation = advice(&figures, target_ms);
        figures
    }
}

fn row(metrics: &Metrics, tier: &str, memory_mb: u64, compute: Dollars) -> TierFigures {
    let images = metrics.sum(tier, "images") as u64;
    TierFigures {
        tier: tier.to_owned(),
        memory_mb,
        images,
        cost: cost(metrics, tier, compute, images),
        headroom_percent: metrics.values(tier, "headroom_percent", Statistic::Minimum).map(|(_, p)| p).reduce(f64::min),
        escalations: metrics.sum(tier, "escalations") as u64,
        refusals: metrics.sum(tier, "refusals") as u64,
        failures: metrics.sum(tier, "failures") as u64,
    }
}

fn dispatcher(metrics: &Metrics, compute: Dollars) -> DispatcherFigures {
    let objects = metrics.sum(DISPATCHER, "objects") as u64;
    DispatcherFigures { objects, cost: cost(metrics, DISPATCHER, compute, objects) }
}

fn cost(metrics: &Metrics, tier: &str, compute: Dollars, count: u64) -> Cost {
    let requests = Dollars(metrics.sum(tier, "request_dollars"));
    let dollars = compute + requests;
    Cost {
        compute_dollars: compute,
        request_dollars: requests,
        dollars,
        dollars_per_million: per_million(dollars, count),
        p95_ms: metrics.values(tier, "total_ms", Statistic::P95).map(|(_, ms)| ms).reduce(f64::max),
    }
}

fn per_million(dollars: Dollars, images: u64) -> Option<Dollars> {
    (images > 0).then(|| dollars.per_million() * (1.0 / images as f64))
}

/// From the first hour to the last; an hour without an image cost nothing.
fn hourly(metrics: &Metrics, tiers: &TierTable) -> Vec<f64> {
    let mut hours: BTreeMap<i64, f64> = BTreeMap::new();
    for tier in tiers.iter().map(|tier| tier.name.as_str()).chain([DISPATCHER]) {
        for name in ["compute_dollars", "request_dollars"] {
            for (hour, dollars) in metrics.values(tier, name, Statistic::Sum) {
                *hours.entry(hour / 3600).or_default() += dollars;
            }
        }
    }
    let (Some((&first, _)), Some((&last, _))) = (hours.first_key_value(), hours.last_key_value()) else {
        return Vec::new();
    };
    (first..=last).map(|hour| hours.get(&hour).copied().unwrap_or_default()).collect()
}
