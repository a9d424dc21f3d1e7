//! `thumbtier tune` on log lines in files.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use contract::{ImageRecord, JobCost, JobCounts, JobRecord, Stages, TierTable};
use flate2::Compression;
use flate2::write::GzEncoder;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tune-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tiers.json"), folder.join("tiers.json")).unwrap();
    folder
}

fn tune(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_thumbtier")).arg("tune").args(arguments).current_dir(folder).output().unwrap()
}

/// PNGs of 1 to 10 MB in the small tier, each taking `ms_per_mb` of CPU.
fn lines(count: u64, ms_per_mb: f64) -> String {
    let line = |at: u64| {
        let bytes = (1 + at % 10) * 1_000_000;
        let cpu_ms = ms_per_mb * bytes as f64 / 1e6;
        let record = JobRecord {
            tier: "small".into(),
            outcome: "made".into(),
            message: None,
            correlation_id: format!("job {at}"),
            bucket: "uploads".into(),
            key: "photo.png".into(),
            bytes,
            image: Some(ImageRecord {
                format: "png".into(),
                width_px: 1000,
                height_px: 1000,
                pixels: 1_000_000,
                decode_shrink: 1,
                planned_peak_bytes: 1 << 20,
                bytes_read: bytes,
                warnings: Vec::new(),
            }),
            thumbnail_keys: vec!["photo.png/128x128.jpg".into()],
            counts: JobCounts { images: 1, thumbnails: 1, ..JobCounts::default() },
            stages: Stages::default(),
            total_ms: 80.0 + cpu_ms * 1769.0 / 256.0,
            init_ms: 0.0,
            cpu_ms,
            peak_bytes: 20 << 20,
            headroom_percent: 92.0,
            cost: JobCost::default(),
            sample: 1,
        };
        format!("2026-11-21T06:00:00.000Z {}\n", serde_json::to_string(&record).unwrap())
    };
    (0..count).map(line).chain(["REPORT RequestId: r\tDuration: 7 ms\n".to_owned()]).collect()
}

#[test]
fn slow_images_lower_their_thresholds_and_no_others() {
    let folder = folder("slow");
    let mut file = GzEncoder::new(fs::File::create(folder.join("log.gz")).unwrap(), Compression::fast());
    file.write_all(lines(500, 60.0).as_bytes()).unwrap();
    file.finish().unwrap();
    let before = fs::read_to_string(folder.join("tiers.json")).unwrap();

    let output = tune(&folder, &["--from-logs", "log.gz"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for want in ["500 warm jobs", "png: 500 jobs", "lower to", "100 % of the redraws agree", "per million"] {
        assert!(text.contains(want), "{text} does not say {want}");
    }
    assert_eq!(fs::read_to_string(folder.join("tiers.json")).unwrap(), before, "nothing is written unasked");

    assert!(tune(&folder, &["--from-logs", "log.gz", "--write"]).status.success());
    let after = TierTable::parse(&fs::read_to_string(folder.join("tiers.json")).unwrap()).unwrap();
    let before = TierTable::parse(&before).unwrap();
    for (now, was) in after.iter().zip(before.iter()) {
        for format in contract::ImageFormat::ALL {
            let (now, was) = (now.max_object_bytes(Some(format)), was.max_object_bytes(Some(format)));
            assert!(now == was || (format == contract::ImageFormat::Png && now < was), "{format}: {was} -> {now}");
        }
    }
    assert!(after.iter().next().unwrap().max_object_bytes(Some(contract::ImageFormat::Png)) < 10_000_000);
}

#[test]
fn a_table_of_other_thumbnails_is_said_first() {
    let folder = folder("other");
    fs::write(folder.join("log.jsonl"), lines(60, 10.0)).unwrap();
    let page = || String::from_utf8(tune(&folder, &["--from-logs", "log.jsonl"]).stdout).unwrap();
    assert!(!page().contains("note: "), "{}", page());
    let table = fs::read_to_string(folder.join("tiers.json")).unwrap();
    fs::write(folder.join("tiers.json"), table.replace("128x128 inside", "512x512 inside")).unwrap();
    let want = "note: the thresholds were measured for `512x512 inside auto 80`, not for `128x128 inside auto 80`";
    assert!(page().starts_with(want) && page().contains("run `make calibrate`"), "{}", page());
}

#[test]
fn a_few_lines_change_nothing_and_none_is_an_error() {
    let folder = folder("few");
    fs::write(folder.join("few.log"), lines(9, 60.0)).unwrap();
    let output = tune(&folder, &["--from-logs", "few.log", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["jobs"], &found["formats"][0]["thresholds"]), (&9.into(), &serde_json::json!([])));

    fs::write(folder.join("none.log"), "START RequestId: r\n").unwrap();
    let output = tune(&folder, &["--from-logs", "none.log"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no warm job of a worker in 0 lines about jobs and 1 others")
    );
    assert_eq!(tune(&folder, &[]).status.code(), Some(2), "it must be told which logs");
}
