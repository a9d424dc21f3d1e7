//! The bill, item by item: what AWS counted, times its list prices. Pure.
//!
//! It is independent of what the functions say that they cost, so that one is the proof of the other. Three items have no
//! counter that costs nothing: INIT is read from the first line of each process, the API's requests to S3 from its
//! latest lines, and those to KMS are reckoned.

use contract::{Architecture, Dollars, REQUESTS_OF_A_BUCKET_KEY, RegionPrices, Requests, Usage};
use serde::Serialize;

use super::metric::{MetricKey, Metrics, QUEUE_REQUESTS, Statistic};

/// One item of the bill over the time that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Item {
    #[serde(flatten)]
    pub used: contract::Item,
    /// By images.
    pub dollars_per_million: Option<Dollars>,
}

/// A function as it is counted.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// Its whole name.
    pub name: String,
    pub memory_mb: u64,
    pub kind: Kind,
    /// By REPORT records, where they were read.
    pub billed: Option<Billed>,
    /// INIT by the first lines of its processes, in milliseconds.
    pub init_ms: f64,
}

/// What Lambda billed a function, by its REPORT records.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Billed {
    /// How many there are.
    pub invocations: u64,
    /// Time, INIT included.
    pub usage: Usage,
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
#[derive(Clone)]
pub(super) struct Bill<'a> {
    pub metrics: &'a Metrics,
    pub functions: &'a [Counted],
    pub prices: &'a RegionPrices,
    pub architecture: Architecture,
    /// Thumbnails of each image.
    pub variants: u32,
    /// The names of the deployment's queues.
    pub queues: [String; 3],
    /// The topic of its alarms.
    pub topic: String,
    /// Its rule of EventBridge, whether or not there is one.
    pub rule: String,
    /// A distribution of CloudFront before the thumbnails.
    pub distribution: Option<String>,
    /// How long logs are kept, in days.
    pub log_retention_days: u32,
    /// Jobs of S3 Batch Operations, by their manifests.
    pub batch_jobs: u32,
    /// What a request to the API asks of S3, by its latest lines.
    pub api_calls: Usage,
    /// The bucket of thumbnails, and whether a key of KMS encrypts it.
    pub thumbnails: String,
    pub has_key: bool,
    /// Whether functions are invoked by an alias.
    pub has_canary: bool,
    pub images: u64,
}

impl Bill<'_> {
    /// Those that were used.
    pub(super) fn items(&self) -> Vec<Item> {
        let items = self.usage().items(self.architecture, self.prices);
        let item = |used: contract::Item| Item { dollars_per_million: per_million(used.dollars, self.images), used };
        items.into_iter().map(item).collect()
    }

    fn usage(&self) -> Usage {
        let of =
            |kind| self.functions.iter().filter(move |one| one.kind == kind).map(|one| self.invocations(one)).sum();
        let (workers, dispatched, tasks, requests): (f64, f64, f64, f64) =
            (of(Kind::Worker), of(Kind::Dispatcher), of(Kind::Batch), of(Kind::Api));
        let worker = Usage::of_requests(Requests::of_worker(self.variants));
        let dispatcher = Usage::of_requests(Requests::of_dispatcher());
        let functions = worker * workers + dispatcher * (dispatched + tasks);
        let api =
            self.api_calls * requests + Usage { lambda_requests: requests, api_requests: requests, ..Usage::default() };
        let time: Usage = self.functions.iter().map(|one| self.time(one)).sum();
        let s3 = functions + api;
        let distribution = self.distribution.iter();
        let cloudfront =
            |name| distribution.clone().map(|id| self.metrics.sum(&MetricKey::of_cloudfront(id, name))).sum();
        let topic = MetricKey::of_topic(&self.topic);
        // Events that no rule of ours takes are billed too, and counted nowhere: changed tags, for one.
        let rule = MetricKey::of_rule(&self.rule);
        s3 + time
            + Usage {
                log_bytes: self.log_bytes(),
                log_byte_months: self.log_bytes() * f64::from(self.log_retention_days) / 30.0,
                sqs_requests: self.queue_requests(),
                sns_publishes: self.metrics.sum(&topic),
                eventbridge_events: self.metrics.sum(&rule),
                batch_jobs: self.batch_jobs.into(),
                batch_objects: tasks,
                kms_requests: if self.has_key { (s3.puts + s3.gets) / REQUESTS_OF_A_BUCKET_KEY } else { 0.0 },
                cloudfront_requests: cloudfront("Requests"),
                cloudfront_bytes: cloudfront("BytesDownloaded"),
                ..Usage::default()
            }
    }

    /// What CloudWatch Logs took from all functions.
    pub(super) fn log_bytes(&self) -> f64 {
        self.functions.iter().map(|one| self.metrics.sum(&MetricKey::log_bytes(&one.name))).sum()
    }

    /// What it took from the workers.
    pub(super) fn worker_log_bytes(&self) -> f64 {
        let workers = self.functions.iter().filter(|one| one.kind == Kind::Worker);
        workers.map(|one| self.metrics.sum(&MetricKey::log_bytes(&one.name))).sum()
    }

    /// The thumbnails' bucket as S3 measured it last.
    pub(super) fn stored_bytes(&self) -> f64 {
        self.metrics.last(&MetricKey::stored_bytes(&self.thumbnails)).unwrap_or_default()
    }

    fn queue_requests(&self) -> f64 {
        let keys = self.queues.iter().flat_map(|queue| QUEUE_REQUESTS.map(|name| MetricKey::of_queue(queue, name)));
        keys.map(|key| self.metrics.sum(&key)).sum()
    }

    fn invocations(&self, function: &Counted) -> f64 {
        self.metrics.sum(&MetricKey::of_function(&function.name, "Invocations", Statistic::Sum))
    }

    fn time(&self, function: &Counted) -> Usage {
        let invocations = self.invocations(function);
        match function.billed.filter(|billed| billed.invocations > 0) {
            // Those without a record took as long as those with one.
            Some(billed) => billed.usage * (invocations / billed.invocations as f64).max(1.0),
            None => {
                let key = MetricKey::of_function(&function.name, "Duration", Statistic::Sum);
                // Lambda's Duration is not rounded up: half a millisecond more for each invocation.
                Usage::of_time(function.memory_mb, self.metrics.sum(&key) + 0.5 * invocations)
                    + Usage::of_init(function.memory_mb, function.init_ms)
            }
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

    fn counted(name: &str, memory_mb: u64, kind: Kind) -> Counted {
        Counted { name: name.into(), memory_mb, kind, billed: None, init_ms: 0.0 }
    }

    fn bill<'a>(metrics: &'a Metrics, functions: &'a [Counted], prices: &'a RegionPrices) -> Bill<'a> {
        Bill {
            metrics,
            functions,
            prices,
            architecture: Architecture::X86_64,
            variants: 1,
            queues: ["q".into(), "p".into(), "r".into()],
            topic: "t".into(),
            rule: "u".into(),
            distribution: None,
            log_retention_days: 14,
            batch_jobs: 0,
            api_calls: Usage::default(),
            thumbnails: "b".into(),
            has_key: false,
            has_canary: false,
            images: 1_000_000,
        }
    }

    fn check(items: &[Item], name: &str, want: f64) {
        let item = items.iter().find(|item| item.used.item == name).unwrap_or_else(|| panic!("no {name}: {items:?}"));
        assert!((item.used.dollars.0 - want).abs() < 1e-6, "{item:?}, expected {want}");
        let per_million = item.dollars_per_million.unwrap();
        assert!((per_million.0 - item.used.dollars.0).abs() < 1e-12, "{item:?}");
    }

    /// A million images in the small tier, 200 ms each, dispatched in 20 ms, 600 bytes of logs.
    fn a_million() -> Metrics {
        let mut metrics = Metrics::default();
        let mut note = |key: MetricKey, value: f64| metrics.add(&key, [(0, value)].into_iter());
        for (name, ms, bytes) in [("w", 200e6, 400e6), ("d", 20e6, 200e6)] {
            note(MetricKey::of_function(name, "Invocations", Statistic::Sum), 1e6);
            note(MetricKey::of_function(name, "Duration", Statistic::Sum), ms);
            note(MetricKey::log_bytes(name), bytes);
        }
        metrics
    }

    const GB_SECOND: f64 = 0.000_016_666_7;

    #[test]
    fn a_million_images_are_the_sum_of_the_list_prices() {
        let (metrics, prices) = (a_million(), prices());
        let mut functions = [counted("w", 256, Kind::Worker), counted("d", 128, Kind::Dispatcher)];
        functions[0].init_ms = 10_000.0;
        let items = bill(&metrics, &functions, &prices).items();
        check(&items, "S3 PUT", 5.0);
        check(&items, "S3 GET", 0.4);
        check(&items, "S3 HEAD", 0.8);
        check(&items, "Lambda requests", 0.4);
        check(&items, "Lambda time", GB_SECOND * (200.5e3 * 0.25 + 20.5e3 * 0.125));
        check(&items, "Lambda INIT", GB_SECOND * 10.0 * 0.25);
        check(&items, "logs written", 0.3);
        check(&items, "logs kept", 0.6 * 0.03 * 14.0 / 30.0);
        assert_eq!(items.len(), 8, "what was not used is no row: {items:?}");
    }

    #[test]
    fn records_replace_the_clock_and_stand_for_what_has_none() {
        let (metrics, prices) = (a_million(), prices());
        let mut functions = [counted("w", 256, Kind::Worker), counted("d", 128, Kind::Dispatcher)];
        let usage = Usage::of_time(256, 150e6) + Usage::of_init(256, 1e6);
        functions[0] = Counted { billed: Some(Billed { invocations: 500_000, usage }), ..functions[0].clone() };
        functions[1].billed = Some(Billed::default());
        let items = bill(&metrics, &functions, &prices).items();
        check(&items, "Lambda time", GB_SECOND * (300e3 * 0.25 + 20.5e3 * 0.125));
        check(&items, "Lambda INIT", GB_SECOND * 2e3 * 0.25);
    }

    #[test]
    fn everything_beside_has_a_row() {
        let (mut metrics, prices) = (a_million(), prices());
        let functions = [counted("w", 256, Kind::Worker), counted("a", 256, Kind::Api), counted("s", 128, Kind::Batch)];
        let mut note = |key: MetricKey, value: f64| metrics.add(&key, [(0, value)].into_iter());
        for name in ["a", "s"] {
            note(MetricKey::of_function(name, "Invocations", Statistic::Sum), 1e6);
        }
        note(MetricKey::of_queue("q", QUEUE_REQUESTS[0]), 1e6);
        note(MetricKey::of_topic("t"), 1e6);
        note(MetricKey::of_rule("u"), 1e6);
        note(MetricKey::of_cloudfront("C", "Requests"), 1e6);
        note(MetricKey::of_cloudfront("C", "BytesDownloaded"), 1e9);
        note(MetricKey::stored_bytes("b"), 7e9);
        let bill = Bill {
            distribution: Some("C".into()),
            batch_jobs: 2,
            api_calls: Usage { gets: 1.0, heads: 2.0, ..Usage::default() },
            has_key: true,
            ..bill(&metrics, &functions, &prices)
        };
        let items = bill.items();
        check(&items, "S3 GET", 0.8);
        check(&items, "S3 HEAD", 0.4 + 0.4 + 0.8);
        check(&items, "SQS", 0.40);
        check(&items, "SNS", 0.50);
        check(&items, "EventBridge", 1.00);
        check(&items, "S3 Batch jobs", 0.50);
        check(&items, "S3 Batch objects", 1.00);
        check(&items, "API Gateway", 1.00);
        check(&items, "KMS", 0.03 * 3.0);
        check(&items, "CloudFront", 1.00);
        check(&items, "CloudFront sent", 0.085);
        assert_eq!(bill.stored_bytes(), 7e9);
    }
}
