//! A log line that is a metric document too: CloudWatch's embedded metric format.
//!
//! A job's line is its document: crates that write documents of their own beside the log (metrique,
//! metrics_cloudwatch_embedded) would write each number twice.
//!
//! One table of names and units; the functions write it, the dashboard, the alarms and `thumbtier cost` read it.
//! Each combination of a metric and its dimensions' values is billed as a custom metric: few dimensions, few values.
//!
//! **Source:** Amazon CloudWatch user guide, "Specification: Embedded metric format".

use serde::Serialize;
use serde_json::{Value, json};

/// A CloudWatch unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// How many.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Hundredths.
    Percent,
    /// Dollars, for which CloudWatch has no unit.
    None,
}

/// A metric: the name of a number in the log line, and its unit.
pub type Metric = (&'static str, Unit);

/// Metrics that share their dimensions: a `MetricDirective` of the format.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Names of strings in the log line.
    pub dimensions: &'static [&'static str],
    /// Names of numbers in the log line.
    pub metrics: &'static [Metric],
}

/// What a worker publishes of each job.
pub const JOB: &[Directive] = &[
    Directive {
        dimensions: &["tier"],
        metrics: &[
            ("images", Unit::Count),
            ("thumbnails", Unit::Count),
            ("bytes", Unit::Bytes),
            ("bytes_read", Unit::Bytes),
            ("pixels", Unit::Count),
            ("get_ms", Unit::Milliseconds),
            ("decode_ms", Unit::Milliseconds),
            ("resize_ms", Unit::Milliseconds),
            ("encode_ms", Unit::Milliseconds),
            ("put_ms", Unit::Milliseconds),
            ("total_ms", Unit::Milliseconds),
            ("peak_bytes", Unit::Bytes),
            ("headroom_percent", Unit::Percent),
            ("compute_dollars", Unit::None),
            ("request_dollars", Unit::None),
            ("largest_only_dollars", Unit::None),
            ("cold_starts", Unit::Count),
            ("escalations", Unit::Count),
            ("refusals", Unit::Count),
            ("failures", Unit::Count),
        ],
    },
    Directive { dimensions: &["format"], metrics: &[("images", Unit::Count), ("compute_dollars", Unit::None)] },
    Directive { dimensions: &["outcome"], metrics: &[("images", Unit::Count)] },
];

/// What the dispatcher publishes of each invocation; its tier is [`DISPATCHER`].
pub const INVOCATION: &[Directive] = &[Directive {
    dimensions: &["tier"],
    metrics: &[
        ("objects", Unit::Count),
        ("heads", Unit::Count),
        ("total_ms", Unit::Milliseconds),
        ("compute_dollars", Unit::None),
        ("request_dollars", Unit::None),
        ("cold_starts", Unit::Count),
        ("failures", Unit::Count),
    ],
}];

/// What the dispatcher publishes of each object.
pub const OBJECT: &[Directive] = &[Directive { dimensions: &["outcome"], metrics: &[("objects", Unit::Count)] }];

/// The values of `outcome` in [`OBJECT`] that say that an object was skipped: [`crate::Skip::name`], and `bad_key`.
///
/// Those that do not occur are no metric and cost nothing.
pub const SKIPS: [&str; 9] = [
    "not_an_image",
    "empty",
    "folder",
    "own_output",
    "delete_ignored",
    "too_large",
    "gone",
    "archived_storage_class",
    "bad_key",
];

/// The dispatcher's value of the dimension `tier`.
pub const DISPATCHER: &str = "dispatcher";

/// `record` as one line that CloudWatch Logs turns into metrics of `namespace`.
///
/// A directive is left out where the record lacks one of its dimensions, a metric where the record lacks its number:
/// a job that was refused before its header was read has no format.
///
/// # Panics
/// If the record is no JSON object: records are structs of this crate.
#[must_use]
pub fn document(record: &impl Serialize, directives: &[Directive], namespace: &str, timestamp_ms: u64) -> String {
    let mut line = serde_json::to_value(record).expect("strings and numbers serialise");
    let fields = line.as_object_mut().expect("a record is a struct");
    let directives: Vec<Value> = directives.iter().filter_map(|part| directive(part, fields, namespace)).collect();
    fields.insert("_aws".into(), json!({ "Timestamp": timestamp_ms, "CloudWatchMetrics": directives }));
    line.to_string()
}

fn directive(part: &Directive, fields: &serde_json::Map<String, Value>, namespace: &str) -> Option<Value> {
    if !part.dimensions.iter().all(|name| fields.get(*name).is_some_and(Value::is_string)) {
        return None;
    }
    let present = part.metrics.iter().filter(|(name, _)| fields.get(*name).is_some_and(Value::is_number));
    let metrics: Vec<Value> = present.map(|(name, unit)| json!({ "Name": name, "Unit": unit })).collect();
    (!metrics.is_empty())
        .then(|| json!({ "Namespace": namespace, "Dimensions": [part.dimensions], "Metrics": metrics }))
}
