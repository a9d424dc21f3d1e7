//! What the logs of production change, and what they do not.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

mod common;

use calibrate::{Calibration, ENOUGH, Job, ThresholdTuning, Tuning, dollars, tune};
use common::{MB, jpeg, prices, table, terms};
use contract::{ImageFormat, TierTable};

/// 20 ms of CPU for each MB, 60 MB of memory: latency binds.
fn calibration() -> Calibration {
    let measurements = [1, 2, 4, 6, 8, 16, 24, 32, 48, 64].map(|mb| jpeg(mb, 20.0 * mb as f64, 60)).into();
    let (date, command, region) = ("2026-11-21".to_owned(), "make calibrate".to_owned(), "us-east-1".to_owned());
    let measured_for = contract::Thumbnails::builtin().unwrap().set();
    Calibration { date, command, region, measured_for, terms: terms(), measurements }
}

/// The table that follows from it: 6, 20 and 100 MB.
fn calibrated() -> TierTable {
    let decision = calibration().decide(&table(), &prices()).unwrap();
    TierTable::parse(&calibrate::write(common::TABLE, &decision, None).unwrap()).unwrap()
}

/// Jobs of 1 to 6 MB in the small tier, `times` as slow as the curve, the slowest a tenth more.
fn jobs(count: usize, times: f64) -> Vec<Job> {
    let job = |at: usize| {
        let size_bytes = (1 + at as u64 % 6) * MB;
        let cpu_ms = 20.0 * (size_bytes / MB) as f64 * times * (1.0 + 0.1 * (at % 20) as f64 / 20.0);
        Job {
            format: ImageFormat::Jpeg,
            tier: 0,
            size_bytes,
            read_bytes: size_bytes,
            cpu_ms,
            total_ms: 80.0 + cpu_ms * 1769.0 / 256.0,
            peak_bytes: 60 << 20,
            weight: 1,
        }
    };
    (0..count).map(job).collect()
}

fn tuned(jobs: &[Job]) -> Tuning {
    tune(jobs, &calibration(), &calibrated(), &prices()).unwrap()
}

#[test]
fn what_runs_as_calibrated_changes_nothing() {
    let tuning = tuned(&jobs(600, 0.95));
    let row = &tuning.formats[0];
    assert_eq!(row.jobs, [600, 0, 0]);
    assert!((row.usual - 1.0).abs() < 0.02 && row.slow < 1.05, "{row:?}");
    assert!(row.thresholds.iter().all(|threshold| !threshold.is_sure()), "{row:?}");
    // 80 ms and nothing for the bytes, as the jobs were made.
    assert!((tuning.terms.io_ms - 80.0).abs() < 0.1 && tuning.terms.io_ms_per_mb < 0.1, "{:?}", tuning.terms);
}

#[test]
fn what_runs_twice_as_long_lowers_the_thresholds_for_sure() {
    let row = tuned(&jobs(600, 2.0)).formats.remove(0);
    let moved: Vec<_> = row.thresholds.iter().map(|threshold| (threshold.now_bytes, threshold.tuned_bytes)).collect();
    assert_eq!(moved, [(6 * MB, 2 * MB), (20 * MB, 8 * MB), (100 * MB, 100 * MB)]);
    assert_eq!(row.thresholds.iter().map(ThresholdTuning::is_sure).collect::<Vec<_>>(), [true, true, false]);
    let (low, high) = row.thresholds[0].between_bytes;
    assert!(low <= 2 * MB && 2 * MB <= high, "{row:?}");
}

/// Slow jobs keep their lines and of the others one in a hundred does: without weights a third of these would be slow.
#[test]
fn slow_jobs_that_are_always_logged_do_not_outweigh_the_sample() {
    let mut sampled = jobs(600, 0.95);
    sampled.iter_mut().for_each(|job| job.weight = 100);
    let all: Vec<Job> = sampled.into_iter().chain(jobs(300, 5.0)).collect();
    let row = tuned(&all).formats.remove(0);
    assert!((row.usual - 1.0).abs() < 0.02 && row.slow < 1.05, "{row:?}");
    let unweighted: Vec<Job> = all.iter().map(|job| Job { weight: 1, ..*job }).collect();
    assert!(tuned(&unweighted).formats[0].slow > 4.0);
}

#[test]
fn a_few_jobs_say_nothing() {
    let tuning = tuned(&jobs(ENOUGH - 1, 5.0));
    assert!(tuning.formats[0].thresholds.is_empty());
    assert_eq!(tuning.decision.bytes(Some(ImageFormat::Jpeg), 0), Some(6 * MB));
    assert_eq!(tuning.terms, terms());
    assert!(tuned(&[]).formats.is_empty());
}

#[test]
fn more_memory_than_the_grid_needed_lowers_them_too() {
    let mut heavy = jobs(600, 0.95);
    heavy[77].peak_bytes = 300 << 20;
    let row = tuned(&heavy).formats.remove(0);
    assert_eq!(row.more_bytes, 240 << 20, "{row:?}");
    assert!(row.thresholds[0].tuned_bytes < MB, "{row:?}");
}

#[test]
fn a_lower_threshold_is_dearer_where_waiting_is_paid() {
    let (jobs, calibration, prices) = (jobs(600, 1.0), calibration(), prices());
    let cost = |table: &TierTable| dollars(&jobs, &calibration, table, &terms(), &prices).unwrap();
    // The table as shipped takes JPEG up to 2 MB in the small tier, the calibrated one up to 6 MB.
    assert!(cost(&calibrated()) < cost(&table()), "{} {}", cost(&calibrated()), cost(&table()));
    assert!(dollars(&[], &calibration, &table(), &terms(), &prices).is_none());
}
