//! The bill: how much of everything was used, and what each item of it costs at list prices. One table, which counted,
//! predicted and compared bills all read.

use std::iter::Sum;
use std::ops::{Add, Mul};

use serde::Serialize;

use crate::log_line::KEPT_MONTHS;
use crate::{Architecture, Dollars, LOG_EVENT_BYTES, RegionPrices, Requests};

/// One request to KMS for so many to S3, with bucket keys.
///
/// **Source:** Amazon S3 user guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys": "by up to 99 percent".
pub const REQUESTS_OF_A_BUCKET_KEY: f64 = 100.0;

impl RegionPrices {
    /// Those of buckets under a key of KMS: each PUT and GET has its part of a request to it.
    #[must_use]
    pub fn under_a_key(self) -> Self {
        let key = self.kms_ten_thousand_requests * (0.1 / REQUESTS_OF_A_BUCKET_KEY);
        Self { s3_thousand_puts: self.s3_thousand_puts + key, s3_thousand_gets: self.s3_thousand_gets + key, ..self }
    }
}

/// How much was used of what AWS bills by use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// PUT requests to S3.
    pub puts: f64,
    /// GET requests to S3.
    pub gets: f64,
    /// HEAD requests to S3.
    pub heads: f64,
    /// Invocations of Lambda.
    pub lambda_requests: f64,
    /// Memory times time, INIT apart: 2^30 bytes for a second.
    pub lambda_gb_seconds: f64,
    /// Memory times the time of INIT.
    pub init_gb_seconds: f64,
    /// Bytes as CloudWatch Logs counts them.
    pub log_bytes: f64,
    /// These bytes, times the months that they are kept.
    pub log_byte_months: f64,
    /// Requests to SQS, those that find nothing too.
    pub sqs_requests: f64,
    /// Messages published to SNS.
    pub sns_publishes: f64,
    /// Events of S3 through EventBridge.
    pub eventbridge_events: f64,
    /// Jobs of S3 Batch Operations.
    pub batch_jobs: f64,
    /// Objects in these jobs.
    pub batch_objects: f64,
    /// Requests to an HTTP API.
    pub api_requests: f64,
    /// Requests to KMS.
    pub kms_requests: f64,
    /// Requests to CloudFront.
    pub cloudfront_requests: f64,
    /// Bytes that CloudFront sends.
    pub cloudfront_bytes: f64,
}

/// One item of a bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Its name.
    pub item: &'static str,
    /// How many of `unit`.
    pub count: f64,
    /// What is counted.
    pub unit: &'static str,
    /// At list prices.
    pub dollars: Dollars,
}

impl Usage {
    /// Requests to S3 and to Lambda.
    #[must_use]
    pub fn of_requests(requests: Requests) -> Self {
        let Requests { invocations, heads, gets, puts } = requests;
        Self {
            lambda_requests: invocations.into(),
            heads: heads.into(),
            gets: gets.into(),
            puts: puts.into(),
            ..Self::default()
        }
    }

    /// `memory_mb` MB for so long.
    #[must_use]
    pub fn of_time(memory_mb: u64, duration_ms: f64) -> Self {
        Self { lambda_gb_seconds: gb_seconds(memory_mb, duration_ms), ..Self::default() }
    }

    /// INIT of a function of `memory_mb` MB.
    #[must_use]
    pub fn of_init(memory_mb: u64, init_ms: f64) -> Self {
        Self { init_gb_seconds: gb_seconds(memory_mb, init_ms), ..Self::default() }
    }

    /// Logs of so many bytes, as CloudWatch counts them, kept for as long as they are by default.
    #[must_use]
    pub fn of_logs(bytes: f64) -> Self {
        Self { log_bytes: bytes, log_byte_months: bytes * KEPT_MONTHS, ..Self::default() }
    }

    /// Log lines of so many bytes, which CloudWatch counts a few more for.
    #[must_use]
    pub fn of_line(bytes: u64) -> Self {
        Self::of_logs((bytes + LOG_EVENT_BYTES) as f64)
    }

    /// What was used, each at its price, in the order of a bill.
    #[must_use]
    pub fn items(&self, architecture: Architecture, prices: &RegionPrices) -> Vec<Item> {
        let gb_second = prices.lambda_gb_second.on(architecture);
        let rows = [
            ("S3 PUT", self.puts, "requests", prices.s3_thousand_puts, 1e3),
            ("S3 GET", self.gets, "requests", prices.s3_thousand_gets, 1e3),
            ("S3 HEAD", self.heads, "requests", prices.s3_thousand_heads, 1e3),
            ("Lambda time", self.lambda_gb_seconds, "GB-seconds", gb_second, 1.0),
            ("Lambda INIT", self.init_gb_seconds, "GB-seconds", gb_second, 1.0),
            ("Lambda requests", self.lambda_requests, "requests", prices.lambda_million_requests, 1e6),
            ("logs written", self.log_bytes, "bytes", prices.cloudwatch_logs_gb, 1e9),
            ("logs kept", self.log_byte_months, "byte-months", prices.cloudwatch_logs_gb_month, 1e9),
            ("SQS", self.sqs_requests, "requests", prices.sqs_million_requests, 1e6),
            ("SNS", self.sns_publishes, "messages", prices.sns_million_publishes, 1e6),
            ("EventBridge", self.eventbridge_events, "events", prices.eventbridge_million_events, 1e6),
            ("S3 Batch jobs", self.batch_jobs, "jobs", prices.s3_batch_job, 1.0),
            ("S3 Batch objects", self.batch_objects, "objects", prices.s3_batch_million_objects, 1e6),
            ("API Gateway", self.api_requests, "requests", prices.api_gateway_million_requests, 1e6),
            ("KMS", self.kms_requests, "requests", prices.kms_ten_thousand_requests, 1e4),
            ("CloudFront", self.cloudfront_requests, "requests", prices.cloudfront_ten_thousand_requests, 1e4),
            ("CloudFront sent", self.cloudfront_bytes, "bytes", prices.cloudfront_gb, 1e9),
        ];
        let rows = rows.into_iter().filter(|(_, count, ..)| *count > 0.0);
        rows.map(|(item, count, unit, price, per)| Item { item, count, unit, dollars: price * (count / per) }).collect()
    }

    /// All items together.
    #[must_use]
    pub fn dollars(&self, architecture: Architecture, prices: &RegionPrices) -> Dollars {
        self.items(architecture, prices).iter().map(|item| item.dollars).sum()
    }
}

fn gb_seconds(memory_mb: u64, ms: f64) -> f64 {
    memory_mb as f64 / 1024.0 * ms / 1000.0
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            puts: self.puts + other.puts,
            gets: self.gets + other.gets,
            heads: self.heads + other.heads,
            lambda_requests: self.lambda_requests + other.lambda_requests,
            lambda_gb_seconds: self.lambda_gb_seconds + other.lambda_gb_seconds,
            init_gb_seconds: self.init_gb_seconds + other.init_gb_seconds,
            log_bytes: self.log_bytes + other.log_bytes,
            log_byte_months: self.log_byte_months + other.log_byte_months,
            sqs_requests: self.sqs_requests + other.sqs_requests,
            sns_publishes: self.sns_publishes + other.sns_publishes,
            eventbridge_events: self.eventbridge_events + other.eventbridge_events,
            batch_jobs: self.batch_jobs + other.batch_jobs,
            batch_objects: self.batch_objects + other.batch_objects,
            api_requests: self.api_requests + other.api_requests,
            kms_requests: self.kms_requests + other.kms_requests,
            cloudfront_requests: self.cloudfront_requests + other.cloudfront_requests,
            cloudfront_bytes: self.cloudfront_bytes + other.cloudfront_bytes,
        }
    }
}

impl Mul<f64> for Usage {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self {
            puts: self.puts * times,
            gets: self.gets * times,
            heads: self.heads * times,
            lambda_requests: self.lambda_requests * times,
            lambda_gb_seconds: self.lambda_gb_seconds * times,
            init_gb_seconds: self.init_gb_seconds * times,
            log_bytes: self.log_bytes * times,
            log_byte_months: self.log_byte_months * times,
            sqs_requests: self.sqs_requests * times,
            sns_publishes: self.sns_publishes * times,
            eventbridge_events: self.eventbridge_events * times,
            batch_jobs: self.batch_jobs * times,
            batch_objects: self.batch_objects * times,
            api_requests: self.api_requests * times,
            kms_requests: self.kms_requests * times,
            cloudfront_requests: self.cloudfront_requests * times,
            cloudfront_bytes: self.cloudfront_bytes * times,
        }
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prices;

    /// Every item once, in the quantity of its price.
    #[test]
    fn each_item_costs_its_list_price() {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        let used = Usage {
            puts: 1e3,
            gets: 1e3,
            heads: 1e3,
            lambda_requests: 1e6,
            lambda_gb_seconds: 1.0,
            init_gb_seconds: 1.0,
            log_bytes: 1e9,
            log_byte_months: 1e9,
            sqs_requests: 1e6,
            sns_publishes: 1e6,
            eventbridge_events: 1e6,
            batch_jobs: 1.0,
            batch_objects: 1e6,
            api_requests: 1e6,
            kms_requests: 1e4,
            cloudfront_requests: 1e4,
            cloudfront_bytes: 1e9,
        };
        let gb_second = 0.000_016_666_7;
        let want = [
            0.005, 0.0004, 0.0004, gb_second, gb_second, 0.20, 0.50, 0.03, 0.40, 0.50, 1.00, 0.25, 1.00, 1.00, 0.03,
            0.01, 0.085,
        ];
        let items = used.items(Architecture::X86_64, &prices);
        let got: Vec<f64> = items.iter().map(|item| item.dollars.0).collect();
        assert_eq!(got.len(), want.len());
        for (item, want) in items.iter().zip(want) {
            assert!((item.dollars.0 - want).abs() < 1e-12, "{item:?}: {want}");
        }
        let twice = (used + used).dollars(Architecture::X86_64, &prices).0;
        assert!((twice - (used * 2.0).dollars(Architecture::X86_64, &prices).0).abs() < 1e-9);
        assert_eq!(Usage::default().items(Architecture::X86_64, &prices), [], "what was not used is no row");
    }

    #[test]
    fn a_key_of_kms_is_paid_by_puts_and_gets() {
        let prices = Prices::builtin().unwrap();
        let plain = prices.region("us-east-1").unwrap();
        let requests = Requests { invocations: 0, heads: 0, puts: 3, gets: 1 };
        let key = plain.clone().under_a_key().requests(requests).0 - plain.requests(requests).0;
        // Four requests, of which each hundredth goes to KMS, at $0.03 for ten thousand.
        assert!((key - 4.0 / 100.0 * 0.03 / 1e4).abs() < 1e-12, "{key}");
    }

    #[test]
    fn requests_time_and_lines_are_priced_as_the_model_prices_them() {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        let near = |used: Usage, want: Dollars| {
            let got = used.dollars(Architecture::X86_64, &prices);
            assert!((got.0 - want.0).abs() < 1e-15, "{used:?}: {got:.12}, expected {want:.12}");
        };
        near(Usage::of_requests(Requests::of_worker(3)), prices.requests(Requests::of_worker(3)));
        near(Usage::of_time(256, 100.0), prices.compute(Architecture::X86_64, 256, 100));
        near(Usage::of_init(256, 100.0), prices.compute(Architecture::X86_64, 256, 100));
        near(Usage::of_logs(340.0), prices.logs(340));
        near(Usage::of_line(314), prices.logs(340));
    }
}
