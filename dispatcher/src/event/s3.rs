//! S3's own notifications. Source: Amazon S3 user guide, "Event message structure", version 2.x.

use contract::{Change, EventObject, decode_event_key};
use serde::Deserialize;
use serde_json::Value;

use super::{Decoded, EventError, first_record};

/// What S3 sends when a notification is configured: about no object.
const TEST_EVENT: &str = "s3:TestEvent";

#[derive(Deserialize)]
struct S3Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: Option<String>,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// A test event, or records with an `s3` in them.
pub(crate) fn is(event: &Value) -> bool {
    event.get("Event").is_some_and(|name| name == TEST_EVENT)
        || event.get("Records").and_then(Value::as_array).is_some_and(Vec::is_empty)
        || first_record(event, "s3").is_some()
}

/// The objects, in the order of the records; a key that does not decode keeps its place, and a record about something
/// else than an object's coming or going is left out.
pub(crate) fn decode(event: Value) -> Result<Vec<Decoded>, EventError> {
    if event.get("Event").is_some() {
        return Ok(Vec::new());
    }
    let event: S3Event =
        serde_json::from_value(event).map_err(|cause| EventError::Shape { source_name: "S3", cause })?;
    Ok(event.records.into_iter().filter_map(object).collect())
}

fn object(record: Record) -> Option<Decoded> {
    let change = record.event_name.as_deref().map_or(Some(Change::Created), change)?;
    let Entity { bucket, object } = record.s3;
    let key = match decode_event_key(&object.key) {
        Ok(key) => key,
        Err(error) => return Some(Err(error)),
    };
    let Object { e_tag: etag, version_id, sequencer, .. } = object;
    Some(Ok(EventObject { bucket: bucket.name, key, sequencer, etag, version_id, change }))
}

/// What the event's name says; `None` for tags, ACLs, replication and the like.
fn change(name: &str) -> Option<Change> {
    let name = name.strip_prefix("s3:").unwrap_or(name);
    match name.split(':').next()? {
        "ObjectCreated" => Some(Change::Created),
        "ObjectRemoved" | "LifecycleExpiration" => Some(Change::Removed),
        "ObjectRestore" if name == "ObjectRestore:Completed" => Some(Change::Created),
        _ => None,
    }
}
