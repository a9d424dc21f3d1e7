//! A table of made-up measurements with known answers.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

mod common;

use calibrate::{Measurement, Objective, Terms, decide};
use common::{MB, decided, jpeg, prices, table, terms};
use contract::ImageFormat;

/// The thresholds in MB, and for each tier a part of the sentence that explains it.
#[track_caller]
fn check(measurements: &[Measurement], terms: &Terms, want_mb: [u64; 3], why: [&str; 3]) {
    let decision = decided(measurements, terms);
    let thresholds = &decision.rows[0].thresholds;
    let bytes: Vec<u64> = thresholds.iter().map(|threshold| threshold.bytes).collect();
    let sentences: Vec<String> = thresholds.iter().map(ToString::to_string).collect();
    assert_eq!(bytes, want_mb.map(|mb| mb * MB), "{sentences:#?}");
    for (sentence, why) in sentences.iter().zip(why) {
        assert!(sentence.contains(why), "`{sentence}` does not say `{why}`");
    }
}

fn grid(sizes_mb: &[u64], measure: impl Fn(u64) -> Measurement) -> Vec<Measurement> {
    sizes_mb.iter().map(|size_mb| measure(*size_mb)).collect()
}

#[test]
fn memory_binds_with_its_headroom() {
    let rows = grid(&[1, 2, 4, 8, 16, 32, 64], |mb| jpeg(mb, 1.0, 50 * mb));
    let why = ["8 MB peaks at 400 MB of memory, 205 MB", "32 MB peaks at 1600 MB", "64 MB peaks at 3200 MB"];
    check(&rows, &terms(), [4, 15, 30], why);
    // Without headroom 256 MB would do for 5 MB, which is not in the grid: nothing is guessed.
    check(&rows, &Terms { headroom: 0.0, ..terms() }, [4, 15, 30], ["memory"; 3]);
}

#[test]
fn the_plan_binds_where_it_exceeds_the_budget() {
    let planned = |mb: u64| Measurement { plan_bytes: (50 * mb) << 20, ..jpeg(mb, 1.0, 50) };
    let rows = grid(&[1, 2, 3, 4, 8, 16, 32, 64], planned);
    let why = ["4 MB plans 200 MB of memory, the budget is 160 MB", "32 MB plans", "64 MB plans"];
    check(&rows, &terms(), [3, 15, 30], why);
}

#[test]
fn latency_binds_in_all_but_the_largest_tier() {
    let rows = grid(&[1, 2, 4, 6, 8, 16, 24, 32, 48, 64], |mb| jpeg(mb, 20.0 * mb as f64, 60));
    let why = ["latency: 8 MB takes 1186 ms, the target is 1000 ms", "latency: 32 MB takes 1186 ms", "end of the grid"];
    check(&rows, &terms(), [6, 20, 100], why);
    assert_eq!(decided(&rows, &terms()).rows[0].late_from_bytes, None);

    let strict = Terms { latency_target_ms: 300.0, ..terms() };
    check(&rows, &strict, [1, 6, 100], ["latency", "latency", "end of the grid"]);
    assert_eq!(decided(&rows, &strict).rows[0].late_from_bytes, Some(24 * MB));
}

#[test]
fn the_timeout_binds_in_the_largest_tier_too() {
    let rows = grid(&[1, 100, 200], |mb| jpeg(mb, 2000.0 * mb as f64, 60));
    let hurry = Terms { latency_target_ms: 100_000.0, ..terms() };
    let one = decided(&rows, &hurry).rows.remove(0).thresholds.remove(2);
    assert_eq!((one.bytes, one.measured_bytes), (100 * MB, 100 * MB));
    assert!(one.to_string().contains("timeout: 200 MB takes 235319 ms, the function is stopped at 120000 ms"), "{one}");
}

#[test]
fn cost_binds_where_the_small_tier_measured_dearer() {
    // By the model a smaller tier is never dearer. In its real limits it can be: half as slow again from 3 MB on.
    let slow = |mb: u64| {
        let mut row = jpeg(mb, 100.0 * mb as f64, 60);
        if mb >= 3 {
            row.tier_ms.insert("small".to_owned(), 1.5 * row.cpu_ms / (256.0 / 1769.0));
        }
        row
    };
    let patient = Terms { latency_target_ms: 10_000.0, ..terms() };
    let why = ["cost: at 3 MB tier `medium` is 1.33 times better", "end of the grid", "end of the grid"];
    check(&grid(&[1, 2, 3, 4], slow), &patient, [2, 4, 100], why);
}

#[test]
fn one_objective_gives_up_what_another_wants() {
    let light = grid(&[1, 2, 4, 6, 8], |mb| jpeg(mb, mb as f64, 60));
    let speed = Terms { objective: Objective::Speed, ..terms() };
    check(&light, &speed, [1, 6, 100], ["speed: at 2 MB tier `medium`", "speed: at 8 MB tier `large`", "grid"]);
    check(&light, &terms(), [6, 8, 100], ["next tier", "grid", "grid"]);

    let heavier = grid(&[1, 2, 3, 6, 8, 10, 20], |mb| jpeg(mb, 10.0 * mb as f64, 60));
    let balanced = Terms { objective: Objective::Balanced, ..terms() };
    let why = ["balanced: at 3 MB tier `medium`", "balanced: at 10 MB tier `large`", "grid"];
    check(&heavier, &balanced, [2, 8, 100], why);
}

#[test]
fn a_tie_goes_to_the_smaller_tier() {
    // Without I/O, CPU costs the same at every size below two vCPUs.
    let rows = grid(&[1, 2, 4, 8], |mb| jpeg(mb, 100.0 * mb as f64, 60));
    let free_io = Terms { io_ms: 0.0, latency_target_ms: 1e6, ..terms() };
    check(&rows, &free_io, [6, 8, 100], ["`medium` must take more", "grid", "grid"]);
}

#[test]
fn a_tier_in_which_nothing_fits_says_so_by_name() {
    let rows = grid(&[1, 2, 4], |mb| jpeg(mb, 1.0, 300 * mb));
    let decision = decided(&rows, &terms());
    let small = &decision.rows[0].thresholds[0];
    assert!(small.takes_nothing());
    let want = "tier `small` takes nothing, by memory: 1 MB peaks at 300 MB of memory, 205 MB of memory may be used";
    assert_eq!(small.to_string(), want);
    assert_eq!(decision.rows[0].thresholds.iter().map(|row| row.bytes).collect::<Vec<_>>(), [0, 2 * MB, 100 * MB]);

    let error = decide(&[jpeg(1, 1.0, 5000)], &table(), &terms(), &prices()).unwrap_err().to_string();
    for want in ["no tier can make a jpeg", "1000000 bytes", "tier `large`", "peaks at 5000 MB", "2406 MB"] {
        assert!(error.contains(want), "`{error}` does not say `{want}`");
    }
}

#[test]
fn noise_does_not_make_a_larger_file_easier() {
    // 2 MB peaked over the limit, 3 MB did not: what happened once can happen again.
    let peaks = [(1, 100), (2, 210), (3, 190), (4, 200), (8, 900), (16, 3000)];
    let rows: Vec<_> = peaks.map(|(mb, peak_mb)| jpeg(mb, 1.0, peak_mb)).into();
    check(&rows, &terms(), [1, 4, 8], ["2 MB peaks at 210 MB", "8 MB peaks at 900 MB", "16 MB peaks"]);

    // 8 MB was late in the small tier, 16 MB measured faster.
    let times = [(4, 80.0), (8, 160.0), (16, 90.0), (32, 700.0), (64, 800.0)];
    let rows: Vec<_> = times.map(|(mb, cpu_ms)| jpeg(mb, cpu_ms, 60)).into();
    check(&rows, &terms(), [4, 15, 100], ["latency: 8 MB", "latency: 32 MB", "grid"]);
}

#[test]
fn a_larger_tier_that_measured_slower_is_noise() {
    let mut row = jpeg(1, 100.0, 900);
    row.tier_ms.extend([("medium".to_owned(), 600.0), ("large".to_owned(), 2000.0)]);
    let decision = decided(&[row], &terms());
    assert_eq!(decision.rows[0].late_from_bytes, None);
}

#[test]
fn the_worst_shape_of_a_size_decides() {
    let rows = [jpeg(1, 1.0, 60), jpeg(2, 1.0, 60), jpeg(2, 1.0, 400), jpeg(4, 1.0, 400), jpeg(8, 1.0, 900)];
    check(&rows, &terms(), [1, 4, 100], ["2 MB peaks at 400 MB", "8 MB peaks at 900 MB", "grid"]);
}

#[test]
fn the_default_row_is_safe_for_every_format() {
    let png = |mb, peak_mb| Measurement { format: ImageFormat::Png, ..jpeg(mb, 1.0, peak_mb) };
    let rows = [jpeg(1, 1.0, 60), jpeg(40, 1.0, 400), jpeg(60, 1.0, 900), png(3, 60), png(5, 400), png(200, 900)];
    let decision = decided(&rows, &terms());
    // jpeg 1, 40, 60 and png 3, 5, 200.
    assert_eq!(decision.default_bytes, [MB, 5 * MB, 200 * MB]);
    assert_eq!(decision.bytes(Some(ImageFormat::Png), 1), Some(5 * MB));
    assert_eq!(decision.bytes(Some(ImageFormat::Gif), 1), None);
}

#[test]
fn the_default_row_does_not_stick_to_itself() {
    // Of the table's own default, 1, 8 and 100 MB, nothing is left: it is of no format.
    let rows = [jpeg(4, 1.0, 60), jpeg(20, 1.0, 400), jpeg(60, 1.0, 900), jpeg(80, 1.0, 3000)];
    assert_eq!(decided(&rows, &terms()).default_bytes, [4 * MB, 20 * MB, 60 * MB]);
    // A format that was not measured this time and has a row of its own counts with it.
    let png = Measurement { format: ImageFormat::Png, ..jpeg(10, 1.0, 60) };
    let decision = decided(&[png], &terms());
    assert_eq!(decision.default_bytes, [2 * MB, 10 * MB, 100 * MB], "jpeg keeps 2, 16 and 100");
}

#[test]
fn what_means_nothing_is_refused_with_its_number() {
    let check = |rows: &[Measurement], terms: &Terms, want: &str| {
        let error = decide(rows, &table(), terms, &prices()).unwrap_err().to_string();
        assert!(error.contains(want), "`{error}` does not say `{want}`");
    };
    let good = [jpeg(1, 1.0, 60)];
    check(&[], &terms(), "no measurements");
    check(&[jpeg(1, f64::NAN, 60)], &terms(), "jpeg at 1000000 bytes has a cpu_ms of NaN");
    check(&[jpeg(1, 1.0, 0)], &terms(), "peak_bytes of 0");
    check(&[jpeg(0, 1.0, 60)], &terms(), "size_bytes of 0");
    check(&good, &Terms { headroom: 1.0, ..terms() }, "headroom is 1: expected 0 to below 1");
    check(&good, &Terms { latency_target_ms: 0.0, ..terms() }, "latency target is 0: expected more than 0 ms");
    check(&good, &Terms { threads: 0, ..terms() }, "threads is 0");
}
