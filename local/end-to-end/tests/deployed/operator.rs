//! The managed policies of the stack: with one a subcommand works, and without any of its rights it says which is missing.
//!
//! Three rights of `backfill` cannot be tried here, where there is no S3 Batch Operations: `MakeJobs`, `FollowJobs` and
//! `LendJobsTheirRole`; nor can `TellThumbnailGoneFromForbidden`, where S3 answers 404 without it. docs/aws.md says how on
//! AWS.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::PathBuf;
use std::process::{Command, Output};

use end_to_end::{Deployment, Operator};
use serde_json::json;

/// `target/debug/thumbtier`, beside which this test was built.
fn thumbtier(operator: &Operator, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.ancestors().nth(2).unwrap().join("thumbtier");
    let mut command = Command::new(path);
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).args(arguments).args(["--stage", "local"]);
    operator.runs(&mut command).output().unwrap()
}

/// The SDK finds a profile that it cannot use, and asks the AWS CLI; here a script with its answer, because signing in
/// takes a person and AWS.
#[tokio::test]
async fn who_signed_in_by_aws_login_needs_no_key_in_the_environment() {
    use std::os::unix::fs::PermissionsExt as _;
    let deployment = Deployment::connect().await;
    let operator = deployment.operator("Login", "Cost").await;
    operator.may_all_but(None).await;
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("signed-in");
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    let profile = "[default]\nlogin_session = arn:aws:iam::000000000000:user/operator\nregion = us-east-1\n";
    std::fs::write(home.join(".aws/config"), profile).unwrap();
    let (id, secret) = operator.key();
    let answer = json!({ "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret, "Expiration": "2036-01-01T00:00:00+00:00" });
    std::fs::write(
        home.join("aws"),
        format!("#!/bin/sh\n[ \"$*\" = 'configure export-credentials --format process' ] && echo '{answer}'\n"),
    )
    .unwrap();
    std::fs::set_permissions(home.join("aws"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test.ancestors().nth(2).unwrap().join("thumbtier"));
    let path = format!("{}:{}", home.display(), std::env::var("PATH").unwrap());
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("HOME", &home).env("PATH", path);
    let output = command.args(["cost", "--stage", "local"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    operator.leave().await;
}

/// Whether it ended as it does with all rights, and what it said.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{:?}\n{}\n{}", output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// With all rights each of `runs` ends well; without any one of `rights` one of them says what it could not do.
async fn check(
    deployment: &Deployment,
    command: &str,
    rights: &[(&str, &str)],
    prepare: impl AsyncFn(),
    runs: &[&[&str]],
) {
    let operator = deployment.operator(command, command).await;
    let untried = ["MakeJobs", "FollowJobs", "LendJobsTheirRole", "UseBucketKey", "TellThumbnailGoneFromForbidden"];
    let mut tried: Vec<_> = rights.iter().map(|(right, _)| (*right).to_owned()).collect();
    tried.extend(operator.rights().into_iter().filter(|right| untried.contains(&right.as_str())));
    let mut all = operator.rights();
    all.sort();
    tried.sort();
    assert_eq!(all, tried, "each right is tried");
    for (right, words) in rights {
        prepare().await;
        operator.may_all_but(Some(right)).await;
        let denied: Vec<_> = runs.iter().map(|arguments| said(&thumbtier(&operator, arguments))).collect();
        assert!(denied.iter().any(|said| said.contains(words)), "without {right} nothing says `{words}`: {denied:#?}");
    }
    prepare().await;
    operator.may_all_but(None).await;
    for arguments in runs {
        let output = thumbtier(&operator, arguments);
        // 1 is about letters, objects and durations; with few jobs in the logs `tune` has nothing to say.
        let (said, code) = (said(&output), output.status.code());
        assert!(matches!(code, Some(0 | 1)) || said.contains("no warm job of a worker"), "{arguments:?}: {said}");
        assert!(!said.contains("AccessDenied"), "{arguments:?}: {said}");
    }
    operator.leave().await;
}

#[tokio::test]
async fn each_right_of_cost_is_needed() {
    let deployment = Deployment::connect().await;
    let rights = [
        ("ReadFunctions", "is the stage deployed there?"),
        ("ReadMetrics", "reading metrics of `local`"),
        ("ReadRetention", "asking for `/aws/lambda/thumbtier-local-dispatcher`"),
        ("ReadLogs", "reading `/aws/lambda/thumbtier-local-"),
    ];
    deployment.write_platform_logs("worker-small", true).await;
    deployment.upload("operator/billed.png", "image/png", png()).await;
    deployment.thumbnail("operator/billed.png/128x128.jpg").await;
    check(&deployment, "Cost", &rights, async || {}, &[&["cost"], &["cost", "--billed"]]).await;
    deployment.write_platform_logs("worker-small", false).await;
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn each_right_of_redrive_is_needed() {
    let deployment = Deployment::connect().await;
    let key = "operator/redriven.png";
    let etag = deployment.upload(key, "image/png", png()).await;
    let job =
        json!({ "bucket": deployment.source_bucket, "key": key, "etag": etag, "bytes": 9, "correlation_id": "o" });
    let letter = json!({ "reason": "write_failed", "message": "503", "correlation_id": "o", "job": job }).to_string();
    let rights = [
        ("FindQueues", "finding the queue"),
        ("CountLetters", "counting the dead letters"),
        ("ReadLetters", "reading the dead letters"),
        ("LeaveLetters", "leaving a dead letter where it is"),
        ("RunDispatcher", "invoking `thumbtier-local-dispatcher`"),
        ("RemoveLetters", "deleting a dead letter that was handed over"),
    ];
    let prepare = async || deployment.send_dead_letter(&letter).await;
    check(&deployment, "Redrive", &rights, prepare, &[&["redrive", "--dry-run"], &["redrive"]]).await;
}

#[tokio::test]
async fn each_right_of_smoke_is_needed() {
    let deployment = Deployment::connect().await;
    let rights = [
        ("ReadFunctions", "is the stage deployed there?"),
        ("StoreImages", "uploading `"),
        ("ReadThumbnails", "reading `"),
        ("RemoveImages", "deleting `"),
        ("RemoveThumbnails", "deleting `"),
    ];
    check(&deployment, "Smoke", &rights, async || {}, &[&["smoke"]]).await;
    // Who may not remove what he made leaves it.
    for key in deployment.uploads("thumbtier-smoke/").await {
        deployment.delete(&key).await;
    }
}

#[tokio::test]
async fn each_right_of_backfill_is_needed() {
    let deployment = Deployment::connect().await;
    deployment.upload("operator/backfill/a.png", "image/png", png()).await;
    let place = format!("s3://{}/operator/backfill/", deployment.source_bucket);
    let rights = [
        ("ReadFunction", "is the stage deployed there?"),
        ("ListUploads", "listing `s3://"),
        ("RunBatch", "invoking `thumbtier-local-batch`"),
        ("ReadUploads", "HEAD of `s3://"),
        ("RunWorkers", "invoking `thumbtier-local-worker-small`"),
        ("StoreManifests", "storing the manifest"),
        ("RemoveManifests", "deleting the manifest"),
    ];
    let runs: &[&[&str]] =
        &[&["backfill", &place, "--fresh"], &["backfill", &place, "--fresh", "--max-concurrency", "2"]];
    check(&deployment, "Backfill", &rights, async || {}, runs).await;
    // Who may not remove a manifest leaves it.
    for key in deployment.thumbnail_keys(".thumbtier/backfill/").await {
        deployment.delete_thumbnail(&key).await;
    }
}

#[tokio::test]
async fn each_right_of_tune_is_needed() {
    let deployment = Deployment::connect().await;
    let image = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("operator.png");
    std::fs::write(&image, png()).unwrap();
    let image = image.to_str().unwrap().to_owned();
    let rights = [
        ("ReadLogs", "reading `/aws/lambda/thumbtier-local-worker-"),
        ("ReadFunctions", "is the stage deployed there?"),
        ("RunWorkers", "invoking `thumbtier-local-worker-"),
        ("StoreImages", "uploading `"),
        ("RemoveImages", "deleting `"),
        ("RemoveThumbnails", "deleting `"),
    ];
    let tiers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tiers.json");
    let runs: &[&[&str]] =
        &[&["tune", "--tiers", tiers, "--from-logs"], &["tune", "--tiers", tiers, "--validate", "--images", &image]];
    check(&deployment, "Tune", &rights, async || {}, runs).await;
}
