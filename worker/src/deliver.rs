//! Every thumbnail of a job into its bucket.

use contract::{Job, Manifest, Outcome};
use function::HeadObject;
use futures_util::future::join_all;

use crate::calls::Calls;
use crate::edge::{DeleteObject, PutObject, StoredObject};
use crate::error::WorkerError;
use crate::settings::Settings;
use crate::settle::{Origin, Source, settle};
use crate::step::Step;
use crate::store::{Stored, store};

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
    // A manifest is no thumbnail.
    let thumbnails = there.into_iter().filter(|written| written.object.extension != Manifest::EXTENSION);
    let thumbnails = thumbnails.map(|written| written.object.key).collect();
    Ok(Step::Done(match stale {
        _ if is_gone => Outcome::Gone,
        Some(message) => Outcome::Stale { message },
        None if is_new => Outcome::Made { thumbnails, warnings: Vec::new() },
        None => Outcome::Duplicate { thumbnails },
    }))
}
