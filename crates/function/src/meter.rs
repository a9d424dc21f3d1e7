//! What an invocation cost, and the line that says so.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use contract::metrics::{self, Directive};
use contract::{Architecture, Prices, Tariff};
use serde::Serialize;

use crate::Environment;

/// Knows the function's prices and where its metrics go.
#[derive(Debug)]
pub struct Meter {
    /// What the function is charged by.
    pub tariff: Tariff,
    namespace: Option<String>,
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
        let namespace = environment.variable("METRICS_NAMESPACE", "where metrics go, such as thumbtier/prod");
        let metrics = environment.variable("METRICS", "on or off");
        let is_on = metrics.as_deref() == Some("on");
        if let Some(other) = metrics.filter(|metrics| !matches!(metrics.as_str(), "on" | "off")) {
            environment.problem(format!("METRICS is `{other}`: expected on or off"));
        }
        let prices = environment
            .file("prices.json", |json| Prices::parse(json)?.region(region.as_deref().unwrap_or_default()).cloned());
        let architecture = Architecture::of_target(std::env::consts::ARCH);
        if architecture.is_none() {
            environment.problem(format!("Lambda has no {} processors", std::env::consts::ARCH));
        }
        let tariff = Tariff { prices: prices?, architecture: architecture?, memory_mb: memory_mb? };
        Some(Self::new(tariff, namespace.map(|namespace| is_on.then_some(namespace))?))
    }

    /// A meter that starts now; without a namespace its lines are no metrics.
    #[must_use]
    pub fn new(tariff: Tariff, namespace: Option<String>) -> Self {
        Self { tariff, namespace, born: Instant::now(), init_ms: OnceLock::new(), is_cold: AtomicBool::new(true) }
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

    /// Writes `record` and its metrics as one line to standard output, which is the function's log; without directives
    /// it is a record and no more.
    pub fn log(&self, record: &impl Serialize, directives: &[Directive]) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp_ms = u64::try_from(now.as_millis()).unwrap_or_default();
        let line = match &self.namespace {
            Some(namespace) if !directives.is_empty() => metrics::document(record, directives, namespace, timestamp_ms),
            _ => serde_json::to_string(record).expect("strings and numbers serialise"),
        };
        println!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_invocation_pays_for_init() {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        let tariff = Tariff { prices, architecture: Architecture::X86_64, memory_mb: 256 };
        let meter = Meter::new(tariff, None);
        std::thread::sleep(std::time::Duration::from_millis(2));
        meter.ready();
        let first = meter.start();
        assert!(first.is_cold && first.init_ms >= 2.0, "{first:?}");
        assert_eq!(meter.start(), Start { is_cold: false, init_ms: 0.0 });
    }
}
