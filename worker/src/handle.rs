//! One job, from GET to the last PUT. Knows no AWS: its edges are the traits here.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use contract::{ImageRecord, Job, KeyError, Outcome, metadata, metrics, thumbnail_key, with_causes};
use engine::{EngineError, Limits, Made, Thumbnail};
use function::{CallError, InvokeWorker};
use futures_util::future::try_join_all;

use crate::body::{pipe, pump};
use crate::settings::Settings;
use crate::stopwatch::{Stopwatch, image_record};

/// Reads one object. The worker's `s3:GetObject` and `s3:ListBucket` grants are this trait.
pub(crate) trait GetObject {
    /// The body as it arrives.
    type Body: ObjectBody;
    /// The object of exactly the job's ETag; `None` where it is gone or replaced.
    fn get(&self, job: &Job) -> impl Future<Output = Result<Option<Self::Body>, CallError>>;
}

/// The body of an object, chunk by chunk.
pub(crate) trait ObjectBody {
    /// The next chunk; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Result<Bytes, CallError>>>;
}

/// Stores one thumbnail. The worker's `s3:PutObject` grant is this trait.
pub(crate) trait PutObject {
    /// Stores it, over an older one of the same key.
    fn put(&self, object: StoredObject) -> impl Future<Output = Result<(), CallError>>;
}

/// A thumbnail with everything that S3 is told about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredObject {
    pub bucket: String,
    pub key: String,
    pub content_type: &'static str,
    pub cache_control: String,
    pub metadata: HashMap<String, String>,
    pub bytes: Vec<u8>,
}

/// Failed for now: Lambda should run this job again. Anything final is an [`Outcome`], not an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    #[error("reading the original")]
    Read(#[source] CallError),
    #[error("reading the original while it arrived")]
    Body(#[source] EngineError),
    #[error("writing thumbnail `{key}`")]
    Write {
        key: String,
        #[source]
        cause: CallError,
    },
    #[error("handing the job to the next tier")]
    Escalate(#[source] CallError),
}

impl WorkerError {
    /// The name in logs, counters and metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::Body(_) => "read_failed",
            Self::Write { .. } => "write_failed",
            Self::Escalate(_) => "escalate_failed",
        }
    }
}

/// Makes and stores every thumbnail of the job's object, and logs one line about it.
///
/// # Errors
/// [`WorkerError`] for what may go better the next time. Thumbnails already stored are stored again by the retry.
pub(crate) async fn handle<Edge: GetObject + PutObject + InvokeWorker>(
    edge: &Edge,
    settings: &Settings,
    job: &Job,
) -> Result<Outcome, WorkerError> {
    let mut stopwatch = Stopwatch::start(&settings.meter);
    let mut image = None;
    let result = run(edge, settings, job, &mut stopwatch, &mut image).await;
    settings.meter.log(&stopwatch.record(settings, job, image, &result), metrics::JOB);
    result
}

async fn run<Edge: GetObject + PutObject + InvokeWorker>(
    edge: &Edge,
    settings: &Settings,
    job: &Job,
    stopwatch: &mut Stopwatch,
    image: &mut Option<ImageRecord>,
) -> Result<Outcome, WorkerError> {
    let Some(body) = edge.get(job).await.map_err(WorkerError::Read)? else {
        return Ok(Outcome::Gone);
    };
    stopwatch.got();
    let made = match make(body, settings, stopwatch).await {
        Ok(made) => made,
        Err(Failure::Engine(error @ EngineError::Source { .. })) => return Err(WorkerError::Body(error)),
        Err(Failure::Engine(error @ EngineError::OverBudget { .. })) => {
            return escalate(edge, settings, job, &error).await;
        }
        Err(Failure::Engine(error)) => return Ok(refused(error.name(), &error)),
        Err(error @ Failure::Panicked(_)) => return Ok(refused("panicked", &error)),
    };
    *image = Some(image_record(&made));
    let objects: Result<Vec<_>, _> =
        made.thumbnails.into_iter().map(|thumbnail| stored_object(thumbnail, settings, job)).collect();
    let objects = match objects {
        Ok(objects) => objects,
        Err(error) => return Ok(refused("key_too_long", &error)),
    };
    // All at once, because waiting is billed too.
    let puts = objects.into_iter().map(async |object| {
        let key = object.key.clone();
        match edge.put(object).await {
            Ok(()) => Ok(key),
            Err(cause) => Err(WorkerError::Write { key, cause }),
        }
    });
    let thumbnails = try_join_all(puts).await?;
    stopwatch.put();
    Ok(Outcome::Made { thumbnails })
}

/// Hands the job to the next tier, before a pixel was decoded; the largest tier refuses it.
async fn escalate(
    edge: &impl InvokeWorker,
    settings: &Settings,
    job: &Job,
    error: &EngineError,
) -> Result<Outcome, WorkerError> {
    let Some(to) = &settings.next_tier else {
        return Ok(refused(error.name(), error));
    };
    edge.invoke(to, job).await.map_err(WorkerError::Escalate)?;
    Ok(Outcome::Escalated { to: to.clone(), message: error.to_string() })
}

/// Runs the engine on a thread of its own, beside the transfer.
async fn make(body: impl ObjectBody, settings: &Settings, stopwatch: &mut Stopwatch) -> Result<Made, Failure> {
    let (sender, mut reader) = pipe();
    let limits = Limits::for_budget(settings.tier.budget_bytes());
    let variants = settings.thumbnails.variants.clone();
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

fn stored_object(thumbnail: Thumbnail, settings: &Settings, job: &Job) -> Result<StoredObject, KeyError> {
    let key = thumbnail_key(&settings.thumbnails.key, &job.key, &thumbnail.variant, thumbnail.extension)?;
    let source = [
        (metadata::SOURCE_ETAG, Some(&job.etag)),
        (metadata::SOURCE_VERSION, job.version_id.as_ref()),
        (metadata::SEQUENCER, job.sequencer.as_ref()),
    ];
    let metadata = source.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect();
    Ok(StoredObject {
        bucket: settings.destination_bucket.clone(),
        key,
        content_type: thumbnail.content_type,
        cache_control: settings.thumbnails.cache_control.clone(),
        metadata,
        bytes: thumbnail.bytes,
    })
}

#[cfg(test)]
mod tests;
