//! S3's events as EventBridge delivers them: one object each, and its key as it is, not form-encoded.
//!
//! Source: Amazon S3 user guide, "EventBridge event message structure".

use contract::{Change, EventObject};
use serde::Deserialize;
use serde_json::Value;

use super::{Decoded, EventError};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BridgeEvent {
    detail_type: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: String,
    etag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// An event whose source is S3.
pub(crate) fn is(event: &Value) -> bool {
    event.get("source").is_some_and(|source| source == "aws.s3") && event.get("detail-type").is_some()
}

/// The object; none where the event is about something else than its coming or going.
pub(crate) fn decode(event: Value) -> Result<Vec<Decoded>, EventError> {
    let event: BridgeEvent =
        serde_json::from_value(event).map_err(|cause| EventError::Shape { source_name: "EventBridge", cause })?;
    let change = match event.detail_type.as_str() {
        "Object Created" | "Object Restore Completed" => Change::Created,
        "Object Deleted" => Change::Removed,
        _ => return Ok(Vec::new()),
    };
    let Detail { bucket, object } = event.detail;
    let Object { key, etag, version_id, sequencer } = object;
    Ok(vec![Ok(EventObject { bucket: bucket.name, key, sequencer, etag, version_id, change })])
}
