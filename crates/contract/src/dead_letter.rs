//! What ended for good without thumbnails, as it stands in the queue of dead letters or in that of refused uploads.

use serde::{Deserialize, Serialize};

use crate::Task;

/// One message of such a queue, written by a worker or by the dispatcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The name: `corrupt`, `over_budget`, `killed`, `read_failed` …
    pub reason: String,
    /// The sentence with the number and the limit.
    pub message: String,
    /// The same in every log line about this upload.
    pub correlation_id: String,
    /// What could not be done; `None` where the event's key is no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Task>,
    /// The upload is at fault, not the system: it goes to the queue of refused uploads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

impl DeadLetter {
    /// The letter about `job`.
    #[must_use]
    pub fn about(job: Task, reason: &str, message: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            message: message.to_owned(),
            correlation_id: job.correlation_id().to_owned(),
            job: Some(job),
            refused: false,
        }
    }

    /// The letter about `job`, of whose object no thumbnail can be made.
    #[must_use]
    pub fn of_refused(job: Task, reason: &str, message: &str) -> Self {
        Self { refused: true, ..Self::about(job, reason, message) }
    }
}
