//! The charts of the report: for each format cost, latency and memory by size; and predicted against measured.

use calibrate::{Row, predict};
use contract::Tier;

use super::chart::{Chart, Series, Unit};
use crate::inputs::Kind;
use crate::outcome::Outcome;

/// The colour after those of the tiers: of targets and of what belongs to none.
const NEUTRAL: usize = 4;

/// A heading's worth of charts.
pub(super) struct Figure {
    /// What it shows, for the caption.
    pub(super) caption: String,
    pub(super) svg: String,
}

/// Cost, latency and memory of one format.
pub(super) fn of_format(outcome: &Outcome, row: &Row) -> Vec<Figure> {
    vec![cost(outcome, row), latency(outcome, row), memory(outcome, row)]
}

fn tiers(outcome: &Outcome) -> impl Iterator<Item = (usize, &Tier)> {
    outcome.tiers.iter().enumerate()
}

/// The sizes of the format's files, rising.
fn sizes(outcome: &Outcome, row: &Row) -> Vec<u64> {
    let cells = outcome.gathered.cells.iter().filter(|cell| cell.measurement.format == row.format);
    let mut sizes: Vec<u64> = cells.map(|cell| cell.measurement.size_bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

fn thresholds(row: &Row) -> Vec<(f64, String, usize)> {
    let takes = row.thresholds.iter().enumerate().filter(|(_, threshold)| !threshold.takes_nothing());
    let mark = |(colour, threshold): (usize, &calibrate::Threshold)| {
        let label = format!("{} to {}", threshold.tier, Unit::Bytes.write(threshold.bytes as f64));
        (threshold.bytes as f64, label, colour)
    };
    takes.map(mark).collect()
}

/// One line for each tier, through what `pick` takes of the prediction at each size.
fn lines(outcome: &Outcome, row: &Row, pick: fn(&calibrate::Prediction) -> f64) -> Vec<Series> {
    let calibration = &outcome.calibration;
    let at = |size: &u64| {
        let (rows, terms) = (&calibration.measurements, &calibration.terms);
        (*size, predict(rows, &outcome.tiers, terms, &outcome.prices, row.format, *size))
    };
    let predictions: Vec<_> = sizes(outcome, row).iter().map(at).collect();
    let line = |(colour, tier): (usize, &Tier)| {
        let points = predictions.iter().map(|(size, tiers)| (*size as f64, pick(&tiers[colour]))).collect();
        Series { name: tier.name.clone(), colour, points, joined: true }
    };
    tiers(outcome).map(line).collect()
}

fn cost(outcome: &Outcome, row: &Row) -> Figure {
    let chart = Chart {
        title: format!("Compute per million images of {} by size, one line for each tier", row.format),
        x: ("object size", Unit::Bytes),
        y: ("dollars of compute per million images", Unit::Dollars),
        series: lines(outcome, row, |prediction| prediction.compute_dollars.per_million().0),
        verticals: thresholds(row),
        horizontals: Vec::new(),
        diagonal: false,
    };
    Figure {
        caption: "What a million images of one size cost in each tier (the usual file)".to_owned(),
        svg: chart.svg(),
    }
}

fn latency(outcome: &Outcome, row: &Row) -> Figure {
    let target_ms = outcome.calibration.terms.latency_target_ms;
    let chart = Chart {
        title: format!("Time of a warm worker for {} by size, one line for each tier", row.format),
        x: ("object size", Unit::Bytes),
        y: ("milliseconds, I/O included", Unit::Milliseconds),
        series: lines(outcome, row, |prediction| prediction.worst_ms),
        verticals: thresholds(row),
        horizontals: vec![(target_ms, format!("target {}", Unit::Milliseconds.write(target_ms)), NEUTRAL)],
        diagonal: false,
    };
    Figure { caption: "How long the slowest file up to each size takes, warm".to_owned(), svg: chart.svg() }
}

fn memory(outcome: &Outcome, row: &Row) -> Figure {
    let of_kind = |kind: Kind| {
        let cells = outcome.gathered.cells.iter().filter(|cell| cell.input.kind == kind);
        let mut points: Vec<(f64, f64)> =
            cells.map(|cell| (cell.measurement.size_bytes as f64, cell.measurement.peak_bytes as f64)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let kinds = Kind::of(row.format).into_iter().enumerate();
    let series = |(at, kind): (usize, Kind)| {
        let name = kind.name().strip_prefix(row.format.name()).map_or("", |rest| rest.trim_start_matches('-'));
        let name = if name.is_empty() { "plain" } else { name };
        Series { name: name.to_owned(), colour: NEUTRAL + 1 + at, points: of_kind(kind), joined: true }
    };
    let limit = |(colour, tier): (usize, &Tier)| {
        let usable_bytes = outcome.calibration.terms.usable_bytes(tier.memory_mb) as f64;
        (usable_bytes, format!("{} may use {}", tier.name, Unit::Memory.write(usable_bytes)), colour)
    };
    let chart = Chart {
        title: format!("Peak memory of a fresh worker for {} by size, one line for each kind of file", row.format),
        x: ("object size", Unit::Bytes),
        y: ("peak memory of the whole worker", Unit::Memory),
        series: kinds.map(series).collect(),
        verticals: thresholds(row),
        horizontals: tiers(outcome).map(limit).collect(),
        diagonal: false,
    };
    Figure { caption: "Peak memory of a fresh worker, by kind of file".to_owned(), svg: chart.svg() }
}

/// Every file in every tier: what the model said, and what the clock said.
pub(super) fn predictions(outcome: &Outcome) -> Figure {
    let series = outcome.predictions().into_iter().enumerate().map(|(colour, (tier, mut points))| {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Series { name: tier.to_owned(), colour, points, joined: false }
    });
    let chart = Chart {
        title: "Predicted against measured time of every file in every tier".to_owned(),
        x: ("predicted milliseconds, I/O apart", Unit::Milliseconds),
        y: ("measured milliseconds, I/O apart", Unit::Milliseconds),
        series: series.collect(),
        verticals: Vec::new(),
        horizontals: Vec::new(),
        diagonal: true,
    };
    Figure {
        caption:
            "CPU time in the periods of the tier's share, against the worker in its limits; on the line they are equal"
                .to_owned(),
        svg: chart.svg(),
    }
}
