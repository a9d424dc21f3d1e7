//! From the objects of an event to jobs: HEAD, route, invoke, and a summary that names and counts every answer.

use std::collections::BTreeMap;
use std::time::Instant;

use contract::{
    InvocationRecord, Job, KeyError, ObjectHead, ObjectRecord, Requests, Skip, TierTable, metrics, with_causes,
};
use function::{CallError, InvokeWorker, Meter};
use futures_util::future::join_all;
use serde::Serialize;

use crate::event::EventObject;
use crate::route::{Decision, route};

/// Reads an object's head. The dispatcher's `s3:GetObject` and `s3:ListBucket` grants are this trait.
pub(crate) trait HeadObject {
    /// The head; `None` where there is no such object.
    fn head(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<ObjectHead>, CallError>>;
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

/// What became of one object.
struct Answer {
    correlation_id: String,
    object: Result<EventObject, KeyError>,
    verdict: Verdict,
}

enum Verdict {
    Dispatched { tier: String, job: Job },
    Skipped { name: &'static str, message: String },
    Failed(CallError),
}

/// Dispatches every object, each on its own: one that fails does not stop its neighbours.
///
/// `request_id` is Lambda's, the same when it retries the event; with the record's position it is the correlation id.
/// Logs a line about each object, and one about the invocation.
///
/// # Errors
/// [`DispatchError`] after all were tried, if any failed for now. Jobs already handed over are handed over again by
/// the retry; the worker makes the same thumbnails again.
pub(crate) async fn dispatch<Edge: HeadObject + InvokeWorker>(
    edge: &Edge,
    tiers: &TierTable,
    meter: &Meter,
    objects: Vec<Result<EventObject, KeyError>>,
    request_id: &str,
) -> Result<Summary, DispatchError> {
    let (start, started) = (meter.start(), Instant::now());
    let total = objects.len();
    let heads = objects.iter().filter(|object| object.is_ok()).count() as u32;
    let answers = join_all(objects.into_iter().enumerate().map(|(position, object)| async move {
        let correlation_id = format!("{request_id}-{position}");
        let verdict = match &object {
            Ok(object) => dispatch_one(edge, tiers, object, &correlation_id).await,
            Err(error) => Verdict::Skipped { name: "bad_key", message: error.to_string() },
        };
        Answer { correlation_id, object, verdict }
    }));
    let mut summary = Summary::default();
    let mut first = None;
    for answer in answers.await {
        meter.log(&answer.record(), metrics::OBJECT);
        match answer.verdict {
            Verdict::Dispatched { tier, .. } => *summary.dispatched.entry(tier).or_default() += 1,
            Verdict::Skipped { name, .. } => *summary.skipped.entry(name).or_default() += 1,
            Verdict::Failed(error) => {
                summary.failed += 1;
                first.get_or_insert_with(|| with_causes(&error));
            }
        }
    }
    let total_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let record = InvocationRecord {
        tier: metrics::DISPATCHER.to_owned(),
        request_id: request_id.to_owned(),
        objects: total as u32,
        heads,
        failures: summary.failed,
        cold_starts: start.is_cold.into(),
        total_ms,
        init_ms: start.init_ms,
        compute_dollars: meter.tariff.compute(start.init_ms + total_ms),
        request_dollars: meter.tariff.prices.requests(Requests { heads, ..Requests::of_dispatcher() }),
    };
    meter.log(&record, metrics::INVOCATION);
    match first {
        Some(first) => Err(DispatchError { failed: summary.failed, total, first }),
        None => Ok(summary),
    }
}

async fn dispatch_one<Edge: HeadObject + InvokeWorker>(
    edge: &Edge,
    tiers: &TierTable,
    object: &EventObject,
    correlation_id: &str,
) -> Verdict {
    let head = match edge.head(&object.bucket, &object.key).await {
        Ok(Some(head)) => head,
        Ok(None) => return Skip::Gone.into(),
        Err(error) => return Verdict::Failed(error),
    };
    let tier = match route(&object.key, &head, tiers) {
        Decision::Skip(skip) => return skip.into(),
        Decision::Invoke(tier) => tier.name.clone(),
    };
    let EventObject { bucket, key, sequencer } = object.clone();
    let ObjectHead { bytes, etag, version_id, .. } = head;
    let job = Job { bucket, key, etag, bytes, version_id, sequencer, correlation_id: correlation_id.to_owned() };
    match edge.invoke(&tier, &job).await {
        Ok(()) => Verdict::Dispatched { tier, job },
        Err(error) => Verdict::Failed(error),
    }
}

impl From<Skip> for Verdict {
    fn from(skip: Skip) -> Self {
        Self::Skipped { name: skip.name(), message: skip.to_string() }
    }
}

impl Answer {
    /// The line about this object.
    fn record(&self) -> ObjectRecord {
        let known = self.object.as_ref().ok();
        let (outcome, message) = match &self.verdict {
            Verdict::Dispatched { tier, job } => return ObjectRecord::dispatched(job, tier),
            Verdict::Skipped { name, message } => (*name, message.clone()),
            Verdict::Failed(error) => ("failed", with_causes(error)),
        };
        ObjectRecord {
            message: Some(message),
            bucket: known.map(|object| object.bucket.clone()),
            key: known.map(|object| object.key.clone()),
            ..ObjectRecord::new(outcome, &self.correlation_id)
        }
    }
}

#[cfg(test)]
mod tests;
