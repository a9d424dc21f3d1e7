//! No prices at all.

use super::{Dollars, GbSecond, RegionPrices};

impl RegionPrices {
    /// Where nobody sends a bill: on one's own machines.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            as_of: String::new(),
            source: String::new(),
            lambda_gb_second: GbSecond { x86_64: Dollars::ZERO, arm64: Dollars::ZERO },
            cloudwatch_free_dashboards: 0,
            more_as_of: String::new(),
            more_source: String::new(),
            lambda_million_requests: Dollars::ZERO,
            s3_thousand_puts: Dollars::ZERO,
            s3_thousand_gets: Dollars::ZERO,
            s3_thousand_heads: Dollars::ZERO,
            s3_batch_job: Dollars::ZERO,
            s3_batch_million_objects: Dollars::ZERO,
            cloudwatch_metric_month: Dollars::ZERO,
            cloudwatch_dashboard_month: Dollars::ZERO,
            cloudwatch_alarm_month: Dollars::ZERO,
            cloudwatch_logs_gb: Dollars::ZERO,
            cloudwatch_logs_gb_month: Dollars::ZERO,
            sqs_million_requests: Dollars::ZERO,
            sns_million_publishes: Dollars::ZERO,
            eventbridge_million_events: Dollars::ZERO,
            api_gateway_million_requests: Dollars::ZERO,
            kms_ten_thousand_requests: Dollars::ZERO,
            kms_key_month: Dollars::ZERO,
            s3_storage_gb_month: Dollars::ZERO,
            cloudfront_ten_thousand_requests: Dollars::ZERO,
            cloudfront_gb: Dollars::ZERO,
        }
    }
}
