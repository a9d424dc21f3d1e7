//! SNS: an event of S3 or EventBridge as text, in a record where SNS invokes the function, as a document of its own
//! where SNS writes to a queue. Source: AWS Lambda developer guide, "Invoking Lambda functions with Amazon SNS
//! notifications"; Amazon SNS developer guide, "Amazon SNS message format".

use serde::Deserialize;
use serde_json::Value;

use super::{Decoded, EventError, first_record, notification, parse};

#[derive(Deserialize)]
struct SnsEvent {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Sns")]
    sns: Notification,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Message")]
    message: String,
}

/// Records with an `Sns` in them, or what SNS writes to a queue.
pub(crate) fn is(event: &Value) -> bool {
    first_record(event, "Sns").is_some() || is_document(event)
}

fn is_document(event: &Value) -> bool {
    event.get("Type").is_some_and(|kind| kind == "Notification") && event.get("TopicArn").is_some()
}

/// The objects of every message.
pub(crate) fn decode(event: Value) -> Result<Vec<Decoded>, EventError> {
    let shape = |cause| EventError::Shape { source_name: "SNS", cause };
    let notifications = if is_document(&event) {
        vec![serde_json::from_value(event).map_err(shape)?]
    } else {
        let event: SnsEvent = serde_json::from_value(event).map_err(shape)?;
        event.records.into_iter().map(|record| record.sns).collect()
    };
    let mut objects = Vec::new();
    for Notification { message } in notifications {
        objects.extend(notification(parse(&message, "SNS")?)?);
    }
    Ok(objects)
}
