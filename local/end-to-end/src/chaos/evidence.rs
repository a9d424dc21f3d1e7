//! What is there in the end: thumbnails, dead letters, log lines.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{Message, QueueAttributeName};
use contract::{TierTable, decode_event_key, metadata};
use futures_util::future::join_all;
use serde_json::Value;

use super::script::ROOT;
use super::storm::cpu_times;
use crate::Deployment;

/// Everything that the run left behind.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// By key in the destination bucket.
    pub thumbnails: BTreeMap<String, Found>,
    pub letters: Vec<Letter>,
    pub lines: Vec<Line>,
}

/// A stored thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub bytes: Vec<u8>,
    pub source_etag: String,
}

/// What a dead letter names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub key: String,
    /// In its quotes; `None` of a deletion.
    pub etag: Option<String>,
    pub reason: String,
}

/// A log line about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub key: String,
    pub outcome: String,
    /// It failed for now.
    pub is_failure: bool,
    /// A worker read its header: a line about what a look found there names no format.
    pub is_read: bool,
    /// Who wrote it, and what it says.
    pub text: String,
}

/// How many thumbnails are read at a time.
const AT_A_TIME: usize = 16;

impl Evidence {
    /// Reads all of it. Letters about keys of this run are taken out of the queue.
    pub(super) async fn gather(deployment: &Deployment) -> Self {
        let mut evidence = Self { letters: letters(deployment).await, ..Self::default() };
        for keys in destination_keys(deployment).await.chunks(AT_A_TIME) {
            let found = join_all(keys.iter().map(async |key| (key.clone(), thumbnail(deployment, key).await))).await;
            evidence.thumbnails.extend(found.into_iter().filter_map(|(key, found)| Some((key, found?))));
        }
        let tiers = TierTable::builtin().expect("the committed table is sound");
        let workers = tiers.iter().map(|tier| format!("worker-{}", tier.name));
        for function in workers.chain(["dispatcher".to_owned()]) {
            let lines = deployment.timed_lines(&function).await;
            evidence.lines.extend(lines.iter().filter_map(|(at_ms, found)| line(&function, *at_ms, found)));
        }
        evidence
    }
}

fn line(function: &str, at_ms: i64, line: &Value) -> Option<Line> {
    let key = line["key"].as_str().filter(|key| key.starts_with(ROOT))?.to_owned();
    let outcome = line["outcome"].as_str()?.to_owned();
    let is_failure = line["failures"].as_u64() > Some(0) || outcome == "failed";
    let is_read = line["format"].is_string();
    let message = line["message"].as_str().unwrap_or_default();
    let text = format!("{at_ms} {function}: {outcome} {message}");
    Some(Line { key, outcome, is_failure, is_read, text: text.trim_end().to_owned() })
}

async fn destination_keys(deployment: &Deployment) -> Vec<String> {
    let call = deployment.s3.list_objects_v2().bucket(&deployment.destination_bucket).prefix(ROOT);
    let mut pages = call.into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("lists work");
        keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    keys
}

/// `None` if it was deleted since it was listed.
async fn thumbnail(deployment: &Deployment, key: &str) -> Option<Found> {
    let call = deployment.s3.get_object().bucket(&deployment.destination_bucket).key(key);
    let object = call.send().await.ok()?;
    let source_etag = object.metadata()?.get(metadata::SOURCE_ETAG).cloned().unwrap_or_default();
    let bytes = object.body.collect().await.expect("the body arrives").into_bytes().to_vec();
    Some(Found { bytes, source_etag })
}

async fn letters(deployment: &Deployment) -> Vec<Letter> {
    let mut letters = letters_of_queue(deployment, "dead-letters").await;
    letters.extend(letters_of_queue(deployment, "refusals").await);
    letters
}

async fn letters_of_queue(deployment: &Deployment, queue: &str) -> Vec<Letter> {
    let (sqs, url) = (&deployment.sqs, deployment.queue_url(queue).await);
    let mut letters = Vec::new();
    loop {
        let call = sqs.receive_message().queue_url(&url).max_number_of_messages(10).visibility_timeout(30);
        let received = call.send().await.expect("the queue can be read");
        if received.messages().is_empty() {
            return letters;
        }
        for message in received.messages() {
            let ours = letters_in(message);
            if !ours.is_empty() {
                let receipt = message.receipt_handle().unwrap_or_default();
                sqs.delete_message().queue_url(&url).receipt_handle(receipt).send().await.expect("it is ours");
            }
            letters.extend(ours);
        }
    }
}

fn letters_in(message: &Message) -> Vec<Letter> {
    let body = message.body().and_then(|body| serde_json::from_str::<Value>(body).ok()).unwrap_or_default();
    letters_of(&body)
}

/// The letters in a message of the dead-letter queue: one of ours, or what Lambda or SQS put there, which wraps the
/// event or the job that failed.
fn letters_of(body: &Value) -> Vec<Letter> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let response = &body["responsePayload"]["errorType"];
    let reason = text(&body["reason"]).or_else(|| text(response)).unwrap_or_else(|| "never_ran".to_owned());
    let payload = if body["job"].is_object() { &body["job"] } else { &body["requestPayload"] };
    let of_records = payload["Records"].as_array().into_iter().flatten().filter_map(|record| {
        let is_upload = !record["eventName"].as_str()?.contains("ObjectRemoved");
        let object = &record["s3"]["object"];
        let etag = is_upload.then(|| text(&object["eTag"]).map(|etag| format!("\"{etag}\""))).flatten();
        Some((decode_event_key(object["key"].as_str()?).ok()?, etag))
    });
    let of_task = text(&payload["key"]).map(|key| (key, text(&payload["etag"])));
    let of_removal = text(&payload["remove"]["key"]).map(|key| (key, None));
    let named = of_records.chain(of_task).chain(of_removal).filter(|(key, _)| key.starts_with(ROOT));
    named.map(|(key, etag)| Letter { key, etag, reason: reason.clone() }).collect()
}

/// Waits until nothing is under way: no failed job waits, and no process of a function has worked for `quiet_looks`
/// seconds in a row. Returns whether that came before `deadline`.
pub(super) async fn settled(deployment: &Deployment, quiet_looks: u32, deadline: tokio::time::Instant) -> bool {
    let url = deployment.queue_url("failed-jobs").await;
    let mut before = cpu_times(deployment);
    let mut looks = 0;
    while looks < quiet_looks && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let now = cpu_times(deployment);
        let call = deployment.sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All);
        let queue = call.send().await.expect("the queue can be asked");
        let waiting: u64 = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ]
        .iter()
        .filter_map(|name| queue.attributes()?.get(name)?.parse::<u64>().ok())
        .sum();
        looks = if waiting == 0 && now == before { looks + 1 } else { 0 };
        before = now;
    }
    looks == quiet_looks
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(body: &Value, key: &str, etag: Option<&str>, reason: &str) {
        let etag = etag.map(str::to_owned);
        let want = Letter { key: key.to_owned(), etag, reason: reason.to_owned() };
        assert_eq!(letters_of(body), [want], "{body}");
    }

    #[test]
    fn a_letter_names_its_version_whoever_wrote_it() {
        let job = json!({ "bucket": "b", "key": "chaos/s3/1 ü", "etag": "\"e\"", "bytes": 1 });
        check(&json!({ "reason": "corrupt", "job": job }), "chaos/s3/1 ü", Some("\"e\""), "corrupt");
        let removal = json!({ "remove": { "bucket": "b", "key": "chaos/s3/2" } });
        check(&json!({ "reason": "killed", "job": removal }), "chaos/s3/2", None, "killed");
        let event = |name: &str| {
            let object = json!({ "key": "chaos/s3/3+%C3%BC", "eTag": "e" });
            let payload = json!({ "Records": [{ "eventName": name, "s3": { "object": object } }] });
            json!({ "requestPayload": payload, "responsePayload": { "errorType": "DispatchError" } })
        };
        check(&event("ObjectCreated:Put"), "chaos/s3/3 ü", Some("\"e\""), "DispatchError");
        check(&event("ObjectRemoved:Delete"), "chaos/s3/3 ü", None, "DispatchError");
        let failed = json!({ "requestPayload": job, "responsePayload": { "errorType": "read_failed" } });
        check(&failed, "chaos/s3/1 ü", Some("\"e\""), "read_failed");
        assert_eq!(letters_of(&json!("hello")), []);
        assert_eq!(letters_of(&json!({ "reason": "corrupt", "job": { "key": "other/1", "etag": "e" } })), []);
    }
}
