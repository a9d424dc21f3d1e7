//! An image through every tier by `thumbtier smoke`, and nothing left of it; `thumbtier version`.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::PathBuf;
use std::process::{Command, Output};

use contract::TierTable;
use end_to_end::Deployment;
use serde_json::{Value, json};

/// `target/debug/thumbtier`, beside which this test was built.
fn thumbtier(arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.ancestors().nth(2).unwrap().join("thumbtier");
    assert!(path.is_file(), "{} is not built: run these tests with `make test`", path.display());
    Command::new(path).args(arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_tier_makes_its_image_and_nothing_is_left() {
    let deployment = Deployment::connect().await;
    let output = thumbtier(&["smoke", "--stage", "local", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    let tiers = TierTable::builtin().unwrap();
    let names: Vec<_> = tiers.iter().map(|tier| tier.name.as_str()).collect();
    assert_eq!(lines.iter().map(|line| line["made_by"].as_str().unwrap()).collect::<Vec<_>>(), names);
    for line in &lines {
        assert_eq!((&line["outcome"], &line["tier"]), (&json!("made"), &line["made_by"]));
        assert!(line["dollars"].as_f64().unwrap() > 5e-6, "a PUT alone costs that: {line}");
        let side = |name: &str| line["thumbnails"][0][name].as_u64().unwrap();
        assert_eq!(side("width_px").max(side("height_px")), 128, "{line}");
        let key = line["key"].as_str().unwrap();
        assert!(deployment.thumbnail_keys(key).await.is_empty(), "{key} has a thumbnail still");
        assert!(deployment.uploads(key).await.is_empty(), "{key} is there still");
    }
}

#[test]
fn an_image_that_no_tier_makes_in_time_is_told_and_deleted() {
    let output = thumbtier(&["smoke", "--stage", "local", "--json", "--timeout-s", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert!(lines.iter().any(|line| line["outcome"] == "failed"), "{lines:?}");
    let failed = lines.iter().find(|line| line["outcome"] == "failed").unwrap();
    assert!(failed["message"].as_str().unwrap().contains("one upload from event to end"), "{failed}");
}

#[test]
fn the_deployed_version_is_that_of_the_command() {
    let output = thumbtier(&["version", "--stage", "local", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let [versions] = &lines(&output)[..] else { panic!("{output:?}") };
    assert_eq!((&versions["is_same"], &versions["command"]), (&json!(true), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(versions["functions"].as_array().unwrap().len(), 5);
    assert_eq!(thumbtier(&["version", "--stage", "nowhere"]).status.code(), Some(2));
}
