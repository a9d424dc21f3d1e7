//! S3 that is too busy to answer. A module of its own, because every function meets it.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;
use std::time::Duration;

use end_to_end::{Deployment, faults};

/// A HEAD of S3 has no body in which SlowDown would stand, and Lambda runs a failed event of S3 twice more within minutes.
#[tokio::test]
async fn a_dispatcher_that_s3_has_no_time_for_looks_again_until_it_has() {
    let deployment = Deployment::connect().await;
    let key = "slow-down/a b+ü.png";
    let mut png = Vec::new();
    image::RgbImage::new(8, 8).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    faults(r#"{"slow_down": 1}"#).await;
    deployment.upload(key, "image/png", png).await;
    // More often than Lambda would have tried.
    let lines = loop {
        let mut lines = deployment.lines_about("dispatcher", key).await;
        lines.retain(|line| line["outcome"] == "put_off");
        if lines.len() > 3 {
            break lines;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    faults("{}").await;
    deployment.thumbnail(&format!("{key}/128x128.jpg")).await;
    for line in &lines {
        assert!(line["message"].as_str().unwrap().contains("(503 SlowDown) failed"), "{line}");
        assert_eq!(line["correlation_id"], lines[0]["correlation_id"], "one upload, one name");
    }
    let lines = deployment.lines_about("dispatcher", key).await;
    let failed: Vec<_> = lines.iter().filter(|line| line["outcome"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:?}");
    let made = deployment.log_line("worker-small", key).await;
    assert_eq!(made["correlation_id"], lines[0]["correlation_id"]);
}
