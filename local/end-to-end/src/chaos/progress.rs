//! How far a run is, on standard error.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How often a line is written.
const EVERY: Duration = Duration::from_secs(10);

/// After the last upload: what is under way ends, and everything is read back.
const AFTERWARDS: Duration = Duration::from_secs(30);

/// Counts while a run lasts.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    expected: Duration,
    objects: u64,
    done: Cell<u64>,
    kills: Cell<u64>,
}

impl Progress {
    /// Of a run whose uploads take `uploading`.
    pub(super) fn start(objects: u64, uploading: Duration) -> Self {
        let expected = uploading + AFTERWARDS;
        Self { started: Instant::now(), expected, objects, done: Cell::new(0), kills: Cell::new(0) }
    }

    /// All steps of a key are done.
    pub(super) fn object_done(&self) {
        self.done.set(self.done.get() + 1);
    }

    /// A process was killed at work.
    pub(super) fn killed(&self) {
        self.kills.set(self.kills.get() + 1);
    }

    /// How many.
    pub(super) fn kills(&self) -> u64 {
        self.kills.get()
    }

    /// Since the begin.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Writes a line now and then, without end.
    pub(super) async fn tell(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            let (elapsed_s, left_s) =
                (self.elapsed().as_secs(), self.expected.saturating_sub(self.elapsed()).as_secs());
            let (done, objects, kills) = (self.done.get(), self.objects, self.kills.get());
            eprintln!(
                "· {elapsed_s} s: {done} of {objects} objects uploaded, {kills} processes killed, about {left_s} s left"
            );
        }
    }
}
