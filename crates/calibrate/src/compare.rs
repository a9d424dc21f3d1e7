//! What the tiers cost for a mix of sizes, and what one function for everything would cost.

use contract::Dollars;
use contract::{
    DISPATCHER_LOG_BYTES, ImageFormat, RegionPrices, Requests, Tier, TierTable, WORKER_LOG_BYTES, billed_ms,
};
use serde::{Deserialize, Serialize};

use crate::curve::{Column, Point, curve, typical};
use crate::decide::columns;
use crate::terms::check;
use crate::{CalibrateError, Measurement, Terms};

/// What the dispatcher takes for the HEAD and the invocation of an object, in milliseconds: an assumption, on the long
/// side, that `thumbtier cost` puts right for a deployment.
pub const DISPATCHER_MS: f64 = 60.0;

/// A part of the uploads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Their format.
    pub format: ImageFormat,
    /// Their size, in bytes.
    pub size_bytes: u64,
    /// How many they are, in any unit: only the proportions count.
    pub weight: f64,
}

/// What arrives, and what is done with each image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The mix of sizes.
    pub mix: Vec<Share>,
    /// Thumbnails of each image.
    pub variants: u32,
    /// The dispatcher's memory, in MB. Only tiers need one.
    pub dispatcher_memory_mb: u64,
    /// How long the dispatcher takes for an object, in milliseconds.
    pub dispatcher_ms: f64,
}

/// Dollars per million images of the mix. Compute and requests of what is made; what is not made costs nothing
/// here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// From the smallest to the largest.
    pub tiers: Vec<TierShare>,
    /// All tiers' compute.
    pub compute: Dollars,
    /// All workers' requests.
    pub requests: Dollars,
    /// The dispatcher's compute and requests.
    pub dispatcher: Dollars,
    /// The lines of workers and dispatcher, written and kept.
    pub logs: Dollars,
    /// The part of the images that no tier takes, 0 to 1.
    pub unmade: f64,
    /// The part of the images that miss the latency target, 0 to 1.
    pub late: f64,
    /// One function for everything, without a dispatcher.
    pub alternatives: Vec<Alternative>,
}

/// What goes to one tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TierShare {
    /// The tier's name.
    pub tier: String,
    /// The part of the images that go here, 0 to 1.
    pub images: f64,
    /// Its compute for that part of a million images.
    pub compute: Dollars,
}

/// One function of one memory size for every image, invoked by S3 itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// Its memory, in MB.
    pub memory_mb: u64,
    /// Its compute per million images.
    pub compute: Dollars,
    /// Its requests per million images.
    pub requests: Dollars,
    /// Its lines per million images, written and kept: a worker's, and no dispatcher's.
    pub logs: Dollars,
    /// The part of the images that do not fit in its memory less the headroom, 0 to 1.
    pub unmade: f64,
    /// The part of the images that miss the latency target, 0 to 1.
    pub late: f64,
}

impl Comparison {
    /// Everything: compute, requests, dispatcher and logs, per million images.
    #[must_use]
    pub fn total(&self) -> Dollars {
        self.compute + self.requests + self.dispatcher + self.logs
    }
}

impl Alternative {
    /// Everything, per million images.
    #[must_use]
    pub fn total(&self) -> Dollars {
        self.compute + self.requests + self.logs
    }
}

/// Reckons `workload` with the thresholds of `tiers`, and with one function of each of `single_memory_mb`.
///
/// By the mean file of each size, because a bill is a mean. A single function that has a tier's memory is taken to
/// run as that tier was measured.
///
/// # Errors
/// [`CalibrateError`]: terms or measurements that mean nothing, or a format in the mix that was not measured.
pub fn compare(
    measurements: &[Measurement],
    tiers: &TierTable,
    workload: &Workload,
    single_memory_mb: &[u64],
    terms: &Terms,
    prices: &RegionPrices,
) -> Result<Comparison, CalibrateError> {
    check(measurements, terms)?;
    let rows: Vec<&Tier> = tiers.iter().collect();
    let mut columns = columns(&rows, terms);
    columns.extend(single_memory_mb.iter().map(|memory_mb| Column {
        tier: rows.iter().find(|tier| tier.memory_mb == *memory_mb).map(|tier| tier.name.as_str()),
        function: terms.function(*memory_mb),
    }));
    let mix = weighed(workload, measurements, &columns)?;
    let ledger = Ledger { columns: &columns, mix: &mix, terms, prices };

    let goes_to = |item: &Item| tiers.smallest_for(Some(item.share.format), item.share.size_bytes).ok();
    let tier_shares: Vec<TierShare> = rows
        .iter()
        .enumerate()
        .map(|(column, tier)| {
            let here = |item: &Item| goes_to(item).is_some_and(|taken| taken.name == tier.name);
            TierShare { tier: tier.name.clone(), images: ledger.part(here), compute: ledger.compute(column, here) }
        })
        .collect();
    let late_in = |(column, tier): (usize, &&Tier)| {
        ledger.part(|item| {
            let here = goes_to(item).is_some_and(|taken| taken.name == tier.name);
            here && ledger.duration_ms(column, item) > terms.latency_target_ms
        })
    };
    let late = rows.iter().enumerate().map(late_in).fold(0.0, std::ops::Add::add);
    let made = prices.requests(Requests::of_worker(workload.variants)).per_million();
    let unmade = ledger.part(|item| goes_to(item).is_none());
    let alternatives = single_memory_mb
        .iter()
        .enumerate()
        .map(|(position, memory_mb)| {
            let column = rows.len() + position;
            let fits = |item: &Item| item.peak_bytes() <= terms.usable_bytes(*memory_mb);
            let unmade = ledger.part(|item| !fits(item));
            let late = |item: &Item| fits(item) && ledger.duration_ms(column, item) > terms.latency_target_ms;
            Alternative {
                memory_mb: *memory_mb,
                compute: ledger.compute(column, fits),
                requests: made * (1.0 - unmade),
                logs: prices.logs(WORKER_LOG_BYTES).per_million() * (1.0 - unmade),
                unmade,
                late: ledger.part(late),
            }
        })
        .collect();
    let dispatcher_ms = billed_ms(workload.dispatcher_ms);
    let dispatcher = prices.requests(Requests::of_dispatcher())
        + prices.compute(terms.architecture, workload.dispatcher_memory_mb, dispatcher_ms);
    Ok(Comparison {
        compute: tier_shares.iter().map(|share| share.compute).sum(),
        tiers: tier_shares,
        requests: made * (1.0 - unmade),
        logs: prices.logs(WORKER_LOG_BYTES).per_million() * (1.0 - unmade)
            + prices.logs(DISPATCHER_LOG_BYTES).per_million(),
        dispatcher: dispatcher.per_million(),
        unmade,
        late,
        alternatives,
    })
}

/// A part of the mix, with its format's curve.
struct Item {
    share: Share,
    /// 0 to 1; all together 1.
    part: f64,
    points: Vec<Point>,
}

impl Item {
    /// Of the next measured size, or of the largest.
    fn peak_bytes(&self) -> u64 {
        let next = self.points.iter().find(|point| point.size_bytes >= self.share.size_bytes);
        next.or(self.points.last()).map_or(0, |point| point.peak_bytes)
    }
}

fn weighed(
    workload: &Workload,
    measurements: &[Measurement],
    columns: &[Column<'_>],
) -> Result<Vec<Item>, CalibrateError> {
    let all: f64 = workload.mix.iter().fold(0.0, |sum, share| sum + share.weight);
    if !all.is_finite() || all <= 0.0 || workload.mix.iter().any(|share| share.weight < 0.0) {
        return Err(CalibrateError::Terms {
            what: "sum of the mix's weights",
            value: all,
            expected: "more than 0, of weights of 0 or more",
        });
    }
    let item = |share: &Share| {
        let points = curve(measurements, share.format, columns);
        if points.is_empty() {
            return Err(CalibrateError::NotMeasured { format: share.format });
        }
        Ok(Item { share: *share, part: share.weight / all, points })
    };
    workload.mix.iter().map(item).collect()
}

struct Ledger<'a> {
    columns: &'a [Column<'a>],
    mix: &'a [Item],
    terms: &'a Terms,
    prices: &'a RegionPrices,
}

impl Ledger<'_> {
    fn part(&self, counts: impl Fn(&Item) -> bool) -> f64 {
        // From positive zero: the sum of no number at all is a negative zero, which prints as one.
        self.mix.iter().filter(|item| counts(item)).fold(0.0, |sum, item| sum + item.part)
    }

    fn compute(&self, column: usize, counts: impl Fn(&Item) -> bool) -> Dollars {
        let memory_mb = self.columns[column].function.memory_mb;
        let one = |item: &Item| {
            let duration_ms = billed_ms(self.duration_ms(column, item));
            self.prices.compute(self.terms.architecture, memory_mb, duration_ms).per_million() * item.part
        };
        self.mix.iter().filter(|item| counts(item)).map(one).sum()
    }

    fn duration_ms(&self, column: usize, item: &Item) -> f64 {
        let (busy_ms, read_bytes) = typical(&item.points, column, item.share.size_bytes);
        self.terms.image_io_ms(read_bytes) + busy_ms
    }
}
