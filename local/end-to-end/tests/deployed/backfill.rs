//! Objects that were there before. A test binary of its own, because it lets events get lost.
//!
//! The local AWS has no S3 Batch Operations: that way is tested beside its code, as far as the wire.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use contract::{ImageFormat, Prices, Requests, TierTable};
use end_to_end::{Deployment, webp_over};
use serde_json::{Value, json};

/// `target/debug/thumbtier backfill`, beside which this test was built, in a folder of the test's own.
fn command(folder: &str, arguments: &[&str]) -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.ancestors().nth(2).unwrap().join("thumbtier");
    assert!(path.is_file(), "{} is not built: run these tests with `make test`", path.display());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(path);
    command.current_dir(folder).arg("backfill").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn backfill(folder: &str, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn json_of(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {said}"))
}

fn png(shade: u8) -> Vec<u8> {
    let mut png = Vec::new();
    let image = image::RgbImage::from_pixel(9, 9, image::Rgb([shade, 0, 0]));
    image.write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

const PNGS: u8 = 60;

/// In the order of the listing.
fn png_keys() -> Vec<String> {
    (0..PNGS).map(|number| format!("before/{number:02} a+ü.png")).collect()
}

#[tokio::test]
async fn objects_whose_events_were_lost_get_thumbnails_and_an_interrupted_run_goes_on() {
    let deployment = Deployment::connect().await;
    let small_webp_bytes =
        TierTable::builtin().unwrap().get("small").unwrap().max_object_bytes(Some(ImageFormat::Webp));
    let webp = webp_over(small_webp_bytes);
    let webp_bytes = webp.len() as u64;
    let upload = async {
        for (key, shade) in png_keys().iter().zip(0..) {
            deployment.upload(key, "image/png", png(shade)).await;
        }
        deployment.upload("before/medium.webp", "image/webp", webp).await;
        deployment.upload("before/notes.txt", "text/plain", b"hello".to_vec()).await;
        deployment.upload("before/empty.png", "image/png", Vec::new()).await;
        deployment.upload("before/folder/", "application/x-directory", Vec::new()).await;
        deployment.upload_archived("before/cold.png", png(1)).await;
        // Not under the prefix.
        deployment.upload("beforehand.png", "image/png", png(2)).await;
    };
    deployment.without_events(upload).await;
    let place = format!("s3://{}/before/", deployment.source_bucket);
    let here = [place.as_str(), "--stage", "local", "--json"];

    the_dry_run_counts_and_prices(&here, webp_bytes);
    assert!(deployment.thumbnail_keys("before").await.is_empty(), "a dry run hands over nothing");

    // Whatever another test leaves of the account meanwhile.
    let unbounded = ["--direct", "--max-concurrency", "none"];
    let run = |rate| [&here[..], &unbounded, &["--rate", rate, "--journal", "run.json"]].concat();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interrupted");
    let _ = std::fs::remove_dir_all(&folder);
    // Slow enough to be caught in the middle.
    let mut first = command("interrupted", &run("5")).spawn().unwrap();
    while deployment.lines_about("batch", "before/").await.len() < 10 {
        assert!(first.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    interrupt(&first);
    let first = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&first.stderr);
    assert_eq!(first.status.code(), Some(130), "{said}");
    assert!(said.contains("62 objects, ") && said.contains(" of 62 objects; the same command goes on there"), "{said}");
    let journal: Value = serde_json::from_slice(&std::fs::read(folder.join("run.json")).unwrap()).unwrap();
    let answered = journal["outcome"]["answered"].as_u64().unwrap();
    assert!((10..62).contains(&answered), "{journal}");
    // The listing begins with the sixty.
    let last_key = &png_keys()[usize::try_from(answered).unwrap() - 1];
    assert_eq!(journal["progress"], json!({ "way": "direct", "last_key": last_key }));

    let second = backfill("interrupted", &run("50"));
    let report = json_of(&second);
    assert_eq!(second.status.code(), Some(1), "one object is archived: {report}");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("going on with the run"), "{said}");
    assert_eq!((&report["objects"], &report["answered"], &report["dispatched"]), (&json!(62), &json!(62), &json!(61)));
    assert_eq!(report["skipped"], json!({ "empty": 1, "folder": 1, "not_an_image": 1 }));
    assert_eq!(report["refused"], json!({ "archived_storage_class": 1 }));
    assert_eq!(report["told"][0]["key"], "before/cold.png");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "the journal goes with the run");

    for key in png_keys().iter().map(String::as_str).chain(["before/medium.webp"]) {
        deployment.thumbnail(&format!("{key}/128x128.jpg")).await;
    }
    let mut keys: Vec<_> =
        deployment.lines_about("batch", "before").await.iter().map(|line| line["key"].clone()).collect();
    let handed_over = keys.len();
    keys.sort_by_key(Value::to_string);
    keys.dedup();
    assert_eq!((handed_over, keys.len()), (62, 62), "each once, and nothing beside the prefix");
}

fn the_dry_run_counts_and_prices(here: &[&str], webp_bytes: u64) {
    let dry = |more: &[&str]| backfill("dry", &[here, &["--dry-run"], more].concat());
    let direct = dry(&["--direct", "--rate", "10"]);
    assert_eq!(direct.status.code(), Some(0), "{}", String::from_utf8_lossy(&direct.stderr));
    let direct = json_of(&direct);
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let png_bytes: usize = (0..PNGS).map(|shade| png(shade).len()).sum();
    let want = [("small", "png", 60, png_bytes as u64), ("small", "other", 1, 5), ("medium", "webp", 1, webp_bytes)];
    let rows = direct["rows"].as_array().unwrap();
    assert_eq!(rows.len(), want.len(), "{direct}");
    let mut sum = 0.0;
    for (row, (tier, format, objects, bytes)) in rows.iter().zip(want) {
        let found = [&row["tier"], &row["format"], &row["objects"], &row["bytes"]];
        assert_eq!(found, [&json!(tier), &json!(format), &json!(objects), &json!(bytes)]);
        let [compute, requests] = ["compute_dollars", "request_dollars"].map(|name| row[name].as_f64().unwrap());
        let want = prices.requests(Requests::of_worker(1)).0 * f64::from(objects);
        assert!((requests - want).abs() < want * 1e-9 && compute > 0.0, "{row}");
        sum += compute + requests;
    }
    let skipped = ["empty", "folder", "archived_storage_class"].map(|name| direct["skipped"][name]["objects"].clone());
    assert_eq!(skipped, [json!(1), json!(1), json!(1)]);
    assert_eq!((&direct["objects"], &direct["seconds_at_rate"]), (&json!(62), &json!(6.2)));
    let dollars = |page: &Value, name: &str| page[name].as_f64().unwrap();
    let all = sum + dollars(&direct, "dispatcher_dollars") + dollars(&direct, "log_dollars");
    let items = direct["items"].as_array().unwrap().iter();
    let of_items: f64 = items.map(|item| item["dollars"].as_f64().unwrap()).sum();
    assert!((dollars(&direct, "dollars") - of_items).abs() < all * 1e-9, "{direct}");
    // Beside these, INIT of one worker in a hundred.
    assert!((all..1.01 * all).contains(&of_items), "{all}, {of_items} by items: {direct}");

    let by_job = json_of(&dry(&["--max-concurrency", "none"]));
    let of_job = prices.s3_batch_job.0 + prices.s3_batch_million_objects.0 * 62.0 / 1e6;
    assert!((dollars(&by_job, "batch_operations_dollars") - of_job).abs() < 1e-12, "{by_job}");
    let without_json: Vec<&str> = here.iter().copied().filter(|argument| *argument != "--json").collect();
    let unbounded = ["--dry-run", "--rate", "10", "--max-concurrency", "none"];
    let page = backfill("dry", &[&without_json[..], &unbounded].concat());
    let page = String::from_utf8(page.stdout).unwrap();
    println!("{page}");
    for want in ["small   png          60", "left out: 0 B, 1 folder", "S3 Batch jobs", "7s at 10 objects"] {
        assert!(page.contains(want), "no `{want}` in\n{page}");
    }
}

#[tokio::test]
async fn without_s3_batch_operations_it_says_so_dispatches_directly_and_leaves_no_manifest() {
    let deployment = Deployment::connect().await;
    let keys = ["fallback/a.png", "fallback/b.png"];
    for key in keys {
        deployment.upload(key, "image/png", png(9)).await;
    }
    let place = format!("s3://{}/fallback/", deployment.source_bucket);
    let output = backfill("fallback", &[&place, "--stage", "local", "--json", "--max-concurrency", "none"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains("no S3 Batch Operations here")).count(), 1, "{said}");
    let report = json_of(&output);
    assert_eq!((&report["way"], &report["dispatched"]), (&json!("direct"), &json!(2)));
    for key in keys {
        deployment.thumbnail(&format!("{key}/128x128.jpg")).await;
    }
    assert!(deployment.thumbnail_keys(".thumbtier/backfill/").await.is_empty());
}

/// The account's settings are asked for, and no dispatcher is: each worker is waited for.
#[tokio::test]
async fn a_run_that_nobody_bounded_leaves_uploads_their_environments() {
    let deployment = Deployment::connect().await;
    let keys = ["bounded/a.png", "bounded/b.png", "bounded/c.png", "bounded/d.png"];
    for key in keys {
        deployment.upload(key, "image/png", png(9)).await;
    }
    let place = format!("s3://{}/bounded/", deployment.source_bucket);
    let said_of = |more: &[&str]| {
        let output = backfill("bounded", &[&[place.as_str(), "--stage", "local"], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    };
    let unreserved = deployment.unreserved().await;
    let ordinary = said_of(&["--dry-run"]);
    let want = format!("at most {} workers; deploy with --param=reserved_concurrency_batch=10", unreserved / 3);
    assert!(ordinary.contains(&want), "no `{want}` in {ordinary}");

    // What bounds the function bounds the job.
    deployment.reserve("batch", Some(10)).await;
    let reserved = said_of(&["--dry-run"]);
    deployment.reserve("batch", None).await;
    assert!(reserved.contains("S3 Batch Operations runs at most 10 of its function at once"), "{reserved}");

    // Reservations leave as many as a new account has.
    deployment.reserve("worker-large", Some(unreserved - 10)).await;
    let small = [said_of(&["--dry-run", "--direct"]), said_of(&[])];
    deployment.reserve("worker-large", None).await;
    for said in small {
        assert!(said.contains("10 of them unreserved") && said.contains("at most 3 workers for this run"), "{said}");
    }
    for key in keys {
        deployment.thumbnail(&format!("{key}/128x128.jpg")).await;
    }
    assert!(deployment.lines_about("batch", "bounded/").await.is_empty(), "nothing went by the dispatcher");
}

#[tokio::test]
async fn other_buckets_and_stages_are_wrong_usage() {
    let deployment = Deployment::connect().await;
    let check = |place: &str, stage: &str, words: &str| {
        let output = backfill("usage", &[place, "--stage", stage]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "`{said}` does not say `{words}`");
    };
    check(&format!("s3://{}", deployment.destination_bucket), "local", "is the bucket of thumbnails");
    check("s3://elsewhere/a", "local", "may not read `elsewhere`");
    check(&format!("s3://{}", deployment.source_bucket), "nowhere", "is the stage deployed there?");
    check("uploads", "local", "expected s3://bucket or s3://bucket/prefix");
    let nothing = backfill("usage", &[&format!("s3://{}/nothing-here/", deployment.source_bucket), "--stage", "local"]);
    let said = String::from_utf8_lossy(&nothing.stdout);
    assert_eq!((nothing.status.code(), said.as_ref()), (Some(0), "0 dispatched, 0 skipped, 0 refused\n"));
}
