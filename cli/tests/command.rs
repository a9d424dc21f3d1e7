//! The command as users run it: exit codes, lines, names, refusals. The tests make their images themselves.

#![allow(clippy::unwrap_used, reason = "the lint knows #[test] functions as tests, not their helpers")]

mod shared;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use shared::folder;

fn thumbtier(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_thumbtier")).current_dir(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json_lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Green on its left eighth, red elsewhere.
fn flag(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x * 8 < width { Rgb([0, 200, 0]) } else { Rgb([200, 0, 0]) })
}

fn save(image: impl Into<DynamicImage>, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let format = ImageFormat::from_path(path).unwrap();
    image.into().save_with_format(path, format).unwrap();
}

fn size(path: &Path) -> (u32, u32) {
    image::image_dimensions(path).unwrap()
}

#[test]
fn formats_are_listed_and_explained_as_the_deployment_has_them() {
    let folder = folder("formats");
    let lines = json_lines(&thumbtier(&folder, &["formats", "--json", "--formats", "jpeg,heic"]));
    let state = |name: &str| lines.iter().find(|line| line["format"] == name).unwrap()["state"].clone();
    assert_eq!([state("jpeg"), state("heic"), state("psd")], ["on", "on", "off"]);
    assert_eq!(lines.len(), contract::ImageFormat::ALL.len());
    save(flag(64, 48), &folder.join("a.png"));
    let output = thumbtier(&folder, &["explain", "--formats", "jpeg", "a.png"]);
    assert_eq!(code(&output), 1);
    assert!(
        stdout(&output).contains("refused   format_off: png is off in this deployment, which reads jpeg"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_cut_keeps_the_focus_and_a_bad_one_is_wrong_usage() {
    let folder = folder("focus");
    save(flag(640, 64), &folder.join("a.png"));
    let cut = ["make", "a.png", "--size", "64x64", "--fit", "cover", "--format", "png"];
    let green = |more: &[&str]| {
        assert_eq!(code(&thumbtier(&folder, &[&cut, more].concat())), 0);
        let path = folder.join("thumbnails/a.png.64x64.png");
        image::open(&path).unwrap().into_rgb8().pixels().filter(|pixel| pixel.0[1] > 150).count()
    };
    assert_eq!(green(&["--focus", "0.9,0.5"]), 0);
    assert!(green(&["--focus", "0,0.5"]) > 3800);
    assert!(green(&["--gravity", "attention"]) > 0, "the edge between the colours");
    assert_eq!(code(&thumbtier(&folder, &[&cut[..], &["--focus", "left"]].concat())), 2);
}

#[test]
fn one_photo_becomes_one_thumbnail_and_one_line() {
    let folder = folder("one");
    save(flag(640, 480), &folder.join("photo.jpg"));
    let output = thumbtier(&folder, &["make", "photo.jpg"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(size(&folder.join("thumbnails/photo.jpg.128x128.jpg")), (128, 96));
    let line = stdout(&output);
    for word in ["jpeg", "640x480", "small", " ms ", "photo.jpg -> thumbnails/photo.jpg.128x128.jpg"] {
        assert!(line.contains(word), "`{line}` does not say `{word}`");
    }
    assert_eq!(line.lines().count(), 1);
    assert!(stderr(&output).starts_with("1 made, 0 refused; "), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder.join("thumbnails")).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn json_lines_have_every_field_and_refusals_a_name_and_a_message() {
    let folder = folder("json");
    save(flag(640, 480), &folder.join("photo.jpg"));
    fs::write(folder.join("notes.txt"), "not an image").unwrap();
    let output = thumbtier(&folder, &["make", "--json", "photo.jpg", "notes.txt"]);
    assert_eq!(code(&output), 1);
    let [made, refused] = json_lines(&output).try_into().unwrap();
    let fields = [
        "file",
        "format",
        "width_px",
        "height_px",
        "source_bytes",
        "tier",
        "bytes_read",
        "planned_peak_bytes",
        "cpu_ms",
        "outcome",
        "output",
    ];
    let names = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&made), fields);
    assert_eq!(names(&refused), [&fields[..], &["message"]].concat());
    let want = [
        ("file", Value::from("photo.jpg")),
        ("format", "jpeg".into()),
        ("width_px", 640.into()),
        ("height_px", 480.into()),
        ("source_bytes", fs::metadata(folder.join("photo.jpg")).unwrap().len().into()),
        ("tier", "small".into()),
        ("outcome", "made".into()),
        ("output", "thumbnails/photo.jpg.128x128.jpg".into()),
    ];
    for (field, value) in want {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["bytes_read"].as_u64() <= made["source_bytes"].as_u64() && made["bytes_read"].as_u64() > Some(0));
    assert!(made["planned_peak_bytes"].as_u64() > Some(0) && made["cpu_ms"].as_f64() > Some(0.0));
    assert_eq!((&refused["outcome"], &refused["output"]), (&Value::from("not_an_image"), &Value::Null));
    assert!(refused["message"].as_str().unwrap().contains("6e 6f 74"), "{refused}");
}

#[test]
fn a_directory_is_mirrored_in_sorted_order_and_its_other_files_are_counted() {
    let folder = folder("mirror");
    for name in ["b.png", "a/z.jpg", "a/y.jpg", "c/cat.jpg", "c/cat.png"] {
        save(flag(200, 100), &folder.join("photos").join(name));
    }
    fs::write(folder.join("photos/readme.txt"), "hello").unwrap();
    let output = thumbtier(&folder, &["make", "--json", "--size", "50x50", "--out", "small", "photos"]);
    assert_eq!(code(&output), 1);
    let outcomes: Vec<(String, String)> = json_lines(&output)
        .iter()
        .map(|line| (line["file"].as_str().unwrap().into(), line["outcome"].as_str().unwrap().into()))
        .collect();
    let want = [
        ("photos/a/y.jpg", "made"),
        ("photos/a/z.jpg", "made"),
        ("photos/b.png", "made"),
        ("photos/c/cat.jpg", "made"),
        ("photos/c/cat.png", "made"),
        ("photos/readme.txt", "not_an_image"),
    ];
    assert_eq!(outcomes, want.map(|(file, outcome)| (file.to_owned(), outcome.to_owned())));
    for name in ["a/y.jpg", "a/z.jpg", "b.png", "c/cat.jpg", "c/cat.png"] {
        assert_eq!(size(&folder.join(format!("small/{name}.50x50.jpg"))), (50, 25), "{name}");
    }
    assert!(stderr(&output).starts_with("5 made, 1 refused (1 not_an_image); "), "{}", stderr(&output));
}

#[test]
fn a_second_run_takes_no_thumbnails_as_sources() {
    let folder = folder("twice");
    save(flag(200, 100), &folder.join("a.jpg"));
    for _ in 0..2 {
        let output = thumbtier(&folder, &["make", "--json", "."]);
        assert_eq!((code(&output), json_lines(&output).len()), (0, 1), "{}", stdout(&output));
    }
}

#[test]
fn neither_a_source_nor_another_thumbnail_is_overwritten() {
    let folder = folder("collide");
    save(flag(200, 100), &folder.join("x/photo.jpg"));
    save(flag(100, 200), &folder.join("y/photo.jpg"));
    // This source has the name that the first thumbnail would have.
    save(flag(64, 64), &folder.join("x/photo.jpg.128x128.jpg"));
    let sources = ["x/photo.jpg", "y/photo.jpg", "x/photo.jpg.128x128.jpg", "./x/photo.jpg"];
    let output = thumbtier(&folder, &[&["make", "--json", "--out", "x"], &sources[..]].concat());
    let outputs: Vec<String> = json_lines(&output).iter().map(|line| line["output"].as_str().unwrap().into()).collect();
    let want = ["x/photo.jpg.128x128-2.jpg", "x/photo.jpg.128x128-3.jpg", "x/photo.jpg.128x128.jpg.128x128.jpg"];
    assert_eq!(outputs, want, "and a file named twice is made once");
    let sizes = [(128, 64), (64, 128), (64, 64)];
    for (output, want) in outputs.iter().zip(sizes) {
        assert_eq!(size(&folder.join(output)), want, "{output}");
    }
    assert_eq!(size(&folder.join("x/photo.jpg.128x128.jpg")), (64, 64));
}

#[test]
fn exif_orientation_turns_the_thumbnail() {
    let folder = folder("orientation");
    save(flag(640, 320), &folder.join("plain.jpg"));
    let plain = fs::read(folder.join("plain.jpg")).unwrap();
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    fs::write(folder.join("turned.jpg"), [&plain[..2], exif, &plain[2..]].concat()).unwrap();
    let output = thumbtier(&folder, &["make", "turned.jpg"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let small = image::open(folder.join("thumbnails/turned.jpg.128x128.jpg")).unwrap().into_rgb8();
    assert_eq!(small.dimensions(), (64, 128));
    // Orientation 6 brings the left side to the top.
    let (top, bottom) = (small.get_pixel(32, 2).0, small.get_pixel(32, 120).0);
    assert!(top[1] > 150 && top[0] < 60 && bottom[0] > 150 && bottom[1] < 60, "{top:?} {bottom:?}");
    assert!(stdout(&thumbtier(&folder, &["explain", "turned.jpg"])).contains("Exif orientation 6"));
}

#[test]
fn fit_format_quality_and_background_reach_the_engine() {
    let folder = folder("variants");
    save(RgbaImage::from_pixel(300, 200, Rgba([0, 0, 255, 0])), &folder.join("clear.png"));
    let check = |arguments: &[&str], output: &str, want: (u32, u32)| {
        let result = thumbtier(&folder, &[&["make", "clear.png"], arguments].concat());
        assert_eq!(code(&result), 0, "{}{}", stdout(&result), stderr(&result));
        assert_eq!(size(&folder.join("thumbnails").join(output)), want, "{arguments:?}");
    };
    check(&[], "clear.png.128x128.png", (128, 85));
    check(&["--fit", "cover", "--size", "60x60"], "clear.png.60x60.png", (60, 60));
    check(&["--format", "jpeg", "--background", "#00ff00", "--quality", "95"], "clear.png.128x128.jpg", (128, 85));
    let pixel = image::open(folder.join("thumbnails/clear.png.128x128.jpg")).unwrap().into_rgb8().get_pixel(9, 9).0;
    assert!(pixel[1] > 240 && pixel[0] < 12 && pixel[2] < 12, "{pixel:?}");
}

const TINY_TIERS: &str = r#"{
  "small": { "memory_mb": 64, "timeout_s": 9, "budget_mb": 1, "max_object_bytes": { "default": 30000 } },
  "large": { "memory_mb": 256, "timeout_s": 9, "budget_mb": 160, "max_object_bytes": { "default": 60000 } }
}"#;

#[test]
fn the_tier_table_decides_by_size_then_by_plan_then_refuses() {
    let folder = folder("tiers");
    fs::write(folder.join("tiers.json"), TINY_TIERS).unwrap();
    // Noise, so that the file's size is near that of its pixels.
    let mut noise = 1_u32;
    let mut grain = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    save(RgbImage::from_fn(100, 100, |_, _| Rgb([grain(), grain(), grain()])), &folder.join("middle.png"));
    save(RgbImage::from_fn(200, 200, |_, _| Rgb([grain(), grain(), grain()])), &folder.join("big.png"));
    let check = |file: &str, tier: Value, outcome: &str| {
        let output = thumbtier(&folder, &["make", "--json", "--tiers", "tiers.json", file]);
        let line = &json_lines(&output)[0];
        assert_eq!((&line["tier"], line["outcome"].as_str()), (&tier, Some(outcome)), "{line}");
        let output = thumbtier(&folder, &["explain", "--json", "--tiers", "tiers.json", file]);
        let line = &json_lines(&output)[0];
        assert_eq!(line["tier"], tier, "{line}");
        assert_eq!(code(&output), i32::from(tier.is_null()));
    };
    check("middle.png", "large".into(), "made");
    check("big.png", Value::Null, "too_large");
    let output = thumbtier(&folder, &["make", "--tiers", "tiers.json", "big.png"]);
    assert!(stdout(&output).contains("the largest tier takes 60000"), "{}", stdout(&output));
}

#[test]
fn every_refusal_has_a_name_and_the_rest_is_still_made() {
    let folder = folder("refusals");
    save(flag(200, 100), &folder.join("good.png"));
    fs::write(folder.join("empty.jpg"), "").unwrap();
    let png = fs::read(folder.join("good.png")).unwrap();
    fs::write(folder.join("cut.png"), &png[..20]).unwrap();
    // A directory stands where the thumbnail would go.
    fs::create_dir_all(folder.join("blocked/good.png.128x128.jpg")).unwrap();
    let files = ["missing.jpg", "empty.jpg", "cut.png", "good.png"];
    let output = thumbtier(&folder, &[&["make", "--json"], &files[..]].concat());
    assert_eq!(code(&output), 1);
    let outcomes: Vec<Value> = json_lines(&output).iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["missing", "empty", "corrupt", "made"]);
    let blocked = thumbtier(&folder, &["make", "--json", "--out", "blocked", "good.png"]);
    assert_eq!((code(&blocked), json_lines(&blocked)[0]["outcome"].as_str()), (1, Some("not_written")));
    assert_eq!(fs::read_dir(folder.join("blocked")).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_was_expected() {
    let folder = folder("usage");
    save(flag(20, 10), &folder.join("a.png"));
    fs::write(folder.join("bad.json"), "{}").unwrap();
    let check = |arguments: &[&str], words: &str| {
        let output = thumbtier(&folder, arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(words), "`{}` does not say `{words}`", stderr(&output));
    };
    check(&["make", "--size", "20x", "a.png"], "expected WIDTHxHEIGHT, e.g. 200x200");
    check(&["make", "--size", "0x9", "a.png"], "width_px is 0: expected 1 to 4096");
    check(&["make", "--fit", "crop", "a.png"], "`inside`");
    check(&["make", "--quality", "101", "a.png"], "101 is not in 1..=100");
    check(&["make", "--background", "white", "a.png"], "e.g. #ffffff");
    check(&["make"], "FILE_OR_DIR");
    check(&["make", "--tiers", "none.json", "a.png"], "reading tier table `none.json`");
    check(&["make", "--tiers", "bad.json", "a.png"], "tier table `bad.json`: tiers.json has no tier");
    check(&["make", "--out", "a.png/b", "a.png"], "making output directory `a.png/b`");
    check(&[], "Usage");
}

#[test]
fn explain_goes_step_by_step_and_help_shows_examples() {
    let folder = folder("explain");
    save(flag(640, 480), &folder.join("photo.jpg"));
    let output = thumbtier(&folder, &["explain", "photo.jpg"]);
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    let steps = [
        "photo.jpg",
        "size ",
        "format    jpeg, because the file starts with ff d8 ff",
        "header    640x480 px",
        "row       `jpeg` in tiers.json as built in",
        "threshold small takes up to",
        "threshold large takes up to",
        "plan      decode ",
        "budget    small has",
        "time      small takes",
        "tier      small",
    ];
    let mut rest = text.as_str();
    for step in steps {
        let at = rest.find(step).unwrap_or_else(|| panic!("no `{step}`, in order, in\n{text}"));
        rest = &rest[at..];
    }
    assert!(!text.contains("make calibrate"), "{text}");
    let other = stdout(&thumbtier(&folder, &["explain", "--size", "512x512", "photo.jpg"]));
    let note = "note      the thresholds were measured for `128x128 inside auto 80`, not for `512x512 inside auto 80`";
    assert!(other.contains(note) && other.contains("run `make calibrate`"), "{other}");
    for command in ["make", "explain", "tune"] {
        let help = stdout(&thumbtier(&folder, &[command, "--help"]));
        assert!(help.contains("Examples:") && help.contains("Exit status:"), "{help}");
    }
}
