//! One thumbnail into its bucket: made once, and never an older one over a newer one.
//!
//! The PUT goes first, with `If-None-Match: *`, and only where something is there already does a HEAD ask what.
//! To ask first would cost $0.40 per million images, for every image. To ask afterwards costs a duplicate its decode
//! and its PUT again, about $8 per million with one thumbnail in us-east-1: cheaper as long as fewer than one event in
//! twenty is a duplicate, and S3 sends far fewer than one in a hundred twice.

use std::cmp::Ordering;

use contract::{Job, Manifest, ObjectHead, compare_sequencers};
use function::{CallError, HeadObject};

use crate::calls::Calls;
use crate::edge::{Condition, PutObject, StoredObject};
use crate::settings::Settings;

/// How often a thumbnail is decided on again when others write the same key at the same time.
const TRIES: u32 = 5;

/// How one thumbnail ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is written.
    Written(Written),
    /// The same thumbnail was there.
    AlreadyThere(Written),
    /// A newer version's thumbnail is there.
    Stale { message: String },
    /// The source was replaced or deleted meanwhile.
    SourceChanged,
}

/// Where a thumbnail stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub bucket: String,
    pub key: String,
    /// The variant's name.
    pub variant: String,
    pub extension: &'static str,
}

impl Place {
    fn of(object: StoredObject) -> Self {
        let StoredObject { bucket, key, variant, extension, .. } = object;
        Self { bucket, key, variant, extension }
    }
}

/// A thumbnail of this job that is in its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub place: Place,
    pub etag: String,
    /// Another version's thumbnail was overwritten, or that was tried: S3 may have done it and its answer got lost.
    pub is_over_another: bool,
}

/// Stores `object`, unless the same or a newer one is there.
///
/// # Errors
/// [`CallError`] for what may go better the next time, an endless race for the key among it.
pub(crate) async fn store(
    edge: &(impl PutObject + HeadObject),
    job: &Job,
    spec: &str,
    object: StoredObject,
    calls: &Calls,
) -> Result<Stored, CallError> {
    let mut condition = Condition::Absent;
    for _ in 0..TRIES {
        calls.put();
        let is_over_another = matches!(condition, Condition::Unchanged(_));
        if let Some(etag) = edge.put(&object, &condition).await? {
            return Ok(Stored::Written(Written { place: Place::of(object), etag, is_over_another }));
        }
        calls.head();
        let Some(there) = edge.head(&object.bucket, &object.key).await? else {
            condition = Condition::Absent;
            continue;
        };
        match decide(job, spec, &there) {
            Decision::Same => {
                let place = Place::of(object);
                return Ok(Stored::AlreadyThere(Written { place, etag: there.etag, is_over_another }));
            }
            Decision::Older { message } => return Ok(Stored::Stale { message }),
            // The source itself is the judge: what it is now is the newest version there is. Without sequencers
            // nothing else can tell; with them it also keeps an ETag that two versions share from deceiving us.
            Decision::Overwrite if is_current(edge, job, calls).await? => {
                condition = Condition::Unchanged(there.etag);
            }
            Decision::Overwrite => return Ok(Stored::SourceChanged),
        }
    }
    let action = format!("PutObject of `{}/{}`", object.bucket, object.key);
    Err(CallError { action, cause: format!("others wrote it at the same time, {TRIES} times").into() })
}

/// All thumbnails of `job`, if every variant is there; `None` if one is missing or older.
///
/// # Errors
/// [`CallError`] for what may go better the next time.
pub(crate) async fn look(
    edge: &impl HeadObject,
    settings: &Settings,
    job: &Job,
    calls: &Calls,
) -> Result<Option<Vec<Written>>, CallError> {
    let shared = &settings.shared;
    let spec = &shared.thumbnails.spec_of(&job.key);
    let found = async |variant: &str, extension: &'static str, key: String| {
        calls.head();
        let there = edge.head(&shared.destination_bucket, &key).await?;
        let same = there.filter(|there| decide(job, spec, there) == Decision::Same);
        Ok(same.map(|there| {
            let place =
                Place { bucket: shared.destination_bucket.clone(), key, variant: variant.to_owned(), extension };
            Written { place, etag: there.etag, is_over_another: false }
        }))
    };
    let mut all = Vec::new();
    for variant in shared.thumbnails.variants_of(&job.key) {
        let mut one = None;
        for (extension, key) in shared.thumbnails.places_of_variant(&job.key, variant) {
            one = found(&variant.name, extension, key).await?;
            if one.is_some() {
                break;
            }
        }
        let Some(one) = one else { return Ok(None) };
        all.push(one);
    }
    if let Some(key) = shared.thumbnails.manifest_key(&job.key) {
        let Some(manifest) = found(Manifest::NAME, Manifest::EXTENSION, key).await? else { return Ok(None) };
        all.push(manifest);
    }
    Ok(Some(all))
}

/// Whether the source is still the object that the job is about.
pub(crate) async fn is_current(edge: &impl HeadObject, job: &Job, calls: &Calls) -> Result<bool, CallError> {
    calls.head();
    Ok(edge.head(&job.bucket, &job.key).await?.is_some_and(|head| head.etag == job.etag))
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Same,
    Older { message: String },
    Overwrite,
}

/// What to do about `there`, which has the key of a thumbnail of `job`. Pure.
fn decide(job: &Job, spec: &str, there: &ObjectHead) -> Decision {
    let same_source = there.source_etag.as_deref() == Some(job.etag.as_str());
    if same_source && there.spec.as_deref() == Some(spec) {
        return Decision::Same;
    }
    match (&job.sequencer, &there.source_sequencer) {
        (Some(ours), Some(theirs)) if !same_source && compare_sequencers(ours, theirs) == Ordering::Less => {
            let message = format!("event has sequencer {ours}, the thumbnail that is there {theirs}: it is newer");
            Decision::Older { message }
        }
        _ => Decision::Overwrite,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_decides() {
        let job = |sequencer: Option<&str>| Job {
            bucket: "b".into(),
            key: "k".into(),
            etag: "\"new\"".into(),
            bytes: 1,
            version_id: None,
            sequencer: sequencer.map(str::to_owned),
            format: None,
            escalated_from: None,
            look_first: false,
            came_back: false,
            attempts: 0,
            correlation_id: "c".into(),
        };
        let there = |etag: &str, sequencer: Option<&str>, spec: &str| ObjectHead {
            source_etag: Some(etag.to_owned()),
            source_sequencer: sequencer.map(str::to_owned),
            spec: Some(spec.to_owned()),
            ..ObjectHead::default()
        };
        let check = |job: &Job, there: &ObjectHead, want: &str| {
            let got = match decide(job, "s", there) {
                Decision::Same => "same",
                Decision::Older { .. } => "older",
                Decision::Overwrite => "overwrite",
            };
            assert_eq!(got, want, "{job:?} {there:?}");
        };
        check(&job(Some("0A")), &there("\"new\"", Some("0A"), "s"), "same");
        check(&job(None), &there("\"new\"", Some("0A"), "s"), "same");
        check(&job(Some("0A")), &there("\"new\"", Some("0A"), "old spec"), "overwrite");
        check(&job(Some("0A")), &there("\"new\"", Some("0B"), "old spec"), "overwrite");
        check(&job(Some("0B")), &there("\"old\"", Some("0A"), "s"), "overwrite");
        check(&job(Some("0A")), &there("\"old\"", Some("0A01"), "s"), "older");
        check(&job(None), &there("\"old\"", Some("0A"), "s"), "overwrite");
        check(&job(Some("0A")), &there("\"old\"", None, "s"), "overwrite");
        check(&job(Some("0A")), &ObjectHead::default(), "overwrite"); // Somebody else's object.
    }
}
