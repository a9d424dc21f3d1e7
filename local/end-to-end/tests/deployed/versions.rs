//! A bucket with versions: thumbnails are those of the version that is current, whatever made it current.
//!
//! By S3's own notifications here. That EventBridge says the same of a deletion by id and of a marker is a test of the
//! dispatcher (`dispatcher/tests/events`).

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::PathBuf;
use std::process::Command;

use contract::metadata;
use end_to_end::{Deployment, Version, webp_over};
use image::{DynamicImage, Rgb, RgbImage};

fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(RgbImage::from_pixel(200, 100, Rgb([shade, 9, 0])))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

async fn connect() -> Deployment {
    let deployment = Deployment::connect().await;
    deployment.keep_versions(true).await;
    deployment
}

async fn upload(deployment: &Deployment, key: &str, shade: u8) -> Version {
    let version = deployment.upload_version(key, "image/png", None, png(shade)).await;
    has_thumbnails_of(deployment, key, &version).await;
    version
}

async fn has_thumbnails_of(deployment: &Deployment, key: &str, version: &Version) {
    let etag = version.etag.as_ref().unwrap();
    deployment.marked(&format!("{key}/128x128.jpg"), metadata::SOURCE_ETAG, etag).await;
    assert_eq!(deployment.thumbnail_keys(&format!("{key}/")).await, [format!("{key}/128x128.jpg")]);
}

#[tokio::test]
async fn a_an_old_version_is_deleted_and_the_newest_ones_thumbnails_stay() {
    let (deployment, key) = (connect().await, "versions/a.png");
    let first = upload(&deployment, key, 1).await;
    let second = upload(&deployment, key, 2).await;
    deployment.delete_version(key, &first).await;
    deployment.outcome("worker-small", key, "duplicate").await;
    has_thumbnails_of(&deployment, key, &second).await;
}

#[tokio::test]
async fn b_the_newest_is_deleted_by_its_id_and_the_older_ones_thumbnails_take_their_place() {
    let (deployment, key) = (connect().await, "versions/b.png");
    let first = upload(&deployment, key, 3).await;
    let second = upload(&deployment, key, 4).await;
    deployment.delete_version(key, &second).await;
    has_thumbnails_of(&deployment, key, &first).await;
    deployment.delete_version(key, &first).await;
    deployment.no_thumbnail(&format!("{key}/")).await;
}

#[tokio::test]
async fn b_what_came_back_goes_to_its_own_tier() {
    let (deployment, key) = (connect().await, "versions/large.webp");
    let tiers = contract::TierTable::builtin().unwrap();
    let webp = webp_over(tiers.get("small").unwrap().max_object_bytes(Some(contract::ImageFormat::Webp)));
    let first = deployment.upload_version(key, "image/webp", None, webp).await;
    has_thumbnails_of(&deployment, key, &first).await;
    let second = upload(&deployment, key, 5).await;
    deployment.delete_version(key, &second).await;
    has_thumbnails_of(&deployment, key, &first).await;
    // A worker writes its line after the thumbnail, and a busy machine lets it wait.
    let mut lines = Vec::new();
    for _ in 0..300 {
        lines = deployment.lines_about("worker-medium", key).await;
        if lines.iter().filter(|line| line["outcome"] == "made").count() == 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("two were made of it: {lines:?}");
}

#[tokio::test]
async fn b_a_deleted_picture_does_not_stay_where_the_older_version_is_none() {
    let deployment = connect().await;
    // One that the dispatcher skips, and one that a worker refuses.
    for (key, content_type) in [("versions/text", "text/plain"), ("versions/broken.png", "image/png")] {
        let first = deployment.upload_version(key, content_type, None, b"hello".to_vec()).await;
        let second = upload(&deployment, key, 6).await;
        deployment.delete_version(key, &second).await;
        deployment.no_thumbnail(&format!("{key}/")).await;
        deployment.delete_version(key, &first).await;
    }
}

#[tokio::test]
async fn c_thumbnails_go_with_the_object_and_come_back_with_it_when_the_marker_is_removed() {
    let (deployment, key) = (connect().await, "versions/c.png");
    let version = upload(&deployment, key, 7).await;
    let marker = deployment.mark_deleted(key).await;
    deployment.no_thumbnail(&format!("{key}/")).await;
    deployment.delete_version(key, &marker).await;
    has_thumbnails_of(&deployment, key, &version).await;
}

#[tokio::test]
async fn a_backfill_makes_what_is_current_and_nothing_of_what_was_deleted() {
    let deployment = connect().await;
    let mut newest = None;
    let work = async {
        deployment.upload_version("versions/before/two.png", "image/png", None, png(8)).await;
        newest = Some(deployment.upload_version("versions/before/two.png", "image/png", None, png(9)).await);
        deployment.upload_version("versions/before/deleted.png", "image/png", None, png(10)).await;
        deployment.mark_deleted("versions/before/deleted.png").await;
    };
    deployment.without_events(work).await;
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.ancestors().nth(2).unwrap().join("thumbtier");
    let place = format!("s3://{}/versions/before/", deployment.source_bucket);
    let output = Command::new(path)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .args(["backfill", &place, "--stage", "local", "--direct", "--json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!((&report["objects"], &report["dispatched"]), (&1.into(), &1.into()), "{report}");
    has_thumbnails_of(&deployment, "versions/before/two.png", &newest.unwrap()).await;
    assert!(deployment.thumbnail_keys("versions/before/deleted.png").await.is_empty());
}
