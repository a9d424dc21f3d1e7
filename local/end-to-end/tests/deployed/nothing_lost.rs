//! Twice, late, deleted, killed, corrupt: every upload ends as its thumbnails or as a named failure.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;

use contract::{ImageFormat, TierTable, metadata};
use end_to_end::Deployment;
use image::{DynamicImage, Rgb, RgbImage};
use serde_json::{Value, json};

/// An image of its own for each shade.
fn png(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = RgbImage::from_pixel(300, 200, Rgb([shade, 0, 0]));
    image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// A notification as S3 sends it. `name` is `ObjectCreated:Put` or `ObjectRemoved:Delete`.
pub(crate) fn event(deployment: &Deployment, name: &str, key: &str, etag: &str, sequencer: &str) -> Value {
    let object = json!({ "key": key, "eTag": etag.trim_matches('"'), "sequencer": sequencer });
    let s3 = json!({ "bucket": { "name": deployment.source_bucket }, "object": object });
    json!({ "Records": [{ "eventSource": "aws:s3", "eventName": name, "s3": s3 }] })
}

fn job(deployment: &Deployment, key: &str, etag: &str, sequencer: &str) -> Value {
    json!({
        "bucket": deployment.source_bucket, "key": key, "etag": etag, "bytes": 9, "format": "png",
        "sequencer": sequencer, "correlation_id": "end-to-end",
    })
}

#[tokio::test]
async fn the_same_event_twice_makes_the_thumbnail_once() {
    let deployment = Deployment::connect().await;
    let key = "lost/twice.png";
    let etag = deployment.upload(key, "image/png", png(1)).await;
    deployment.outcome("worker-small", key, "made").await;
    let again = event(&deployment, "ObjectCreated:Put", key, &etag, "01");
    assert!(!deployment.invoke("dispatcher", &again).await.failed);
    deployment.outcome("worker-small", key, "duplicate").await;
    assert_eq!(deployment.thumbnail_keys("lost/twice.png/").await, ["lost/twice.png/128x128.jpg"]);
}

#[tokio::test]
async fn an_older_version_that_comes_late_changes_nothing() {
    let deployment = Deployment::connect().await;
    let (key, thumbnail) = ("lost/late.png", "lost/late.png/128x128.jpg");
    let older = deployment.upload(key, "image/png", png(2)).await;
    deployment.outcome("worker-small", key, "made").await;
    let newer = deployment.upload(key, "image/png", png(3)).await;
    deployment.marked(thumbnail, metadata::SOURCE_ETAG, &newer).await;
    // A job about a version that is not there any more reads nothing.
    let late = job(&deployment, key, &older, "00");
    assert_eq!(deployment.invoke("worker-small", &late).await.payload["outcome"], "gone");
    // One that has read it before comes to its PUT and finds the newer: here by a copy of the newer's mark.
    let copy = "lost/late-copy.png";
    let etag = deployment.upload(copy, "image/png", png(2)).await;
    deployment.outcome("worker-small", copy, "made").await;
    deployment.put_newer("lost/late-copy.png/128x128.jpg", "F".repeat(18).as_str(), png(3)).await;
    let answer = deployment.invoke("worker-small", &job(&deployment, copy, &etag, "00")).await;
    assert_eq!(answer.payload["outcome"], "stale", "{answer:?}");
    assert_eq!(deployment.mark(thumbnail, metadata::SOURCE_ETAG).await.unwrap(), newer);
}

#[tokio::test]
async fn many_versions_in_a_row_end_with_the_newest() {
    let deployment = Deployment::connect().await;
    let key = "lost/many.png";
    let mut newest = String::new();
    for shade in 10..20 {
        newest = deployment.upload(key, "image/png", png(shade)).await;
    }
    deployment.marked("lost/many.png/128x128.jpg", metadata::SOURCE_ETAG, &newest).await;
    assert_eq!(deployment.thumbnail_keys("lost/many.png/").await.len(), 1);
}

#[tokio::test]
async fn a_version_with_alpha_takes_the_jpeg_of_the_older_one_away() {
    let deployment = Deployment::connect().await;
    let key = "lost/alpha.png";
    deployment.upload(key, "image/png", png(4)).await;
    deployment.outcome("worker-small", key, "made").await;
    let mut with_alpha = Vec::new();
    DynamicImage::new_rgba8(300, 200).write_to(&mut Cursor::new(&mut with_alpha), image::ImageFormat::Png).unwrap();
    deployment.upload(key, "image/png", with_alpha).await;
    deployment.thumbnail("lost/alpha.png/128x128.png").await;
    deployment.no_thumbnail("lost/alpha.png/128x128.jpg").await;
}

#[tokio::test]
async fn a_deletion_takes_the_thumbnail_and_a_late_one_leaves_the_newer_upload() {
    let deployment = Deployment::connect().await;
    let key = "lost/deleted.png";
    deployment.upload(key, "image/png", png(5)).await;
    deployment.outcome("worker-small", key, "made").await;
    deployment.delete(key).await;
    deployment.no_thumbnail("lost/deleted.png/").await;
    deployment.outcome("worker-small", key, "removed").await;
    let etag = deployment.upload(key, "image/png", png(6)).await;
    deployment.marked("lost/deleted.png/128x128.jpg", metadata::SOURCE_ETAG, &etag).await;
    let late = event(&deployment, "ObjectRemoved:Delete", key, "", "01");
    assert!(!deployment.invoke("dispatcher", &late).await.failed);
    // What is there has its thumbnails.
    deployment.outcome("worker-small", key, "duplicate").await;
    assert_eq!(deployment.thumbnail_keys("lost/deleted.png/").await.len(), 1);
}

#[tokio::test]
async fn a_corrupt_image_is_a_letter_with_its_reason_among_refused_uploads() {
    let deployment = Deployment::connect().await;
    let key = "lost/corrupt.png";
    let mut bytes = png(7);
    bytes.truncate(60);
    deployment.upload(key, "image/png", bytes).await;
    let letter = deployment.refusal(key).await;
    assert_eq!(letter["reason"], "corrupt", "{letter}");
    assert!(letter["message"].as_str().unwrap().contains("png is damaged"), "{letter}");
    let line = deployment.outcome("worker-small", key, "corrupt").await;
    assert_eq!(line["correlation_id"], letter["correlation_id"]);
}

#[tokio::test]
async fn a_failed_job_of_a_killed_worker_goes_up_a_tier_once() {
    let deployment = Deployment::connect().await;
    let key = "lost/killed.png";
    let etag = deployment.upload(key, "image/png", png(8)).await;
    deployment.outcome("worker-small", key, "made").await;
    for escalated_from in [Value::Null, json!("small")] {
        let mut job = job(&deployment, key, &etag, "00");
        job["escalated_from"] = escalated_from;
        deployment.report_killed("worker-medium", &job).await;
    }
    let line = deployment.outcome("worker-large", key, "duplicate").await;
    assert_eq!(line["correlation_id"], "end-to-end");
    let letter = deployment.dead_letter(key).await;
    assert_eq!((&letter["reason"], &letter["job"]["escalated_from"]), (&json!("killed"), &json!("small")));
}

#[tokio::test]
async fn messages_of_a_queue_are_answered_each_for_itself() {
    let deployment = Deployment::connect().await;
    let key = "lost/queued.png";
    let etag = deployment.upload(key, "image/png", png(9)).await;
    let created = event(&deployment, "ObjectCreated:Put", key, &etag, "01");
    let message = |id: &str, body: String| json!({ "eventSource": "aws:sqs", "messageId": id, "body": body });
    let records = [message("good", created.to_string()), message("bad", "hello".to_owned())];
    let answer = deployment.invoke("dispatcher", &json!({ "Records": records })).await;
    assert_eq!(answer.payload, json!({ "batchItemFailures": [{ "itemIdentifier": "bad" }] }));
}

#[tokio::test]
async fn s3_batch_operations_make_thumbnails_too() {
    let deployment = Deployment::connect().await;
    let key = "lost/batch.png";
    deployment.upload(key, "image/png", png(21)).await;
    let task = |id: &str, key: &str| json!({ "taskId": id, "s3Key": key, "s3Bucket": deployment.source_bucket });
    let tasks = [task("there", "lost%2Fbatch.png"), task("gone", "never-there.png")];
    let event = json!({ "invocationSchemaVersion": "2.0", "invocationId": "i", "job": { "id": "j" }, "tasks": tasks });
    let answer = deployment.invoke("batch", &event).await;
    let results = &answer.payload["results"];
    assert_eq!(
        (&results[0]["resultCode"], &results[0]["resultString"]),
        (&json!("Succeeded"), &json!("sent to small"))
    );
    assert!(results[1]["resultString"].as_str().unwrap().starts_with("gone: "), "{results}");
    deployment.thumbnail("lost/batch.png/128x128.jpg").await;
}

/// Guard two of four alone: nothing in the code is asked, because the bucket of thumbnails announces nothing.
/// A neutral object, without marker and without a key of ours, would be made into a thumbnail if it were announced.
#[tokio::test]
async fn the_bucket_of_thumbnails_announces_nothing() {
    let deployment = Deployment::connect().await;
    deployment.put_thumbnail("lost/foreign.png", png(22)).await;
    // What is uploaded later is done, and still nobody has heard of the other.
    deployment.upload("lost/after-foreign.png", "image/png", png(23)).await;
    deployment.outcome("worker-small", "lost/after-foreign.png", "made").await;
    assert!(!deployment.is_logged("dispatcher", "lost/foreign.png").await);
}

/// Guard three of four alone: an event says that the bucket of thumbnails had an upload, which has no marker.
#[tokio::test]
async fn a_key_of_ours_in_the_bucket_of_thumbnails_is_skipped() {
    let deployment = Deployment::connect().await;
    let key = "lost/guard.png/128x128.jpg";
    deployment.put_thumbnail(key, png(24)).await;
    let s3 = json!({ "bucket": { "name": deployment.destination_bucket }, "object": { "key": key } });
    let answer = deployment.invoke("dispatcher", &json!({ "Records": [{ "s3": s3 }] })).await;
    assert_eq!(answer.payload["skipped"], json!({ "own_output": 1 }));
}

/// Guard four of four alone: bucket and key are those of an upload, the marker is not.
#[tokio::test]
async fn an_object_with_our_marker_is_skipped() {
    let deployment = Deployment::connect().await;
    deployment.upload_marked("lost/marked.png", png(25)).await;
    deployment.outcome("dispatcher", "lost/marked.png", "own_output").await;
    assert!(deployment.thumbnail_keys("lost/marked.png/").await.is_empty());
}

/// On a tier that no other test here uses.
#[tokio::test]
async fn a_worker_that_is_killed_hands_its_job_to_the_next_tier() {
    let deployment = Deployment::connect().await;
    let key = "lost/heavy.bmp";
    let limit = TierTable::builtin().unwrap().get("medium").unwrap().max_object_bytes(Some(ImageFormat::Bmp));
    // To the medium tier by its size, and no worker makes it before it is killed.
    let rows = u32::try_from(limit / (3000 * 3)).unwrap() - 1;
    let mut bmp = Vec::new();
    RgbImage::new(3000, rows).write_to(&mut Cursor::new(&mut bmp), image::ImageFormat::Bmp).unwrap();
    deployment.upload(key, "image/bmp", bmp).await;
    let escalated = deployment.outcome("dispatcher", key, "escalated");
    let line = deployment.kill_while("worker-medium", escalated).await;
    assert_eq!(line["sent_to"], "large", "{line}");
    deployment.outcome("worker-large", key, "made").await;
    deployment.thumbnail("lost/heavy.bmp/128x128.jpg").await;
}
