//! IAM is enforced, and each right is needed. A test binary of its own, because it takes rights away from functions.
//!
//! Four rights cannot be tried here. The local AWS does for a function what Lambda does in its name
//! (`ReceiveFailedJobs`, `SendFailedJobs`), and it says 404 of an object that is gone to whoever may not list its
//! bucket (`TellGoneFromForbidden`, `TellThumbnailGoneFromForbidden`), where AWS says 403.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;

use contract::TierTable;
use end_to_end::{Api, Deployment};
use reqwest::Method;
use serde_json::{Value, json};

fn png() -> Vec<u8> {
    let mut png = Vec::new();
    image::RgbImage::new(8, 8).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png
}

/// A lossless WebP header of 16,383 x 16,383 pixels: too much for the smaller tiers.
fn huge_webp() -> Vec<u8> {
    let bits = 16_382_u32 | 16_382 << 14;
    [&b"RIFF\x1A\0\0\0WEBPVP8L\x0D\0\0\0\x2F"[..], &bits.to_le_bytes(), &[0; 16]].concat()
}

/// Runs the function without the statement, sees it fail by the name of the call, and succeed with it again.
async fn check(deployment: &Deployment, function: &str, sid: &str, payload: &Value, want: &str) {
    let policy = deployment.without_statement(function, sid).await;
    let denied = deployment.invoke(function, payload).await;
    policy.restore().await;
    assert!(denied.failed, "{function} without {sid}: {denied:?}");
    let message = denied.payload["errorMessage"].as_str().unwrap();
    assert!(message.contains(want), "{function} without {sid}: {message}");
    let allowed = deployment.invoke(function, payload).await;
    assert!(!allowed.failed, "{function} with {sid}: {allowed:?}");
}

#[tokio::test]
async fn a_worker_needs_each_of_its_rights() {
    let deployment = Deployment::connect().await;
    let tiers = TierTable::builtin().unwrap();
    for tier in tiers.iter() {
        let function = format!("worker-{}", tier.name);
        let bucket = &deployment.source_bucket;
        let job = |key: &str, etag: &str| json!({ "bucket": bucket, "key": key, "etag": etag, "bytes": 9, "format": "png", "correlation_id": "p" });
        let upload = async |name: &str, bytes: Vec<u8>| {
            let key = format!("privilege/{function}-{name}.png");
            let etag = deployment.upload(&key, "image/png", bytes).await;
            job(&key, &etag)
        };
        let good = upload("good", png()).await;
        check(&deployment, &function, "ReadSource", &good, "GetObject of `").await;
        check(&deployment, &function, "WriteThumbnails", &good, "PutObject of `").await;
        // Its thumbnail is there by now.
        check(&deployment, &function, "ReadThumbnails", &good, "HeadObject of `").await;

        let key = format!("privilege/{function}-deleted.png");
        let removal = json!({ "remove": { "bucket": bucket, "key": key, "sequencer": "0B", "correlation_id": "p" } });
        deployment.put_newer(&format!("{key}/128x128.jpg"), "0A", png()).await;
        check(&deployment, &function, "DeleteThumbnails", &removal, "DeleteObject of `").await;

        let corrupt = upload("corrupt", png()[..40].to_vec()).await;
        check(&deployment, &function, "SendDeadLetters", &corrupt, "SendMessage to `").await;
        if tiers.next_after(&tier.name).is_some() {
            let huge = upload("huge", huge_webp()).await;
            check(&deployment, &function, "EscalateJobs", &huge, "Invoke of `").await;
        }
    }
}

#[tokio::test]
async fn the_dispatcher_needs_each_of_its_rights() {
    let deployment = Deployment::connect().await;
    let key = "privilege/dispatched.png";
    deployment.upload(key, "image/png", png()).await;
    let event = |key: &str| json!({ "Records": [{ "s3": { "bucket": { "name": deployment.source_bucket }, "object": { "key": key } } }] });
    check(&deployment, "dispatcher", "ReadSource", &event(key), "HeadObject of `").await;
    check(&deployment, "dispatcher", "InvokeWorkers", &event(key), "Invoke of `").await;
    check(&deployment, "dispatcher", "SendDeadLetters", &event("%FF"), "SendMessage to `").await;
}

/// A failed job whose ending cannot be kept stays in its queue.
#[tokio::test]
async fn the_dispatcher_needs_its_rights_to_keep_endings_and_to_put_off_jobs() {
    let deployment = Deployment::connect().await;
    let job = json!({ "bucket": deployment.source_bucket, "key": "privilege/ended.png", "etag": "\"e\"", "bytes": 9, "correlation_id": "p" });
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:thumbtier-local-worker-large:$LATEST";
    let failed = json!({
        "requestContext": { "requestId": "r", "functionArn": arn, "condition": "RetriesExhausted" },
        "requestPayload": job,
        "responsePayload": { "errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error: signal: killed" },
    });
    let message = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": failed.to_string() });
    let event = json!({ "Records": [message] });
    stays_without(&deployment, "KeepEndings", &event).await;
    // Nor is a job lost that cannot be put off.
    let put_off = failed.to_string().replace("Runtime.ExitError", "read_failed");
    let message = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": put_off });
    stays_without(&deployment, "PutOffJobs", &json!({ "Records": [message] })).await;
}

/// The one message of `event` stays in its queue while the dispatcher lacks that right.
async fn stays_without(deployment: &Deployment, sid: &str, event: &Value) {
    let policy = deployment.without_statement("dispatcher", sid).await;
    let denied = deployment.invoke("dispatcher", event).await;
    policy.restore().await;
    assert_eq!(denied.payload, json!({ "batchItemFailures": [{ "itemIdentifier": "m" }] }), "{sid}");
    assert_eq!(deployment.invoke("dispatcher", event).await.payload, json!({ "batchItemFailures": [] }), "{sid}");
}

#[tokio::test]
async fn the_api_needs_each_of_its_rights() {
    let (deployment, api) = (Deployment::connect().await, Api::connect());
    let put = |key: &str| {
        api.request(Method::PUT, &format!("/images/privilege/{key}.png")).header("prefer", "wait=20").body(png()).send()
    };
    let get = |path: &'static str| api.request(Method::GET, path).send();
    assert_eq!(put("api").await.unwrap().status(), 200);
    let (thumbnail, status) = ("/thumbnails/privilege/api.png", "/status/privilege/api.png");
    for (sid, path, want) in [("ReadSource", status, 503), ("ReadThumbnails", thumbnail, 503)] {
        let policy = deployment.without_statement("api", sid).await;
        let denied = get(path).await.unwrap();
        policy.restore().await;
        assert_eq!(denied.status(), want, "{sid}");
        assert_eq!(get(path).await.unwrap().status(), 200, "{sid}");
    }
    let policy = deployment.without_statement("api", "StoreUploads").await;
    let denied = put("denied").await.unwrap();
    policy.restore().await;
    assert_eq!(denied.status(), 503);
    // Without the right to run a worker the event of the upload does it: nothing is lost, and somebody can read why.
    let policy = deployment.without_statement("api", "RunWorkers").await;
    let slower = put("slower").await.unwrap();
    policy.restore().await;
    assert_eq!(slower.status(), 200);
    let line = deployment.log_line("api", "privilege/slower.png").await;
    assert!(line["message"].as_str().unwrap().contains("Invoke of `"), "{line}");
}

#[tokio::test]
async fn the_batch_function_tells_s3_of_the_right_that_it_lacks() {
    let deployment = Deployment::connect().await;
    let key = "privilege/batch.png";
    deployment.upload(key, "image/png", png()).await;
    deployment.upload("privilege/batch.txt", "text/plain", b"no image".to_vec()).await;
    let event = |key: &str| {
        let task = json!({ "taskId": "t", "s3Key": key, "s3Bucket": deployment.source_bucket });
        json!({ "invocationSchemaVersion": "2.0", "invocationId": "i", "tasks": [task] })
    };
    for (sid, key, want) in [
        ("ReadSource", key, "HeadObject of `"),
        ("InvokeWorkers", key, "Invoke of `"),
        ("SendDeadLetters", "%FF", "SendMessage to `"),
        ("KeepEndings", "privilege/batch.txt", "PutObject of `"),
    ] {
        let policy = deployment.without_statement("batch", sid).await;
        let denied = deployment.invoke("batch", &event(key)).await;
        policy.restore().await;
        let result = &denied.payload["results"][0];
        assert_eq!(result["resultCode"], "TemporaryFailure", "{sid}: {denied:?}");
        assert!(result["resultString"].as_str().unwrap().contains(want), "{sid}: {result}");
        let allowed = deployment.invoke("batch", &event(key)).await;
        assert_ne!(allowed.payload["results"][0]["resultCode"], "TemporaryFailure", "{sid}: {allowed:?}");
    }
}
