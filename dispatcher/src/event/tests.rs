use contract::{Change, EventObject};
use serde_json::json;

use super::sqs::Content;

use super::*;

fn decode(json: &str) -> Result<Event, EventError> {
    Event::decode(serde_json::from_str(json).unwrap())
}

fn objects_of(json: &str) -> Vec<EventObject> {
    let Event::Objects(objects) = decode(json).unwrap() else { panic!("objects") };
    objects.into_iter().map(Result::unwrap).collect()
}

fn keys(objects: &[EventObject]) -> Vec<(&str, Change)> {
    objects.iter().map(|object| (object.key.as_str(), object.change)).collect()
}

/// In every fixture the object of EventBridge's own example.
const BRIDGE_KEY: &str = "100%+done/red flower.jpg";

#[test]
fn s3_every_record_is_read_and_its_key_decoded() {
    let objects = objects_of(include_str!("../../tests/events/multi_record.json"));
    let created = |key| (key, Change::Created);
    assert_eq!(keys(&objects), ["holiday/red flower+1.jpg", "写真/über", "a/b%2Fc.png"].map(created));
    let first = EventObject {
        bucket: "uploads".into(),
        key: "holiday/red flower+1.jpg".into(),
        sequencer: Some("0055AED6DCD90281E5".into()),
        etag: Some("d41d8cd98f00b204e9800998ecf8427e".into()),
        version_id: None,
        change: Change::Created,
    };
    assert_eq!(objects[0], first);
    assert_eq!(objects[1].version_id.as_deref(), Some("v1"));
}

#[test]
fn s3_deletions_and_expirations_are_told_from_uploads_and_the_rest_is_left_out() {
    let objects = objects_of(include_str!("../../tests/events/s3_removed.json"));
    let removed = |key| (key, Change::Removed);
    assert_eq!(keys(&objects), ["red flower.jpg", "marked.jpg", "expired.jpg"].map(removed));
}

#[test]
fn s3_a_test_event_is_about_no_object() {
    assert!(objects_of(include_str!("../../tests/events/test_event.json")).is_empty());
    assert!(objects_of(r#"{"Records":[]}"#).is_empty());
}

#[test]
fn s3_a_key_that_is_not_utf8_does_not_hide_its_neighbours() {
    let json = r#"{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"%FF"}}},
                              {"s3":{"bucket":{"name":"b"},"object":{"key":"good"}}}]}"#;
    let Event::Objects(objects) = decode(json).unwrap() else { panic!("objects") };
    assert!(objects[0].is_err());
    assert_eq!(objects[1].as_ref().unwrap().key, "good");
}

#[test]
fn eventbridge_keys_are_as_they_are() {
    let created = objects_of(include_str!("../../tests/events/eventbridge_created.json"));
    let want = EventObject {
        bucket: "uploads".into(),
        key: BRIDGE_KEY.into(),
        sequencer: Some("617f08299329d189".into()),
        etag: Some("b1946ac92492d2347c6235b4d2611184".into()),
        version_id: Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e".into()),
        change: Change::Created,
    };
    assert_eq!(created, [want]);
    let deleted = objects_of(include_str!("../../tests/events/eventbridge_deleted.json"));
    assert_eq!(keys(&deleted), [("example-key", Change::Removed)]);
    // A version, or a delete marker, deleted by its id: either may make another version current.
    let by_id = include_str!("../../tests/events/eventbridge_deleted.json")
        .replace("Delete Marker Created", "Permanently Deleted");
    let by_id = objects_of(&by_id);
    assert_eq!(keys(&by_id), [("example-key", Change::Removed)]);
    assert_eq!(by_id[0].version_id.as_deref(), Some("1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF"));
    let tags =
        include_str!("../../tests/events/eventbridge_created.json").replace("Object Created", "Object Tags Added");
    assert!(objects_of(&tags).is_empty());
}

#[test]
fn sns_wraps_either() {
    let objects = objects_of(include_str!("../../tests/events/sns.json"));
    assert_eq!(keys(&objects), [("by sns.jpg", Change::Created), (BRIDGE_KEY, Change::Created)]);
}

#[test]
fn sqs_messages_are_read_each_for_itself() {
    let Event::Messages(messages) = decode(include_str!("../../tests/events/sqs.json")).unwrap() else {
        panic!("messages")
    };
    let described: Vec<String> = messages
        .iter()
        .map(|message| match &message.content {
            Ok(Content::Objects(objects)) => {
                objects.iter().map(|object| object.as_ref().unwrap().key.as_str()).collect()
            }
            Ok(Content::PutOff(put_off)) => format!("{put_off:?}"),
            Ok(Content::FailedJob(failed)) => format!("{} {}", failed.cause().name(), failed.task.key()),
            Err(error) => error.to_string(),
        })
        .collect();
    let unknown =
        "event has the fields an: expected one of S3, EventBridge, SNS, SQS or S3 Batch Operations about an object";
    let want =
        ["by sqs.jpg", BRIDGE_KEY, "by sns and sqs.jpg", "killed killer.jpg", "message of SQS is no JSON", unknown, ""];
    assert_eq!(described, want);
    assert_eq!(messages[0].id, "059b4d1d-ea44-4f9a-9e5e-8b2c5d1f2a30");
}

#[test]
fn s3_batch_operations_come_in_two_schemas() {
    for json in [include_str!("../../tests/events/s3_batch_1.json"), include_str!("../../tests/events/s3_batch_2.json")]
    {
        let Event::Batch(invocation) = decode(json).unwrap() else { panic!("tasks") };
        let (_, tasks) = invocation.into_parts();
        let [(id, Ok(object))] = tasks.as_slice() else { panic!("one task") };
        assert_eq!((id.as_str(), object.bucket.as_str()), ("dGFza2lkZ29lc2hlcmUK", "uploads"));
        assert_eq!((object.key.as_str(), object.change), ("red flower+1.jpg", Change::Created));
    }
}

#[test]
fn an_event_of_something_else_is_an_error_that_says_what_it_is() {
    let check = |json: &str, want: &str| {
        let error = contract::with_causes(&decode(json).unwrap_err());
        assert!(error.contains(want), "`{error}` does not say `{want}`");
    };
    check(r#"{"source":"aws.events","detail":{}}"#, "the fields source, detail");
    check("{}", "no field");
    check("[1]", "no fields");
    check(r#"{"Records":[{"eventSource":"aws:dynamodb"}]}"#, "the fields Records");
    check(r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, "SQS has not the expected shape: missing field `messageId`");
    check(r#"{"Records":[{"Sns":{"Message":"no"}}]}"#, "message of SNS is no JSON");
    check(
        r#"{"source":"aws.s3","detail-type":"Object Created","detail":{}}"#,
        "EventBridge has not the expected shape",
    );
}

#[test]
fn what_an_events_way_is_billed_for_is_told_by_its_shape() {
    let record = |source: &str| json!({ "eventSource": source, "EventSource": source, "messageId": "m", "body": "{}" });
    let sqs = way(&json!({ "Records": [record("aws:sqs"), record("aws:sqs")] }));
    assert_eq!(sqs.sqs_requests, 4.0, "sent twice, received and deleted together");
    let s3 = json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "bucket": { "name": "b" }, "object": { "key": "k" } } }] });
    assert_eq!(way(&s3), Usage::default(), "S3 sends for nothing");
    let sns = way(&json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": s3.to_string() } }] }));
    assert_eq!(sns.sns_publishes, 1.0);
    let detail = json!({ "bucket": { "name": "b" }, "object": { "key": "k" } });
    let event = json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": detail });
    assert_eq!(way(&event).eventbridge_events, 1.0);
    let task = json!({ "taskId": "t", "s3Key": "k", "s3BucketArn": "arn:aws:s3:::b" });
    let batch = json!({ "invocationSchemaVersion": "1.0", "invocationId": "i", "job": { "id": "j" }, "tasks": [task] });
    assert_eq!(way(&batch).batch_objects, 1.0);
}
