//! The edit of tiers.json, and the comparison with one function for everything.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

mod common;

use calibrate::{CalibrateError, Measurement, Share, Workload, compare, write};
use common::{MB, TABLE, decided, jpeg, prices, table, terms};
use contract::{ImageFormat, TierTable};

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
    let got = compare(&rows, &table(), &mix, &[3008, 1024], &terms(), &prices()).unwrap();

    near(got.tiers[0].compute, 0.75 * 2.57);
    near(got.tiers[1].compute, 0.25 * 24.10);
    assert_eq!(got.tiers.iter().map(|tier| tier.images).collect::<Vec<_>>(), [0.75, 0.25, 0.0]);
    near(got.compute, 0.75 * 2.57 + 0.25 * 24.10);
    near(got.requests, 6.00);
    near(got.dispatcher, 0.60 + 0.10);
    near(got.logs, 590.0 * 0.000_5 + 590.0 * 0.000_03 * 14.0 / 30.0);
    near(got.total(), 0.75 * 2.57 + 0.25 * 24.10 + 6.00 + 0.70 + 0.30);

    let [large, medium] = got.alternatives.as_slice() else { panic!("two alternatives") };
    near(large.compute, 0.75 * 5.44 + 0.25 * 26.17);
    near(large.total(), 0.75 * 5.44 + 0.25 * 26.17 + 6.00 + 0.17);
    assert_eq!((large.unmade, large.late), (0.0, 0.0));
    // 900 MB do not fit in 1,024 MB with a headroom of 0.2.
    near(medium.compute, 0.75 * 3.37);
    assert_eq!((medium.unmade, medium.late), (0.25, 0.0));
}

#[test]
fn what_no_tier_takes_and_what_was_not_measured_is_said() {
    let rows = [jpeg(1, 100.0, 60)];
    let got = compare(&rows, &table(), &workload(&[(1, 1.0), (200, 1.0)]), &[], &terms(), &prices()).unwrap();
    assert_eq!(got.unmade, 0.5);
    near(got.requests, 3.00);

    let mut mix = workload(&[(1, 1.0)]);
    mix.mix[0].format = ImageFormat::Webp;
    let error = compare(&rows, &table(), &mix, &[], &terms(), &prices()).unwrap_err();
    assert!(matches!(error, CalibrateError::NotMeasured { format: ImageFormat::Webp }));
    let error = compare(&rows, &table(), &workload(&[]), &[], &terms(), &prices()).unwrap_err();
    assert!(error.to_string().contains("sum of the mix's weights is 0"), "{error}");
}
