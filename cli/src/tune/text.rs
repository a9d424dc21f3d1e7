//! What tuning found, as a page for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use calibrate::{ENOUGH, FormatTuning, Job, Logs, Terms, ThresholdTuning, Tuning};
use contract::Dollars;
use serde::Serialize;

/// Everything that is printed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Findings {
    /// Warm jobs that made their thumbnails.
    jobs: usize,
    /// Log lines about jobs, by outcome.
    outcomes: BTreeMap<String, usize>,
    broken_lines: usize,
    assumed_io_ms: f64,
    assumed_io_ms_per_mb: f64,
    observed_io_ms: f64,
    observed_io_ms_per_mb: f64,
    formats: Vec<FormatTuning>,
    /// Compute per million of these images, by the table as it is and with the sure changes.
    now_dollars_per_million: Option<Dollars>,
    tuned_dollars_per_million: Option<Dollars>,
    /// Where the thresholds were measured for other thumbnails than this build makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<String>,
}

impl Findings {
    pub(super) fn new(
        logs: &Logs,
        jobs: &[Job],
        tuning: &Tuning,
        assumed: &Terms,
        now: Option<Dollars>,
        tuned: Option<Dollars>,
        mismatch: Option<String>,
    ) -> Self {
        let mut outcomes = BTreeMap::new();
        for record in &logs.records {
            *outcomes.entry(record.outcome.clone()).or_insert(0) += 1;
        }
        Self {
            jobs: jobs.len(),
            outcomes,
            broken_lines: logs.broken_lines,
            assumed_io_ms: assumed.io_ms,
            assumed_io_ms_per_mb: assumed.io_ms_per_mb,
            observed_io_ms: tuning.terms.io_ms,
            observed_io_ms_per_mb: tuning.terms.io_ms_per_mb,
            formats: tuning.formats.clone(),
            now_dollars_per_million: now,
            tuned_dollars_per_million: tuned,
            mismatch,
        }
    }
}

/// The page.
pub(super) fn page(findings: &Findings) -> String {
    let mut page = String::new();
    let mut line = |words: String| {
        writeln!(page, "{words}").expect("a String takes everything");
    };
    if let Some(mismatch) = &findings.mismatch {
        line(format!("note: {mismatch}. What follows corrects curves of the other thumbnails"));
    }
    let outcomes: Vec<String> = findings.outcomes.iter().map(|(name, count)| format!("{count} {name}")).collect();
    line(format!("{} warm jobs; log lines by outcome: {}", findings.jobs, outcomes.join(", ")));
    if findings.broken_lines > 0 {
        line(format!("{} log lines of workers could not be read: another version wrote them", findings.broken_lines));
    }
    line(format!(
        "S3 takes {:.0} ms and {:.1} ms for each MB, where {:.0} and {:.1} were assumed",
        findings.observed_io_ms, findings.observed_io_ms_per_mb, findings.assumed_io_ms, findings.assumed_io_ms_per_mb
    ));
    for format in &findings.formats {
        line(String::new());
        line(of_format(format));
        format.thresholds.iter().zip(&format.jobs).for_each(|(threshold, jobs)| line(of_threshold(threshold, *jobs)));
    }
    line(String::new());
    page.push_str(&saving(findings));
    page
}

fn of_format(format: &FormatTuning) -> String {
    let jobs: usize = format.jobs.iter().sum();
    let FormatTuning { usual, slow, more_bytes, .. } = format;
    if format.thresholds.is_empty() {
        return format!("{}: {jobs} jobs say too little, {ENOUGH} are needed", format.format);
    }
    format!(
        "{}: {jobs} jobs; CPU {usual:.2} times the calibration's, {slow:.2} times for the slowest twentieth; at most {} MB more memory",
        format.format,
        more_bytes >> 20
    )
}

fn of_threshold(threshold: &ThresholdTuning, jobs: usize) -> String {
    let ThresholdTuning { tier, now_bytes, tuned_bytes, between_bytes: (low, high), agreement } = threshold;
    let verdict = match (now_bytes.cmp(tuned_bytes), threshold.is_sure()) {
        (std::cmp::Ordering::Equal, _) => "keep".to_owned(),
        (_, false) => format!("perhaps {}, not sure enough", size(*tuned_bytes)),
        (std::cmp::Ordering::Less, true) => format!("raise to {}", size(*tuned_bytes)),
        (std::cmp::Ordering::Greater, true) => format!("lower to {}", size(*tuned_bytes)),
    };
    format!(
        "  {tier:<7} {:>8}: {verdict} ({:.0} % of the redraws agree, nine of ten lie from {} to {}; {jobs} jobs here)",
        size(*now_bytes),
        agreement * 100.0,
        size(*low),
        size(*high)
    )
}

fn saving(findings: &Findings) -> String {
    let (Some(now), Some(tuned)) = (findings.now_dollars_per_million, findings.tuned_dollars_per_million) else {
        return "no tier takes any of these images".to_owned();
    };
    let saved = Dollars(now.0 - tuned.0);
    match saved.0 {
        ..-0.005 => format!(
            "compute per million of these images: {now} now, {tuned} with the sure changes, for less waiting or less risk"
        ),
        ..0.005 => format!("compute per million of these images: {now}, with or without the sure changes"),
        _ => format!("compute per million of these images: {now} now, {tuned} with the sure changes: saves {saved}"),
    }
}

/// In the units of tiers.json: powers of ten.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes as f64 / 1e3),
        _ => format!("{} MB", bytes as f64 / 1e6),
    }
}
