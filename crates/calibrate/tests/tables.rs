//! The edit of tiers.json, and the comparison with one function for everything.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

mod common;

use std::collections::BTreeMap;

use calibrate::{CalibrateError, Measurement, Share, Single, Workload, compare, write};
use common::{MB, TABLE, decided, jpeg, prices, table, terms};
use contract::{Architecture, ImageFormat, TierTable};

#[test]
fn only_the_numbers_that_changed_change() {
    // jpeg 4, 15 and 30 MB, and `default` the same: no other format has a row.
    let rows = [1, 2, 4, 8, 16, 32, 64].map(|mb| jpeg(mb, 1.0, 50 * mb));
    let text = write(TABLE, &decided(&rows, &terms()), None).unwrap();
    let row = |default: u64, jpeg: u64| format!("\"default\": {default}, \"jpeg\": {jpeg} }}");
    let want = TABLE
        .replacen(&row(MB, 2 * MB), &row(4 * MB, 4 * MB), 1)
        .replacen(&row(8 * MB, 16 * MB), &row(15 * MB, 15 * MB), 1)
        .replacen(&row(100 * MB, 100 * MB), &row(30 * MB, 30 * MB), 1);
    assert_eq!(text, want);
    assert_eq!(write(&text, &decided(&rows, &terms()), None).unwrap(), text);
}

#[test]
fn the_committed_file_keeps_its_layout() {
    let committed = include_str!("../../../tiers.json");
    let rows = [1, 2, 4, 8, 16, 32, 64].map(|mb| jpeg(mb, 1.0, 50 * mb));
    let text = write(committed, &decided(&rows, &terms()), None).unwrap();
    let letters = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "");
    assert_eq!(letters(&text), letters(committed));
    assert_eq!(TierTable::parse(&text).unwrap().largest().max_object_bytes(Some(ImageFormat::Jpeg)), 30 * MB);
}

#[test]
fn a_format_without_a_row_gets_one() {
    let png = |mb| Measurement { format: ImageFormat::Png, ..jpeg(mb, 1.0, 50 * mb) };
    let tiff = |mb| Measurement { format: ImageFormat::Tiff, ..jpeg(mb, 1.0, 50 * mb) };
    let rows: Vec<_> = [4, 16, 32].into_iter().flat_map(|mb| [png(mb), tiff(mb)]).collect();
    let text = write(TABLE, &decided(&rows, &terms()), None).unwrap();
    assert!(text.contains(r#"{ "default": 2000000, "jpeg": 2000000, "png": 4000000, "tiff": 4000000 }"#), "{text}");
}

#[test]
fn what_it_was_measured_for_is_noted_and_changed() {
    let set = |side: u32| {
        let mut thumbnails = contract::Thumbnails::builtin().unwrap();
        thumbnails.variants[0].width_px = side;
        thumbnails.set()
    };
    let decision = decided(&[1, 2, 4, 8, 16, 32, 64].map(|mb| jpeg(mb, 1.0, 50 * mb)), &terms());
    let plain = write(TABLE, &decision, None).unwrap();
    let one = write(TABLE, &decision, Some(&set(128))).unwrap();
    assert_eq!(one, plain.replacen('{', "{\n  \"measured_for\": \"128x128 inside auto 80\",", 1));
    let two = write(&one, &decision, Some(&set(2048))).unwrap();
    assert_eq!(two, one.replace("\"128x128", "\"2048x128"));
    assert_eq!(write(&two, &decision, None).unwrap(), two);
    assert_eq!(TierTable::parse(&two).unwrap().measured_for(), Some(&set(2048)));
}

#[test]
fn a_table_with_other_tiers_is_refused() {
    let decision = decided(&[jpeg(1, 1.0, 60)], &terms());
    let start = TABLE.find("  \"large\"").unwrap();
    let two = format!("{}\n}}", TABLE[..start].trim_end().trim_end_matches(','));
    assert!(write(&two, &decision, None).unwrap_err().to_string().contains("has 2 tiers, the thresholds are for 3"));
    assert!(write("[]", &decision, None).unwrap_err().to_string().contains("wrong before the edit"));
}

fn workload(mix: &[(u64, f64)]) -> Workload {
    let share =
        |(size_mb, weight): &(u64, f64)| Share { format: ImageFormat::Jpeg, size_bytes: size_mb * MB, weight: *weight };
    Workload { mix: mix.iter().map(share).collect(), variants: 1, dispatcher_memory_mb: 128, dispatcher_ms: 60.0 }
}

#[track_caller]
fn near(got: contract::Dollars, want: f64) {
    // The table has two decimals, and a begun millisecond of 3,008 MB is four cents per million.
    assert!((got.0 - want).abs() < 0.02, "{got} is not {want}");
}

#[test]
fn the_tiers_are_compared_with_one_function_for_everything() {
    // The cost model's own table: 80 ms of I/O, 0.1 s of CPU at 1 MB, 1 s at 10 MB.
    let rows = [jpeg(1, 100.0, 60), jpeg(10, 1000.0, 900)];
    let mix = workload(&[(1, 3.0), (10, 1.0)]);
    let singles = [3008, 1024].map(|memory_mb| Single::worker(memory_mb, &terms()));
    let got = compare(&rows, &table(), &mix, &singles, &terms(), Architecture::Arm64, &prices()).unwrap();

    near(got.tiers[0].compute, 0.75 * 2.57);
    near(got.tiers[1].compute, 0.25 * 24.10);
    assert_eq!(got.tiers.iter().map(|tier| tier.images).collect::<Vec<_>>(), [0.75, 0.25, 0.0]);
    let tiered = &got.tiered;
    // The dispatcher's 60 ms of 128 MB.
    near(tiered.item("Lambda time"), 0.75 * 2.57 + 0.25 * 24.10 + 0.10);
    near(tiered.item("Lambda requests"), 0.40);
    near(tiered.item("S3 PUT"), 5.00);
    near(tiered.item("S3 HEAD"), 0.80);
    near(tiered.item("logs written"), 590.0 * 0.000_5);
    // One in a hundred, 60 ms: of 256 and 1,024 MB, and of the dispatcher's 128.
    near(tiered.item("Lambda INIT"), 0.01 * 0.060 * 13.333_4 * (0.75 * 0.25 + 0.25 + 0.125));
    near(tiered.total(), 0.75 * 2.57 + 0.25 * 24.10 + 6.00 + 0.70 + 0.30);

    let [large, medium] = got.alternatives.as_slice() else { panic!("two alternatives") };
    near(large.item("Lambda time"), 0.75 * 5.44 + 0.25 * 26.17);
    near(large.item("S3 HEAD"), 0.40);
    near(large.total(), 0.75 * 5.44 + 0.25 * 26.17 + 6.00 + 0.17 + 0.01 * 0.060 * 13.333_4 * 2.9375);
    assert_eq!((large.unmade, large.late), (0.0, 0.0));
    // 900 MB do not fit in 1,024 MB with a headroom of 0.2.
    near(medium.item("Lambda time"), 0.75 * 3.37);
    assert_eq!((medium.unmade, medium.late), (0.25, 0.0));
}

#[test]
fn another_program_takes_its_own_cpu_and_each_variant_is_a_put() {
    let rows = [jpeg(1, 100.0, 60)];
    let one = workload(&[(1, 1.0)]);
    let theirs = |ratio| Single {
        name: "other".into(),
        cpu_ratio: ratio,
        log_bytes: 1000,
        looks_again: false,
        ..Single::worker(1769, &terms())
    };
    let twice = theirs(BTreeMap::from([(ImageFormat::Jpeg, 2.0)]));
    let none = theirs(BTreeMap::new());
    let reckon = |workload: &Workload| {
        compare(&rows, &table(), workload, &[twice.clone(), none.clone()], &terms(), Architecture::X86_64, &prices())
            .unwrap()
    };
    let got = reckon(&one);
    let gb_second = 16.666_7 * 1769.0 / 1024.0;
    near(got.alternatives[0].item("Lambda time"), gb_second * (0.080 + 0.200));
    near(got.alternatives[0].item("S3 HEAD"), 0.0);
    near(got.alternatives[0].item("logs written"), 0.50);
    assert_eq!((got.alternatives[1].unmade, got.alternatives[1].total().0), (1.0, 0.0));

    let got = reckon(&Workload { variants: 3, ..one });
    near(got.alternatives[0].item("S3 PUT"), 15.0);
    near(got.tiered.item("S3 PUT"), 15.0);
}

#[test]
fn what_no_tier_takes_and_what_was_not_measured_is_said() {
    let rows = [jpeg(1, 100.0, 60)];
    let compare =
        |workload: &Workload| compare(&rows, &table(), workload, &[], &terms(), Architecture::Arm64, &prices());
    let got = compare(&workload(&[(1, 1.0), (200, 1.0)])).unwrap().tiered;
    assert_eq!(got.unmade, 0.5);
    near(got.item("S3 PUT"), 2.50);

    let mut mix = workload(&[(1, 1.0)]);
    mix.mix[0].format = ImageFormat::Webp;
    let error = compare(&mix).unwrap_err();
    assert!(matches!(error, CalibrateError::NotMeasured { format: ImageFormat::Webp }));
    let error = compare(&workload(&[])).unwrap_err();
    assert!(error.to_string().contains("sum of the mix's weights is 0"), "{error}");
}
