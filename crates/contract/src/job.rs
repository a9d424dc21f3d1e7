//! What the dispatcher knows of an object, and what it hands to a worker.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize};

use crate::number::is_zero;
use crate::{ImageFormat, MadeBy, Placeholder, claimed_format, metadata};

/// The facts of a HEAD: those that routing needs, and the marks that every thumbnail carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectHead {
    /// The object's size.
    pub bytes: u64,
    /// Its ETag, in its quotes.
    pub etag: String,
    /// Its version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// Its Content-Type, as the uploader gave it.
    pub content_type: Option<String>,
    /// Its storage class; `None` is STANDARD.
    pub storage_class: Option<String>,
    /// An archived object that has a restored copy can be read.
    pub restored: bool,
    /// [`crate::metadata::SOURCE_ETAG`]: where it is there, the object is a thumbnail of this system.
    pub source_etag: Option<String>,
    /// The bucket that it was made from an object of; `None` too where an older release made it.
    pub source_bucket: Option<String>,
    /// [`crate::metadata::SEQUENCER`].
    pub source_sequencer: Option<String>,
    /// [`crate::metadata::SPEC`].
    pub spec: Option<String>,
    /// What made it, where it is a thumbnail.
    pub made_by: Option<MadeBy>,
    /// What it shows, where it is a thumbnail.
    pub placeholder: Option<Placeholder>,
    /// [`crate::metadata::WAITED_FOR`]: somebody waits for its thumbnails, and a worker was invoked at once.
    pub waited_for: bool,
    /// When it was stored.
    pub modified: Option<SystemTime>,
}

impl ObjectHead {
    /// With the marks that are in the object's metadata.
    #[must_use]
    pub fn with_metadata(self, metadata: &HashMap<String, String>) -> Self {
        Self {
            source_etag: metadata.get(metadata::SOURCE_ETAG).cloned(),
            source_bucket: metadata.get(metadata::SOURCE_BUCKET).cloned(),
            source_sequencer: metadata.get(metadata::SEQUENCER).cloned(),
            spec: metadata.get(metadata::SPEC).cloned(),
            made_by: MadeBy::from_metadata(metadata),
            placeholder: Placeholder::from_metadata(metadata),
            waited_for: metadata.contains_key(metadata::WAITED_FOR),
            ..self
        }
    }
}

/// An ETag without its quotes, as S3's events have it.
#[must_use]
pub fn unquoted(etag: &str) -> &str {
    etag.trim_matches('"')
}

/// One image to make thumbnails of: the payload of an asynchronous invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The source bucket.
    pub bucket: String,
    /// The object key, decoded.
    pub key: String,
    /// The ETag that HEAD saw, in its quotes; the worker reads no other.
    pub etag: String,
    /// The size that HEAD saw.
    pub bytes: u64,
    /// The version id, where the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Orders the events of one key. Source: Amazon S3 user guide, "Event message structure".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// What the Content-Type or the key claims that it is; `None` too for a format that a newer dispatcher knows.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_format")]
    pub format: Option<ImageFormat>,
    /// The tier whose worker was killed by this job: it goes up once, not again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_from: Option<String>,
    /// Look for the thumbnails before anything is read: another worker was probably faster.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub look_first: bool,
    /// It is current because a newer version was deleted: a thumbnail of another version must not stay, whatever becomes of
    /// this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub came_back: bool,
    /// How often it failed for now and was put off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// The same in every log line about this upload, from dispatcher to worker.
    pub correlation_id: String,
}

fn known_format<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ImageFormat>, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    Ok(name.and_then(|name| ImageFormat::ALL.into_iter().find(|format| format.name() == name)))
}

impl Job {
    /// About an object as HEAD saw it just now.
    #[must_use]
    pub fn new(bucket: &str, key: &str, head: ObjectHead, correlation_id: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            format: claimed_format(key, &head),
            etag: head.etag,
            bytes: head.bytes,
            version_id: head.version_id,
            sequencer: None,
            escalated_from: None,
            look_first: false,
            came_back: false,
            attempts: 0,
            correlation_id: correlation_id.to_owned(),
        }
    }

    /// Takes away what other versions left, where this one leaves no thumbnails.
    #[must_use]
    pub fn removal_of_others(&self) -> Removal {
        Removal {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            sequencer: None,
            current_etag: Some(self.etag.clone()),
            attempts: 0,
            correlation_id: self.correlation_id.clone(),
        }
    }
}

/// A source object that was deleted: its thumbnails go too, unless there is a newer upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The source bucket.
    pub bucket: String,
    /// The object key, decoded.
    pub key: String,
    /// Orders the events of one key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// The version that came back when a newer one was deleted, and that leaves no thumbnails: those of all others go.
    /// `None` where nothing was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_etag: Option<String>,
    /// How often it failed for now and was put off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// The same in every log line about this deletion.
    pub correlation_id: String,
}

/// What a worker is invoked with: a job as it is, a removal as `{"remove": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Task {
    /// Remove the thumbnails of a deleted object.
    Remove {
        /// Which.
        remove: Removal,
    },
    /// Make the thumbnails of an object.
    Make(Job),
}

impl Task {
    /// The source object's key.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Remove { remove } => &remove.key,
            Self::Make(job) => &job.key,
        }
    }

    /// How often it failed for now and was put off.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        match self {
            Self::Remove { remove } => remove.attempts,
            Self::Make(job) => job.attempts,
        }
    }

    /// The same, after one more attempt.
    #[must_use]
    pub fn attempted(mut self) -> Self {
        match &mut self {
            Self::Remove { remove } => remove.attempts += 1,
            Self::Make(job) => job.attempts += 1,
        }
        self
    }

    /// The same in every log line about this upload or deletion.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        match self {
            Self::Remove { remove } => &remove.correlation_id,
            Self::Make(job) => &job.correlation_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_wire_and_leaves_out_what_it_has_not() {
        let job = Job {
            bucket: "b".into(),
            key: "ü +.jpg".into(),
            etag: "\"e\"".into(),
            bytes: 7,
            version_id: None,
            sequencer: Some("0A".into()),
            format: Some(ImageFormat::Jpeg),
            escalated_from: None,
            look_first: false,
            came_back: false,
            attempts: 0,
            correlation_id: "c".into(),
        };
        let wire = serde_json::to_string(&Task::Make(job.clone())).unwrap();
        assert!(
            !wire.contains("attempts")
                && !wire.contains("version_id")
                && !wire.contains("escalated_from")
                && !wire.contains("look_first")
                && !wire.contains("came_back"),
            "{wire}"
        );
        assert_eq!(serde_json::from_str::<Task>(&wire).unwrap(), Task::Make(job));
    }

    #[test]
    fn a_removal_is_told_from_a_job() {
        let remove = Removal {
            bucket: "b".into(),
            key: "k".into(),
            sequencer: Some("0A".into()),
            current_etag: None,
            attempts: 0,
            correlation_id: "c".into(),
        };
        let task = Task::Remove { remove };
        let wire = serde_json::to_string(&task).unwrap();
        assert_eq!(serde_json::from_str::<Task>(&wire).unwrap(), task);
        assert_eq!((task.key(), task.correlation_id()), ("k", "c"));
        assert!(serde_json::from_str::<Task>(r#"{"key":"k"}"#).is_err());
    }
}
