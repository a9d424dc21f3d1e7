//! Log lines to standard output, and their numbers as metrics of Prometheus: by the same table as the metric filters on AWS,
//! `deploy/metrics.json`.
//!
//! **Source:** Prometheus documentation, "Exposition formats", text format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use contract::metrics::{self, Metric, Unit};
use serde_json::{Value, json};

/// A sum and how many numbers are in it.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    total: f64,
    count: u64,
}

/// By name, function, dimension and its value.
type Sums = BTreeMap<(String, &'static str, String, String), Sum>;

static SUMS: LazyLock<Mutex<Sums>> = LazyLock::new(Mutex::default);

/// Writes a line, and counts what is in it.
pub(crate) fn log(line: &str) {
    println!("{line}");
    if let Ok(line) = serde_json::from_str(line) {
        count(&line, &mut SUMS.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A line about the process itself.
pub(crate) fn say(level: &str, message: &str) {
    println!("{}", json!({ "level": level, "message": message }));
}

/// Which part wrote the line.
fn function(line: &Value) -> &'static str {
    if line.get("route").is_some() {
        return "api";
    }
    match line.get("tier").and_then(Value::as_str) {
        None | Some(metrics::DISPATCHER) => "dispatcher",
        Some(_) => "worker",
    }
}

fn count(line: &Value, sums: &mut Sums) {
    let function = function(line);
    for metric in metrics::all().iter().filter(|metric| metric.functions.iter().any(|name| name == function)) {
        // Without a dimension it is the sum of the others.
        let Some(dimension) = &metric.dimension else { continue };
        let value = line.get(dimension).and_then(Value::as_str);
        let number = line.get(&metric.name).and_then(Value::as_f64);
        // A line that stands for itself alone leaves out the 1.
        let number = number.or_else(|| (metric.name == "images" || metric.name == "objects").then_some(1.0));
        if let (Some(value), Some(number)) = (value, number) {
            let key = (metric.name.clone(), function, dimension.clone(), value.to_owned());
            let sum = sums.entry(key).or_default();
            sum.total += number;
            sum.count += 1;
        }
    }
}

/// A number of the process at this moment.
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// Label and value of each.
    pub(crate) values: Vec<(Option<(&'static str, String)>, f64)>,
}

/// Everything, as Prometheus reads it.
pub(crate) fn text(gauges: &[Gauge]) -> String {
    let mut text = of_sums(&SUMS.lock().unwrap_or_else(PoisonError::into_inner));
    for Gauge { name, help, values } in gauges {
        let _ = writeln!(text, "# HELP thumbtier_{name} {help}\n# TYPE thumbtier_{name} gauge");
        for (label, value) in values {
            let label = label.as_ref().map_or(String::new(), |(name, of)| format!("{{{name}=\"{}\"}}", escaped(of)));
            let _ = writeln!(text, "thumbtier_{name}{label} {value}");
        }
    }
    text
}

fn of_sums(sums: &Sums) -> String {
    let mut text = String::new();
    let mut last = "";
    for ((name, function, dimension, value), sum) in sums {
        let is_summary = metrics::all().iter().find(|metric| metric.name == *name).is_some_and(is_measured);
        let (kind, suffix) = if is_summary { ("summary", "_sum") } else { ("counter", "_total") };
        if last != name {
            let typed = if is_summary { name.clone() } else { format!("{name}_total") };
            let _ = writeln!(text, "# TYPE thumbtier_{typed} {kind}");
            last = name;
        }
        let labels = format!("{{function=\"{function}\",{dimension}=\"{}\"}}", escaped(value));
        let _ = writeln!(text, "thumbtier_{name}{suffix}{labels} {}", sum.total);
        if is_summary {
            let _ = writeln!(text, "thumbtier_{name}_count{labels} {}", sum.count);
        }
    }
    text
}

/// A measure of each line, not a number of things: its sum alone says nothing.
fn is_measured(metric: &Metric) -> bool {
    matches!(metric.unit, Unit::Milliseconds | Unit::Percent) || metric.name == "peak_bytes"
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_metrics_by_the_table() {
        let mut sums = Sums::new();
        let lines = [
            r#"{"tier":"small","outcome":"made","key":"a","images":1,"total_ms":10.5,"format":"jpeg"}"#,
            r#"{"tier":"small","outcome":"made","key":"b","total_ms":20}"#,
            r#"{"tier":"dispatcher","outcome":"dispatched","objects":1,"total_ms":2}"#,
            r#"{"route":"put_image","status":202}"#,
        ];
        for line in lines {
            count(&serde_json::from_str(line).unwrap(), &mut sums);
        }
        let text = of_sums(&sums);
        for want in [
            "# TYPE thumbtier_images_total counter\n",
            "thumbtier_images_total{function=\"worker\",tier=\"small\"} 2\n",
            "thumbtier_images_total{function=\"worker\",outcome=\"made\"} 2\n",
            "# TYPE thumbtier_total_ms summary\n",
            "thumbtier_total_ms_sum{function=\"worker\",tier=\"small\"} 30.5\n",
            "thumbtier_total_ms_count{function=\"worker\",tier=\"small\"} 2\n",
            "thumbtier_total_ms_sum{function=\"dispatcher\",tier=\"dispatcher\"} 2\n",
            "thumbtier_objects_total{function=\"dispatcher\",outcome=\"dispatched\"} 1\n",
        ] {
            assert!(text.contains(want), "{want} is not in\n{text}");
        }
        assert_eq!(text.matches("# TYPE thumbtier_total_ms summary").count(), 1);
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(escaped("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
    }
}
