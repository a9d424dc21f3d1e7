//! Lambda's REPORT record: what an invocation was really billed.

use serde::Deserialize;

/// One invocation, as Lambda reports it at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InvocationReport {
    /// The handler's time.
    pub duration_ms: f64,
    /// What is paid for: whole milliseconds, INIT included where there was one.
    pub billed_ms: u64,
    /// The configured memory.
    pub memory_mb: u64,
    /// The most that was resident; 0 where the platform does not measure it.
    pub max_memory_used_mb: u64,
    /// INIT, where this was the first invocation of its environment.
    pub init_ms: Option<f64>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    record: Record,
}

#[derive(Deserialize)]
struct Record {
    metrics: Metrics,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    duration_ms: f64,
    billed_duration_ms: f64,
    #[serde(rename = "memorySizeMB")]
    memory_size_mb: u64,
    #[serde(rename = "maxMemoryUsedMB")]
    max_memory_used_mb: u64,
    init_duration_ms: Option<f64>,
}

impl InvocationReport {
    /// The type of the record in Lambda's JSON log format.
    pub const EVENT: &str = "platform.report";

    /// Reads the record of Lambda's JSON or text log format; `None` for any other line.
    ///
    /// **Source:** AWS Lambda developer guide, "Viewing logs for Lambda functions", "Lambda Telemetry API `Event` schema
    /// reference", `platform.report`.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let Some(fields) = line.trim_end().strip_prefix("REPORT ") else { return Self::of_event(line) };
        let value = |name: &str| {
            let field = fields.split('\t').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix(": "))?;
            field.split(' ').next()
        };
        Some(Self {
            duration_ms: value("Duration")?.parse().ok()?,
            // Written with decimals by some runtimes, but always whole.
            billed_ms: value("Billed Duration")?.parse::<f64>().ok()? as u64,
            memory_mb: value("Memory Size")?.parse().ok()?,
            max_memory_used_mb: value("Max Memory Used")?.parse().ok()?,
            init_ms: value("Init Duration").and_then(|ms| ms.parse().ok()),
        })
    }

    fn of_event(line: &str) -> Option<Self> {
        if !line.contains(Self::EVENT) {
            return None;
        }
        let Event { kind, record: Record { metrics } } = serde_json::from_str(line).ok()?;
        (kind == Self::EVENT).then_some(Self {
            duration_ms: metrics.duration_ms,
            billed_ms: metrics.billed_duration_ms as u64,
            memory_mb: metrics.memory_size_mb,
            max_memory_used_mb: metrics.max_memory_used_mb,
            init_ms: metrics.init_duration_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What either format says of the same cold start.
    const COLD: InvocationReport = InvocationReport {
        duration_ms: 12.34,
        billed_ms: 112,
        memory_mb: 256,
        max_memory_used_mb: 18,
        init_ms: Some(98.76),
    };

    #[test]
    fn a_cold_start_says_what_init_took() {
        let line = "REPORT RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3\tDuration: 12.34 ms\t\
                    Billed Duration: 112 ms\tMemory Size: 256 MB\tMax Memory Used: 18 MB\tInit Duration: 98.76 ms\t\n";
        assert_eq!(InvocationReport::parse(line), Some(COLD));
    }

    #[test]
    fn the_json_format_says_the_same() {
        let line = r#"{"time":"2026-11-29T18:00:00.000Z","type":"platform.report","record":{"requestId":"r","metrics":
            {"durationMs":12.34,"billedDurationMs":112,"memorySizeMB":256,"maxMemoryUsedMB":18,"initDurationMs":98.76},
            "status":"success"}}"#;
        assert_eq!(InvocationReport::parse(line), Some(COLD));
        let warm = line.replace(",\"initDurationMs\":98.76", "");
        assert_eq!(InvocationReport::parse(&warm).map(|report| report.init_ms), Some(None));
        assert_eq!(InvocationReport::parse(&line.replace("platform.report", "platform.start")), None);
    }

    #[test]
    fn a_warm_invocation_has_no_init_and_other_lines_are_no_reports() {
        let line =
            "REPORT RequestId: r\tDuration: 7 ms\tBilled Duration: 7 ms\tMemory Size: 1024 MB\tMax Memory Used: 0 MB";
        assert_eq!(InvocationReport::parse(line).and_then(|report| report.init_ms), None);
        assert!(InvocationReport::parse(line).is_some());
        for other in ["START RequestId: r", "{\"outcome\":\"made\"}", "REPORT", "REPORT RequestId: r\tDuration: x ms"] {
            assert_eq!(InvocationReport::parse(other), None, "{other}");
        }
    }
}
