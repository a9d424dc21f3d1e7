//! From the objects of an event to tasks: HEAD, route, invoke, and an answer for each.

mod later;

use contract::{
    Change, DeadLetter, Decision, Ending, EventObject, Job, KeyError, ObjectHead, ObjectRecord, Removal, Skip, Task,
    route, unquoted, with_causes,
};
use function::{CallError, HeadObject, InvokeWorker, KeepEnding, PutOffTask, SendDeadLetter, Settings};
use futures_util::future::join_all;

use crate::event::Decoded;
use crate::skip::skip_by_event;

/// Everything that the dispatcher asks of AWS.
pub trait Edge: HeadObject + InvokeWorker + SendDeadLetter + KeepEnding + PutOffTask {}

impl<All: HeadObject + InvokeWorker + SendDeadLetter + KeepEnding + PutOffTask> Edge for All {}

/// What became of one object.
pub(crate) struct Answer {
    correlation_id: String,
    object: Decoded,
    pub verdict: Verdict,
    /// A HEAD was sent for it.
    pub is_asked: bool,
}

/// How an object ended here.
pub(crate) enum Verdict {
    /// A worker has it.
    Dispatched { tier: String, task: Task, bytes: Option<u64> },
    /// A final answer.
    Skipped { name: &'static str, message: String, is_ordinary: bool },
    /// The queue of failed jobs brings it again.
    PutOff { message: String },
    /// It must be tried again.
    Failed(CallError),
}

/// Dispatches every object, each on its own: one that fails does not stop its neighbours.
///
/// `origin` is the same when the event is delivered again; with an object's position it is its correlation id.
pub(crate) async fn dispatch(
    edge: &impl Edge,
    settings: &Settings,
    objects: Vec<Decoded>,
    origin: &str,
) -> Vec<Answer> {
    join_all(
        objects.into_iter().enumerate().map(|(position, object)| async move {
            look(edge, settings, object, format!("{origin}-{position}")).await
        }),
    )
    .await
}

/// Dispatches one object.
pub(crate) async fn look(edge: &impl Edge, settings: &Settings, object: Decoded, correlation_id: String) -> Answer {
    let mut is_asked = false;
    let verdict = match &object {
        Ok(object) => dispatch_one(edge, settings, object, &correlation_id, &mut is_asked).await,
        Err(error) => bury(edge, bad_key(error, &correlation_id), "bad_key").await,
    };
    Answer { correlation_id, object, verdict, is_asked }
}

/// Notes in `is_asked` that it sends a HEAD.
async fn dispatch_one(
    edge: &impl Edge,
    settings: &Settings,
    object: &EventObject,
    correlation_id: &str,
    is_asked: &mut bool,
) -> Verdict {
    if let Some(skip) = skip_by_event(object, settings) {
        return skip.into();
    }
    *is_asked = true;
    let head = match (edge.head(&object.bucket, &object.key).await, object.change) {
        (Ok(Some(head)), _) => head,
        (Ok(None), Change::Created) => return Skip::Gone.into(),
        (Ok(None), Change::Removed) if !settings.delete_thumbnails => return Skip::DeleteIgnored.into(),
        (Ok(None), Change::Removed) => return remove(edge, settings, removal(object, correlation_id)).await,
        (Err(error), _) => return Verdict::Failed(error),
    };
    let decision = route(&object.key, &head, &settings.tiers, settings.max_object_bytes, settings.formats);
    let bytes = head.bytes;
    let job = job(object, head, correlation_id);
    match decision {
        Decision::Skip(skip) if job.came_back => without_thumbnails(edge, settings, &job, skip).await,
        Decision::Skip(skip) => tell(edge, job, skip).await,
        Decision::Invoke(tier) => invoke(edge, &tier.name, Task::Make(job), Some(bytes)).await,
    }
}

async fn remove(edge: &impl Edge, settings: &Settings, remove: Removal) -> Verdict {
    invoke(edge, &settings.tiers.smallest().name, Task::Remove { remove }, None).await
}

/// A version that is current because a newer one was deleted, and that no thumbnail can be made of: those of the newer one
/// must not stay. Its own upload was told of in its time.
async fn without_thumbnails(edge: &impl Edge, settings: &Settings, job: &Job, skip: Skip) -> Verdict {
    if skip == Skip::OwnOutput || !settings.delete_thumbnails {
        return skip.into();
    }
    match edge.keep(&Ending::about(job, skip.name(), &skip.to_string())).await {
        Ok(()) => remove(edge, settings, job.removal_of_others()).await,
        Err(error) => Verdict::Failed(error),
    }
}

/// Keeps the ending of an upload that no worker will see, and buries it where the uploader would not expect that.
async fn tell(edge: &impl Edge, job: Job, skip: Skip) -> Verdict {
    // A copy of a thumbnail is nobody's upload. An ending is an object in a bucket too: where that bucket's objects
    // are announced by mistake, none may be kept about another.
    if skip != Skip::OwnOutput
        && let Err(error) = edge.keep(&Ending::about(&job, skip.name(), &skip.to_string())).await
    {
        return Verdict::Failed(error);
    }
    if skip.is_ordinary() {
        return skip.into();
    }
    bury(edge, DeadLetter::of_refused(Task::Make(job), skip.name(), &skip.to_string()), skip.name()).await
}

async fn invoke(edge: &impl Edge, tier: &str, task: Task, bytes: Option<u64>) -> Verdict {
    match edge.invoke(tier, &task).await {
        Ok(()) => Verdict::Dispatched { tier: tier.to_owned(), task, bytes },
        Err(error) => Verdict::Failed(error),
    }
}

/// Tells somebody of a skip that the uploader would not expect.
async fn bury(edge: &impl Edge, letter: DeadLetter, name: &'static str) -> Verdict {
    match edge.send(&letter).await {
        Ok(()) => Verdict::Skipped { name, message: letter.message, is_ordinary: false },
        Err(error) => Verdict::Failed(error),
    }
}

fn bad_key(error: &KeyError, correlation_id: &str) -> DeadLetter {
    DeadLetter {
        reason: "bad_key".to_owned(),
        message: error.to_string(),
        correlation_id: correlation_id.to_owned(),
        job: None,
        refused: true,
    }
}

/// The job about the object as HEAD saw it. The event's sequencer goes with it only if the event is about that very
/// object: one that was replaced meanwhile has a later sequencer, which its own event brings.
///
/// After a deletion something is there in a bucket with versions: the deleted one was old, and the thumbnails of the
/// newest are there; or it was the newest, or a delete marker, and an older one came back without an event of its own.
/// Source: Amazon S3 user guide, "Deleting object versions from a versioning-enabled bucket", "Managing delete markers".
fn job(object: &EventObject, head: ObjectHead, correlation_id: &str) -> Job {
    let came_back = object.change == Change::Removed;
    let look_first = head.waited_for || came_back;
    let is_same = !came_back && object.etag.as_deref().is_none_or(|etag| etag == unquoted(&head.etag));
    let sequencer = object.sequencer.clone().filter(|_| is_same);
    Job { sequencer, look_first, came_back, ..Job::new(&object.bucket, &object.key, head, correlation_id) }
}

fn removal(object: &EventObject, correlation_id: &str) -> Removal {
    let EventObject { bucket, key, sequencer, .. } = object.clone();
    Removal { bucket, key, sequencer, current_etag: None, attempts: 0, correlation_id: correlation_id.to_owned() }
}

impl From<Skip> for Verdict {
    fn from(skip: Skip) -> Self {
        Self::Skipped { name: skip.name(), message: skip.to_string(), is_ordinary: skip.is_ordinary() }
    }
}

impl Answer {
    /// What the log says of this object.
    pub(crate) fn record(&self) -> ObjectRecord {
        let known = self.object.as_ref().ok();
        let (outcome, message) = match &self.verdict {
            Verdict::Dispatched { task: Task::Make(_), .. } => ("dispatched", None),
            Verdict::Dispatched { task: Task::Remove { .. }, .. } => ("removal_dispatched", None),
            Verdict::Skipped { name, message, .. } => (*name, Some(message.clone())),
            Verdict::PutOff { message } => ("put_off", Some(message.clone())),
            Verdict::Failed(error) => ("failed", Some(with_causes(error))),
        };
        let (sent_to, bytes) = match &self.verdict {
            Verdict::Dispatched { tier, bytes, .. } => (Some(tier.clone()), *bytes),
            _ => (None, None),
        };
        ObjectRecord {
            message,
            bucket: known.map(|object| object.bucket.clone()),
            key: known.map(|object| object.key.clone()),
            bytes,
            sent_to,
            ..ObjectRecord::new(outcome, &self.correlation_id)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
