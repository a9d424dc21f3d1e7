//! `thumbtier make --jobs`: the same files, lines and names, however many files are made at once.

#![allow(clippy::unwrap_used, reason = "the lint knows #[test] functions as tests, not their helpers")]

mod shared;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{DynamicImage, Rgb, RgbImage};
use shared::folder;

fn make(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thumbtier"));
    command.current_dir(folder).arg("make").args(arguments).output().unwrap()
}

/// Two folders with the same names, the largest pictures first; and what is no picture.
fn photos(folder: &Path) {
    for (number, side) in (0..24_u32).map(|number| (number, 1200 - 50 * number)) {
        let picture = RgbImage::from_fn(side, side / 2, |x, y| Rgb([(x / 5) as u8, (y / 3) as u8, number as u8 * 9]));
        let extension = ["jpg", "png", "bmp"][number as usize % 3];
        let path = folder.join(["photos", "more"][number as usize % 2]).join(format!("{:02}.{extension}", number / 2));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        DynamicImage::from(picture).save(path).unwrap();
    }
    fs::copy(folder.join("photos/00.jpg"), folder.join("more/00.jpg")).unwrap();
    fs::write(folder.join("photos/notes.txt"), "not an image").unwrap();
}

/// Lines without the times in them, and every thumbnail.
fn result(folder: &Path, out: &str, output: &Output) -> (Vec<String>, Vec<(PathBuf, Vec<u8>)>) {
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let without_time = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().shift_remove("cpu_ms").unwrap();
        line.to_string().replace(&format!("{out}/"), "")
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join(out)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named = |path: PathBuf| (path.file_name().unwrap().into(), fs::read(&path).unwrap());
    (lines.lines().map(without_time).collect(), files.into_iter().map(named).collect())
}

#[test]
fn lines_names_and_files_are_the_same_by_any_number_of_jobs() {
    let folder = folder("jobs");
    photos(&folder);
    let run = |out: &str, jobs: &[&str]| {
        let output = make(&folder, &[&["--json", "--out", out], jobs, &["photos", "more"]].concat());
        assert_eq!(output.status.code(), Some(1), "one file is no image");
        result(&folder, out, &output)
    };
    let one = run("one", &["--jobs", "1"]);
    assert_eq!((one.0.len(), one.1.len()), (26, 25));
    assert!(one.1.iter().any(|(name, _)| name.ends_with("00.jpg.128x128-2.jpg")), "the second of one name");
    for (out, jobs) in [("two", &["--jobs", "2"][..]), ("many", &["--jobs", "40"]), ("all", &[])] {
        assert!(run(out, jobs) == one, "{out}");
    }
}

#[test]
fn a_file_that_needs_more_than_its_share_of_the_memory_waits_for_it() {
    let folder = folder("jobs-memory");
    photos(&folder);
    // Plans of these pictures are 0.3 to 4 MB, a share is 8 MB by 40: 0.2.
    let row = |memory_mb: u64, budget_mb: u64, bytes: u64| {
        format!(
            r#"{{"memory_mb":{memory_mb},"timeout_s":9,"budget_mb":{budget_mb},"max_object_bytes":{{"default":{bytes}}}}}"#
        )
    };
    let table = format!(r#"{{"small":{},"large":{}}}"#, row(128, 1, 1_000), row(256, 8, 9_000_000));
    fs::write(folder.join("tiers.json"), table).unwrap();
    let run = |out: &str, jobs: &str| {
        let arguments = ["--json", "--tiers", "tiers.json", "--out", out, "--jobs", jobs, "photos", "more"];
        result(&folder, out, &make(&folder, &arguments))
    };
    let one = run("one", "1");
    assert_eq!(one.1.len(), 25);
    assert!(run("many", "40") == one);
}

#[test]
fn no_job_is_no_number_of_jobs() {
    let output = make(&folder("jobs-none"), &["--jobs", "0", "a.jpg"]);
    assert_eq!(output.status.code(), Some(2));
}
