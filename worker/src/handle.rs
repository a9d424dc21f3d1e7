//! One task, from GET to the last PUT. Knows no AWS: its edges are the traits of `edge.rs`.

use std::time::Instant;

use bytes::Bytes;
use contract::{
    DeadLetter, Ending, Job, KeyError, MadeBy, Outcome, Task, metadata, metrics, thumbnail_key, with_causes,
};
use engine::{EngineError, Limits, Made, Thumbnail};
use function::CallError;
use futures_util::future::join_all;

use crate::body::{pipe, pump};
use crate::edge::{Edge, ObjectBody, StoredObject};
use crate::remove::remove;
use crate::settings::Settings;
use crate::settle::{Origin, Source, settle};
use crate::stopwatch::Stopwatch;
use crate::store::{Stored, look, store};

/// Failed for now: Lambda should run this job again. Anything final is an [`Outcome`], not an error.
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

/// Does the task, tells of it if nothing more can be done, and logs one line about it.
///
/// # Errors
/// [`WorkerError`] for what may go better the next time. The retry finds what is stored already and does the rest.
pub(crate) async fn handle(edge: &impl Edge, settings: &Settings, task: &Task) -> Result<Outcome, WorkerError> {
    let mut stopwatch = Stopwatch::start(&settings.shared.meter);
    let result = run(edge, settings, task, &mut stopwatch).await;
    settings.shared.meter.log(&stopwatch.record(settings, task, &result), metrics::JOB);
    result
}

async fn run(
    edge: &impl Edge,
    settings: &Settings,
    task: &Task,
    stopwatch: &mut Stopwatch,
) -> Result<Outcome, WorkerError> {
    let mut step = match task {
        Task::Make(job) => Step::MakeAgain(job.clone()),
        Task::Remove { remove: removal } => {
            let step = remove(edge, settings, removal, &stopwatch.calls).await.map_err(WorkerError::Remove)?;
            if matches!(step, Step::Done(Outcome::Removed { .. })) {
                keep(edge, task, Ending::REMOVED, None, None).await?;
            }
            step
        }
    };
    let mut rounds = 0..ROUNDS;
    loop {
        match step {
            Step::Done(outcome) => return Ok(outcome),
            Step::MakeAgain(_) if rounds.next().is_none() => break,
            Step::MakeAgain(job) => {
                step = match make_and_tell(edge, settings, &job, stopwatch).await {
                    Err(error) if !is_about(task, &job) => tell_of(edge, job, &error).await?,
                    made => made?,
                }
            }
        }
    }
    let cause = format!("the object comes and goes, {ROUNDS} times").into();
    Err(WorkerError::Settle(CallError { action: format!("making the thumbnails of `{}`", task.key()), cause }))
}

/// A retry of `task` does `job` again.
fn is_about(task: &Task, job: &Job) -> bool {
    matches!(task, Task::Make(own) if own.etag == job.etag)
}

/// A retry would begin with the task, find its version gone and never come to `job`: a letter names it.
async fn tell_of(edge: &impl Edge, job: Job, error: &WorkerError) -> Result<Step, WorkerError> {
    let (reason, message) = (error.name().to_owned(), with_causes(error));
    let letter = DeadLetter::about(Task::Make(job), &reason, &message);
    edge.send(&letter).await.map_err(WorkerError::DeadLetter)?;
    Ok(Step::Done(Outcome::Refused { reason, message }))
}

/// How often a job follows an object that is deleted and uploaded again while its thumbnails are made.
const ROUNDS: u32 = 3;

/// How far a task is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is over.
    Done(Outcome),
    /// The object is there (again), and its thumbnails must be made.
    MakeAgain(Job),
}

async fn make_and_tell(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    stopwatch: &mut Stopwatch,
) -> Result<Step, WorkerError> {
    let step = make_thumbnails(edge, settings, job, stopwatch).await?;
    if let Step::Done(Outcome::Refused { reason, message }) = &step {
        let task = Task::Make(job.clone());
        keep(edge, &task, reason, Some(message), Some(stopwatch.made_by(settings))).await?;
        if !is_ordinary(reason, job) {
            let letter = DeadLetter::about(task, reason, message);
            edge.send(&letter).await.map_err(WorkerError::DeadLetter)?;
        }
    }
    Ok(step)
}

/// For those who ask later what became of the upload.
async fn keep(
    edge: &impl Edge,
    task: &Task,
    outcome: &str,
    message: Option<&String>,
    made_by: Option<MadeBy>,
) -> Result<(), WorkerError> {
    let source_etag = match task {
        Task::Make(job) => Some(job.etag.clone()),
        Task::Remove { .. } => None,
    };
    let ending = Ending {
        outcome: outcome.to_owned(),
        message: message.cloned(),
        key: task.key().to_owned(),
        source_etag,
        made_by,
        correlation_id: task.correlation_id().to_owned(),
    };
    edge.keep(&ending).await.map_err(WorkerError::Keep)
}

/// Bytes that are no image, and that nobody called one.
fn is_ordinary(reason: &str, job: &Job) -> bool {
    reason == NOT_AN_IMAGE && job.format.is_none()
}

/// [`EngineError::NotAnImage`] by its name.
const NOT_AN_IMAGE: &str = "not_an_image";

async fn make_thumbnails(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    stopwatch: &mut Stopwatch,
) -> Result<Step, WorkerError> {
    if job.look_first
        && let Some(thumbnails) = look(edge, settings, job, &stopwatch.calls).await.map_err(WorkerError::Look)?
    {
        return Ok(Step::Done(Outcome::Duplicate { thumbnails }));
    }
    let Some(body) = edge.get(job).await.map_err(WorkerError::Read)? else {
        return Ok(Step::Done(Outcome::Gone));
    };
    stopwatch.got();
    let made = match make(body, settings, stopwatch).await {
        Ok(made) => made,
        Err(Failure::Engine(error @ EngineError::Source { .. })) => return Err(WorkerError::Body(error)),
        Err(Failure::Engine(error @ EngineError::OverBudget { .. })) => {
            return escalate(edge, settings, job, &error).await.map(Step::Done);
        }
        Err(Failure::Engine(error)) => return Ok(Step::Done(refused(error.name(), &error))),
        Err(error @ Failure::Panicked(_)) => return Ok(Step::Done(refused("panicked", &error))),
    };
    stopwatch.made(&made);
    let made_by = stopwatch.made_by(settings);
    let objects: Result<Vec<_>, _> =
        made.thumbnails.into_iter().map(|thumbnail| stored_object(thumbnail, settings, job, &made_by)).collect();
    let objects = match objects {
        Ok(objects) => objects,
        Err(error) => return Ok(Step::Done(refused("key_too_long", &error))),
    };
    let step = store_all(edge, settings, job, objects, stopwatch).await?;
    stopwatch.put();
    Ok(step)
}

/// Stores every thumbnail, all at once because waiting is billed too. The job is done when all are there.
async fn store_all(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    objects: Vec<StoredObject>,
    stopwatch: &Stopwatch,
) -> Result<Step, WorkerError> {
    let (total, calls) = (objects.len(), &stopwatch.calls);
    let puts = objects.into_iter().map(async |object| {
        let key = object.key.clone();
        (key, store(edge, job, &settings.spec, object, calls).await)
    });
    let (mut there, mut failed, mut stale) = (Vec::new(), None, None);
    let (mut is_new, mut is_gone) = (false, false);
    for (key, stored) in join_all(puts).await {
        match stored {
            Ok(Stored::Written(written)) => {
                is_new = true;
                there.push(written);
            }
            Ok(Stored::AlreadyThere(written)) => there.push(written),
            Ok(Stored::Stale { message }) => stale = Some(message),
            Ok(Stored::SourceChanged) => is_gone = true,
            Err(cause) => failed = failed.or(Some((key, cause))),
        }
    }
    if let Some((key, cause)) = failed {
        return Err(WorkerError::Write { key, done: there.len(), total, cause });
    }
    if !there.is_empty() {
        let origin = Origin { bucket: &job.bucket, key: &job.key, etag: &job.etag };
        let settled =
            settle(edge, &settings.shared.thumbnails, settings.shared.delete_thumbnails, &origin, &there, calls).await;
        match settled.map_err(WorkerError::Settle)? {
            Source::Current => {}
            Source::Replaced | Source::Gone => is_gone = true,
            Source::Back(head) => {
                return Ok(Step::MakeAgain(Job::new(&job.bucket, &job.key, *head, &job.correlation_id)));
            }
        }
    }
    let thumbnails = there.into_iter().map(|written| written.object.key).collect();
    Ok(Step::Done(match stale {
        _ if is_gone => Outcome::Gone,
        Some(message) => Outcome::Stale { message },
        None if is_new => Outcome::Made { thumbnails },
        None => Outcome::Duplicate { thumbnails },
    }))
}

/// Hands the job to the next tier, before a pixel was decoded; the largest tier refuses it.
async fn escalate(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    error: &EngineError,
) -> Result<Outcome, WorkerError> {
    let Some(next) = settings.next_tier() else {
        return Ok(refused(error.name(), error));
    };
    edge.invoke(&next.name, &Task::Make(job.clone())).await.map_err(WorkerError::Escalate)?;
    Ok(Outcome::Escalated { to: next.name.clone(), message: error.to_string() })
}

/// Runs the engine on a thread of its own, beside the transfer.
async fn make(body: impl ObjectBody, settings: &Settings, stopwatch: &mut Stopwatch) -> Result<Made, Failure> {
    let (sender, mut reader) = pipe();
    let mut limits = Limits::for_budget(settings.tier.budget_bytes());
    limits.max_pixels = settings.max_pixels;
    limits.max_source_bytes = settings.shared.max_object_bytes;
    let variants = settings.shared.thumbnails.variants.clone();
    let engine = tokio::task::spawn_blocking(move || {
        let mut stages = Vec::new();
        let made = engine::make(&mut reader, &variants, &limits, &mut |stage| stages.push((stage, Instant::now())));
        (made, stages)
    });
    let ((), engine) = tokio::join!(pump(body, sender), engine);
    // A decoder that panics does so every time: a final answer, not a reason to pay for two retries.
    let (made, stages) = engine.map_err(Failure::Panicked)?;
    for (stage, finished) in stages {
        stopwatch.stage(stage, finished);
    }
    Ok(made?)
}

/// Why the engine made nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the decoder panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

fn refused(reason: &str, error: &dyn std::error::Error) -> Outcome {
    Outcome::Refused { reason: reason.to_owned(), message: with_causes(error) }
}

fn stored_object(
    thumbnail: Thumbnail,
    settings: &Settings,
    job: &Job,
    made_by: &MadeBy,
) -> Result<StoredObject, KeyError> {
    let key = thumbnail_key(&settings.shared.thumbnails.key, &job.key, &thumbnail.variant, thumbnail.extension)?;
    let source = [
        (metadata::SOURCE_ETAG, Some(&job.etag)),
        (metadata::SOURCE_VERSION, job.version_id.as_ref()),
        (metadata::SEQUENCER, job.sequencer.as_ref()),
        (metadata::SPEC, Some(&settings.spec)),
    ];
    let source = source.into_iter().filter_map(|(name, value)| Some((name, value?.clone())));
    let metadata = source.chain(made_by.to_metadata()).map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(StoredObject {
        variant: thumbnail.variant,
        extension: thumbnail.extension,
        bucket: settings.shared.destination_bucket.clone(),
        key,
        content_type: thumbnail.content_type,
        cache_control: settings.shared.thumbnails.cache_control.clone(),
        metadata,
        bytes: Bytes::from(thumbnail.bytes),
    })
}

#[cfg(test)]
mod tests;
