//! One object that an event is about, whoever sent it.

use serde::{Deserialize, Serialize};

use crate::Task;

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
