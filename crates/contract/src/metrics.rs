//! The metrics of a deployment: numbers of log lines that metric filters of CloudWatch Logs read.
//!
//! One table, `deploy/metrics.json`: the template makes the filters, the dashboard and the alarms from it, and
//! `thumbtier cost` asks by it. The functions write short lines and know nothing of metrics: the embedded metric format
//! repeated 1,149 bytes of names in every line.
//!
//! Each combination of a metric and its dimension's values is billed as a custom metric: few dimensions, few values.

use std::sync::LazyLock;

use serde::Deserialize;

/// A CloudWatch unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

/// How much a deployment measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Monitoring {
    /// Nothing that is billed.
    Off,
    /// What each tier makes and costs.
    #[default]
    Basic,
    /// Every number of the table.
    Full,
}

/// One metric: which functions write it, and by what it is told apart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// `worker`, `dispatcher`, `batch`, `api`.
    pub functions: Vec<String>,
    /// The name of a string in the log line; `None` where all lines make one metric.
    pub dimension: Option<String>,
    /// The name of a number in the log line.
    pub name: String,
    /// Of that number.
    pub unit: Unit,
    /// The least monitoring that has it.
    pub level: Monitoring,
}

/// The table.
///
/// # Panics
/// Never: a test reads the file that is compiled in.
#[must_use]
pub fn all() -> &'static [Metric] {
    static ALL: LazyLock<Vec<Metric>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../deploy/metrics.json")).expect("a test reads the committed table")
    });
    &ALL
}

impl Monitoring {
    /// By the value of the parameter `monitoring`.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "off" => Some(Self::Off),
            "basic" => Some(Self::Basic),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

/// The values of `outcome` that say that an object was skipped: [`crate::Skip::name`], and `bad_key`.
///
/// Those that do not occur are no metric and cost nothing.
pub const SKIPS: [&str; 11] = [
    "not_an_image",
    "format_off",
    "empty",
    "folder",
    "own_output",
    "not_watched",
    "delete_ignored",
    "too_large",
    "gone",
    "archived_storage_class",
    "bad_key",
];

/// The dispatcher's value of the dimension `tier`.
pub const DISPATCHER: &str = "dispatcher";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_names_nothing_twice() {
        let names = |metric: &Metric| (metric.functions.clone(), metric.dimension.clone(), metric.name.clone());
        let mut seen: Vec<_> = all().iter().map(names).collect();
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert!(all().iter().all(|metric| metric.level > Monitoring::Off), "what is off is in no table");
    }

    #[test]
    fn the_parameter_has_three_values() {
        let levels = ["off", "basic", "full", "on"].map(Monitoring::of);
        assert_eq!(levels, [Some(Monitoring::Off), Some(Monitoring::Basic), Some(Monitoring::Full), None]);
    }
}
