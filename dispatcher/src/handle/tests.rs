use serde_json::json;

use super::*;
use crate::dispatch::tests::{MemoryEdge, jpeg, settings};

fn run(edge: &MemoryEdge, event: Value) -> Result<Value, HandlerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reply = runtime.block_on(handle(edge, &settings(), event, "request"))?;
    Ok(serde_json::to_value(reply).unwrap())
}

fn event(keys: &[&str]) -> Value {
    let record = |key: &&str| json!({ "s3": { "bucket": { "name": "uploads" }, "object": { "key": key } } });
    json!({ "Records": keys.iter().map(record).collect::<Vec<_>>() })
}

#[test]
fn every_record_gets_its_answer_and_every_answer_is_counted() {
    let edge = MemoryEdge::with(&[("small.jpg", jpeg(9)), ("empty.jpg", jpeg(0)), ("large.jpg", jpeg(90_000_000))]);
    let reply = run(&edge, event(&["small.jpg", "empty.jpg", "deleted.jpg", "%FF", "large.jpg"])).unwrap();
    let skipped = json!({ "bad_key": 1, "empty": 1, "gone": 1 });
    let want = json!({ "dispatched": { "large": 1, "small": 1 }, "skipped": skipped, "put_off": 0, "failed": 0 });
    assert_eq!(reply, want);
    let tasks = edge.tasks.borrow();
    assert_eq!((tasks[0].0.as_str(), tasks[0].1.correlation_id()), ("small", "request-0"));
    let letters = edge.letters.borrow();
    assert_eq!((letters[0].reason.as_str(), letters[0].correlation_id.as_str()), ("bad_key", "request-3"));
}

#[test]
fn a_record_that_fails_fails_the_event_but_not_its_neighbours() {
    let edge = MemoryEdge { broken: vec!["slow.jpg".into()], ..MemoryEdge::with(&[("good.jpg", jpeg(9))]) };
    let error = run(&edge, event(&["slow.jpg", "good.jpg"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 of 2 records could not be dispatched, the first because HeadObject of `slow.jpg` failed: connection reset"
    );
    assert_eq!((edge.tasks.borrow().len(), edge.put_off.borrow().len()), (1, 0));
}

/// Of every source that delivers an event again only a few times; S3 Batch Operations has tries of its own.
#[test]
fn an_object_that_s3_is_too_busy_for_is_looked_at_again_for_an_hour() {
    let edge = MemoryEdge { throttled: vec!["slow.jpg".into()], ..MemoryEdge::with(&[("good.jpg", jpeg(9))]) };
    let reply = run(&edge, event(&["slow.jpg", "good.jpg"])).unwrap();
    assert_eq!(reply, json!({ "dispatched": { "small": 1 }, "skipped": {}, "put_off": 1, "failed": 0 }));
    let mut waited_s = 0;
    for attempt in 1.. {
        let Some((put_off, delay_s)) = edge.put_off.borrow_mut().pop() else { break };
        let PutOff::Object { look, attempts, correlation_id } = &put_off else { panic!("{put_off:?}") };
        assert_eq!((look.key.as_str(), *attempts, correlation_id.as_str()), ("slow.jpg", attempt, "request-0"));
        waited_s += delay_s;
        let body = serde_json::to_string(&put_off).unwrap();
        let message = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": body });
        assert_eq!(run(&edge, json!({ "Records": [message] })).unwrap(), json!({ "batchItemFailures": [] }));
    }
    assert!((3600..=3700).contains(&waited_s), "{waited_s} s");
    let (letters, endings) = (edge.letters.borrow(), edge.endings.borrow());
    assert_eq!((letters.len(), letters[0].reason.as_str(), letters[0].refused), (1, "dispatch_failed", false));
    assert_eq!((letters[0].correlation_id.as_str(), endings[0].key.as_str()), ("request-0", "slow.jpg"));

    // When S3 has time again it is dispatched under the name that it had.
    let edge = MemoryEdge::with(&[("slow.jpg", jpeg(9))]);
    let look = json!({ "bucket": "uploads", "key": "slow.jpg", "change": "created" });
    let body = json!({ "look": look, "attempts": 3, "correlation_id": "request-0" }).to_string();
    run(&edge, json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "m", "body": body }] })).unwrap();
    assert_eq!(edge.tasks.borrow()[0].1.correlation_id(), "request-0");
}

#[test]
fn messages_are_handled_side_by_side_but_no_more_than_a_few() {
    let edge = MemoryEdge::with(&[("good.jpg", jpeg(9))]);
    let body = event(&["good.jpg"]).to_string();
    let message = |id: usize| json!({ "eventSource": "aws:sqs", "messageId": format!("{id}"), "body": body });
    run(&edge, json!({ "Records": (0..2 * AT_A_TIME + 1).map(message).collect::<Vec<_>>() })).unwrap();
    assert_eq!((edge.tasks.borrow().len(), edge.most_at_once.get()), (2 * AT_A_TIME + 1, AT_A_TIME));
    // Records of one event wait for S3 together: one round.
    let edge = MemoryEdge::with(&[("good.jpg", jpeg(9))]);
    run(&edge, event(&["good.jpg"; 8])).unwrap();
    assert_eq!(edge.most_at_once.get(), 8);
}

#[test]
fn only_the_messages_that_failed_come_again() {
    let edge = MemoryEdge {
        broken: vec!["slow.jpg".into()],
        ..MemoryEdge::with(&[("good.jpg", jpeg(9)), ("good 2.jpg", jpeg(9))])
    };
    let message = |id: &str, body: String| json!({ "eventSource": "aws:sqs", "messageId": id, "body": body });
    let records = [
        message("one", event(&["good.jpg"]).to_string()),
        message("two", event(&["good+2.jpg", "slow.jpg"]).to_string()),
        message("three", "hello".to_owned()),
        message("four", event(&["gone.jpg"]).to_string()),
    ];
    let reply = run(&edge, json!({ "Records": records })).unwrap();
    let failed = |id| json!({ "itemIdentifier": id });
    assert_eq!(reply, json!({ "batchItemFailures": [failed("two"), failed("three")] }));
    assert_eq!(edge.tasks.borrow().len(), 2);
    assert_eq!(edge.tasks.borrow()[0].1.correlation_id(), "one-0");
}

#[test]
fn a_killed_job_in_the_queue_goes_up_and_a_failed_one_is_put_off_until_it_is_a_dead_letter() {
    let edge = MemoryEdge::default();
    let fixture: Value = serde_json::from_str(include_str!("../../tests/events/sqs.json")).unwrap();
    let killed = fixture["Records"][3].clone();
    let mut failed = killed.clone();
    failed["body"] = killed["body"].as_str().unwrap().replace("Runtime.ExitError", "write_failed").into();
    let mut last = failed.clone();
    last["body"] = failed["body"].as_str().unwrap().replace("\"etag\"", "\"attempts\":2,\"etag\"").into();
    let reply = run(&edge, json!({ "Records": [killed, failed, last] })).unwrap();
    assert_eq!(reply, json!({ "batchItemFailures": [] }));
    let (PutOff::Task { retry, task }, delay_s) = edge.put_off.borrow()[0].clone() else { panic!("a task") };
    assert_eq!((retry.as_str(), task.attempts(), delay_s), ("small", 1, 60));
    assert_eq!(edge.put_off.borrow().len(), 1);
    let tasks = edge.tasks.borrow();
    let Task::Make(job) = &tasks[0].1 else { panic!("a job") };
    assert_eq!((tasks[0].0.as_str(), job.escalated_from.as_deref()), ("medium", Some("small")));
    assert_eq!((tasks.len(), edge.letters.borrow()[0].reason.as_str()), (1, "write_failed"));
}

/// After its delay the queue gives it back.
#[test]
fn what_was_put_off_is_given_to_its_tier() {
    let edge = MemoryEdge::default();
    let job = json!({ "bucket": "b", "key": "k", "etag": "\"e\"", "bytes": 7, "attempts": 1, "correlation_id": "c" });
    let body = |tier: &str| json!({ "retry": tier, "task": job }).to_string();
    let record = |tier: &str| json!({ "eventSource": "aws:sqs", "messageId": tier, "body": body(tier) });
    let reply = run(&edge, json!({ "Records": [record("medium"), record("gone")] })).unwrap();
    assert_eq!(reply, json!({ "batchItemFailures": [] }));
    let tasks = edge.tasks.borrow();
    let given: Vec<_> = tasks.iter().map(|(tier, task)| (tier.as_str(), task.attempts())).collect();
    assert_eq!(given, [("medium", 1), ("large", 1)]);
}

#[test]
fn s3_batch_operations_get_a_code_and_a_reason_for_each_task() {
    let edge = MemoryEdge {
        throttled: vec!["slow.jpg".into()],
        ..MemoryEdge::with(&[("good.jpg", jpeg(9)), ("empty.jpg", jpeg(0)), ("large.jpg", jpeg(u64::MAX))])
    };
    let task = |key: &str| json!({ "taskId": key, "s3Key": key, "s3VersionId": null, "s3Bucket": "uploads" });
    let tasks = ["good.jpg", "empty.jpg", "large.jpg", "slow.jpg", "%FF"].map(task);
    let invocation =
        json!({ "invocationSchemaVersion": "2.0", "invocationId": "i", "job": { "id": "j" }, "tasks": tasks });
    let reply = run(&edge, invocation).unwrap();
    assert_eq!((&reply["invocationSchemaVersion"], &reply["invocationId"]), (&json!("2.0"), &json!("i")));
    assert_eq!(reply["treatMissingKeysAs"], "PermanentFailure");
    let results: Vec<_> = reply["results"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = results.iter().map(|result| result["resultCode"].as_str().unwrap()).collect();
    let want = ["Succeeded", "Succeeded", "PermanentFailure", "TemporaryFailure", "PermanentFailure"];
    assert_eq!(codes, want);
    assert_eq!(results[0]["taskId"], "good.jpg");
    assert_eq!(results[0]["resultString"], "sent to small");
    assert_eq!(results[1]["resultString"], "empty: object is empty: it has 0 bytes");
    assert!(results[3]["resultString"].as_str().unwrap().contains("503 SlowDown"));
}
