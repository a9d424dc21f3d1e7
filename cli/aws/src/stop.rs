//! Ctrl-C, noted: a run ends where its journal can say so, and the second time at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use thumbtier::INTERRUPTED;

/// How long it may take until a wait notices the signal.
const GLANCE: Duration = Duration::from_millis(100);

/// Whether somebody wants this to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Notes the first SIGINT or SIGTERM from now on; the second ends the process.
    ///
    /// # Errors
    /// The system takes no handler.
    pub(crate) fn on_signals() -> anyhow::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal passes the one and sets the other.
            let last = flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop.0));
            last.and_then(|_| flag::register(signal, Arc::clone(&stop.0))).context("waiting for Ctrl-C")?;
        }
        Ok(stop)
    }

    /// Whether the signal came.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits; less long if the signal comes. Whether to go on afterwards.
    pub(crate) async fn sleep(&self, time: Duration) -> bool {
        let mut left = time;
        while !self.is_set() && !left.is_zero() {
            let step = left.min(GLANCE);
            tokio::time::sleep(step).await;
            left -= step;
        }
        !self.is_set()
    }

    /// As the signal does.
    #[cfg(test)]
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
