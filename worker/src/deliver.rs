//! Every thumbnail of a job into its bucket.

use contract::{Job, Manifest, ObjectHead, Outcome};
use function::HeadObject;
use futures_util::future::join_all;

use crate::calls::Calls;
use crate::edge::{DeleteObject, PutObject, StoredObject};
use crate::error::WorkerError;
use crate::settings::Settings;
use crate::settle::{Origin, Source, settle};
use crate::step::Step;
use crate::store::{Stored, Written, store};

/// Stores every thumbnail, all at once because waiting is billed too. The job is done when all are there.
///
/// # Errors
/// [`WorkerError::Write`] and [`WorkerError::Settle`].
pub(crate) async fn deliver(
    edge: &(impl HeadObject + PutObject + DeleteObject),
    settings: &Settings,
    job: &Job,
    objects: Vec<StoredObject>,
    calls: &Calls,
) -> Result<Step, WorkerError> {
    let total = objects.len();
    let spec = settings.shared.thumbnails.spec_of(&job.key);
    let spec = &spec;
    let puts = objects.into_iter().map(async |object| {
        let key = object.key.clone();
        (key, store(edge, job, spec, object, calls).await)
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
        match source(edge, settings, job, &there, calls).await? {
            Source::Current => {}
            Source::Replaced | Source::Gone => is_gone = true,
            Source::Back(head) => return Ok(again(job, *head)),
        }
    }
    let thumbnails = keys(there);
    Ok(Step::Done(match stale {
        _ if is_gone => Outcome::Gone,
        Some(message) => Outcome::Stale { message },
        None if is_new => Outcome::Made { thumbnails, warnings: Vec::new() },
        None => Outcome::Duplicate { thumbnails },
    }))
}

/// The end of a job whose thumbnails were all there before it began. Who made them may have been killed since, before it
/// took away what must not stay beside them.
///
/// # Errors
/// [`WorkerError::Settle`].
pub(crate) async fn found(
    edge: &(impl HeadObject + DeleteObject),
    settings: &Settings,
    job: &Job,
    there: Vec<Written>,
    calls: &Calls,
) -> Result<Step, WorkerError> {
    Ok(match source(edge, settings, job, &there, calls).await? {
        Source::Current => Step::Done(Outcome::Duplicate { thumbnails: keys(there) }),
        Source::Replaced | Source::Gone => Step::Done(Outcome::Gone),
        Source::Back(head) => again(job, *head),
    })
}

async fn source(
    edge: &(impl HeadObject + DeleteObject),
    settings: &Settings,
    job: &Job,
    there: &[Written],
    calls: &Calls,
) -> Result<Source, WorkerError> {
    let origin = Origin { bucket: &job.bucket, key: &job.key, etag: &job.etag };
    let shared = &settings.shared;
    let settled = settle(edge, &shared.thumbnails, shared.delete_thumbnails, &origin, there, calls);
    settled.await.map_err(WorkerError::Settle)
}

fn again(job: &Job, head: ObjectHead) -> Step {
    Step::MakeAgain(Job::new(&job.bucket, &job.key, head, &job.correlation_id))
}

/// A manifest is no thumbnail.
fn keys(there: Vec<Written>) -> Vec<String> {
    let thumbnails = there.into_iter().map(|written| written.place);
    thumbnails.filter(|place| place.extension != Manifest::EXTENSION).map(|place| place.key).collect()
}
