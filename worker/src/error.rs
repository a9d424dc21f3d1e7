//! What failed for now.

use engine::EngineError;
use function::CallError;

/// Failed for now: Lambda should run this job again. Anything final is a [`contract::Outcome`], not an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    #[error("reading the original")]
    Read(#[source] CallError),
    #[error("reading the original while it arrived")]
    Body(#[source] EngineError),
    #[error("writing thumbnail `{key}`, {done} of {total} are there")]
    Write {
        key: String,
        done: usize,
        total: usize,
        #[source]
        cause: CallError,
    },
    #[error("looking whether the original is still there")]
    Settle(#[source] CallError),
    #[error("removing the thumbnails of a deleted object")]
    Remove(#[source] CallError),
    #[error("sending the dead letter")]
    DeadLetter(#[source] CallError),
    #[error("handing the job to the next tier")]
    Escalate(#[source] CallError),
    #[error("looking whether the thumbnails are there already")]
    Look(#[source] CallError),
    #[error("keeping how it ended")]
    Keep(#[source] CallError),
}

impl WorkerError {
    /// The name in logs, counters and metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::Body(_) => "read_failed",
            Self::Write { .. } => "write_failed",
            Self::Settle(_) => "settle_failed",
            Self::Remove(_) => "remove_failed",
            Self::DeadLetter(_) => "dead_letter_failed",
            Self::Escalate(_) => "escalate_failed",
            Self::Look(_) => "look_failed",
            Self::Keep(_) => "keep_failed",
        }
    }
}
