//! The figures in CloudWatch are those of the log lines, and those of the price formula; the command prints them.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::Command;

use contract::metrics::DISPATCHER;
use contract::{Architecture, ImageFormat, JobRecord, Prices, Requests, TierTable, billed_ms};
use end_to_end::{Deployment, webp_over};
use image::{DynamicImage, ImageFormat as Encoder};
use serde_json::Value;

/// The beginning of a PNG.
fn broken() -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::new_rgb8(40, 40).write_to(&mut Cursor::new(&mut bytes), Encoder::Png).unwrap();
    bytes.truncate(60);
    bytes
}

/// Sums by tier and metric.
async fn sums(deployment: &Deployment) -> BTreeMap<(String, &'static str), f64> {
    let names = ["images", "thumbnails", "refusals", "compute_dollars", "request_dollars", "objects", "heads"];
    let tiers: Vec<_> = TierTable::builtin().unwrap().iter().map(|tier| tier.name.clone()).collect();
    let mut sums = BTreeMap::new();
    for tier in tiers.into_iter().chain([DISPATCHER.to_owned()]) {
        for name in names {
            let sum = deployment.metric_sum("tier", &tier, name).await;
            sums.insert((tier.clone(), name), sum);
        }
    }
    sums
}

/// `target/debug/thumbtier`, beside which this test was built.
fn thumbtier() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("thumbtier");
    assert!(path.exists(), "{} is missing: run these tests with `make test`", path.display());
    path
}

fn assert_near(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1e-6), "{what}: {got}, expected {want}");
}

#[tokio::test]
async fn cloudwatch_has_what_the_functions_did_and_what_it_cost() {
    let deployment = Deployment::connect().await;
    let before = sums(&deployment).await;
    let corrupt_before = deployment.metric_sum("outcome", "corrupt", "images").await;
    let tiers = TierTable::builtin().unwrap();
    let mut keys = Vec::new();
    // One more image for each larger tier, and one refusal.
    let mut just_over_bytes = 10_000;
    for (count, tier) in tiers.iter().enumerate() {
        for number in 0..=count {
            let key = format!("metrics/{}-{number}.webp", tier.name);
            deployment.upload(&key, "image/webp", webp_over(just_over_bytes)).await;
            keys.push((tier.name.clone(), key));
        }
        just_over_bytes = tier.max_object_bytes(Some(ImageFormat::Webp));
    }
    deployment.upload("metrics/broken.png", "image/png", broken()).await;
    keys.push(("small".into(), "metrics/broken.png".into()));
    deployment.upload("metrics/notes.txt", "text/plain", b"hello".to_vec()).await;
    deployment.log_line("dispatcher", "metrics/notes.txt").await;
    let mut records = Vec::new();
    for (tier, key) in &keys {
        let line = deployment.log_line(&format!("worker-{tier}"), key).await;
        records.push(serde_json::from_value::<JobRecord>(line).unwrap());
    }
    let after = sums(&deployment).await;
    let rise = |tier: &str, name| after[&(tier.to_owned(), name)] - before[&(tier.to_owned(), name)];

    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    for (count, tier) in tiers.iter().enumerate() {
        let images = count + 1 + usize::from(tier.name == "small");
        assert_eq!(rise(&tier.name, "images"), images as f64, "{}", tier.name);
        assert_eq!(rise(&tier.name, "thumbnails"), (count + 1) as f64, "{}", tier.name);
        assert_eq!(rise(&tier.name, "refusals"), f64::from(u8::from(tier.name == "small")), "{}", tier.name);
        let of_tier: Vec<_> = records.iter().filter(|record| record.tier == tier.name).collect();
        let compute = of_tier.iter().map(|record| {
            let billed = billed_ms(record.init_ms + record.total_ms);
            prices.compute(Architecture::X86_64, tier.memory_mb, billed).0
        });
        assert_near(rise(&tier.name, "compute_dollars"), compute.sum(), &tier.name);
        let requests = of_tier.iter().map(|record| prices.requests(Requests::of_worker(record.counts.thumbnails)).0);
        assert_near(rise(&tier.name, "request_dollars"), requests.sum(), &tier.name);
    }
    let objects = (keys.len() + 1) as f64;
    assert_eq!(rise(DISPATCHER, "objects"), objects);
    assert_eq!(rise(DISPATCHER, "heads"), objects);
    assert_eq!(records.last().unwrap().outcome, "corrupt");
    assert_eq!(deployment.metric_sum("outcome", "corrupt", "images").await - corrupt_before, 1.0);

    the_command_prints_the_same_sums(&deployment, &after);
}

fn the_command_prints_the_same_sums(deployment: &Deployment, sums: &BTreeMap<(String, &'static str), f64>) {
    let run = |arguments: &[&str]| {
        let output = Command::new(thumbtier()).args(["cost", "--stage", "local"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let page: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let mut whole = 0.0;
    for tier in page["tiers"].as_array().unwrap().iter().chain([&page["dispatcher"]]) {
        let name = tier["tier"].as_str().unwrap_or(DISPATCHER).to_owned();
        for metric in ["compute_dollars", "request_dollars"] {
            let want = sums[&(name.clone(), metric)];
            assert_near(tier[metric].as_f64().unwrap(), want, &format!("{name} {metric}"));
            whole += want;
        }
    }
    assert_near(page["total"]["dollars"].as_f64().unwrap(), whole, "total");
    let skipped = &page["dispatcher"]["skipped"];
    assert!(skipped["by_name"]["not_an_image"].as_u64() >= Some(1) && skipped["objects"].as_u64() >= Some(1), "{page}");
    let billed: Value = serde_json::from_str(&run(&["--json", "--billed"])).unwrap();
    assert_eq!(billed["compute_from"], "billed");
    assert!(billed["total"]["dollars"].as_f64().unwrap() > 0.0, "{billed}");
    let text = run(&["--since", "24h"]);
    println!("{text}");
    for tier in ["small", "medium", "large", "dispatcher", "total"] {
        assert!(text.lines().any(|line| line.starts_with(tier)), "no row `{tier}` in\n{text}");
    }
    assert!(text.contains(&deployment.region()), "{text}");
    assert!(text.lines().any(|line| line.starts_with("skipped: ") && line.contains("not_an_image")), "{text}");
}
