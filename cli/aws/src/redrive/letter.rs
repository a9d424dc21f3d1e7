//! What a dead letter is about, and the event that starts it again. Pure.

use contract::{DeadLetter, EventObject, PutOff, Task};
use serde_json::Value;

/// Ends the names of these events.
const CAUSE: &str = "Redrive";

/// A message of the dead-letter queue, read.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// Why it is here.
    pub reason: String,
    /// The sentence.
    pub message: String,
    /// The object's key; the first one of an event with many.
    pub key: Option<String>,
    /// What the dispatcher is invoked with; `None` where nothing in it can be sent again.
    pub event: Option<Value>,
}

/// Reads a message: a letter of a function, the record that Lambda writes of the dispatcher or of a worker, or what was put
/// off and killed the dispatcher whenever it came back.
///
/// Jobs go to the dispatcher, not to their worker: after a fix the object may be another one, the thresholds too.
pub(crate) fn read(body: &str) -> Read {
    let unreadable = |message: String| Read { reason: "unreadable".into(), message, key: None, event: None };
    let body: Value = match serde_json::from_str(body) {
        Ok(body) => body,
        Err(error) => return unreadable(format!("no JSON: {error}")),
    };
    if let Some(request) = body.get("requestPayload") {
        return of_invocation(&body, request);
    }
    if let Ok(put_off) = serde_json::from_value::<PutOff>(body.clone()) {
        return of_put_off(&put_off);
    }
    match serde_json::from_value::<DeadLetter>(body) {
        Ok(DeadLetter { reason, message, job, .. }) => {
            let key = job.as_ref().map(|job| job.key().to_owned());
            Read { reason, message, key, event: job.as_ref().map(event) }
        }
        Err(error) => unreadable(format!("neither a dead letter nor a record of an invocation: {error}")),
    }
}

/// Source: AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
fn of_invocation(body: &Value, request: &Value) -> Read {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let condition = text("/requestContext/condition").unwrap_or_default();
    let (key, event) = match serde_json::from_value::<Task>(request.clone()) {
        Ok(task) => (Some(task.key().to_owned()), event(&task)),
        Err(_) => {
            let key = ["/Records/0/s3/object/key", "/detail/object/key"].iter().find_map(|key| request.pointer(key));
            (key.and_then(Value::as_str).map(str::to_owned), request.clone())
        }
    };
    Read {
        reason: text("/responsePayload/errorType").unwrap_or_else(|| condition.clone()),
        message: text("/responsePayload/errorMessage").unwrap_or(condition),
        key,
        event: Some(event),
    }
}

fn of_put_off(put_off: &PutOff) -> Read {
    let (key, event) = match put_off {
        PutOff::Task { task, .. } => (task.key(), event(task)),
        PutOff::Object { look, .. } => (look.key.as_str(), look.s3_event(CAUSE)),
    };
    let message = "the dispatcher never ended it: its log says why".to_owned();
    Read { reason: "put_off".to_owned(), message, key: Some(key.to_owned()), event: Some(event) }
}

/// The S3 event that makes the dispatcher look at the object again.
fn event(task: &Task) -> Value {
    EventObject::of_task(task).s3_event(CAUSE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_letter_becomes_the_event_that_it_came_from() {
        let letter = r#"{"reason":"corrupt","message":"png is damaged","correlation_id":"c","job":{"bucket":"b",
            "key":"a b/ü+%.png","etag":"\"e\"","bytes":9,"sequencer":"0A","correlation_id":"c"}}"#;
        let read = read(letter);
        assert_eq!((read.reason.as_str(), read.key.as_deref()), ("corrupt", Some("a b/ü+%.png")));
        let event = read.event.unwrap();
        let object = &event["Records"][0]["s3"]["object"];
        assert_eq!(contract::decode_event_key(object["key"].as_str().unwrap()).unwrap(), "a b/ü+%.png");
        assert_eq!((&object["eTag"], &object["sequencer"]), (&json!("e"), &json!("0A")));
        assert_eq!(event["Records"][0]["eventName"], "ObjectCreated:Redrive");
    }

    #[test]
    fn a_deletion_stays_a_deletion() {
        let letter = r#"{"reason":"remove_failed","message":"m","correlation_id":"c",
            "job":{"remove":{"bucket":"b","key":"k","sequencer":"0A","correlation_id":"c"}}}"#;
        assert_eq!(read(letter).event.unwrap()["Records"][0]["eventName"], "ObjectRemoved:Redrive");
    }

    #[test]
    fn the_dispatchers_own_event_is_sent_as_it_was() {
        let request = json!({ "Records": [{ "s3": { "bucket": { "name": "b" }, "object": { "key": "k" } } }] });
        let record = json!({
            "requestContext": { "condition": "RetriesExhausted" }, "requestPayload": request,
            "responsePayload": { "errorType": "DispatchError", "errorMessage": "1 of 1 records" },
        });
        let read = read(&record.to_string());
        assert_eq!((read.reason.as_str(), read.message.as_str()), ("DispatchError", "1 of 1 records"));
        assert_eq!((read.key.as_deref(), read.event), (Some("k"), Some(request)));
    }

    #[test]
    fn what_was_put_off_and_never_ended_is_sent_again_too() {
        let task = r#"{"retry":"small","task":{"bucket":"b","key":"k","etag":"\"e\"","bytes":9,"correlation_id":"c"}}"#;
        let look =
            r#"{"look":{"bucket":"b","key":"k","etag":"e","change":"removed"},"attempts":2,"correlation_id":"c"}"#;
        for (body, name) in [(task, "ObjectCreated:Redrive"), (look, "ObjectRemoved:Redrive")] {
            let Read { reason, key, event, .. } = read(body);
            let record = &event.unwrap()["Records"][0];
            assert_eq!((reason.as_str(), key.as_deref(), &record["eventName"]), ("put_off", Some("k"), &json!(name)));
            assert_eq!(record["s3"]["object"]["eTag"], "e");
        }
    }

    #[test]
    fn what_cannot_be_sent_again_says_so() {
        let check = |body: &str, reason: &str| {
            let read = read(body);
            assert_eq!((read.reason.as_str(), read.event), (reason, None), "{body}");
        };
        check("hello", "unreadable");
        check("{}", "unreadable");
        check(r#"{"reason":"bad_key","message":"m","correlation_id":"c"}"#, "bad_key");
    }
}
