//! What the dispatcher is invoked with, whoever sends it, reduced to the objects it is about.
//!
//! One module per source. Read here and not by `aws_lambda_events`, whose `url_decoded_key` S3 does not send, which has
//! no S3 event of EventBridge, and whose S3 Batch Operations lack schema 2.0.

pub(crate) mod eventbridge;
pub(crate) mod failed_job;
pub(crate) mod s3;
pub(crate) mod s3_batch;
pub(crate) mod sns;
pub(crate) mod sqs;

use contract::{EventObject, KeyError, Usage};
use serde_json::Value;

use self::s3_batch::Invocation;
use self::sqs::Message;

/// An object, or the key that is none.
pub(crate) type Decoded = Result<EventObject, KeyError>;

/// An event, by how it is answered.
#[derive(Debug)]
pub(crate) enum Event {
    /// From S3, EventBridge or SNS, asynchronously: an error runs it again.
    Objects(Vec<Decoded>),
    /// From SQS: each message has its own answer.
    Messages(Vec<Message>),
    /// From S3 Batch Operations: each task has its own answer.
    Batch(Invocation),
}

/// An event that is not one of those.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// Of something else altogether.
    #[error("event has {found}: expected one of S3, EventBridge, SNS, SQS or S3 Batch Operations about an object")]
    Unknown {
        /// The fields that it has.
        found: String,
    },
    /// It says what it is, and lacks a field of that.
    #[error("event of {source_name} has not the expected shape")]
    Shape {
        /// `S3`, `EventBridge` …
        source_name: &'static str,
        /// What is missing.
        #[source]
        cause: serde_json::Error,
    },
    /// A message whose text is no JSON.
    #[error("message of {source_name} is no JSON")]
    NotJson {
        /// `SNS` or `SQS`.
        source_name: &'static str,
        /// Where it ends to be JSON.
        #[source]
        cause: serde_json::Error,
    },
}

impl Event {
    /// Tells what the event is by its shape, and decodes it.
    ///
    /// # Errors
    /// [`EventError`], with what was found instead.
    pub(crate) fn decode(event: Value) -> Result<Self, EventError> {
        if s3_batch::is(&event) {
            return s3_batch::decode(event).map(Self::Batch);
        }
        if sqs::is(&event) {
            return sqs::decode(event).map(Self::Messages);
        }
        objects(event).map(Self::Objects)
    }
}

/// Whether it is an event: what is none will not be one the next time.
///
/// # Errors
/// [`EventError`], with what was found instead.
pub fn check(event: &Value) -> Result<(), EventError> {
    Event::decode(event.clone()).map(drop)
}

/// What the way of an event here is billed for, beside this function: nothing where S3 itself sent it.
///
/// A message of a queue was sent, and Lambda receives and deletes as many at once as it hands over.
pub(crate) fn way(event: &Value) -> Usage {
    let records = event.get("Records").and_then(Value::as_array).map_or(0, Vec::len) as f64;
    if s3_batch::is(event) {
        let tasks = event.get("tasks").and_then(Value::as_array).map_or(0, Vec::len) as f64;
        return Usage { batch_objects: tasks, ..Usage::default() };
    }
    if sqs::is(event) {
        return Usage { sqs_requests: records + 2.0, ..Usage::default() };
    }
    if sns::is(event) {
        return Usage { sns_publishes: records, ..Usage::default() };
    }
    let eventbridge_events = if eventbridge::is(event) { 1.0 } else { 0.0 };
    Usage { eventbridge_events, ..Usage::default() }
}

/// The objects of an event, or of a message with an event in it, that needs no answer of its own.
fn objects(event: Value) -> Result<Vec<Decoded>, EventError> {
    if sns::is(&event) {
        return sns::decode(event);
    }
    notification(event)
}

/// The objects of an event as S3 or EventBridge wrote it: nothing is wrapped deeper.
fn notification(event: Value) -> Result<Vec<Decoded>, EventError> {
    if eventbridge::is(&event) {
        return eventbridge::decode(event);
    }
    if s3::is(&event) {
        return s3::decode(event);
    }
    Err(unknown(&event))
}

fn unknown(event: &Value) -> EventError {
    let found = match event.as_object() {
        Some(fields) if fields.is_empty() => "no field".to_owned(),
        Some(fields) => format!("the fields {}", fields.keys().take(8).cloned().collect::<Vec<_>>().join(", ")),
        None => "no fields".to_owned(),
    };
    EventError::Unknown { found }
}

/// The value of `field` in the first of the event's `Records`.
fn first_record<'event>(event: &'event Value, field: &str) -> Option<&'event Value> {
    event.get("Records")?.get(0)?.get(field)
}

fn parse(text: &str, source_name: &'static str) -> Result<Value, EventError> {
    serde_json::from_str(text).map_err(|cause| EventError::NotJson { source_name, cause })
}

#[cfg(test)]
mod tests;
