//! Who is told of a task that leaves no thumbnail: whoever asks, by its ending, and the dead letters where the uploader
//! would not expect it.

use contract::{DeadLetter, Ending, Job, MadeBy, Outcome, Task, with_causes};
use function::{KeepEnding, SendDeadLetter};

use crate::error::WorkerError;

/// Names of refusals that surprise nobody where nothing called the object an image.
const ORDINARY: [&str; 3] = ["not_an_image", "unsupported_encoding", "corrupt_encoding"];

/// Tells of a job that was refused.
///
/// # Errors
/// [`WorkerError`] where that is not possible for now.
pub(crate) async fn tell_refusal(
    edge: &(impl KeepEnding + SendDeadLetter),
    job: &Job,
    (reason, message): (&str, &str),
    made_by: MadeBy,
) -> Result<(), WorkerError> {
    let ending = Ending { made_by: Some(made_by), ..Ending::about(job, reason, message) };
    edge.keep(&ending).await.map_err(WorkerError::Keep)?;
    if job.format.is_none() && ORDINARY.contains(&reason) {
        return Ok(());
    }
    let letter = DeadLetter::of_refused(Task::Make(job.clone()), reason, message);
    edge.send(&letter).await.map_err(WorkerError::DeadLetter)
}

/// Tells whoever asks that an object's thumbnails are gone with it.
///
/// # Errors
/// [`WorkerError::Keep`].
pub(crate) async fn tell_removal(edge: &impl KeepEnding, task: &Task) -> Result<(), WorkerError> {
    let ending = Ending {
        outcome: Ending::REMOVED.to_owned(),
        message: None,
        key: task.key().to_owned(),
        source_etag: None,
        made_by: None,
        correlation_id: task.correlation_id().to_owned(),
    };
    edge.keep(&ending).await.map_err(WorkerError::Keep)
}

/// Tells of a job that failed and that no retry comes to: a retry would begin with the task, and find its version gone.
///
/// # Errors
/// [`WorkerError::DeadLetter`].
pub(crate) async fn tell_failure(
    edge: &impl SendDeadLetter,
    job: Job,
    error: &WorkerError,
) -> Result<Outcome, WorkerError> {
    let (reason, message) = (error.name().to_owned(), with_causes(error));
    let letter = DeadLetter::about(Task::Make(job), &reason, &message);
    edge.send(&letter).await.map_err(WorkerError::DeadLetter)?;
    Ok(Outcome::Refused { reason, message })
}
