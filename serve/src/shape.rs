//! What stores send, in the one shape that the dispatcher reads: an event of S3. Pure.
//!
//! **Sources:** MinIO, `internal/event/target/webhook.go` and `redis.go`; SeaweedFS, `weed/notification/webhook` and
//! `filer_pb.EventNotification`. An event of S3 itself, EventBridge or SNS stays as it is.

use contract::{Change, EventObject};
use serde_json::{Value, json};

/// Where SeaweedFS has its buckets.
const BUCKETS: &str = "/buckets/";

/// Where SeaweedFS has the parts of uploads that are not complete.
const UPLOADS: &str = ".uploads/";

/// A text that is no event.
#[derive(Debug, thiserror::Error)]
#[error("{0}: expected an event of S3, MinIO or SeaweedFS as JSON")]
pub(crate) struct BadEvent(String);

/// The event in `text`; `None` where it is about no object, as a test event, a folder or an unfinished upload.
///
/// # Errors
/// [`BadEvent`].
pub(crate) fn event(text: &[u8]) -> Result<Option<Value>, BadEvent> {
    let value: Value = serde_json::from_slice(text).map_err(|error| BadEvent(format!("no JSON, {error}")))?;
    let event = if value.is_array() {
        of_list(&value)?
    } else if value.get("event_type").is_some() && value.get("key").is_some() {
        of_seaweedfs(&value)?
    } else {
        Some(value)
    };
    if let Some(event) = &event {
        dispatcher::check(event).map_err(|error| BadEvent(contract::with_causes(&error)))?;
    }
    Ok(event)
}

/// An entry of the list that MinIO writes to Redis in its format `access`: `[{"Event":[…],"EventTime":"…"}]`.
fn of_list(list: &Value) -> Result<Option<Value>, BadEvent> {
    let entries = list.as_array().into_iter().flatten();
    let mut records = Vec::new();
    for entry in entries {
        let events = entry.get("Event").or_else(|| entry.get("Records")).and_then(Value::as_array);
        records
            .extend(events.ok_or_else(|| BadEvent("a list without Event in its entries".to_owned()))?.iter().cloned());
    }
    Ok((!records.is_empty()).then(|| json!({ "Records": records })))
}

/// The event of an object that nobody sent one about.
pub(crate) fn of_object(object: &EventObject) -> Value {
    object.s3_event(match object.change {
        Change::Created => "Put",
        Change::Removed => "Delete",
    })
}

/// A change of a file of SeaweedFS. A file that was moved, or written over, is told with its new place.
fn of_seaweedfs(value: &Value) -> Result<Option<Value>, BadEvent> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let (Some(path), Some(kind)) = (text("/key"), text("/event_type")) else {
        return Err(BadEvent("an event of SeaweedFS whose key or event_type is no text".to_owned()));
    };
    let is_folder = |entry: &str| value.pointer(&format!("/message/{entry}/is_directory")) == Some(&Value::Bool(true));
    if is_folder("new_entry") || is_folder("old_entry") {
        return Ok(None);
    }
    let new_path = text("/message/new_parent_path").zip(text("/message/new_entry/name"));
    let new_path = new_path.map(|(parent, name)| format!("{}/{name}", parent.trim_end_matches('/')));
    let changes = match kind {
        "create" | "update" => vec![(Change::Created, new_path.as_deref().unwrap_or(path))],
        "delete" => vec![(Change::Removed, path)],
        "rename" => match new_path.as_deref() {
            Some(new) if new != path => vec![(Change::Removed, path), (Change::Created, new)],
            _ => vec![(Change::Created, path)],
        },
        other => return Err(BadEvent(format!("an event of SeaweedFS with event_type `{other}`"))),
    };
    let records: Vec<Value> = changes
        .into_iter()
        .filter_map(|(change, path)| {
            let (bucket, key) = path.strip_prefix(BUCKETS)?.split_once('/')?;
            let is_object = !key.is_empty() && !key.starts_with(UPLOADS);
            let object =
                || EventObject { bucket: bucket.to_owned(), key: key.to_owned(), change, ..EventObject::default() };
            is_object.then(|| of_object(&object())["Records"][0].take())
        })
        .collect();
    Ok((!records.is_empty()).then(|| json!({ "Records": records })))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Created b/k` for each object.
    fn objects(text: &str) -> Vec<String> {
        let event = event(text.as_bytes()).unwrap();
        let records = event.as_ref().and_then(|event| event["Records"].as_array()).cloned().unwrap_or_default();
        let one = |record: &Value| {
            let text = |pointer| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let key = contract::decode_event_key(&text("/s3/object/key")).unwrap();
            format!("{} {}/{key}", text("/eventName"), text("/s3/bucket/name"))
        };
        records.iter().map(one).collect()
    }

    #[test]
    fn recorded_events_of_minio() {
        let webhook = include_str!("../tests/recorded/minio-webhook.json");
        assert_eq!(objects(webhook), ["s3:ObjectCreated:Put uploads/shop/ü +1.jpg"]);
        let redis = include_str!("../tests/recorded/minio-redis-access.json");
        assert_eq!(objects(redis), ["s3:ObjectRemoved:Delete uploads/a.jpg"]);
    }

    #[test]
    fn recorded_events_of_seaweedfs() {
        let create = include_str!("../tests/recorded/seaweedfs-create.json");
        assert_eq!(objects(create), ["ObjectCreated:Put uploads/shop/ü +1.jpg"]);
        let over = include_str!("../tests/recorded/seaweedfs-overwrite.json");
        assert_eq!(objects(over), ["ObjectCreated:Put uploads/a.jpg"]);
        let moved = over.replace("/buckets/uploads/a.jpg", "/buckets/uploads/old.jpg");
        assert_eq!(objects(&moved), ["ObjectRemoved:Delete uploads/old.jpg", "ObjectCreated:Put uploads/a.jpg"]);
        let delete = include_str!("../tests/recorded/seaweedfs-delete.json");
        assert_eq!(objects(delete), ["ObjectRemoved:Delete uploads/a.jpg"]);
    }

    #[test]
    fn what_is_about_no_object_is_left_out() {
        let part = r#"{"key":"/buckets/uploads/.uploads/1/0001.part","event_type":"create","message":{}}"#;
        let folder =
            r#"{"key":"/buckets/uploads/a","event_type":"create","message":{"new_entry":{"is_directory":true}}}"#;
        let elsewhere = r#"{"key":"/etc/passwd","event_type":"create","message":{}}"#;
        for text in [part, folder, elsewhere] {
            assert!(event(text.as_bytes()).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_event_says_so() {
        for text in ["", "hello", "{}", "[1]", r#"{"key":"/buckets/b/k","event_type":"melt"}"#, r#"{"Records":[{}]}"#] {
            let message = event(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains("expected an event of S3, MinIO or SeaweedFS"), "{message}");
        }
    }
}
