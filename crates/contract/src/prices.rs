//! `prices.json`: what AWS asks, by region and architecture. The only place where a price stands.

mod nothing;

use std::{fmt, iter::Sum, ops::Add, ops::Mul};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What CloudWatch Logs adds to the bytes of each event.
///
/// **Source:** Amazon CloudWatch Logs API reference, `PutLogEvents`.
pub const LOG_EVENT_BYTES: u64 = 26;

/// An amount of US dollars.
///
/// A floating-point number, because one millisecond of a small function is 3 billionths of a dollar: no integer
/// unit is fine enough for an image and wide enough for a bill. Sums of a million images keep nine digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dollars(pub f64);

impl Dollars {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// What a million times this is: the unit of every table and report.
    #[must_use]
    pub fn per_million(self) -> Self {
        self * 1e6
    }

    /// To 10^-12: a log line gains nothing by more digits.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self((self.0 * 1e12).round() / 1e12)
    }
}

impl Add for Dollars {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Mul<f64> for Dollars {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self(self.0 * times)
    }
}

impl Sum for Dollars {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Dollars {
    /// In cents, or in as many decimals as the precision asks for.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "${:.*}", formatter.precision().unwrap_or(2), self.0)
    }
}

/// The processor of a function, as Lambda spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// By Rust's name of it, [`std::env::consts::ARCH`]; `None` where Lambda has no such processor.
    #[must_use]
    pub fn of_target(name: &str) -> Option<Self> {
        match name {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        })
    }
}

/// The price of one GB-second (2^30 bytes of configured memory for a second) on each architecture.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GbSecond {
    x86_64: Dollars,
    arm64: Dollars,
}

impl GbSecond {
    /// The price on that architecture.
    #[must_use]
    pub const fn on(self, architecture: Architecture) -> Dollars {
        match architecture {
            Architecture::X86_64 => self.x86_64,
            Architecture::Arm64 => self.arm64,
        }
    }
}

/// The list prices of one region, in the quantities in which AWS quotes them.
///
/// The first usage tier, without free tier, savings plans or taxes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPrices {
    /// When they were read: a year and a month, or a day.
    pub as_of: String,
    /// Where they were read.
    pub source: String,
    /// Lambda, by memory and time.
    pub lambda_gb_second: GbSecond,
    /// A million invocations, of either architecture.
    pub lambda_million_requests: Dollars,
    /// A thousand PUT, COPY, POST or LIST requests to S3 Standard.
    pub s3_thousand_puts: Dollars,
    /// A thousand GET requests, ranged ones included.
    pub s3_thousand_gets: Dollars,
    /// A thousand HEAD requests.
    pub s3_thousand_heads: Dollars,
    /// One job of S3 Batch Operations.
    pub s3_batch_job: Dollars,
    /// A million objects in such jobs.
    pub s3_batch_million_objects: Dollars,
    /// One custom metric for a month; each combination of dimensions is one.
    pub cloudwatch_metric_month: Dollars,
    /// One dashboard for a month, after the free ones.
    pub cloudwatch_dashboard_month: Dollars,
    /// How many dashboards of an account cost nothing.
    pub cloudwatch_free_dashboards: u32,
    /// One alarm for a month.
    pub cloudwatch_alarm_month: Dollars,
    /// When the prices below were written down.
    pub more_as_of: String,
    /// Where they come from.
    pub more_source: String,
    /// A GB of 10^9 bytes that is written to CloudWatch Logs, with [`LOG_EVENT_BYTES`] for each event.
    pub cloudwatch_logs_gb: Dollars,
    /// A GB of logs kept for a month.
    pub cloudwatch_logs_gb_month: Dollars,
    /// A million requests to SQS, standard queues.
    pub sqs_million_requests: Dollars,
    /// A million messages published to SNS.
    pub sns_million_publishes: Dollars,
    /// A million events of S3 through EventBridge.
    pub eventbridge_million_events: Dollars,
    /// A million requests to an HTTP API of API Gateway.
    pub api_gateway_million_requests: Dollars,
    /// Ten thousand requests to KMS.
    pub kms_ten_thousand_requests: Dollars,
    /// One key of KMS for a month.
    pub kms_key_month: Dollars,
    /// A GB in S3 Standard for a month.
    pub s3_storage_gb_month: Dollars,
    /// Ten thousand HTTPS requests to CloudFront, where somebody puts it before the thumbnails.
    pub cloudfront_ten_thousand_requests: Dollars,
    /// A GB that CloudFront sends to the internet.
    pub cloudfront_gb: Dollars,
}

/// The prices of every region that the file has.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    regions: Vec<(String, RegionPrices)>,
}

/// Its prices stand for those of a region that the file has not; whoever shows them says so (`Prices::stand_in`).
const STAND_IN: &str = "us-east-1";

/// A region's own prices are beside this, and all others are those of the region that it names.
const REST_OF: &str = "rest_of";

/// What is wrong with a price file, or with a question to it. Each message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// Not JSON, or not an object of regions.
    #[error("prices.json is not a table of regions")]
    Shape(#[source] serde_json::Error),
    /// One region lacks a price, or has one that is not known here.
    #[error("prices.json: the prices of `{region}` have not the expected shape")]
    Region {
        /// The key as written.
        region: String,
        /// Which field.
        #[source]
        cause: serde_json::Error,
    },
    /// A price that is no price.
    #[error("prices.json: {what} of `{region}` is {value}: expected more than 0")]
    NotPositive {
        /// The region.
        region: String,
        /// The field.
        what: &'static str,
        /// Its value, in dollars.
        value: f64,
    },
    /// The file has no such region.
    #[error("prices.json has no region `{region}`, only {known}: add its list prices, with date and source")]
    UnknownRegion {
        /// As asked for.
        region: String,
        /// Those it has, in the file's order.
        known: String,
    },
}

impl Prices {
    /// The prices that this build was made with.
    ///
    /// # Errors
    /// As [`Prices::parse`]; a test keeps the shipped file free of them.
    pub fn builtin() -> Result<Self, PricesError> {
        Self::parse(include_str!("../../../prices.json"))
    }

    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`PricesError`], for the first thing that is wrong.
    pub fn parse(json: &str) -> Result<Self, PricesError> {
        let rows: Map<String, Value> = serde_json::from_str(json).map_err(PricesError::Shape)?;
        let regions =
            rows.iter().map(|(region, row)| match serde_json::from_value::<RegionPrices>(whole(&rows, row)) {
                Ok(prices) => prices.check(region).map(|()| (region.clone(), prices)),
                Err(cause) => Err(PricesError::Region { region: region.clone(), cause }),
            });
        let all = Self { regions: regions.collect::<Result<_, _>>()? };
        all.region(STAND_IN)?;
        Ok(all)
    }

    /// The prices of `region`, or those of us-east-1 where the file has no such region.
    #[must_use]
    pub fn of_any(&self, region: &str) -> &RegionPrices {
        let found = self.region(region).or_else(|_| self.region(STAND_IN));
        found.expect("the file is refused without it")
    }

    /// The sentence for whoever sees a price of a region that the file has not.
    #[must_use]
    pub fn stand_in(&self, region: &str) -> Option<String> {
        self.region(region).is_err().then(|| {
            format!(
                "prices.json has no region `{region}`: every price shown is the list price of {STAND_IN}; read \
                 AWS's by `make prices REGIONS={region}`"
            )
        })
    }

    /// The prices of `region`, e.g. `eu-west-1`.
    ///
    /// # Errors
    /// [`PricesError::UnknownRegion`], with the regions that the file has: a price is never guessed.
    pub fn region(&self, region: &str) -> Result<&RegionPrices, PricesError> {
        let found = self.regions.iter().find(|(name, _)| name == region);
        found.map(|(_, prices)| prices).ok_or_else(|| PricesError::UnknownRegion {
            region: region.to_owned(),
            known: self.regions().collect::<Vec<_>>().join(", "),
        })
    }

    /// The names of the regions, in the file's order.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().map(|(name, _)| name.as_str())
    }
}

/// A row with what it takes from another.
fn whole(rows: &Map<String, Value>, row: &Value) -> Value {
    let (Some(own), Some(base)) = (row.as_object(), row[REST_OF].as_str().and_then(|name| rows.get(name)?.as_object()))
    else {
        return row.clone();
    };
    let mut whole = base.clone();
    whole.extend(own.iter().filter(|(name, _)| *name != REST_OF).map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(whole)
}

impl RegionPrices {
    fn check(&self, region: &str) -> Result<(), PricesError> {
        let prices = [
            ("lambda_gb_second.x86_64", self.lambda_gb_second.x86_64),
            ("lambda_gb_second.arm64", self.lambda_gb_second.arm64),
            ("lambda_million_requests", self.lambda_million_requests),
            ("s3_thousand_puts", self.s3_thousand_puts),
            ("s3_thousand_gets", self.s3_thousand_gets),
            ("s3_thousand_heads", self.s3_thousand_heads),
            ("s3_batch_job", self.s3_batch_job),
            ("s3_batch_million_objects", self.s3_batch_million_objects),
            ("cloudwatch_metric_month", self.cloudwatch_metric_month),
            ("cloudwatch_dashboard_month", self.cloudwatch_dashboard_month),
            ("cloudwatch_alarm_month", self.cloudwatch_alarm_month),
            ("cloudwatch_logs_gb", self.cloudwatch_logs_gb),
            ("cloudwatch_logs_gb_month", self.cloudwatch_logs_gb_month),
            ("sqs_million_requests", self.sqs_million_requests),
            ("sns_million_publishes", self.sns_million_publishes),
            ("eventbridge_million_events", self.eventbridge_million_events),
            ("api_gateway_million_requests", self.api_gateway_million_requests),
            ("kms_ten_thousand_requests", self.kms_ten_thousand_requests),
            ("kms_key_month", self.kms_key_month),
            ("s3_storage_gb_month", self.s3_storage_gb_month),
            ("cloudfront_ten_thousand_requests", self.cloudfront_ten_thousand_requests),
            ("cloudfront_gb", self.cloudfront_gb),
        ];
        match prices.into_iter().find(|(_, price)| price.0 <= 0.0) {
            Some((what, Dollars(value))) => Err(PricesError::NotPositive { region: region.to_owned(), what, value }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../prices.json");

    #[test]
    fn the_shipped_file_has_a_date_and_a_source_for_each_region() {
        let prices = Prices::builtin().unwrap();
        assert!(prices.regions().count() >= 30, "{:?}", prices.regions().collect::<Vec<_>>());
        for region in prices.regions() {
            let RegionPrices { as_of, source, more_as_of, more_source, lambda_gb_second, .. } =
                prices.region(region).unwrap();
            assert!(as_of.starts_with("20") && as_of.len() >= "2026-11".len(), "{region}: {as_of}");
            assert!(!source.is_empty() && !more_source.is_empty(), "{region}");
            assert!(more_as_of.starts_with("20"), "{region}: {more_as_of}");
            assert!(lambda_gb_second.on(Architecture::Arm64) < lambda_gb_second.on(Architecture::X86_64), "{region}");
        }
    }

    #[test]
    fn an_unknown_region_names_the_file_and_the_regions_it_has() {
        let error = Prices::builtin().unwrap().region("mars-north-1").unwrap_err().to_string();
        for want in ["prices.json", "`mars-north-1`", "us-east-1, us-east-2", "eu-central-1", "date and source"] {
            assert!(error.contains(want), "`{error}` does not say `{want}`");
        }
    }

    #[test]
    fn a_region_has_its_own_prices_and_the_rest_of_another() {
        let prices = Prices::builtin().unwrap();
        let (own, base) = (prices.region("sa-east-1").unwrap(), prices.region("us-east-1").unwrap());
        assert_eq!((own.s3_thousand_puts, base.s3_thousand_puts), (Dollars(0.007), Dollars(0.005)));
        assert_eq!(own.s3_batch_job, base.s3_batch_job);
        assert_ne!(own.source, base.source);
        assert!(prices.stand_in("sa-east-1").is_none());
    }

    #[test]
    fn a_region_that_is_missing_has_a_stand_in_that_is_told() {
        let prices = Prices::builtin().unwrap();
        assert_eq!(prices.of_any("mars-north-1"), prices.region(STAND_IN).unwrap());
        let told = prices.stand_in("mars-north-1").unwrap();
        assert!(told.contains("`mars-north-1`") && told.contains("us-east-1"), "{told}");
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |json: &str, want: &str| {
            let error = Prices::parse(json).unwrap_err();
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let message = format!("{error}: {cause}");
            assert!(message.contains(want), "`{message}` does not say `{want}`");
        };
        check("[]", "not a table of regions");
        check(r#"{"us-east-1":{}}"#, "missing field `as_of`");
        check("{}", "no region `us-east-1`");
        check(&SHIPPED.replacen("s3_batch_job", "s3_batch_jobs", 1), "`us-east-1`");
        check(&SHIPPED.replacen("s3_batch_job", "s3_batch_jobs", 1), "unknown field `s3_batch_jobs`");
        check(&SHIPPED.replacen("0.0000133334", "0", 1), "lambda_gb_second.arm64 of `us-east-1` is 0");
    }

    #[test]
    fn dollars_are_written_in_cents_or_finer() {
        assert_eq!(Dollars(1.005e-6).per_million().to_string(), "$1.00");
        assert_eq!(format!("{:.4}", Dollars(0.000_44)), "$0.0004");
    }
}
