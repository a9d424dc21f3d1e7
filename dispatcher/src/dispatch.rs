//! From the objects of an event to jobs: HEAD, route, invoke, and a summary that names and counts every answer.

use std::collections::BTreeMap;

use contract::{Job, KeyError, ObjectHead, Skip, TierTable, with_causes};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::json;

use crate::event::EventObject;
use crate::route::{Decision, route};

/// Reads an object's head. The dispatcher's `s3:GetObject` and `s3:ListBucket` grants are this trait.
pub(crate) trait HeadObject {
    /// The head; `None` where there is no such object.
    fn head(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<ObjectHead>, EdgeError>>;
}

/// Invokes a worker. The dispatcher's `lambda:InvokeFunction` grant is this trait.
pub(crate) trait InvokeWorker {
    /// Hands `job` over to be run asynchronously; `Ok` is Lambda's promise to run it.
    fn invoke(&self, tier: &str, job: &Job) -> impl Future<Output = Result<(), EdgeError>>;
}

/// A call to AWS that failed for now.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed")]
pub(crate) struct EdgeError {
    /// The API call and what it was about.
    pub action: String,
    /// The SDK's error.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// What became of an event: the answer of the function, and what the tests count.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Jobs handed over, by tier.
    pub dispatched: BTreeMap<String, u32>,
    /// Final answers, by name.
    pub skipped: BTreeMap<&'static str, u32>,
    /// Records that must be tried again.
    pub failed: u32,
}

/// At least one record could not be dispatched: Lambda must run the event again.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {total} records could not be dispatched, the first because {first}")]
pub(crate) struct DispatchError {
    failed: u32,
    total: usize,
    first: String,
}

enum Answer {
    Dispatched { tier: String, job: Job },
    Skipped { object: EventObject, skip: Skip },
    BadKey(KeyError),
    Failed { object: EventObject, error: EdgeError },
}

/// Dispatches every object, each on its own: one that fails does not stop its neighbours.
///
/// `request_id` is Lambda's, the same when it retries the event; with the record's position it is the correlation id.
///
/// # Errors
/// [`DispatchError`] after all were tried, if any failed for now. Jobs already handed over are handed over again by
/// the retry; the worker makes the same thumbnails again.
pub(crate) async fn dispatch<Edge: HeadObject + InvokeWorker>(
    edge: &Edge,
    tiers: &TierTable,
    objects: Vec<Result<EventObject, KeyError>>,
    request_id: &str,
) -> Result<Summary, DispatchError> {
    let total = objects.len();
    let answers = join_all(objects.into_iter().enumerate().map(|(position, object)| async move {
        match object {
            Ok(object) => dispatch_one(edge, tiers, object, format!("{request_id}-{position}")).await,
            Err(error) => Answer::BadKey(error),
        }
    }));
    let mut summary = Summary::default();
    let mut first = None;
    for answer in answers.await {
        answer.log();
        match answer {
            Answer::Dispatched { tier, .. } => *summary.dispatched.entry(tier).or_default() += 1,
            Answer::Skipped { skip, .. } => *summary.skipped.entry(skip.name()).or_default() += 1,
            Answer::BadKey(_) => *summary.skipped.entry("bad_key").or_default() += 1,
            Answer::Failed { error, .. } => {
                summary.failed += 1;
                first.get_or_insert_with(|| with_causes(&error));
            }
        }
    }
    match first {
        Some(first) => Err(DispatchError { failed: summary.failed, total, first }),
        None => Ok(summary),
    }
}

async fn dispatch_one<Edge: HeadObject + InvokeWorker>(
    edge: &Edge,
    tiers: &TierTable,
    object: EventObject,
    correlation_id: String,
) -> Answer {
    let head = match edge.head(&object.bucket, &object.key).await {
        Ok(Some(head)) => head,
        Ok(None) => return Answer::Skipped { object, skip: Skip::Gone },
        Err(error) => return Answer::Failed { object, error },
    };
    let tier = match route(&object.key, &head, tiers) {
        Decision::Skip(skip) => return Answer::Skipped { object, skip },
        Decision::Invoke(tier) => tier.name.clone(),
    };
    let EventObject { bucket, key, sequencer } = object.clone();
    let ObjectHead { bytes, etag, version_id, .. } = head;
    let job = Job { bucket, key, etag, bytes, version_id, sequencer, correlation_id };
    match edge.invoke(&tier, &job).await {
        Ok(()) => Answer::Dispatched { tier, job },
        Err(error) => Answer::Failed { object, error },
    }
}

impl Answer {
    /// One JSON line on standard output, which is the function's log.
    fn log(&self) {
        let line = match self {
            Self::Dispatched { tier, job } => json!({
                "answer": "dispatched", "tier": tier, "bucket": job.bucket, "key": job.key, "bytes": job.bytes,
                "correlation_id": job.correlation_id,
            }),
            Self::Skipped { object, skip } => json!({
                "answer": "skipped", "skip": skip.name(), "bucket": object.bucket, "key": object.key,
                "message": skip.to_string(),
            }),
            Self::BadKey(error) => json!({ "answer": "skipped", "skip": "bad_key", "message": error.to_string() }),
            Self::Failed { object, error } => json!({
                "answer": "failed", "bucket": object.bucket, "key": object.key, "message": with_causes(error),
            }),
        };
        println!("{line}");
    }
}

#[cfg(test)]
mod tests;
