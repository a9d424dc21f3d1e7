//! A log line: short, priced, and such that a metric filter can read its numbers.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::{Dollars, LOG_EVENT_BYTES, RegionPrices};

/// What a worker writes about an ordinary image, as it is billed: the end-to-end test measures it, sampled lines included.
pub const WORKER_LOG_BYTES: u64 = 340;

/// What the dispatcher writes about it.
pub const DISPATCHER_LOG_BYTES: u64 = 250;

/// How long logs are kept unless somebody says otherwise, in months: `log_retention_days` of serverless.yml.
pub(crate) const KEPT_MONTHS: f64 = 14.0 / 30.0;

/// A record that says what it cost, its own line included.
pub trait LogRecord: Serialize {
    /// What it cost so far; the price of the line is added to it.
    fn dollars(&mut self) -> &mut Dollars;
}

/// `record` as one line of JSON. Numbers have no exponent.
///
/// # Panics
/// If the record is nothing that JSON can say: records are structs of this workspace.
#[must_use]
pub fn line(record: &impl Serialize) -> String {
    let mut line = Vec::with_capacity(512);
    record.serialize(&mut Serializer::with_formatter(&mut line, Decimals)).expect("strings and numbers serialise");
    String::from_utf8(line).expect("JSON is UTF-8")
}

/// The line of `record` after the price of that line was added to its dollars.
#[must_use]
pub fn priced_line(mut record: impl LogRecord, prices: &RegionPrices) -> String {
    let before = *record.dollars();
    // Its price is a part of the line: the second round knows how long that is.
    let mut text = String::new();
    for _ in 0..2 {
        text = line(&record);
        *record.dollars() = (before + prices.log_event(text.len() as u64)).rounded();
    }
    drop(text);
    line(&record)
}

impl RegionPrices {
    /// The price of an event of so many bytes in CloudWatch Logs.
    ///
    /// A GB is 10^9 bytes here. AWS does not say which it is; 2^30 would be 7 % less.
    #[must_use]
    pub fn log_event(&self, bytes: u64) -> Dollars {
        self.log_bytes(bytes + LOG_EVENT_BYTES)
    }

    /// The price of bytes as CloudWatch counts them, written and kept for as long as logs are kept by default.
    #[must_use]
    pub fn logs(&self, bytes: u64) -> Dollars {
        self.log_bytes(bytes) + self.cloudwatch_logs_gb_month * (bytes as f64 / 1e9 * KEPT_MONTHS)
    }

    /// The price of bytes as CloudWatch counts them: `IncomingBytes`.
    #[must_use]
    pub fn log_bytes(&self, bytes: u64) -> Dollars {
        self.cloudwatch_logs_gb * (bytes as f64 / 1e9)
    }
}

/// Writes `0.0000079` where `serde_json` writes `7.9e-6`.
///
/// **Source:** Amazon CloudWatch developer guide, "Filter and pattern syntax": scientific notation is not supported.
struct Decimals;

impl Formatter for Decimals {
    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{value}")
    }
}

/// Hundredths: a log line gains nothing by more digits.
#[must_use]
pub fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Whether a line stands for itself alone.
pub(crate) const fn is_one(number: &u32) -> bool {
    *number == 1
}

/// Of a line that says nothing else.
pub(crate) const fn one() -> u32 {
    1
}
