//! From metrics to costs per tier. Pure.

use std::collections::BTreeMap;

use contract::metrics::{DISPATCHER, Monitoring, SKIPS};
use contract::{Dollars, TierTable};
use serde::Serialize;

use super::fixed::{Deployed, Fixed, fixed};
use super::items::{Bill, Item, Kind, per_million};
use super::metric::{MetricKey, Metrics, Statistic};
use crate::aws::Deployment;

/// What the page says; `--json` is this and the recommendation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub stage: String,
    pub region: String,
    /// `basic`, `full` or `off`: what the deployment measures.
    pub monitoring: &'static str,
    /// `counted`: by Lambda's Duration, and INIT by the functions' own lines; `billed`: by its REPORT records.
    pub compute_from: &'static str,
    pub tiers: Vec<TierFigures>,
    pub dispatcher: DispatcherFigures,
    /// What else there is in `total`: the batch function and the API, and without `full` the dispatcher.
    pub rest: Dollars,
    /// By what the functions logged.
    pub total: Total,
    /// What CloudWatch Logs took, for each image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes_per_image: Option<f64>,
    /// By what AWS counted.
    pub items: Vec<Item>,
    pub items_total: Total,
    /// Whatever comes.
    pub fixed: Vec<Fixed>,
    /// The same images on the largest tier's function alone, without a dispatcher; `full` alone knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_function: Option<SingleFunction>,
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
    /// With `full` only.
    #[serde(flatten)]
    pub details: Option<Details>,
}

/// What only `monitoring=full` says of a tier.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Details {
    pub compute_dollars: Dollars,
    pub request_dollars: Dollars,
    /// The least of the whole time.
    pub headroom_percent: Option<f64>,
    pub escalations: u64,
    pub refusals: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct DispatcherFigures {
    pub invocations: u64,
    /// With `full` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
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

/// What a function cost by its own lines, and how long it took by Lambda.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cost {
    pub dollars: Dollars,
    /// By images, or by invocations of the dispatcher.
    pub dollars_per_million: Option<Dollars>,
    pub p95_ms: Option<f64>,
    /// Invocations that failed, were killed or timed out.
    pub errors: u64,
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
    pub(super) fn new(deployment: &Deployment, tiers: &TierTable, level: Monitoring, bill: &Bill<'_>) -> Self {
        let metrics = bill.metrics;
        let names = Names { deployment, metrics, level };
        let rows: Vec<_> = tiers.iter().map(|tier| names.row(&tier.name, tier.memory_mb)).collect();
        let escalations: u64 = rows.iter().filter_map(|row| row.details.as_ref()).map(|one| one.escalations).sum();
        let images = rows.iter().map(|row| row.images).sum::<u64>().saturating_sub(escalations);
        let total = |dollars| Total { images, dollars, dollars_per_million: per_million(dollars, images) };
        let items = Bill { images, ..bill.clone() }.items();
        let has_api = bill.functions.iter().any(|one| one.kind == Kind::Api);
        let largest = tiers.largest();
        let sum = |name| Dollars(tiers.iter().map(|tier| metrics.of_tier(&tier.name, name)).sum());
        let single =
            sum("largest_only_dollars") + sum("request_dollars") + bill.prices.logs(bill.worker_log_bytes() as u64);
        let dispatcher = names.dispatcher();
        let logged = metrics.sum(&MetricKey::of_all("dollars"));
        let known = rows.iter().map(|row| row.cost.dollars).sum::<Dollars>() + dispatcher.cost.dollars;
        Self {
            stage: deployment.stage.clone(),
            region: deployment.region.clone(),
            monitoring: match level {
                Monitoring::Off => "off",
                Monitoring::Basic => "basic",
                Monitoring::Full => "full",
            },
            compute_from: if bill.functions.iter().any(|one| one.billed.is_some()) { "billed" } else { "counted" },
            dispatcher,
            // Sums of many small numbers differ in their last digits.
            rest: Dollars((logged - known.0).max(0.0)).rounded(),
            total: total(Dollars(logged)),
            log_bytes_per_image: (images > 0).then(|| bill.log_bytes() / images as f64),
            items_total: total(items.iter().map(|item| item.used.dollars).sum()),
            items,
            fixed: fixed(
                Deployed {
                    level,
                    tiers: rows.len() as u32,
                    has_api,
                    has_canary: bill.has_canary,
                    has_key: bill.has_key,
                    stored_bytes: bill.stored_bytes(),
                },
                bill.prices,
            ),
            tiers: rows,
            single_function: (level == Monitoring::Full).then(|| SingleFunction {
                memory_mb: largest.memory_mb,
                dollars: single,
                dollars_per_million: per_million(single, images),
            }),
            hourly_dollars: hourly(metrics),
        }
    }
}

struct Names<'a> {
    deployment: &'a Deployment,
    metrics: &'a Metrics,
    level: Monitoring,
}

impl Names<'_> {
    fn row(&self, tier: &str, memory_mb: u64) -> TierFigures {
        let Self { metrics, level, .. } = self;
        let function = format!("worker-{tier}");
        let images = match level {
            // Without a metric of ours every job counts, those that were retried twice.
            Monitoring::Off => self.of_function(&function, "Invocations"),
            _ => metrics.of_tier(tier, "images") as u64,
        };
        let headroom = MetricKey::of_tier(tier, "headroom_percent", Statistic::Minimum);
        TierFigures {
            tier: tier.to_owned(),
            memory_mb,
            images,
            cost: self.cost(tier, &function, images),
            details: (*level == Monitoring::Full).then(|| Details {
                compute_dollars: Dollars(metrics.of_tier(tier, "compute_dollars")),
                request_dollars: Dollars(metrics.of_tier(tier, "request_dollars")),
                headroom_percent: metrics.values(&headroom).map(|(_, percent)| percent).reduce(f64::min),
                escalations: metrics.of_tier(tier, "escalations") as u64,
                refusals: metrics.of_tier(tier, "refusals") as u64,
            }),
        }
    }

    fn dispatcher(&self) -> DispatcherFigures {
        let invocations = self.of_function(DISPATCHER, "Invocations");
        DispatcherFigures {
            invocations,
            skipped: (self.level == Monitoring::Full).then(|| skipped(self.metrics)),
            cost: self.cost(DISPATCHER, DISPATCHER, invocations),
        }
    }

    fn cost(&self, tier: &str, function: &str, count: u64) -> Cost {
        let dollars = Dollars(self.metrics.of_tier(tier, "dollars"));
        let name = self.deployment.function_name(function);
        let p95 = MetricKey::of_function(&name, "Duration", Statistic::P95);
        Cost {
            dollars,
            dollars_per_million: per_million(dollars, count),
            p95_ms: self.metrics.values(&p95).map(|(_, ms)| ms).reduce(f64::max),
            errors: self.of_function(function, "Errors"),
        }
    }

    fn of_function(&self, function: &str, name: &'static str) -> u64 {
        let function = self.deployment.function_name(function);
        self.metrics.sum(&MetricKey::of_function(&function, name, Statistic::Sum)) as u64
    }
}

fn skipped(metrics: &Metrics) -> Skipped {
    let by_name = SKIPS.into_iter().map(|name| (name, metrics.sum(&MetricKey::of_skip(name)) as u64));
    let by_name: BTreeMap<_, _> = by_name.filter(|(_, objects)| *objects > 0).collect();
    Skipped { objects: by_name.values().sum(), by_name }
}

/// From the first hour to the last; an hour without an image cost nothing.
fn hourly(metrics: &Metrics) -> Vec<f64> {
    let mut hours: BTreeMap<i64, f64> = BTreeMap::new();
    for (hour, dollars) in metrics.values(&MetricKey::of_all("dollars")) {
        *hours.entry(hour / 3600).or_default() += dollars;
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
