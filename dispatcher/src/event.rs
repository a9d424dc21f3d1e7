//! What S3 sends when an object is created, reduced to the objects it is about.
//!
//! Read here and not by `aws_lambda_events`, whose `url_decoded_key` S3 does not send.

use contract::{KeyError, decode_event_key};
use serde::Deserialize;

/// One object that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventObject {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// Orders the events of one key.
    pub sequencer: Option<String>,
}

/// The event of an S3 notification. Source: Amazon S3 user guide, "Event message structure", version 2.x.
#[derive(Debug, Deserialize)]
pub(crate) struct S3Event {
    /// Absent in the `s3:TestEvent` that S3 sends when a notification is configured.
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    /// `s3:TestEvent`, and only there.
    #[serde(rename = "Event")]
    event: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Record {
    s3: Entity,
}

#[derive(Debug, Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Object {
    key: String,
    sequencer: Option<String>,
}

/// An event that is not S3's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EventError {
    /// Neither records nor a test event.
    #[error("event has no `Records`: expected an S3 event notification")]
    NoRecords,
}

impl S3Event {
    /// The objects, in the order of the records; a key that does not decode keeps its place.
    ///
    /// # Errors
    /// [`EventError::NoRecords`] for an event of something else.
    pub(crate) fn objects(self) -> Result<Vec<Result<EventObject, KeyError>>, EventError> {
        match (self.records, self.event.as_deref()) {
            (Some(records), _) => Ok(records.into_iter().map(object).collect()),
            (None, Some("s3:TestEvent")) => Ok(Vec::new()),
            (None, _) => Err(EventError::NoRecords),
        }
    }
}

fn object(record: Record) -> Result<EventObject, KeyError> {
    let Entity { bucket, object } = record.s3;
    let key = decode_event_key(&object.key)?;
    Ok(EventObject { bucket: bucket.name, key, sequencer: object.sequencer })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(json: &str) -> Result<Vec<Result<EventObject, KeyError>>, EventError> {
        serde_json::from_str::<S3Event>(json).unwrap().objects()
    }

    #[test]
    fn every_record_is_read_and_its_key_decoded() {
        let objects = objects(include_str!("../tests/events/multi_record.json")).unwrap();
        let keys: Vec<_> = objects.iter().map(|object| object.as_ref().unwrap().key.as_str()).collect();
        assert_eq!(keys, ["holiday/red flower+1.jpg", "写真/über", "a/b%2Fc.png"]);
        let first = objects[0].as_ref().unwrap();
        assert_eq!((first.bucket.as_str(), first.sequencer.as_deref()), ("uploads", Some("0055AED6DCD90281E5")));
    }

    #[test]
    fn a_test_event_is_about_no_object() {
        assert!(objects(include_str!("../tests/events/test_event.json")).unwrap().is_empty());
    }

    #[test]
    fn an_event_of_something_else_is_an_error() {
        assert!(objects(r#"{"source":"aws.events","detail":{}}"#).is_err());
    }

    #[test]
    fn a_key_that_is_not_utf8_does_not_hide_its_neighbours() {
        let json = r#"{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"%FF"}}},
                                  {"s3":{"bucket":{"name":"b"},"object":{"key":"good"}}}]}"#;
        let objects = objects(json).unwrap();
        assert!(objects[0].is_err());
        assert_eq!(objects[1].as_ref().unwrap().key, "good");
    }
}
