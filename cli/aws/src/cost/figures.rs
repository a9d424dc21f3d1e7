//! From metrics to costs per tier. Pure.

use std::collections::BTreeMap;

use contract::metrics::{DISPATCHER, SKIPS};
use contract::{Architecture, Dollars, InvocationReport, RegionPrices, TierTable};
use serde::Serialize;

use crate::aws::Deployment;

/// Metrics that are added up, by their names in [`contract::metrics`].
const SUMS: [&str; 8] = [
    "images",
    "objects",
    "compute_dollars",
    "request_dollars",
    "largest_only_dollars",
    "escalations",
    "refusals",
    "failures",
];

/// A metric of a tier, or of the objects that ended in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MetricKey {
    /// `tier` or `outcome`.
    pub dimension: &'static str,
    /// A tier's name, `dispatcher`, or the name of an outcome.
    pub value: String,
    /// The metric's name.
    pub name: &'static str,
    /// Over each period.
    pub statistic: Statistic,
}

impl MetricKey {
    /// Every metric that [`Figures`] are made of.
    pub(super) fn all(tiers: &TierTable) -> Vec<Self> {
        let names = tiers.iter().map(|tier| tier.name.as_str()).chain([DISPATCHER]);
        let of_tier = names.flat_map(|tier| {
            let statistics = [("headroom_percent", Statistic::Minimum), ("total_ms", Statistic::P95)];
            let sums = SUMS.into_iter().map(|name| (name, Statistic::Sum));
            sums.chain(statistics).map(|(name, statistic)| Self::of_tier(tier, name, statistic))
        });
        of_tier.chain(SKIPS.map(Self::of_skip)).collect()
    }

    fn of_tier(tier: &str, name: &'static str, statistic: Statistic) -> Self {
        Self { dimension: "tier", value: tier.to_owned(), name, statistic }
    }

    fn of_skip(skip: &str) -> Self {
        Self { dimension: "outcome", value: skip.to_owned(), name: "objects", statistic: Statistic::Sum }
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

/// Values by metric and by the start of their period, in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(BTreeMap<MetricKey, BTreeMap<i64, f64>>);

impl Metrics {
    /// Notes the values of a metric.
    pub(super) fn add(&mut self, key: &MetricKey, values: impl Iterator<Item = (i64, f64)>) {
        self.0.entry(key.clone()).or_default().extend(values);
    }

    fn values(&self, tier: &str, name: &'static str, statistic: Statistic) -> impl Iterator<Item = (i64, f64)> {
        let values = self.0.get(&MetricKey::of_tier(tier, name, statistic));
        values.into_iter().flatten().map(|(hour, value)| (*hour, *value))
    }

    fn skipped(&self, skip: &'static str) -> u64 {
        self.0.get(&MetricKey::of_skip(skip)).into_iter().flat_map(BTreeMap::values).sum::<f64>() as u64
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

/// What the page says; `--json` is this and the recommendation.
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
    pub skipped: Skipped,
    #[serde(flatten)]
    pub cost: Cost,
}

/// Objects that no worker saw.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Skipped {
    pub objects: u64,
    /// By the name of the skip; without those that did not occur.
    pub by_name: BTreeMap<&'static str, u64>,
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
        Self {
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
        }
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
    DispatcherFigures { objects, skipped: skipped(metrics), cost: cost(metrics, DISPATCHER, compute, objects) }
}

fn skipped(metrics: &Metrics) -> Skipped {
    let by_name = SKIPS.into_iter().map(|name| (name, metrics.skipped(name))).filter(|(_, objects)| *objects > 0);
    let by_name: BTreeMap<_, _> = by_name.collect();
    Skipped { objects: by_name.values().sum(), by_name }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_added_up_by_their_names() {
        let mut metrics = Metrics::default();
        metrics.add(&MetricKey::of_skip("not_an_image"), [(0, 2.0), (3600, 3.0)].into_iter());
        metrics.add(&MetricKey::of_skip("folder"), [(0, 1.0)].into_iter());
        metrics.add(&MetricKey::of_skip("dispatched"), [(0, 9.0)].into_iter());
        let skipped = skipped(&metrics);
        assert_eq!(skipped.objects, 6);
        assert_eq!(skipped.by_name, BTreeMap::from([("folder", 1), ("not_an_image", 5)]));
    }
}
