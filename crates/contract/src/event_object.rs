//! One object that an event is about, whoever sent it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Removal, Task, encode_event_key, unquoted};

/// What an event says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventObject {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// Orders the events of one key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// The ETag that the event names, without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The version that the event names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// What happened to it.
    pub change: Change,
}

impl EventObject {
    /// What has the dispatcher look again at the object of a task.
    #[must_use]
    pub fn of_task(task: &Task) -> Self {
        let of = |bucket: &str, key: &str, change| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            change,
            ..Self::default()
        };
        match task {
            // It has no event of its own: a deletion made it current.
            Task::Make(job) if job.came_back => of(&job.bucket, &job.key, Change::Removed),
            Task::Make(job) => Self {
                etag: Some(unquoted(&job.etag).to_owned()),
                sequencer: job.sequencer.clone(),
                ..of(&job.bucket, &job.key, Change::Created)
            },
            Task::Remove { remove: Removal { bucket, key, sequencer, .. } } => {
                Self { sequencer: sequencer.clone(), ..of(bucket, key, Change::Removed) }
            }
        }
    }

    /// An event about it alone, as S3 writes it; `cause` ends the event's name. Without its version: what is current
    /// counts.
    ///
    /// **Source:** Amazon S3 User Guide, "Event message structure".
    #[must_use]
    pub fn s3_event(&self, cause: &str) -> Value {
        let what = match self.change {
            Change::Created => "ObjectCreated",
            Change::Removed => "ObjectRemoved",
        };
        let object = json!({ "key": encode_event_key(&self.key), "eTag": self.etag, "sequencer": self.sequencer });
        let s3 = json!({ "bucket": { "name": self.bucket }, "object": object });
        json!({ "Records": [{ "eventSource": "aws:s3", "eventName": format!("{what}:{cause}"), "s3": s3 }] })
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is there: uploaded, copied, restored from an archive.
    #[default]
    Created,
    /// It is not there any more: deleted or expired.
    Removed,
}

/// What failed for now and comes again: a message of the queue of failed jobs, which hides it until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PutOff {
    /// Its tier's worker gets the task again.
    Task {
        /// The tier's name.
        retry: String,
        /// What its worker is invoked with.
        task: Task,
    },
    /// The dispatcher looks at the object again: S3 would not tell it, or Lambda not take the job.
    Object {
        /// As the event said.
        look: EventObject,
        /// How often it was put off, this time included.
        attempts: u32,
        /// The same in every log line about this event.
        correlation_id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_survive_the_wire() {
        let look =
            EventObject {
                bucket: "b".into(), key: "ü +.jpg".into(), etag: Some("e".into()), ..EventObject::default()
            };
        let object = PutOff::Object { look, attempts: 3, correlation_id: "c-0".into() };
        let task = r#"{"bucket":"b","key":"k","etag":"\"e\"","bytes":7,"correlation_id":"c"}"#;
        let task = PutOff::Task { retry: "small".into(), task: serde_json::from_str(task).unwrap() };
        for put_off in [object, task] {
            let wire = serde_json::to_string(&put_off).unwrap();
            assert_eq!(serde_json::from_str::<PutOff>(&wire).unwrap(), put_off);
            assert!(!wire.contains("sequencer") && !wire.contains("null"), "{wire}");
        }
    }
}
