//! Dead letters are sent again. A test binary of its own, because it empties the queue.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;
use std::path::PathBuf;
use std::process::{Command, Output};

use end_to_end::Deployment;
use serde_json::{Value, json};

/// `target/debug/thumbtier`, beside which this test was built.
fn thumbtier(stage: &str, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.ancestors().nth(2).unwrap().join("thumbtier");
    assert!(path.is_file(), "{} is not built: run these tests with `make test`", path.display());
    Command::new(path).args(["redrive", "--json", "--stage", stage]).args(arguments).output().unwrap()
}

fn line_about(output: &Output, key: &str) -> Option<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|line| line["key"] == key)
}

#[tokio::test]
async fn a_letter_is_printed_sent_again_and_only_then_deleted() {
    let deployment = Deployment::connect().await;
    let key = "redrive/a b+ü.png";
    let mut png = Vec::new();
    image::RgbImage::new(8, 8).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let etag = deployment.upload(key, "image/png", png).await;
    let thumbnail = format!("{key}/128x128.jpg");
    deployment.thumbnail(&thumbnail).await;
    // As if it had failed: no thumbnail, and a letter.
    deployment.delete_thumbnail(&thumbnail).await;
    let job = json!({
        "bucket": deployment.source_bucket, "key": key, "etag": etag, "bytes": 9, "correlation_id": "redrive",
    });
    let letter = json!({ "reason": "write_failed", "message": "503", "correlation_id": "redrive", "job": job });
    deployment.send_dead_letter(&letter.to_string()).await;
    deployment.send_dead_letter("hello").await;

    let dry = thumbtier("local", &["--dry-run"]);
    let line = line_about(&dry, key).expect("the letter is printed");
    assert_eq!((&line["outcome"], &line["reason"]), (&json!("left"), &json!("write_failed")));
    assert!(deployment.thumbnail_keys("redrive/").await.is_empty());

    let real = thumbtier("local", &[]);
    assert_eq!(line_about(&real, key).expect("the letter was left")["outcome"], "sent");
    assert_eq!(real.status.code(), Some(1), "one letter cannot be sent again");
    assert!(String::from_utf8_lossy(&real.stdout).contains("\"unreadable\""));
    deployment.thumbnail(&thumbnail).await;
    assert!(line_about(&thumbtier("local", &["--dry-run"]), key).is_none(), "it was deleted");
}

#[test]
fn a_stage_that_is_not_there_is_wrong_usage() {
    let output = thumbtier("nowhere", &[]);
    assert_eq!(output.status.code(), Some(2));
}
