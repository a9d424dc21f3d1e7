//! What an invocation cost, and the line that says so.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use contract::metrics::Monitoring;
use contract::{Architecture, LogRecord, LogRules, Prices, Tariff, priced_line};

use crate::Environment;

/// Knows the function's prices and which of its lines are short.
#[derive(Debug)]
pub struct Meter {
    /// What the function is charged by.
    pub tariff: Tariff,
    /// Which lines are short.
    pub rules: LogRules,
    /// No other job is under way in this process: its CPU time and its memory are the job's.
    pub is_alone: bool,
    sink: fn(&str),
    born: Instant,
    init_ms: OnceLock<f64>,
    is_cold: AtomicBool,
}

/// Whether an invocation is the first of its process, and what INIT took then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// The first one.
    pub is_cold: bool,
    /// Milliseconds; 0 for every other.
    pub init_ms: f64,
}

impl Meter {
    /// Of the function that this environment belongs to; `None` and problems where that is not clear.
    pub fn from_environment(environment: &mut Environment) -> Option<Self> {
        let region = environment.variable("AWS_REGION", "the function's region");
        let memory_mb = environment.number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "the function's memory in MB");
        let rules = rules(environment);
        let has_key = environment.optional("KMS_KEY_ARN").is_some();
        let prices = environment.file("prices.json", |json| {
            let prices = Prices::parse(json)?.of_any(region.as_deref().unwrap_or_default()).clone();
            Ok::<_, contract::PricesError>(if has_key { prices.under_a_key() } else { prices })
        });
        let architecture = Architecture::of_target(std::env::consts::ARCH);
        if architecture.is_none() {
            environment.problem(format!("Lambda has no {} processors", std::env::consts::ARCH));
        }
        let tariff = Tariff { prices: prices?, architecture: architecture?, memory_mb: memory_mb? };
        Some(Self::new(tariff, rules?))
    }

    /// A meter that starts now.
    #[must_use]
    pub fn new(tariff: Tariff, rules: LogRules) -> Self {
        let (born, init_ms, is_cold) = (Instant::now(), OnceLock::new(), AtomicBool::new(true));
        Self { tariff, rules, is_alone: true, sink: |line| println!("{line}"), born, init_ms, is_cold }
    }

    /// The same among others in one process, all of whose lines go to `sink`.
    #[must_use]
    pub fn among_others(self, sink: fn(&str)) -> Self {
        Self { is_alone: false, sink, ..self }
    }

    /// INIT is over.
    pub fn ready(&self) {
        self.init_ms.get_or_init(|| usage::milliseconds(self.born.elapsed()));
    }

    /// An invocation begins.
    pub fn start(&self) -> Start {
        let is_cold = self.is_cold.swap(false, Ordering::Relaxed);
        let init_ms = if is_cold { self.init_ms.get().copied().unwrap_or_default() } else { 0.0 };
        Start { is_cold, init_ms }
    }

    /// Writes `record` and its own price as one line, on Lambda to standard output, which is the function's log.
    pub fn log(&self, record: impl LogRecord) {
        (self.sink)(&priced_line(record, &self.tariff.prices));
    }
}

/// `None` and problems where a variable is missing or wrong.
fn rules(environment: &mut Environment) -> Option<LogRules> {
    let name = environment.variable("MONITORING", "off, basic or full");
    let sample = environment.number("LOG_SAMPLE", "one ordinary job in so many keeps its whole log line: 1 is each");
    let slow_ms = environment.number("SLOW_MS", "how long a job takes at most to be an ordinary one");
    let name = name?;
    let monitoring = Monitoring::of(&name);
    if monitoring.is_none() {
        environment.problem(format!("MONITORING is `{name}`: expected off, basic or full"));
    }
    let sample = u32::try_from(sample?).unwrap_or(u32::MAX).max(1);
    Some(LogRules { monitoring: monitoring?, sample, slow_ms: slow_ms? as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_invocation_pays_for_init() {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        let tariff = Tariff { prices, architecture: Architecture::X86_64, memory_mb: 256 };
        let meter = Meter::new(tariff, LogRules::whole());
        std::thread::sleep(std::time::Duration::from_millis(2));
        meter.ready();
        let first = meter.start();
        assert!(first.is_cold && first.init_ms >= 2.0, "{first:?}");
        assert_eq!(meter.start(), Start { is_cold: false, init_ms: 0.0 });
    }
}
