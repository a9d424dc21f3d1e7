//! `thumbtier validate`, as it is called before a deployment.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn validate(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_thumbtier")).current_dir(root).arg("validate").args(arguments).output().unwrap()
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_shipped_files_are_good_and_sample_keys_are_shown() {
    let output = validate(&["--region", "us-east-1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("holiday/red flower+1.jpg -> holiday/red flower+1.jpg/"), "{text}");
}

#[test]
fn other_thumbnails_than_were_measured_are_a_warning_with_what_to_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shipped = std::fs::read_to_string(root.join("thumbnails.json")).unwrap();
    let output = validate(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ok       measured    the thresholds are for `128x128 inside auto 80`"), "{text}");

    let larger = file("larger.json", &shipped.replace(": 128", ": 2048"));
    let output = validate(&["--thumbnails", larger.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "it would run: {text}");
    let warning = text.lines().find(|line| line.starts_with("warning  measured")).unwrap();
    assert!(warning.contains("`128x128 inside auto 80`, not for `2048x2048 inside auto 80`"), "{warning}");
    assert!(warning.contains("run `make calibrate`"), "{warning}");
}

#[test]
fn what_could_loop_is_refused_by_name() {
    let template = r#"{"Resources":{
        "Worker":{"Properties":{"Environment":{"Variables":{"SOURCE_BUCKET":"b","DESTINATION_BUCKET":"b"}}}},
        "Uploads":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"b",
            "NotificationConfiguration":{"LambdaConfigurations":[{"Event":"s3:ObjectCreated:*"}]}}}}}"#;
    let template = file("loops.json", template);
    let output = validate(&["--json", "--template", template.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let refused = text.lines().find(|line| line.contains("\"refused\"")).unwrap();
    assert!(refused.contains("\"buckets\"") && refused.contains("choose another destination_bucket"), "{refused}");
}

#[test]
fn the_formats_of_a_template_are_shown_and_a_wrong_one_is_refused() {
    let said = |formats: &str| {
        let template = format!(
            r#"{{"Resources":{{"Worker":{{"Properties":{{"Environment":{{"Variables":{{"SOURCE_BUCKET":"b",
                "DESTINATION_BUCKET":"t","FORMATS":"{formats}"}}}}}}}}}}}}"#
        );
        let template = file("formats.json", &template);
        let output = validate(&["--template", template.to_str().unwrap()]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find(|line| line.contains("formats ")).unwrap().to_owned()
    };
    assert_eq!(said(""), "ok       formats     all that the build has");
    assert_eq!(said("webp,jpeg"), "ok       formats     jpeg, webp; no others");
    assert!(said("jpg").starts_with("refused  formats     formats has `jpg`: expected any of jpeg, png"));
}

#[test]
fn bad_tables_are_refused_missing_files_are_wrong_usage_and_a_region_without_prices_is_told() {
    let thumbnails = file("no-variant.json", r#"{"key":"{key}/{variant}","cache_control":"","variants":[]}"#);
    let output = validate(&["--thumbnails", thumbnails.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("variants is empty"), "{text}");
    let output = validate(&["--region", "mars-north-1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "a price is no reason against a deployment: {text}");
    let warning = text.lines().find(|line| line.contains("mars-north-1")).unwrap();
    assert!(warning.starts_with("warning") && warning.contains("list price of us-east-1"), "{warning}");
    assert_eq!(validate(&["--tiers", "nowhere.json"]).status.code(), Some(2));
}
