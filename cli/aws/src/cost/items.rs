//! The bill, item by item: what AWS counted, times its list prices. Pure.
//!
//! It is independent of what the functions say that they cost, so that one is the proof of the other.

use contract::metrics::{self, Monitoring};
use contract::{Architecture, Dollars, RegionPrices, Requests};
use serde::Serialize;

use super::metric::{MetricKey, Metrics, QUEUE_REQUESTS, Statistic};

/// One item of the bill over the time that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Item {
    pub item: &'static str,
    /// How many of `unit`.
    pub count: f64,
    pub unit: &'static str,
    pub dollars: Dollars,
    /// By images.
    pub dollars_per_million: Option<Dollars>,
}

/// One item that a month costs whatever comes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Fixed {
    pub item: &'static str,
    pub count: u32,
    pub dollars_per_month: Dollars,
}

/// A function as it is counted.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// Its whole name.
    pub name: String,
    pub memory_mb: u64,
    pub kind: Kind,
    /// By REPORT records, where they were read.
    pub billed: Option<Dollars>,
}

/// What it asks of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Worker,
    Dispatcher,
    /// The dispatcher for S3 Batch Operations.
    Batch,
    Api,
}

/// What the items are counted and priced by.
pub(super) struct Bill<'a> {
    pub metrics: &'a Metrics,
    pub functions: &'a [Counted],
    pub prices: &'a RegionPrices,
    pub architecture: Architecture,
    /// Thumbnails of each image.
    pub variants: u32,
    /// The names of the deployment's queues.
    pub queues: [String; 3],
    /// How long logs are kept, in days.
    pub log_retention_days: u32,
    pub images: u64,
}

impl Bill<'_> {
    /// Those that were used.
    pub(super) fn items(&self) -> Vec<Item> {
        let Self { prices, .. } = self;
        let invocations: f64 = self.functions.iter().map(|one| self.invocations(one)).sum();
        let of = |kind| {
            self.functions.iter().filter(move |one| one.kind == kind).map(|one| self.invocations(one)).sum::<f64>()
        };
        let ms: f64 = self.functions.iter().map(|one| self.duration_ms(one)).sum();
        let time: Dollars = self.functions.iter().map(|one| self.time(one)).sum();
        let bytes: f64 = self.functions.iter().map(|one| self.metrics.sum(&MetricKey::log_bytes(&one.name))).sum();
        let (workers, dispatched) = (of(Kind::Worker), of(Kind::Dispatcher) + of(Kind::Batch));
        let Requests { heads, gets, puts, .. } = Requests::of_worker(self.variants);
        let each = |puts, gets, heads| prices.requests(Requests { invocations: 0, heads, gets, puts });
        let queue_requests: f64 = self
            .queues
            .iter()
            .flat_map(|queue| QUEUE_REQUESTS.map(|name| MetricKey::of_queue(queue, name)))
            .map(|key| self.metrics.sum(&key))
            .sum();
        let kept_gb_months = bytes / 1e9 * f64::from(self.log_retention_days) / 30.0;
        let rows = [
            ("S3 PUT", workers * f64::from(puts), "requests", each(puts, 0, 0) * workers),
            ("S3 GET", workers * f64::from(gets), "requests", each(0, gets, 0) * workers),
            (
                "S3 HEAD",
                workers * f64::from(heads) + dispatched,
                "requests",
                each(0, 0, heads) * workers + each(0, 0, 1) * dispatched,
            ),
            ("Lambda time", ms / 1000.0, "seconds", time),
            ("Lambda requests", invocations, "requests", prices.lambda_million_requests * (invocations / 1e6)),
            ("logs written", bytes, "bytes", prices.log_bytes(bytes as u64)),
            ("logs kept", kept_gb_months * 1e9, "byte months", prices.cloudwatch_logs_gb_month * kept_gb_months),
            ("SQS", queue_requests, "requests", prices.sqs_million_requests * (queue_requests / 1e6)),
            (
                "S3 Batch Operations",
                of(Kind::Batch),
                "objects",
                prices.s3_batch_million_objects * (of(Kind::Batch) / 1e6),
            ),
            ("API Gateway", of(Kind::Api), "requests", prices.api_gateway_million_requests * (of(Kind::Api) / 1e6)),
        ];
        let rows = rows.into_iter().filter(|(_, count, ..)| *count > 0.0);
        rows.map(|(item, count, unit, dollars)| Item {
            item,
            count,
            unit,
            dollars,
            dollars_per_million: per_million(dollars, self.images),
        })
        .collect()
    }

    fn invocations(&self, function: &Counted) -> f64 {
        self.metrics.sum(&MetricKey::of_function(&function.name, "Invocations", Statistic::Sum))
    }

    fn duration_ms(&self, function: &Counted) -> f64 {
        self.metrics.sum(&MetricKey::of_function(&function.name, "Duration", Statistic::Sum))
    }

    /// Lambda's Duration has no INIT and is not rounded up: half a millisecond more for each invocation.
    fn time(&self, function: &Counted) -> Dollars {
        function.billed.unwrap_or_else(|| {
            let ms = self.duration_ms(function) + 0.5 * self.invocations(function);
            self.prices.compute(self.architecture, function.memory_mb, 1) * ms
        })
    }
}

/// What a month of monitoring costs at that level, every metric in use every hour.
///
/// `deploy/alarms.js` makes the alarms; a test compares the numbers.
pub(super) fn fixed(level: Monitoring, tiers: u32, prices: &RegionPrices) -> Vec<Fixed> {
    let (metrics, alarms) = (metric_count(level, tiers), alarm_metric_count(level, tiers));
    let row = |item, count, price: Dollars| Fixed { item, count, dollars_per_month: price * f64::from(count) };
    let rows = [
        row("custom metrics", metrics, prices.cloudwatch_metric_month),
        row("metrics in alarms", alarms, prices.cloudwatch_alarm_month),
    ];
    rows.into_iter().filter(|row| row.count > 0).collect()
}

/// How many custom metrics there are: those by format and by outcome are as many as formats and outcomes came.
fn metric_count(level: Monitoring, tiers: u32) -> u32 {
    let of_level = metrics::all().iter().filter(|metric| metric.level <= level);
    let count = of_level.map(|metric| match metric.dimension.as_deref() {
        Some("tier") if metric.functions.iter().any(|function| function == "worker") => tiers,
        Some("format") => 4,
        Some("outcome") => 3,
        _ => 1,
    });
    count.sum()
}

/// An alarm is billed by the metrics in it.
fn alarm_metric_count(level: Monitoring, tiers: u32) -> u32 {
    let basic = 1 + (1 + tiers) + 1;
    match level {
        Monitoring::Off => 0,
        Monitoring::Basic => basic,
        // Rates of failures and of refusals, headroom, throttles, lost, waiting, age of failed jobs, loop, invocations.
        Monitoring::Full => {
            let everywhere = 1 + tiers;
            basic + 2 * tiers + 2 * tiers + tiers + everywhere + 2 * everywhere + everywhere + 1 + 1 + (tiers + 1)
        }
    }
}

/// By images; `None` of none.
pub(super) fn per_million(dollars: Dollars, images: u64) -> Option<Dollars> {
    (images > 0).then(|| dollars.per_million() * (1.0 / images as f64))
}

#[cfg(test)]
mod tests {
    use contract::Prices;

    use super::*;

    fn prices() -> RegionPrices {
        Prices::builtin().unwrap().region("us-east-1").unwrap().clone()
    }

    fn month(level: Monitoring) -> f64 {
        fixed(level, 3, &prices()).iter().map(|row| row.dollars_per_month.0).sum()
    }

    #[test]
    fn basic_monitoring_is_three_dollars_a_month_and_off_is_nothing() {
        assert!((month(Monitoring::Basic) - 3.00).abs() < 1e-9, "{}", month(Monitoring::Basic));
        assert_eq!(month(Monitoring::Off), 0.0);
        assert_eq!(alarm_metric_count(Monitoring::Full, 3), 43);
        assert!((29.0..31.0).contains(&month(Monitoring::Full)), "{}", month(Monitoring::Full));
    }

    /// A million images in the small tier, 200 ms each, dispatched in 20 ms, 600 bytes of logs.
    #[test]
    fn a_million_images_are_the_sum_of_the_list_prices() {
        let mut metrics = Metrics::default();
        let mut note = |key: MetricKey, value: f64| metrics.add(&key, [(0, value)].into_iter());
        for (name, ms, bytes) in [("w", 200e6, 400e6), ("d", 20e6, 200e6)] {
            note(MetricKey::of_function(name, "Invocations", Statistic::Sum), 1e6);
            note(MetricKey::of_function(name, "Duration", Statistic::Sum), ms);
            note(MetricKey::log_bytes(name), bytes);
        }
        let counted = |name: &str, memory_mb, kind| Counted { name: name.into(), memory_mb, kind, billed: None };
        let functions = [counted("w", 256, Kind::Worker), counted("d", 128, Kind::Dispatcher)];
        let bill = Bill {
            metrics: &metrics,
            functions: &functions,
            prices: &prices(),
            architecture: Architecture::X86_64,
            variants: 1,
            queues: ["q".into(), "p".into(), "r".into()],
            log_retention_days: 14,
            images: 1_000_000,
        };
        let items = bill.items();
        let check = |name: &str, want: f64| {
            let item = items.iter().find(|item| item.item == name).unwrap();
            assert!((item.dollars.0 - want).abs() < 1e-6, "{item:?}, expected {want}");
            let per_million = item.dollars_per_million.unwrap();
            assert!((per_million.0 - item.dollars.0).abs() < 1e-12, "{item:?}");
        };
        check("S3 PUT", 5.0);
        check("S3 GET", 0.4);
        check("S3 HEAD", 0.8);
        check("Lambda requests", 0.4);
        check("Lambda time", 0.000_016_666_7 * (200.5e3 * 0.25 + 20.5e3 * 0.125));
        check("logs written", 0.3);
        check("logs kept", 0.6 * 0.03 * 14.0 / 30.0);
        assert_eq!(items.len(), 7, "what was not used is no row: {items:?}");
    }
}
