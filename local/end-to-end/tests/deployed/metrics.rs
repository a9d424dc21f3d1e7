//! The figures in CloudWatch are those of the log lines, and those of the price formula; the command prints them. What an
//! image writes to the logs stays below its limit.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::{Command, Output};

use contract::metrics::DISPATCHER;
use contract::{
    Architecture, DISPATCHER_LOG_BYTES, ImageFormat, JobRecord, LOG_EVENT_BYTES, Prices, Requests, TierTable,
    WORKER_LOG_BYTES, billed_ms,
};
use end_to_end::{Deployment, function_name, webp_over};
use image::{DynamicImage, ImageFormat as Encoder};
use serde_json::Value;

/// What an ordinary image may write: its worker's line, its dispatcher's, and Lambda's own, as CloudWatch counts them.
const BYTES_OF_AN_IMAGE: f64 = 900.0;

/// How many are uploaded to measure it.
const IMAGES: usize = 20;

/// The beginning of a PNG.
fn broken() -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::new_rgb8(40, 40).write_to(&mut Cursor::new(&mut bytes), Encoder::Png).unwrap();
    bytes.truncate(60);
    bytes
}

/// Sums by tier and metric, and that of all dollars.
async fn sums(deployment: &Deployment) -> BTreeMap<(String, &'static str), f64> {
    let tiers: Vec<_> = TierTable::builtin().unwrap().iter().map(|tier| tier.name.clone()).collect();
    let mut sums = BTreeMap::new();
    for tier in tiers.into_iter().chain([DISPATCHER.to_owned()]) {
        for name in ["images", "dollars"] {
            let sum = deployment.metric_sum(Some(("tier", &tier)), name).await;
            sums.insert((tier.clone(), name), sum);
        }
    }
    sums.insert(("all".to_owned(), "dollars"), deployment.metric_sum(None, "dollars").await);
    sums
}

/// What CloudWatch Logs has taken from these functions.
async fn log_bytes(deployment: &Deployment, functions: &[&str]) -> f64 {
    let mut bytes = 0.0;
    for function in functions {
        let group = format!("/aws/lambda/{}", function_name(function));
        bytes += deployment.sum_of("AWS/Logs", Some(("LogGroupName", &group)), "IncomingBytes").await;
    }
    bytes
}

/// `target/debug/thumbtier`, beside which this test was built.
fn thumbtier() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("thumbtier");
    assert!(path.exists(), "{} is missing: run these tests with `make test`", path.display());
    path
}

fn cost(arguments: &[&str]) -> Output {
    Command::new(thumbtier()).args(["cost", "--stage", "local"]).args(arguments).output().unwrap()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn assert_near(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1e-6), "{what}: {got}, expected {want}");
}

#[tokio::test]
async fn cloudwatch_has_what_the_functions_did_and_what_it_cost() {
    let deployment = Deployment::connect().await;
    an_ordinary_image_writes_little(&deployment).await;
    let before = sums(&deployment).await;
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
    let mut dispatched = vec![deployment.log_line("dispatcher", "metrics/notes.txt").await];
    let mut lines = Vec::new();
    for (tier, key) in &keys {
        lines.push(deployment.log_line(&format!("worker-{tier}"), key).await);
        dispatched.push(deployment.log_line("dispatcher", key).await);
    }
    let records: Vec<JobRecord> =
        lines.iter().map(|line| serde_json::from_value::<JobRecord>(line.clone()).unwrap()).collect();
    let after = sums(&deployment).await;
    let rise = |tier: &str, name| after[&(tier.to_owned(), name)] - before[&(tier.to_owned(), name)];

    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    for (count, tier) in tiers.iter().enumerate() {
        let images = count + 1 + usize::from(tier.name == "small");
        assert_eq!(rise(&tier.name, "images"), images as f64, "{}", tier.name);
        let of_tier = records.iter().zip(&lines).filter(|(record, _)| record.tier == tier.name);
        let logged: Vec<f64> = of_tier.clone().map(|(record, _)| record.cost.dollars.0).collect();
        assert_near(rise(&tier.name, "dollars"), logged.iter().sum(), &tier.name);
        for (record, line) in of_tier {
            let billed = billed_ms(record.init_ms + record.total_ms);
            let compute = prices.compute(Architecture::X86_64, tier.memory_mb, billed);
            let requests = prices.requests(Requests::of_worker(record.counts.thumbnails));
            let want = (compute + requests + prices.log_event(contract::line(line).len() as u64)).0;
            // Duration is rounded to hundredths, which may be another whole millisecond; a line to a byte or two.
            let a_millisecond = prices.compute(Architecture::X86_64, tier.memory_mb, 1).0;
            assert!((record.cost.dollars.0 - want).abs() <= a_millisecond + 4.0 * 0.5e-9, "{line}: expected {want}");
        }
    }
    let dollars = |line: &Value| line["dollars"].as_f64().unwrap();
    assert_near(rise(DISPATCHER, "dollars"), dispatched.iter().map(dollars).sum(), DISPATCHER);
    let all = ["small", "medium", "large", DISPATCHER].map(|tier| rise(tier, "dollars"));
    assert_near(rise("all", "dollars"), all.iter().sum(), "all");
    assert_eq!(records.last().unwrap().outcome, "corrupt");
    assert!(!records.last().unwrap().bucket.is_empty(), "a refusal keeps the whole line");

    the_command_prints_the_same_sums(&deployment, &after, init_dollars(&deployment).await);
    the_command_reads_reports(&deployment).await;
}

/// Ordinary images alone, all in one tier, some of them drawn into the sample; counted as CloudWatch bills them.
async fn an_ordinary_image_writes_little(deployment: &Deployment) {
    // A first job of each process is no ordinary one.
    deployment.upload("metrics/warm.webp", "image/webp", webp_over(10_000)).await;
    deployment.log_line("worker-small", "metrics/warm.webp").await;
    let functions = [DISPATCHER, "worker-small"];
    let before = log_bytes(deployment, &functions).await;
    let keys: Vec<_> = (0..IMAGES).map(|number| format!("photos/2026/11/29/IMG_{number:04}.webp")).collect();
    for key in &keys {
        deployment.upload(key, "image/webp", webp_over(10_000)).await;
    }
    let mut lines = 0.0;
    for key in &keys {
        for function in functions {
            let line = deployment.log_line(function, key).await;
            lines += (contract::line(&line).len() as u64 + LOG_EVENT_BYTES) as f64;
        }
    }
    let bytes = log_bytes(deployment, &functions).await - before;
    let each = bytes / IMAGES as f64;
    println!("{each:.0} B of logs for each of {IMAGES} ordinary images, {:.0} B of them ours", lines / IMAGES as f64);
    assert!(each <= BYTES_OF_AN_IMAGE, "{each:.0} B for each image: at most {BYTES_OF_AN_IMAGE}");
    // What predictions are made with; a sampled line among so few is much.
    let planned = (WORKER_LOG_BYTES + DISPATCHER_LOG_BYTES) as f64;
    assert!((each / planned - 1.0).abs() < 0.2, "{each:.0} B for each image, planned with {planned} B");
    assert!((bytes - lines).abs() < 1e-6, "{bytes} B by CloudWatch, {lines} B of lines: nothing else may be written");
}

/// INIT, which is billed and which no counter of Lambda's has: by the lines of first invocations.
async fn init_dollars(deployment: &Deployment) -> f64 {
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let tiers = TierTable::builtin().unwrap();
    let workers = tiers.iter().map(|tier| (format!("worker-{}", tier.name), tier.memory_mb));
    let mut dollars = 0.0;
    for (function, memory_mb) in workers.chain([(DISPATCHER.to_owned(), 128)]) {
        let lines = deployment.lines_about(&function, "").await;
        let init_ms = lines.iter().filter_map(|line| line["init_ms"].as_f64());
        dollars += init_ms.map(|ms| prices.compute(Architecture::X86_64, memory_mb, billed_ms(ms)).0).sum::<f64>();
    }
    dollars
}

fn the_command_prints_the_same_sums(
    deployment: &Deployment,
    sums: &BTreeMap<(String, &'static str), f64>,
    init_dollars: f64,
) {
    let page: Value = serde_json::from_str(&printed(cost(&["--json"]))).unwrap();
    for tier in page["tiers"].as_array().unwrap().iter().chain([&page["dispatcher"]]) {
        let name = tier["tier"].as_str().unwrap_or(DISPATCHER).to_owned();
        assert_near(tier["dollars"].as_f64().unwrap(), sums[&(name.clone(), "dollars")], &name);
    }
    let logged = page["total"]["dollars"].as_f64().unwrap();
    assert_near(logged, sums[&("all".to_owned(), "dollars")], "total");
    for item in ["S3 PUT", "S3 GET", "S3 HEAD", "Lambda time", "Lambda requests", "logs written", "logs kept"] {
        let found = page["items"].as_array().unwrap().iter().find(|row| row["item"] == item);
        assert!(found.is_some_and(|row| row["dollars"].as_f64() > Some(0.0)), "{item}: {page}");
    }
    // By AWS's counters and the list prices: that is how a prediction is made, and the functions know nothing of it.
    let counted = page["items_total"]["dollars"].as_f64().unwrap() + init_dollars;
    println!("{counted:.9} by items, of which {init_dollars:.9} INIT, and {logged:.9} by lines");
    assert!((counted / logged - 1.0).abs() <= 0.10, "{counted} by items, {logged} by lines: {page}");
    let fixed = page["fixed"].as_array().unwrap().iter().map(|row| row["dollars_per_month"].as_f64().unwrap());
    assert!(fixed.sum::<f64>() <= 3.0 + 1e-9, "{page}");
    let text = printed(cost(&["--since", "24h"]));
    println!("{text}");
    for row in ["small", "medium", "large", "dispatcher", "total", "S3 PUT", "logs written", "all items", "all fixed"] {
        assert!(text.lines().any(|line| line.starts_with(row)), "no row `{row}` in\n{text}");
    }
    assert!(text.contains(&deployment.region()), "{text}");
}

/// They are not written unless somebody wants them; then `--billed` finds them.
async fn the_command_reads_reports(deployment: &Deployment) {
    let refused = cost(&["--billed"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("platform_logs=on"), "{refused:?}");
    deployment.write_platform_logs("worker-small", true).await;
    deployment.upload("metrics/billed.webp", "image/webp", webp_over(10_000)).await;
    deployment.log_line("worker-small", "metrics/billed.webp").await;
    let billed: Value = serde_json::from_str(&printed(cost(&["--json", "--billed"]))).unwrap();
    deployment.write_platform_logs("worker-small", false).await;
    assert_eq!(billed["compute_from"], "billed");
    let time = billed["items"].as_array().unwrap().iter().find(|row| row["item"] == "Lambda time").unwrap();
    assert!(time["dollars"].as_f64() > Some(0.0), "{billed}");
}
