//! SQS: an event of S3, EventBridge or SNS in each message, or a worker's job that failed. Each message is answered
//! for itself. Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS", "Reporting batch item failures".

use contract::PutOff;
use serde::Deserialize;
use serde_json::Value;

use super::failed_job::{self, FailedJob};
use super::{Decoded, EventError, first_record, objects, parse};

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    /// The message id, by which a failure is reported; the same whenever the message is delivered again.
    pub id: String,
    /// What is in it.
    pub content: Result<Content, EventError>,
}

/// What is in a message.
#[derive(Debug)]
pub(crate) enum Content {
    /// An event.
    Objects(Vec<Decoded>),
    /// What Lambda writes about a worker's job that failed.
    FailedJob(Box<FailedJob>),
    /// What was put off, and whose time has come.
    PutOff(Box<PutOff>),
}

#[derive(Deserialize)]
struct SqsEvent {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
}

/// Records that are messages of a queue.
pub(crate) fn is(event: &Value) -> bool {
    first_record(event, "eventSource").is_some_and(|source| source == "aws:sqs")
}

/// The messages, in their order; one that cannot be read keeps its place.
pub(crate) fn decode(event: Value) -> Result<Vec<Message>, EventError> {
    let event: SqsEvent =
        serde_json::from_value(event).map_err(|cause| EventError::Shape { source_name: "SQS", cause })?;
    let message = |Record { message_id: id, body }| Message { id, content: content(&body) };
    Ok(event.records.into_iter().map(message).collect())
}

fn content(body: &str) -> Result<Content, EventError> {
    let body = parse(body, "SQS")?;
    if failed_job::is(&body) {
        return failed_job::decode(body).map(|failed| Content::FailedJob(Box::new(failed)));
    }
    if ["retry", "look"].iter().any(|field| body.get(field).is_some()) {
        let shape = |cause| EventError::Shape { source_name: "what was put off", cause };
        return serde_json::from_value(body).map(|put_off| Content::PutOff(Box::new(put_off))).map_err(shape);
    }
    objects(body).map(Content::Objects)
}
