//! The figures in CloudWatch are those of the log lines, and those of the price formula; the command prints them. What an
//! image writes to the logs stays below its limit.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::{Command, Output};

use contract::metrics::DISPATCHER;
use contract::{
    DISPATCHER_LOG_BYTES, ImageFormat, JobRecord, LOG_EVENT_BYTES, Prices, Requests, TierTable, WORKER_LOG_BYTES,
    billed_ms,
};
use end_to_end::{Deployment, architecture, function_name, raw_over, webp_over};
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
    for tier in tiers {
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
        bytes += deployment.sum_of("AWS/Logs", &[("LogGroupName", &group)], "IncomingBytes").await;
    }
    bytes
}

/// What S3 was asked so far: PUT, GET, HEAD and DELETE of a bucket.
async fn s3_requests(deployment: &Deployment, bucket: &str) -> [f64; 4] {
    let mut counts = [0.0; 4];
    for (count, metric) in counts.iter_mut().zip(["PutRequests", "GetRequests", "HeadRequests", "DeleteRequests"]) {
        let dimensions = [("BucketName", bucket), ("FilterId", "EntireBucket")];
        *count = deployment.sum_of("AWS/S3", &dimensions, metric).await;
    }
    counts
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
            let key = format!("metrics/{}-{number}.raf", tier.name);
            deployment.upload(&key, "image/x-fuji-raf", raw_over(just_over_bytes)).await;
            keys.push((tier.name.clone(), key));
        }
        just_over_bytes = tier.max_object_bytes(Some(ImageFormat::Raw));
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
            let compute = prices.compute(architecture(), tier.memory_mb, billed);
            let requests = prices.requests(Requests::of_worker(record.counts.thumbnails));
            let want = (compute + requests + prices.log_event(contract::line(line).len() as u64)).0;
            // Duration is rounded to hundredths, which may be another whole millisecond; a line to a byte or two.
            let a_millisecond = prices.compute(architecture(), tier.memory_mb, 1).0;
            assert!((record.cost.dollars.0 - want).abs() <= a_millisecond + 4.0 * 0.5e-9, "{line}: expected {want}");
        }
    }
    let dollars = |line: &Value| line["dollars"].as_f64().unwrap();
    // What the workers leave of all dollars is the dispatcher's.
    let workers: f64 = ["small", "medium", "large"].map(|tier| rise(tier, "dollars")).iter().sum();
    assert_near(rise("all", "dollars"), workers + dispatched.iter().map(dollars).sum::<f64>(), "all");
    assert_eq!(records.last().unwrap().outcome, "corrupt");
    assert!(!records.last().unwrap().bucket.is_empty(), "a refusal keeps the whole line");

    let time = logged_time_dollars(&deployment).await;
    the_command_prints_the_same_sums(&deployment, &after, time);
    the_command_reads_reports(&deployment).await;
    a_kill_loses_one_line(&deployment).await;
}

/// Ordinary images alone, all in one tier, some of them drawn into the sample; counted as CloudWatch bills them.
async fn an_ordinary_image_writes_little(deployment: &Deployment) {
    // A first job of each process is no ordinary one.
    deployment.upload("metrics/warm.webp", "image/webp", webp_over(10_000)).await;
    deployment.log_line("worker-small", "metrics/warm.webp").await;
    let functions = [DISPATCHER, "worker-small"];
    let buckets = [&deployment.source_bucket, &deployment.destination_bucket];
    let asked = [s3_requests(deployment, buckets[0]).await, s3_requests(deployment, buckets[1]).await];
    let before = log_bytes(deployment, &functions).await;
    let keys: Vec<_> = (0..IMAGES).map(|number| format!("photos/2026/11/29/IMG_{number:04}.webp")).collect();
    let (mut lines, mut dollars) = (0.0, 0.0);
    for key in &keys {
        // One after the other: side by side each would be the first of a process.
        deployment.upload(key, "image/webp", webp_over(10_000)).await;
        for function in functions {
            let line = deployment.log_line(function, key).await;
            lines += (contract::line(&line).len() as u64 + LOG_EVENT_BYTES) as f64;
            dollars += line["dollars"].as_f64().unwrap();
        }
    }
    // One GET and two HEADs of the upload, which this test PUT; one PUT of the thumbnail, and a DELETE, which is free, of
    // what may stand beside it.
    let images = IMAGES as f64;
    let want = [[images, images, 2.0 * images, 0.0], [images, 0.0, 0.0, images]];
    for ((bucket, before), want) in buckets.into_iter().zip(asked).zip(want) {
        let now = s3_requests(deployment, bucket).await;
        let rise: Vec<_> = now.iter().zip(before).map(|(now, before)| now - before).collect();
        assert_eq!(rise, want, "PUT, GET, HEAD and DELETE of {bucket}");
    }
    the_dry_run_predicts_what_they_cost(deployment, dollars);
    let bytes = log_bytes(deployment, &functions).await - before;
    let each = bytes / IMAGES as f64;
    println!("{each:.0} B of logs for each of {IMAGES} ordinary images, {:.0} B of them ours", lines / IMAGES as f64);
    assert!(each <= BYTES_OF_AN_IMAGE, "{each:.0} B for each image: at most {BYTES_OF_AN_IMAGE}");
    // What predictions are made with; a sampled line among so few is much.
    let planned = (WORKER_LOG_BYTES + DISPATCHER_LOG_BYTES) as f64;
    assert!((each / planned - 1.0).abs() < 0.2, "{each:.0} B for each image, planned with {planned} B");
    assert!((bytes - lines).abs() < 1e-6, "{bytes} B by CloudWatch, {lines} B of lines: nothing else may be written");
}

/// What the functions' own clocks come to, INIT included.
async fn logged_time_dollars(deployment: &Deployment) -> f64 {
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let tiers = TierTable::builtin().unwrap();
    let workers = tiers.iter().map(|tier| (format!("worker-{}", tier.name), tier.memory_mb));
    let mut dollars = 0.0;
    for (function, memory_mb) in workers.chain([(DISPATCHER.to_owned(), 128)]) {
        for line in deployment.lines_about(&function, "").await {
            let ms = |name: &str| line[name].as_f64().unwrap_or_default();
            let billed = billed_ms(ms("init_ms") + ms("total_ms"));
            dollars += prices.compute(architecture(), memory_mb, billed).0;
        }
    }
    dollars
}

/// As if these images had been there before, and S3 Batch Operations had brought them: the same invocations.
fn the_dry_run_predicts_what_they_cost(deployment: &Deployment, logged: f64) {
    let place = format!("s3://{}/photos/", deployment.source_bucket);
    let arguments = ["backfill", &place, "--stage", "local", "--dry-run", "--json"];
    let page: Value =
        serde_json::from_str(&printed(Command::new(thumbtier()).args(arguments).output().unwrap())).unwrap();
    assert_eq!(page["objects"], IMAGES, "{page}");
    let of = |name: &str| page[name].as_f64().unwrap();
    let predicted = of("dollars") - of("batch_operations_dollars");
    let off = predicted / logged - 1.0;
    println!(
        "{:.2} predicted per million, {:.2} logged: {:+.1} %",
        per_million(predicted),
        per_million(logged),
        100.0 * off
    );
    assert!(off.abs() <= 0.10, "{predicted} predicted, {logged} logged: {page}");
}

fn per_million(dollars_of_all: f64) -> f64 {
    dollars_of_all / IMAGES as f64 * 1e6
}

/// Quick jobs of a tier, and one that is killed there in the middle: of that one there is no line.
async fn a_kill_loses_one_line(deployment: &Deployment) {
    let tiers = TierTable::builtin().unwrap();
    let over_small = tiers.get("small").unwrap().max_object_bytes(Some(ImageFormat::Raw));
    let images = async |tier: &str| deployment.metric_sum(Some(("tier", tier)), "images").await;
    let before = [images("medium").await, images("large").await];
    for number in 0..4 {
        let key = format!("metrics/killed-{number}.raf");
        deployment.upload(&key, "image/x-fuji-raf", raw_over(over_small)).await;
        deployment.log_line("worker-medium", &key).await;
    }
    // To the medium tier by its size, and no worker makes it before it is killed.
    let key = "metrics/killed.bmp";
    let limit = tiers.get("medium").unwrap().max_object_bytes(Some(ImageFormat::Bmp));
    let rows = u32::try_from(limit / (3000 * 3)).unwrap() - 1;
    let mut bmp = Vec::new();
    DynamicImage::new_rgb8(3000, rows).write_to(&mut Cursor::new(&mut bmp), Encoder::Bmp).unwrap();
    deployment.upload(key, "image/bmp", bmp).await;
    deployment.kill_while("worker-medium", deployment.outcome("dispatcher", key, "escalated")).await;
    deployment.outcome("worker-large", key, "made").await;
    let rise = [images("medium").await - before[0], images("large").await - before[1]];
    assert_eq!(rise, [4.0, 1.0], "what was made before the kill is counted, and the killed job once");
    let lines = deployment.lines_about("worker-medium", "metrics/killed").await;
    assert_eq!(lines.len(), 4, "{lines:?}");
}

fn the_command_prints_the_same_sums(
    deployment: &Deployment,
    sums: &BTreeMap<(String, &'static str), f64>,
    logged_time: f64,
) {
    let page: Value = serde_json::from_str(&printed(cost(&["--json"]))).unwrap();
    for tier in page["tiers"].as_array().unwrap() {
        let name = tier["tier"].as_str().unwrap().to_owned();
        assert_near(tier["dollars"].as_f64().unwrap(), sums[&(name.clone(), "dollars")], &name);
    }
    let logged = page["total"]["dollars"].as_f64().unwrap();
    assert_near(logged, sums[&("all".to_owned(), "dollars")], "total");
    // With little monitoring the dispatcher's dollars are what the workers leave.
    let workers: f64 = page["tiers"].as_array().unwrap().iter().map(|tier| tier["dollars"].as_f64().unwrap()).sum();
    assert!((page["rest"].as_f64().unwrap() - (logged - workers)).abs() < 1e-11, "{page}");
    let items = page["items"].as_array().unwrap();
    let dollars = |item: &str| {
        let found = items.iter().find(|row| row["item"] == item).unwrap_or_else(|| panic!("no {item}: {page}"));
        found["dollars"].as_f64().unwrap()
    };
    let named = [
        "S3 PUT",
        "S3 GET",
        "S3 HEAD",
        "Lambda time",
        "Lambda INIT",
        "Lambda requests",
        "logs written",
        "logs kept",
        "SQS",
    ];
    assert!(named.into_iter().all(|item| dollars(item) > 0.0), "{page}");
    // By AWS's counters and the list prices: the functions know nothing of them.
    let counted = page["items_total"]["dollars"].as_f64().unwrap();
    println!("{counted:.9} by items, of which {:.9} INIT, and {logged:.9} by lines", dollars("Lambda INIT"));
    // All but time has no clock in it. Counters take every job for one that stores a thumbnail: the refusal stored none.
    let counted_time = dollars("Lambda time") + dollars("Lambda INIT");
    let (counted_rest, logged_rest) = (counted - counted_time, logged - logged_time);
    println!(
        "time: {counted_time:.9} by Lambda, {logged_time:.9} by the functions; the rest {counted_rest:.9}, {logged_rest:.9}"
    );
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let stored_nothing = prices.requests(Requests { invocations: 0, ..Requests::of_worker(1) }).0
        - prices.requests(Requests { invocations: 0, ..Requests::of_worker(0) }).0;
    let off = (counted_rest - stored_nothing) / logged_rest - 1.0;
    assert!(off.abs() <= 0.01, "{counted_rest} by items, {logged_rest} by lines: {off}: {page}");
    // A function's clock begins when the event is read and ends before its answer is sent: beside other tests on two
    // processors 1.2 to 1.6 times as much was seen. Seconds taken for milliseconds, or MB for GB, are a thousand times.
    let times = counted_time / logged_time;
    assert!((0.98..=4.0).contains(&times), "{counted_time} by Lambda, {logged_time} by the functions: {times}");
    let fixed = page["fixed"].as_array().unwrap();
    let fixed = |item: &str| {
        fixed
            .iter()
            .filter(|row| row["item"].as_str().unwrap().contains(item))
            .map(|row| row["dollars_per_month"].as_f64().unwrap())
            .sum::<f64>()
    };
    // With the API, which this deployment has, the alarm of errors looks at one metric more.
    assert!(fixed("metrics") + fixed("polls") <= 3.0 + 0.1 && fixed("bytes of thumbnails") > 0.0, "{page}");
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
