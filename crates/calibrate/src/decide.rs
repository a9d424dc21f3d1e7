//! The decision: for each format and tier, the largest object that goes there.

use contract::{ImageFormat, RegionPrices, Tier, TierTable, billed_ms};
use serde::Serialize;

use crate::curve::{Column, Point, curve};
use crate::round::{round_below, round_down};
use crate::terms::check;
use crate::{Binding, CalibrateError, Measurement, Terms, Threshold};

/// The thresholds of every measured format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// One row for each measured format, in the order of [`ImageFormat::ALL`].
    pub rows: Vec<Row>,
    /// The row of a format that is not known at dispatch or was never measured, in bytes, from the smallest tier to the
    /// largest.
    ///
    /// A tier takes what it would take of every format that has a row; the largest takes what it would take of some
    /// format, because an object that is too large for all of them is refused, and the worker can still tell.
    pub default_bytes: Vec<u64>,
}

/// The thresholds of one format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The format.
    pub format: ImageFormat,
    /// From the smallest tier to the largest; strictly rising.
    pub thresholds: Vec<Threshold>,
    /// The first measured size that misses the latency target even in the largest tier, in bytes.
    pub late_from_bytes: Option<u64>,
}

impl Decision {
    /// The threshold of `format` in the tier at `position`, in bytes; `None` if the format was not measured.
    #[must_use]
    pub fn bytes(&self, format: Option<ImageFormat>, position: usize) -> Option<u64> {
        let Some(format) = format else { return self.default_bytes.get(position).copied() };
        let row = self.rows.iter().find(|row| row.format == format)?;
        row.thresholds.get(position).map(|threshold| threshold.bytes)
    }

    /// With the default row that follows from its rows and, for other formats, their own rows in `tiers`.
    pub(crate) fn with_defaults(mut self, tiers: &TierTable) -> Self {
        self.default_bytes = default_bytes(&self, tiers);
        self
    }
}

/// Which size goes to which tier.
///
/// An object qualifies for a tier if its peak fits in the memory less the headroom, its plan in the budget, and its
/// time in the timeout and the latency target. Among the tiers that qualify the objective chooses; a tie goes to
/// the smaller tier. What no tier makes in time goes to the largest. `tiers` keeps its thresholds for a format without
/// measurements, and the largest tier's where everything that was measured fits there.
///
/// # Errors
/// [`CalibrateError`]: terms or measurements that mean nothing, or a format that fits in no tier at all.
pub fn decide(
    measurements: &[Measurement],
    tiers: &TierTable,
    terms: &Terms,
    prices: &RegionPrices,
) -> Result<Decision, CalibrateError> {
    check(measurements, terms)?;
    decide_points(tiers, terms, prices, |format, columns| curve(measurements, format, columns))
}

/// [`decide`] from curves instead of measurements.
pub(crate) fn decide_points(
    table: &TierTable,
    terms: &Terms,
    prices: &RegionPrices,
    points_of: impl Fn(ImageFormat, &[Column<'_>]) -> Vec<Point>,
) -> Result<Decision, CalibrateError> {
    let tiers: Vec<&Tier> = table.iter().collect();
    let columns = columns(&tiers, terms);
    let mut rows = Vec::new();
    for format in ImageFormat::ALL {
        let points = points_of(format, &columns);
        if !points.is_empty() {
            rows.push(Bench { tiers: &tiers, columns: &columns, terms, prices, points: &points }.row(format)?);
        }
    }
    let decision = Decision { rows, default_bytes: Vec::new() };
    Ok(decision.with_defaults(table))
}

pub(crate) fn columns<'a>(tiers: &[&'a Tier], terms: &Terms) -> Vec<Column<'a>> {
    let column = |tier: &&'a Tier| Column { tier: Some(&tier.name), function: terms.function(tier.memory_mb) };
    tiers.iter().map(column).collect()
}

/// The row `default`, from the rows of `decision` and, for formats that it lacks, from their own in `tiers`.
///
/// Only from those. A format that goes by the default says nothing about it: were the table's own default among the
/// figures, the smaller tiers' could never rise again, nor the largest's fall, whatever was measured.
fn default_bytes(decision: &Decision, tiers: &TierTable) -> Vec<u64> {
    let own_rows = tiers.rows();
    let largest = tiers.iter().count() - 1;
    let of_tier = |(position, tier): (usize, &Tier)| {
        // Where bytes say nothing of the work they say nothing of other formats.
        let measured = ImageFormat::ALL.into_iter().filter(|format| format.is_measured());
        let own = measured.filter_map(|format| {
            let kept = || own_rows.contains(&format).then(|| tier.max_object_bytes(Some(format)));
            decision.bytes(Some(format), position).or_else(kept)
        });
        let bytes = if position == largest { own.max() } else { own.min() };
        bytes.unwrap_or_else(|| tier.max_object_bytes(None))
    };
    tiers.iter().enumerate().map(of_tier).collect()
}

/// One format on the bench, with everything that its row depends on.
struct Bench<'a> {
    tiers: &'a [&'a Tier],
    columns: &'a [Column<'a>],
    terms: &'a Terms,
    prices: &'a RegionPrices,
    points: &'a [Point],
}

/// Where one size goes.
enum Choice {
    Tier(usize),
    /// It fits in none.
    None,
}

impl Bench<'_> {
    fn row(&self, format: ImageFormat) -> Result<Row, CalibrateError> {
        let largest = self.tiers.len() - 1;
        let choices: Vec<Choice> = self.points.iter().map(|point| self.choice(point)).collect();
        let mut thresholds: Vec<Threshold> = Vec::new();
        for position in (0..=largest).rev() {
            // The first size that goes further up ends what this tier takes, even if a later one comes back.
            let goes_here = |choice: &Choice| matches!(choice, Choice::Tier(tier) if *tier <= position);
            let end = choices.iter().position(|choice| !goes_here(choice)).unwrap_or(choices.len());
            let threshold = self.threshold(Some(format), position, end, thresholds.last());
            if position == largest && threshold.takes_nothing() {
                return Err(self.nothing_fits(format, &threshold));
            }
            thresholds.push(threshold);
        }
        thresholds.reverse();
        let late = self.points.iter().find(|point| self.duration_ms(point, largest) > self.terms.latency_target_ms);
        Ok(Row { format, thresholds, late_from_bytes: late.map(|point| point.size_bytes) })
    }

    /// The tier at `position` takes the points before `end`, and less than `next`.
    fn threshold(
        &self,
        format: Option<ImageFormat>,
        position: usize,
        end: usize,
        next: Option<&Threshold>,
    ) -> Threshold {
        let tier = self.tiers[position].name.clone();
        let measured_bytes = end.checked_sub(1).map_or(0, |last| self.points[last].size_bytes);
        let binding = match self.points.get(end) {
            Some(point) => self.binding(point, position),
            None => Binding::GridEnd { at_bytes: measured_bytes },
        };
        if measured_bytes == 0 {
            // Tables must rise, and no image has as few bytes as there are tiers.
            return Threshold { tier, bytes: position as u64, measured_bytes, binding };
        }
        // That nothing larger was measured is no reason to refuse what the table takes: the worker plans again.
        let kept_bytes = match binding {
            Binding::GridEnd { .. } if position + 1 == self.tiers.len() => {
                self.tiers[position].max_object_bytes(format)
            }
            _ => 0,
        };
        let bytes = round_down(measured_bytes).max(kept_bytes);
        match next {
            Some(next) if next.bytes <= bytes => {
                let binding = Binding::NextTier { tier: next.tier.clone(), bytes: next.bytes };
                Threshold { tier, bytes: round_below(next.bytes), measured_bytes, binding }
            }
            _ => Threshold { tier, bytes, measured_bytes, binding },
        }
    }

    fn choice(&self, point: &Point) -> Choice {
        let fits: Vec<usize> = (0..self.tiers.len()).filter(|tier| self.unfit(point, *tier).is_none()).collect();
        let target_ms = self.terms.latency_target_ms;
        let in_time = fits.iter().copied().filter(|tier| self.duration_ms(point, *tier) <= target_ms);
        let scores: Vec<(usize, f64)> = in_time.map(|tier| (tier, self.score(point, tier))).collect();
        let best = scores.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
        let tie = best * self.terms.objective.tie();
        let chosen = scores.iter().find(|(_, score)| *score <= tie).map(|(tier, _)| *tier);
        chosen.or(fits.last().copied()).map_or(Choice::None, Choice::Tier)
    }

    /// Why the tier at `position` does not take `point`.
    fn binding(&self, point: &Point, position: usize) -> Binding {
        if let Some(unfit) = self.unfit(point, position) {
            return unfit;
        }
        let (at_bytes, target_ms) = (point.size_bytes, self.terms.latency_target_ms);
        let duration_ms = self.duration_ms(point, position);
        if duration_ms > target_ms {
            return Binding::Latency { at_bytes, duration_ms, target_ms };
        }
        let better = match self.choice(point) {
            Choice::Tier(tier) => tier,
            Choice::None => position,
        };
        Binding::Objective {
            at_bytes,
            objective: self.terms.objective,
            better: self.tiers[better].name.clone(),
            times: self.score(point, position) / self.score(point, better),
        }
    }

    /// Why the tier at `position` cannot make `point` at all; `None` if it can.
    fn unfit(&self, point: &Point, position: usize) -> Option<Binding> {
        let Point { size_bytes: at_bytes, peak_bytes, plan_bytes, .. } = *point;
        let tier = self.tiers[position];
        let usable_bytes = self.terms.usable_bytes(tier.memory_mb);
        let budget_bytes = tier.budget_bytes();
        let duration_ms = self.duration_ms(point, position);
        let timeout_ms = tier.timeout_s as f64 * 1000.0;
        if peak_bytes > usable_bytes {
            return Some(Binding::Memory { at_bytes, peak_bytes, usable_bytes });
        }
        if plan_bytes > budget_bytes {
            return Some(Binding::Budget { at_bytes, plan_bytes, budget_bytes });
        }
        (duration_ms > timeout_ms).then_some(Binding::Timeout { at_bytes, duration_ms, timeout_ms })
    }

    /// How long the worst file takes. A larger tier has all that a smaller one has, so a measurement in which it
    /// is slower is noise: the smaller tier's time stands for both.
    fn duration_ms(&self, point: &Point, position: usize) -> f64 {
        let io_ms = self.terms.image_io_ms(point.read_bytes);
        io_ms + point.worst_ms[..=position].iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn score(&self, point: &Point, position: usize) -> f64 {
        let duration_ms = self.terms.image_io_ms(point.read_bytes) + point.typical_ms[position];
        let memory_mb = self.columns[position].function.memory_mb;
        let dollars = self.prices.compute(self.terms.architecture, memory_mb, billed_ms(duration_ms));
        self.terms.objective.score(dollars.0, duration_ms)
    }

    fn nothing_fits(&self, format: ImageFormat, threshold: &Threshold) -> CalibrateError {
        CalibrateError::NothingFits {
            format,
            size_bytes: self.points[0].size_bytes,
            tier: threshold.tier.clone(),
            why: threshold.binding.to_string(),
        }
    }
}
