//! What failed for now.

use engine::EngineError;
use function::CallError;

/// Failed for now: Lambda should run this job again. Anything final is a [`contract::Outcome`], not an error.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// GET of the original.
    #[error("reading the original")]
    Read(#[source] CallError),
    /// The original, while it arrived.
    #[error("reading the original while it arrived")]
    Body(#[source] EngineError),
    /// A thumbnail.
    #[error("writing thumbnail `{key}`, {done} of {total} are there")]
    Write {
        /// Its key.
        key: String,
        /// How many are there.
        done: usize,
        /// Of how many.
        total: usize,
        /// Why.
        #[source]
        cause: CallError,
    },
    /// The look behind the last PUT.
    #[error("looking whether the original is still there")]
    Settle(#[source] CallError),
    /// A deletion.
    #[error("removing the thumbnails of a deleted object")]
    Remove(#[source] CallError),
    /// A letter.
    #[error("sending the dead letter")]
    DeadLetter(#[source] CallError),
    /// The way up a tier.
    #[error("handing the job to the next tier")]
    Escalate(#[source] CallError),
    /// The look before the GET.
    #[error("looking whether the thumbnails are there already")]
    Look(#[source] CallError),
    /// An ending.
    #[error("keeping how it ended")]
    Keep(#[source] CallError),
}

impl WorkerError {
    /// The name in logs, counters and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
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
