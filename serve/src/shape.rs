//! What stores send, in the one shape that the dispatcher reads: an event of S3. Pure.
//!
//! **Sources:** MinIO, `internal/event/target/webhook.go` and `redis.go`; SeaweedFS, `weed/notification/webhook` and
//! `filer_pb.EventNotification`; Ceph, `src/rgw/rgw_pubsub.cc`; the references of the event notifications of
//! Backblaze B2 and Cloudflare R2. An event of S3 itself, EventBridge or SNS stays as it is.

use contract::{Change, EventObject, encode_event_key};
use serde_json::{Value, json};

/// Where SeaweedFS has its buckets.
const BUCKETS: &str = "/buckets/";

/// Where SeaweedFS has the parts of uploads that are not complete.
const UPLOADS: &str = ".uploads/";

/// A text that is no event.
#[derive(Debug, thiserror::Error)]
#[error("{0}: expected an event of S3, MinIO, Ceph, SeaweedFS, B2 or R2 as JSON")]
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
    } else if value.get("events").is_some() {
        of_b2(&value)?
    } else if value.get("action").is_some() && value.get("object").is_some() {
        of_r2(&value)?
    } else {
        Some(value)
    };
    let event = event.map(of_ceph);
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

/// The same with each record of Ceph as S3 would have it: Ceph does not encode the key, its `sequencer` is the bytes of a
/// clock, which do not compare as text, and an object without versions has an empty version.
fn of_ceph(mut event: Value) -> Value {
    for record in event.get_mut("Records").and_then(Value::as_array_mut).into_iter().flatten() {
        if record.get("eventSource").is_none_or(|source| source != "ceph:s3") {
            continue;
        }
        let Some(object) = record.pointer_mut("/s3/object").and_then(Value::as_object_mut) else { continue };
        if let Some(Value::String(key)) = object.get_mut("key") {
            *key = encode_event_key(key);
        }
        object.remove("sequencer");
        if object.get("versionId").is_some_and(|version| version == "") {
            object.remove("versionId");
        }
    }
    event
}

/// The event of an object that nobody sent one about.
pub(crate) fn of_object(object: &EventObject) -> Value {
    object.s3_event(match object.change {
        Change::Created => "Put",
        Change::Removed => "Delete",
    })
}

/// The records of those objects; `None` where there are none.
fn records(objects: impl IntoIterator<Item = EventObject>) -> Option<Value> {
    let records: Vec<Value> = objects.into_iter().map(|object| of_object(&object)["Records"][0].take()).collect();
    (!records.is_empty()).then(|| json!({ "Records": records }))
}

/// What a webhook of Backblaze B2 sends. A deletion by S3's API hides the object.
fn of_b2(value: &Value) -> Result<Option<Value>, BadEvent> {
    let bad = |why: String| BadEvent(format!("an event of Backblaze B2 {why}"));
    let mut objects = Vec::new();
    for event in value["events"].as_array().into_iter().flatten() {
        let text = |name: &str| event[name].as_str();
        let kind = text("eventType").ok_or_else(|| bad("without eventType".to_owned()))?;
        let change = match kind.split(':').nth(1) {
            Some("ObjectCreated") => Change::Created,
            Some("ObjectDeleted" | "HideMarkerCreated") => Change::Removed,
            Some("TestEvent" | "MultipartUploadCreated") => continue,
            _ => return Err(bad(format!("with eventType `{kind}`"))),
        };
        let (Some(bucket), Some(key)) = (text("bucketName"), text("objectName")) else {
            return Err(bad("whose bucketName or objectName is no text".to_owned()));
        };
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        objects.push(EventObject { bucket, key, change, ..EventObject::default() });
    }
    Ok(records(objects))
}

/// A message of Cloudflare R2, as its queue has it.
fn of_r2(value: &Value) -> Result<Option<Value>, BadEvent> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (Some(action), Some(bucket), Some(key)) = (text("/action"), text("/bucket"), text("/object/key")) else {
        return Err(BadEvent("a message of R2 whose action, bucket or object.key is no text".to_owned()));
    };
    let change = match action.as_str() {
        "PutObject" | "CopyObject" | "CompleteMultipartUpload" => Change::Created,
        "DeleteObject" | "LifecycleDeletion" => Change::Removed,
        other => return Err(BadEvent(format!("a message of R2 with action `{other}`"))),
    };
    Ok(records([EventObject { bucket, key, etag: text("/object/eTag"), change, ..EventObject::default() }]))
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
    Ok(records(changes.into_iter().filter_map(|(change, path)| {
        let (bucket, key) = path.strip_prefix(BUCKETS)?.split_once('/')?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let is_object = !key.is_empty() && !key.starts_with(UPLOADS);
        is_object.then(|| EventObject { bucket, key, change, ..EventObject::default() })
    })))
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

    /// What every line of a recorded file is about.
    fn recorded(lines: &str) -> Vec<String> {
        lines.lines().flat_map(objects).collect()
    }

    const ODD: [&str; 5] = [
        "Created:Put uploads/ü +1.jpg",
        "Created:Put uploads/a b/c%20d.png",
        "Created:Put uploads/50% & more/?#[x].png",
        "Created:Put uploads/日本/写真.png",
        "Removed:Delete uploads/ü +1.jpg",
    ];

    fn of(prefix: &str) -> Vec<String> {
        ODD.iter().map(|text| format!("{prefix}Object{text}")).collect()
    }

    #[test]
    fn recorded_events_of_minio() {
        assert_eq!(recorded(include_str!("../tests/recorded/minio-webhook.jsonl")), of("s3:"));
        assert_eq!(recorded(include_str!("../tests/recorded/minio-redis-access.jsonl")), of("s3:"));
    }

    #[test]
    fn recorded_events_of_ceph() {
        let lines = include_str!("../tests/recorded/ceph-webhook.jsonl");
        assert_eq!(recorded(lines), of(""));
        // Its clock's bytes are no order, and an empty version is none.
        let event = event(lines.lines().next().unwrap().as_bytes()).unwrap().unwrap();
        let object = event.pointer("/Records/0/s3/object").unwrap();
        assert!(object.get("sequencer").is_none() && object.get("versionId").is_none(), "{object}");
    }

    #[test]
    fn documented_events_of_seaweedfs() {
        let create = include_str!("../tests/recorded/seaweedfs-create.json");
        assert_eq!(objects(create), ["ObjectCreated:Put uploads/shop/ü +1%20.jpg"]);
        let over = include_str!("../tests/recorded/seaweedfs-overwrite.json");
        assert_eq!(objects(over), ["ObjectCreated:Put uploads/a.jpg"]);
        let moved = over.replace("/buckets/uploads/a.jpg", "/buckets/uploads/old.jpg");
        assert_eq!(objects(&moved), ["ObjectRemoved:Delete uploads/old.jpg", "ObjectCreated:Put uploads/a.jpg"]);
        let delete = include_str!("../tests/recorded/seaweedfs-delete.json");
        assert_eq!(objects(delete), ["ObjectRemoved:Delete uploads/a.jpg"]);
    }

    #[test]
    fn documented_events_of_b2_and_r2() {
        let b2 = include_str!("../tests/recorded/b2-webhook.json");
        assert_eq!(
            objects(b2),
            ["ObjectCreated:Put uploads/ü +1%20.jpg", "ObjectRemoved:Delete uploads/日本/写真.png"]
        );
        assert!(event(br#"{"events":[{"eventType":"b2:TestEvent"}]}"#).unwrap().is_none());
        let r2 = include_str!("../tests/recorded/r2-queue.jsonl");
        assert_eq!(
            recorded(r2),
            ["ObjectCreated:Put uploads/ü +1%20.jpg", "ObjectRemoved:Delete uploads/日本/写真.png"]
        );
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
        let foreign =
            [r#"{"events":[{"eventType":"b2:Melted:All"}]}"#, r#"{"action":"Melt","bucket":"b","object":{"key":"k"}}"#];
        for text in foreign {
            assert!(event(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["", "hello", "{}", "[1]", r#"{"key":"/buckets/b/k","event_type":"melt"}"#, r#"{"Records":[{}]}"#] {
            let message = event(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains("expected an event of S3, MinIO, Ceph, SeaweedFS, B2 or R2"), "{message}");
        }
    }
}
