//! What the tiers cost for a mix of sizes, and what one function for everything would cost, item by item.

use std::collections::BTreeMap;

use contract::{
    Architecture, DISPATCHER_LOG_BYTES, Dollars, Function, ImageFormat, Item as BillItem, RegionPrices, Requests, Tier,
    TierTable, Usage, WORKER_LOG_BYTES, billed_ms,
};
use serde::{Deserialize, Serialize};

use crate::curve::{Column, Point, curve, typical};
use crate::decide::columns;
use crate::terms::check;
use crate::{CalibrateError, Measurement, Terms};

/// What the dispatcher takes for the HEAD and the invocation of an object, in milliseconds: 3 of its own, measured in its
/// limits (`make dispatcher`), and 37 of waiting for S3 and Lambda, an assumption that `thumbtier cost` puts right for a
/// deployment.
pub const DISPATCHER_MS: f64 = 40.0;

/// The part of invocations that are the first of their environment.
///
/// **Source:** AWS Lambda developer guide, "Lambda execution environment": "typically under 1% of invocations".
pub const COLD_PART: f64 = 0.01;

/// INIT of one of our functions, in milliseconds: the dispatcher's takes 30 to 90 here (`make dispatcher`).
pub const INIT_MS: f64 = 60.0;

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
#[derive(Clone, Debug, PartialEq)]
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

/// One function for every image, invoked by S3 itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Single {
    /// What it is called in the report.
    pub name: String,
    /// Its memory, in MB.
    pub memory_mb: u64,
    /// How much more CPU than our worker it takes for the same thumbnails, by format; a format without one is not made.
    pub cpu_ratio: BTreeMap<ImageFormat, f64>,
    /// The most threads that it divides an image's work among.
    pub threads: u32,
    /// What it writes to the logs about an image, as it is billed.
    pub log_bytes: u64,
    /// Of its cold start, in milliseconds.
    pub init_ms: f64,
    /// It looks at the source once more after the last PUT, as our worker does.
    pub looks_again: bool,
}

impl Single {
    /// Our worker alone, in that memory.
    #[must_use]
    pub fn worker(memory_mb: u64, terms: &Terms) -> Self {
        Self {
            name: format!("one function of {memory_mb} MB"),
            memory_mb,
            cpu_ratio: ImageFormat::ALL.into_iter().map(|format| (format, 1.0)).collect(),
            threads: terms.threads,
            log_bytes: WORKER_LOG_BYTES,
            init_ms: INIT_MS,
            looks_again: true,
        }
    }
}

/// What a way of making thumbnails costs per million images of the mix, and what it does not do.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// `three tiers`, or what the single function is called.
    pub name: String,
    /// What is used for a million images.
    pub usage: Usage,
    /// That, item by item.
    pub items: Vec<BillItem>,
    /// The part of the images that are not made, 0 to 1.
    pub unmade: f64,
    /// The part of the images that miss the latency target, 0 to 1.
    pub late: f64,
}

impl Way {
    /// Everything, per million images.
    #[must_use]
    pub fn total(&self) -> Dollars {
        self.items.iter().map(|item| item.dollars).sum()
    }

    /// An item's dollars; 0 of one that is not used.
    #[must_use]
    pub fn item(&self, name: &str) -> Dollars {
        self.items.iter().filter(|item| item.item == name).map(|item| item.dollars).sum()
    }
}

/// The tiers beside single functions.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The part of the images that go to each tier, from the smallest to the largest.
    pub tiers: Vec<TierShare>,
    /// With a dispatcher and tiers.
    pub tiered: Way,
    /// One function for everything, without a dispatcher.
    pub alternatives: Vec<Way>,
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

/// Reckons `workload` with the thresholds of `tiers`, and with each of `singles`, on `architecture`.
///
/// By the mean file of each size, because a bill is a mean. A single function that has a tier's memory is taken to
/// run as that tier was measured. What is not made costs nothing but its dispatch.
///
/// # Errors
/// [`CalibrateError`]: terms or measurements that mean nothing, or a format in the mix that was not measured.
pub fn compare(
    measurements: &[Measurement],
    tiers: &TierTable,
    workload: &Workload,
    singles: &[Single],
    terms: &Terms,
    architecture: Architecture,
    prices: &RegionPrices,
) -> Result<Comparison, CalibrateError> {
    check(measurements, terms)?;
    let rows: Vec<&Tier> = tiers.iter().collect();
    let mut columns = columns(&rows, terms);
    columns.extend(singles.iter().map(|single| Column {
        tier: rows.iter().find(|tier| tier.memory_mb == single.memory_mb).map(|tier| tier.name.as_str()),
        function: Function { memory_mb: single.memory_mb, threads: single.threads },
    }));
    let mix = weighed(workload, measurements, &columns)?;
    let ledger = Ledger { columns: &columns, mix: &mix, terms };
    let way = |name: &str, usage: Usage, unmade, late| {
        let usage = usage * 1e6;
        Way { name: name.to_owned(), usage, items: usage.items(architecture, prices), unmade, late }
    };

    let goes_to = |item: &Item| tiers.smallest_for(Some(item.share.format), item.share.size_bytes).ok();
    let of_worker =
        Usage::of_requests(Requests::of_worker(workload.variants)) + Usage::of_logs(WORKER_LOG_BYTES as f64);
    let (mut shares, mut used, mut late) = (Vec::new(), Usage::default(), 0.0);
    for (column, tier) in rows.iter().enumerate() {
        let here = |item: &Item| goes_to(item).is_some_and(|taken| taken.name == tier.name);
        let time = ledger.time(column, 1.0, here);
        let compute = time.dollars(architecture, prices).per_million();
        let images = ledger.part(here);
        shares.push(TierShare { tier: tier.name.clone(), images, compute });
        used = used + time + (of_worker + Usage::of_init(tier.memory_mb, INIT_MS) * COLD_PART) * images;
        late += ledger.part(|item| here(item) && ledger.duration_ms(column, 1.0, item) > terms.latency_target_ms);
    }
    let dispatcher = Usage::of_requests(Requests::of_dispatcher())
        + Usage::of_time(workload.dispatcher_memory_mb, billed_ms(workload.dispatcher_ms) as f64)
        + Usage::of_init(workload.dispatcher_memory_mb, INIT_MS) * COLD_PART
        + Usage::of_logs(DISPATCHER_LOG_BYTES as f64);
    let unmade = ledger.part(|item| goes_to(item).is_none());
    let tiered = way("three tiers", used + dispatcher, unmade, late);

    let alternative = |(position, single): (usize, &Single)| {
        let column = rows.len() + position;
        let ratio = |item: &Item| single.cpu_ratio.get(&item.share.format).copied();
        let fits = |item: &Item| ratio(item).is_some() && item.peak_bytes() <= terms.usable_bytes(single.memory_mb);
        let made = ledger.part(fits);
        let mut requests = Requests::of_worker(workload.variants);
        requests.heads = if single.looks_again { requests.heads } else { 0 };
        let each = Usage::of_requests(requests)
            + Usage::of_logs(single.log_bytes as f64)
            + Usage::of_init(single.memory_mb, single.init_ms) * COLD_PART;
        let time: Usage = mix
            .iter()
            .filter(|item| fits(item))
            .map(|item| ledger.time_of(column, ratio(item).unwrap_or(1.0), item))
            .sum();
        let is_late = |item: &Item| {
            fits(item) && ledger.duration_ms(column, ratio(item).unwrap_or(1.0), item) > terms.latency_target_ms
        };
        way(&single.name, time + each * made, ledger.part(|item| !fits(item)), ledger.part(is_late))
    };
    let alternatives = singles.iter().enumerate().map(alternative).collect();
    Ok(Comparison { tiers: shares, tiered, alternatives })
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
}

impl Ledger<'_> {
    fn part(&self, counts: impl Fn(&Item) -> bool) -> f64 {
        // From positive zero: the sum of no number at all is a negative zero, which prints as one.
        self.mix.iter().filter(|item| counts(item)).fold(0.0, |sum, item| sum + item.part)
    }

    /// Of the images that count, in a function that takes `ratio` of our CPU.
    fn time(&self, column: usize, ratio: f64, counts: impl Fn(&Item) -> bool) -> Usage {
        self.mix.iter().filter(|item| counts(item)).map(|item| self.time_of(column, ratio, item)).sum()
    }

    fn time_of(&self, column: usize, ratio: f64, item: &Item) -> Usage {
        let memory_mb = self.columns[column].function.memory_mb;
        Usage::of_time(memory_mb, billed_ms(self.duration_ms(column, ratio, item)) as f64) * item.part
    }

    fn duration_ms(&self, column: usize, ratio: f64, item: &Item) -> f64 {
        let (busy_ms, read_bytes) = typical(&item.points, column, item.share.size_bytes);
        self.terms.image_io_ms(read_bytes) + busy_ms * ratio
    }
}
