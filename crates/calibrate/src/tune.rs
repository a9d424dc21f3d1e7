//! The thresholds again, from what production saw: the calibration's curves, corrected by the log lines of real jobs.
//!
//! Uploads are never as evenly spread as a grid, so the logs do not replace the curves, they scale them: how much
//! longer than the curve the usual image of a format takes, and how much longer the slowest twentieth does.

use std::collections::BTreeMap;

use contract::{ImageFormat, JobRecord, RegionPrices, TierTable, cpu_share};
use serde::Serialize;

use crate::curve::{Point, curve, typical};
use crate::decide::{columns, decide_points};
use crate::{CalibrateError, Calibration, Decision, Line, Terms};

/// Fewer jobs of a format than this say nothing about it.
pub const ENOUGH: usize = 30;

/// How often the jobs are drawn again to see how much the thresholds depend on which there were.
const RESAMPLES: u32 = 200;

/// A change is sure where at least this part of the resamples goes the same way.
const SURE: f64 = 0.95;

/// No image is smaller.
const SMALLEST_BYTES: u64 = 100;

/// The slowest part that may miss the latency target.
const LATE: f64 = 0.05;

/// A job that made its thumbnails, as far as the thresholds need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Job {
    /// By the image's bytes.
    pub format: ImageFormat,
    /// The position of the tier in the table.
    pub tier: usize,
    /// The object's size.
    pub size_bytes: u64,
    /// What was read of it.
    pub read_bytes: u64,
    /// CPU time, in milliseconds.
    pub cpu_ms: f64,
    /// From the job's arrival to its end, in milliseconds.
    pub total_ms: f64,
    /// The peak of the process.
    pub peak_bytes: u64,
    /// How many jobs it stands for: an ordinary one may have been drawn from many, a slow one never.
    pub weight: u32,
}

/// What the logs change.
#[derive(Clone, Debug, Serialize)]
pub struct Tuning {
    /// The thresholds by the corrected curves.
    #[serde(skip)]
    pub decision: Decision,
    /// S3 as production saw it, instead of the assumption.
    pub terms: Terms,
    /// One for each format with jobs.
    pub formats: Vec<FormatTuning>,
}

/// What the logs say about one format.
#[derive(Clone, Debug, Serialize)]
pub struct FormatTuning {
    /// The format.
    pub format: ImageFormat,
    /// Jobs, by tier in the table's order.
    pub jobs: Vec<usize>,
    /// The usual job's CPU time over the curve's.
    pub usual: f64,
    /// The same of the job that is slower than 19 of 20.
    pub slow: f64,
    /// How much more memory than the curve says a job took at most, in bytes: a warm process keeps some of the jobs
    /// before.
    pub more_bytes: u64,
    /// One for each tier; empty where there are too few jobs.
    pub thresholds: Vec<ThresholdTuning>,
}

/// One threshold, now and by the logs.
#[derive(Clone, Debug, Serialize)]
pub struct ThresholdTuning {
    /// The tier's name.
    pub tier: String,
    /// In the table.
    pub now_bytes: u64,
    /// By the logs.
    pub tuned_bytes: u64,
    /// Nine of ten resamples lie between these.
    pub between_bytes: (u64, u64),
    /// The part of the resamples that move it the same way, 0 to 1; of an unmoved one, that leave it.
    pub agreement: f64,
}

impl ThresholdTuning {
    /// Whether the logs are enough to change it. That a tier should take nothing at all, no log is enough for.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.now_bytes != self.tuned_bytes && self.tuned_bytes >= SMALLEST_BYTES && self.agreement >= SURE
    }
}

impl Tuning {
    /// The thresholds of `tiers` with the changes that are sure. A format whose sure changes alone would not rise
    /// from tier to tier keeps all of its thresholds.
    #[must_use]
    pub fn sure(&self, tiers: &TierTable) -> Decision {
        let mut decision = self.decision.clone();
        decision.rows.retain_mut(|row| {
            let Some(tuned) = self.formats.iter().find(|tuned| tuned.format == row.format) else { return false };
            for (threshold, tuned) in row.thresholds.iter_mut().zip(&tuned.thresholds) {
                threshold.bytes = if tuned.is_sure() { tuned.tuned_bytes } else { tuned.now_bytes };
            }
            let rises = row.thresholds.is_sorted_by(|less, more| less.bytes < more.bytes);
            rises && tuned.thresholds.iter().any(ThresholdTuning::is_sure)
        });
        decision.with_defaults(tiers)
    }
}

impl Job {
    /// The job of a whole log line; `None` of a short one, where no thumbnail was made, in an unknown tier, and of a first
    /// job, which is slower than all later ones.
    #[must_use]
    pub fn of(record: &JobRecord, tiers: &TierTable) -> Option<Self> {
        let image = record.image.as_ref().filter(|_| record.outcome == "made" && record.counts.cold_starts == 0)?;
        if image.bytes_read == 0 || record.cpu_ms <= 0.0 {
            return None;
        }
        Some(Self {
            format: ImageFormat::ALL.into_iter().find(|format| format.name() == image.format)?,
            tier: tiers.iter().position(|tier| tier.name == record.tier)?,
            size_bytes: record.bytes,
            read_bytes: image.bytes_read,
            cpu_ms: record.cpu_ms,
            total_ms: record.total_ms,
            peak_bytes: record.peak_bytes,
            weight: record.sample.max(1),
        })
    }
}

/// Corrects the calibration's curves by `jobs` and decides again.
///
/// # Errors
/// As [`crate::decide`].
pub fn tune(
    jobs: &[Job],
    calibration: &Calibration,
    tiers: &TierTable,
    prices: &RegionPrices,
) -> Result<Tuning, CalibrateError> {
    let terms = observed_io(jobs, calibration, tiers);
    let bench = Bench { calibration, tiers, prices, terms: &terms };
    let formats: Vec<(ImageFormat, Vec<Job>)> = ImageFormat::ALL
        .into_iter()
        .map(|format| (format, jobs.iter().copied().filter(|job| job.format == format).collect::<Vec<_>>()))
        .filter(|(_, jobs)| !jobs.is_empty())
        .collect();
    let corrections: BTreeMap<&str, Correction> = formats
        .iter()
        .filter(|(_, jobs)| jobs.len() >= ENOUGH)
        .map(|(format, jobs)| (format.name(), Correction::from_ratios(&bench.ratios(*format, jobs))))
        .collect();
    let decision = bench.decide(&corrections)?;
    let tuned = formats.iter().map(|(format, jobs)| bench.of_format(*format, jobs, &decision));
    let formats = tuned.collect::<Result<_, _>>()?;
    Ok(Tuning { decision, terms, formats })
}

/// What S3 took: the time of a job that its CPU time does not explain, by megabytes read.
///
/// Where two threads may have worked, CPU time does not say how long: such jobs count only if there are no others.
fn observed_io(jobs: &[Job], calibration: &Calibration, tiers: &TierTable) -> Terms {
    let memory_mb: Vec<u64> = tiers.iter().map(|tier| tier.memory_mb).collect();
    let is_plain = |job: &&Job| tiers.iter().nth(job.tier).is_some_and(|tier| tier.threads() == 1);
    let plain: Vec<Job> = jobs.iter().filter(is_plain).copied().collect();
    let jobs = if plain.len() < ENOUGH { jobs } else { &plain };
    let waits: Vec<(f64, f64)> = jobs
        .iter()
        .flat_map(|job| {
            let busy_ms = job.cpu_ms / cpu_share(memory_mb[job.tier]).min(1.0);
            let wait = (job.read_bytes as f64 / 1e6, (job.total_ms - busy_ms).max(0.0));
            std::iter::repeat_n(wait, job.weight as usize)
        })
        .collect();
    if jobs.len() < ENOUGH {
        return calibration.terms.clone();
    }
    let line = Line::through(&waits);
    Terms { io_ms: line.base.max(0.0), io_ms_per_mb: line.slope, ..calibration.terms.clone() }
}

/// How one job lies to the curve of its format.
#[derive(Clone, Copy, Debug)]
struct Ratio {
    /// Its CPU time over the curve's.
    cpu: f64,
    /// What its peak lies above the curve's.
    more_bytes: u64,
    weight: f64,
}

/// How the jobs of a format lie to its curve.
#[derive(Clone, Copy, Debug)]
struct Correction {
    usual: f64,
    slow: f64,
    more_bytes: u64,
}

struct Bench<'a> {
    calibration: &'a Calibration,
    tiers: &'a TierTable,
    prices: &'a RegionPrices,
    terms: &'a Terms,
}

impl Bench<'_> {
    /// Each job beside the curve at its size, at one whole vCPU.
    fn ratios(&self, format: ImageFormat, jobs: &[Job]) -> Vec<Ratio> {
        let whole = crate::curve::Column { tier: None, function: contract::Function { memory_mb: 1769, threads: 1 } };
        let points = curve(&self.calibration.measurements, format, &[whole]);
        let ratio = |job: &Job| {
            let (cpu_ms, _) = typical(&points, 0, job.size_bytes);
            let next = points.iter().find(|point| point.size_bytes >= job.size_bytes).or(points.last())?;
            let beyond = (job.size_bytes as f64 / next.size_bytes as f64).max(1.0);
            let peak_bytes = (next.peak_bytes as f64 * beyond) as u64;
            (cpu_ms > 0.0).then(|| Ratio {
                cpu: job.cpu_ms / cpu_ms,
                more_bytes: job.peak_bytes.saturating_sub(peak_bytes),
                weight: f64::from(job.weight),
            })
        };
        jobs.iter().filter_map(ratio).collect()
    }

    /// The thresholds with the curves of some formats corrected.
    fn decide(&self, corrections: &BTreeMap<&str, Correction>) -> Result<Decision, CalibrateError> {
        decide_points(self.tiers, self.terms, self.prices, |format, columns| {
            let mut points = curve(&self.calibration.measurements, format, columns);
            if let Some(correction) = corrections.get(format.name()) {
                points.iter_mut().for_each(|point| correction.apply(point));
            }
            points
        })
    }

    fn of_format(&self, format: ImageFormat, jobs: &[Job], tuned: &Decision) -> Result<FormatTuning, CalibrateError> {
        let tiers: Vec<&contract::Tier> = self.tiers.iter().collect();
        let ratios = self.ratios(format, jobs);
        let Correction { usual, slow, more_bytes } = Correction::from_ratios(&ratios);
        let count = |position| jobs.iter().filter(|job| job.tier == position).count();
        let counts = (0..tiers.len()).map(count).collect();
        let mut thresholds = Vec::new();
        if jobs.len() >= ENOUGH && ratios.len() >= ENOUGH {
            let drawn = self.resampled(format, &ratios)?;
            for (position, tier) in tiers.iter().enumerate() {
                let Some(tuned_bytes) = tuned.bytes(Some(format), position) else { continue };
                let now_bytes = tier.max_object_bytes(Some(format));
                let mut at: Vec<u64> = drawn.iter().filter_map(|row| row.get(position).copied()).collect();
                at.sort_unstable();
                let same_way = at.iter().filter(|bytes| bytes.cmp(&&now_bytes) == tuned_bytes.cmp(&now_bytes)).count();
                thresholds.push(ThresholdTuning {
                    tier: tier.name.clone(),
                    now_bytes,
                    tuned_bytes,
                    between_bytes: (at[at.len() / 20], at[at.len() - 1 - at.len() / 20]),
                    agreement: same_way as f64 / at.len() as f64,
                });
            }
        }
        Ok(FormatTuning { format, jobs: counts, usual, slow, more_bytes, thresholds })
    }

    /// The format's thresholds, with the jobs drawn again and again from themselves.
    ///
    /// **Source:** B. Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979.
    fn resampled(&self, format: ImageFormat, ratios: &[Ratio]) -> Result<Vec<Vec<u64>>, CalibrateError> {
        let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
        let once = |_| {
            let again: Vec<Ratio> = ratios.iter().map(|_| ratios[draw.below(ratios.len())]).collect();
            let correction = Correction::from_ratios(&again);
            let decision = self.decide(&BTreeMap::from([(format.name(), correction)]))?;
            Ok((0..self.tiers.iter().count()).filter_map(|position| decision.bytes(Some(format), position)).collect())
        };
        (0..RESAMPLES).map(once).collect()
    }
}

/// The least CPU ratio that `part` of the jobs do not exceed, each by its weight; 1 of none.
fn quantile(ratios: &[Ratio], part: f64) -> f64 {
    let mut sorted = ratios.to_vec();
    sorted.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    let mut left = part * sorted.iter().map(|ratio| ratio.weight).sum::<f64>();
    for ratio in &sorted {
        left -= ratio.weight;
        if left <= 0.0 {
            return ratio.cpu;
        }
    }
    sorted.last().map_or(1.0, |ratio| ratio.cpu)
}

impl Correction {
    fn from_ratios(ratios: &[Ratio]) -> Self {
        Self {
            usual: quantile(ratios, 0.5),
            slow: quantile(ratios, 1.0 - LATE),
            more_bytes: ratios.iter().map(|ratio| ratio.more_bytes).max().unwrap_or(0),
        }
    }

    /// The latency target is for all but the slowest twentieth: the grid's worst file gives way to what really came.
    fn apply(self, point: &mut Point) {
        for (worst_ms, typical_ms) in point.worst_ms.iter_mut().zip(&mut point.typical_ms) {
            *worst_ms = *typical_ms * self.slow;
            *typical_ms *= self.usual;
        }
        point.peak_bytes += self.more_bytes;
    }
}

/// Compute per million of these jobs, by the thresholds of `table`; `None` if it takes none of them.
#[must_use]
pub fn dollars(
    jobs: &[Job],
    calibration: &Calibration,
    table: &TierTable,
    terms: &Terms,
    prices: &RegionPrices,
) -> Option<contract::Dollars> {
    let tiers: Vec<&contract::Tier> = table.iter().collect();
    let columns = columns(&tiers, terms);
    let curves: Vec<(ImageFormat, Vec<Point>)> = ImageFormat::ALL
        .into_iter()
        .map(|format| (format, curve(&calibration.measurements, format, &columns)))
        .collect();
    let one = |job: &Job| {
        let (_, points) = curves.iter().find(|(format, points)| *format == job.format && !points.is_empty())?;
        let tier = table.smallest_for(Some(job.format), job.size_bytes).ok()?;
        let column = tiers.iter().position(|row| row.name == tier.name)?;
        // The job's own CPU time, at the share of the tier that it would go to.
        let (there, here) = (typical(points, column, job.size_bytes).0, typical(points, job.tier, job.size_bytes).0);
        let busy_here_ms = job.cpu_ms / columns[job.tier].function.cpus();
        let busy_ms = if here > 0.0 { busy_here_ms * there / here } else { busy_here_ms };
        let duration_ms = terms.image_io_ms(job.read_bytes as f64) + busy_ms;
        let weight = f64::from(job.weight);
        Some((prices.compute(terms.architecture, tier.memory_mb, contract::billed_ms(duration_ms)) * weight, weight))
    };
    let (all, weights): (Vec<contract::Dollars>, Vec<f64>) = jobs.iter().filter_map(one).unzip();
    (!all.is_empty()).then(|| all.iter().copied().sum::<contract::Dollars>() * (1e6 / weights.iter().sum::<f64>()))
}

/// Marsaglia's xorshift: the same draws every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
