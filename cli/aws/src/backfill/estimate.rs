//! What a run will cost and how long it will take, by what a listing says. Pure.
//!
//! Objects are gathered by tier, format and size to a sixteenth of a doubling: a prediction for each of these is as
//! good as one for each object, and takes no longer for a billion of them than for a thousand.

use std::collections::BTreeMap;

use calibrate::{COLD_PART, Calibration, DISPATCHER_MS, INIT_MS, Terms, predict};
use contract::{
    Architecture, DISPATCHER_LOG_BYTES, Decision, Dollars, ImageFormat, Item, REQUESTS_OF_A_BUCKET_KEY, RegionPrices,
    Requests, Usage, WORKER_LOG_BYTES, billed_ms,
};
use serde::Serialize;

use super::direct::TASKS;
use super::listed::{Listed, Rules};
use super::way::Way;

/// A number of objects and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    /// How many.
    pub objects: u64,
    /// All their bytes.
    pub bytes: u64,
}

impl Sum {
    fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }
}

/// Objects that cost nearly the same. Tier and format are positions in their tables, the format one past the end where
/// the key tells none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    tier: usize,
    format: usize,
    size_class: u64,
}

/// The objects of a listing, counted.
#[derive(Debug)]
pub(super) struct Tally<'rules> {
    rules: &'rules Rules,
    groups: BTreeMap<Group, Sum>,
    skipped: BTreeMap<&'static str, Sum>,
}

impl<'rules> Tally<'rules> {
    /// Nothing counted.
    pub(super) fn new(rules: &'rules Rules) -> Self {
        Self { rules, groups: BTreeMap::new(), skipped: BTreeMap::new() }
    }

    /// Counts an object and says what is to be done with it.
    pub(super) fn add(&mut self, object: &Listed) -> Decision<'rules> {
        let decision = self.rules.decide(object);
        match &decision {
            Decision::Skip(skip) => self.skipped.entry(skip.name()).or_default().add(object.bytes),
            Decision::Invoke(chosen) => {
                let tier = self.rules.tiers.iter().position(|tier| tier.name == chosen.name).unwrap_or_default();
                // Only formats with a row are measured.
                let rows = self.rules.tiers.rows();
                let format = ImageFormat::from_key(&object.key).filter(|format| rows.contains(format));
                let format = ImageFormat::ALL.iter().position(|one| Some(*one) == format);
                let format = format.unwrap_or(ImageFormat::ALL.len());
                let group = Group { tier, format, size_class: size_class(object.bytes) };
                self.groups.entry(group).or_default().add(object.bytes);
            }
        }
        decision
    }

    /// How many objects go to the dispatcher.
    pub(super) fn objects(&self) -> u64 {
        self.groups.values().map(|sum| sum.objects).sum()
    }
}

/// The four leading binary digits after the first: classes are at most a sixteenth wide.
fn size_class(bytes: u64) -> u64 {
    let dropped_bits = bytes.max(16).ilog2() - 4;
    bytes >> dropped_bits << dropped_bits
}

/// What things cost where the deployment is.
#[derive(Debug)]
pub(super) struct Rates<'a> {
    /// What predictions are made from.
    pub calibration: &'a Calibration,
    /// The region's list prices.
    pub prices: &'a RegionPrices,
    /// Of the functions.
    pub architecture: Architecture,
    /// The memory of the function that dispatches.
    pub dispatcher_memory_mb: u64,
    /// Thumbnails of each image.
    pub variants: u32,
    /// About how many bytes they have together.
    pub thumbnail_bytes: f64,
    /// A key of KMS encrypts the buckets.
    pub has_key: bool,
    /// How objects get to the dispatcher.
    pub way: Way,
    /// The most objects a second that are dispatched from here.
    pub rate: u32,
}

/// What is said before a run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Estimate {
    /// What is sent, by tier and format.
    pub rows: Vec<Row>,
    /// All of these.
    #[serde(flatten)]
    pub sum: Sum,
    /// What is left out, by name.
    pub skipped: BTreeMap<&'static str, Sum>,
    /// The rows' dollars together.
    pub worker_dollars: Dollars,
    /// The dispatcher's compute and requests.
    pub dispatcher_dollars: Dollars,
    /// The lines of workers and dispatcher, written and kept.
    pub log_dollars: Dollars,
    /// The job and its objects; nothing where objects are dispatched from here.
    pub batch_operations_dollars: Dollars,
    /// Everything, item by item.
    pub items: Vec<Item>,
    /// All items.
    pub dollars: Dollars,
    /// What the thumbnails cost for each month that they are kept.
    pub stored_dollars_a_month: Dollars,
    /// The most objects a second that are dispatched from here.
    pub rate: u32,
    /// How long that takes, in seconds.
    pub seconds_at_rate: f64,
}

/// The objects of one format that go to one tier.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// The tier's name.
    pub tier: String,
    /// By the key's extension; `other` where it tells none, priced as the dearest format.
    pub format: &'static str,
    /// How many, how large.
    #[serde(flatten)]
    pub sum: Sum,
    /// The workers' predicted time.
    pub compute_dollars: Dollars,
    /// The workers' invocations and requests to S3.
    pub request_dollars: Dollars,
}

impl Tally<'_> {
    /// The price and the time of what was counted.
    pub(super) fn estimate(&self, rates: &Rates<'_>) -> Estimate {
        let requests = rates.prices.requests(Requests::of_worker(rates.variants));
        let mut rows: Vec<Row> = Vec::new();
        for (group, sum) in &self.groups {
            let tier = self.rules.tiers.iter().nth(group.tier).expect("a group has a tier of the table");
            let format = ImageFormat::ALL.get(group.format).copied();
            let name = format.map_or("other", ImageFormat::name);
            if rows.last().is_none_or(|row| row.tier != tier.name || row.format != name) {
                let (sum, zero) = (Sum::default(), Dollars::ZERO);
                let tier = tier.name.clone();
                rows.push(Row { tier, format: name, sum, compute_dollars: zero, request_dollars: zero });
            }
            let row = rows.last_mut().expect("one was pushed");
            let objects = sum.objects as f64;
            row.sum.objects += sum.objects;
            row.sum.bytes += sum.bytes;
            row.request_dollars = row.request_dollars + requests * objects;
            row.compute_dollars =
                row.compute_dollars + self.compute(rates, &tier.name, format, sum.bytes / sum.objects) * objects;
        }
        let sum = Sum {
            objects: rows.iter().map(|row| row.sum.objects).sum(),
            bytes: rows.iter().map(|row| row.sum.bytes).sum(),
        };
        let prices = rates.prices;
        let dollars = |usage: Usage| usage.dollars(rates.architecture, prices);
        let (dispatcher, batch_operations) =
            (rates.dispatcher() * sum.objects as f64, rates.batch_operations(sum.objects));
        let logs = Usage::of_logs((WORKER_LOG_BYTES + DISPATCHER_LOG_BYTES) as f64) * sum.objects as f64;
        let workers: Usage = rows.iter().map(|row| self.workers(rates, row)).sum();
        let kms_requests = if rates.has_key { (workers.puts + workers.gets) / REQUESTS_OF_A_BUCKET_KEY } else { 0.0 };
        let usage = workers + dispatcher + logs + batch_operations + Usage { kms_requests, ..Usage::default() };
        let items = usage.items(rates.architecture, prices);
        Estimate {
            worker_dollars: rows.iter().map(|row| row.compute_dollars + row.request_dollars).sum(),
            rows,
            sum,
            skipped: self.skipped.clone(),
            dispatcher_dollars: dollars(dispatcher),
            log_dollars: dollars(logs),
            batch_operations_dollars: dollars(batch_operations),
            dollars: items.iter().map(|item| item.dollars).sum(),
            items,
            stored_dollars_a_month: prices.s3_storage_gb_month * (rates.thumbnail_bytes * sum.objects as f64 / 1e9),
            rate: rates.rate,
            seconds_at_rate: sum.objects as f64 / f64::from(rates.rate),
        }
    }

    /// What the workers use for the objects of a row.
    fn workers(&self, rates: &Rates<'_>, row: &Row) -> Usage {
        let memory_mb = self.rules.tiers.get(&row.tier).map_or(0, |tier| tier.memory_mb);
        let gb_second = rates.prices.lambda_gb_second.on(rates.architecture);
        let time = Usage { lambda_gb_seconds: row.compute_dollars.0 / gb_second.0, ..Usage::default() };
        let each =
            Usage::of_requests(Requests::of_worker(rates.variants)) + Usage::of_init(memory_mb, INIT_MS) * COLD_PART;
        time + each * row.sum.objects as f64
    }

    /// What one object of that size costs in that tier; the dearest format where there is none.
    fn compute(&self, rates: &Rates<'_>, tier: &str, format: Option<ImageFormat>, bytes: u64) -> Dollars {
        let Calibration { measurements, terms, .. } = rates.calibration;
        let terms = Terms { architecture: rates.architecture, ..terms.clone() };
        let formats = ImageFormat::ALL.into_iter().filter(|one| format.is_none() || format == Some(*one));
        let dollars = formats.filter_map(|format| {
            let all = predict(measurements, &self.rules.tiers, &terms, rates.prices, format, bytes);
            all.into_iter().find(|one| one.tier == tier).map(|one| one.compute_dollars)
        });
        dollars.fold(Dollars::ZERO, |most, one| if one > most { one } else { most })
    }
}

impl Rates<'_> {
    /// The dispatcher's part for each object.
    fn dispatcher(&self) -> Usage {
        let share = match self.way {
            Way::BatchOperations => 1.0,
            Way::Direct => 1.0 / TASKS.min(self.rate as usize) as f64,
        };
        let Usage { heads, lambda_requests, .. } = Usage::of_requests(Requests::of_dispatcher());
        Usage::of_time(self.dispatcher_memory_mb, billed_ms(DISPATCHER_MS) as f64)
            + Usage::of_init(self.dispatcher_memory_mb, INIT_MS) * COLD_PART
            + Usage { heads, lambda_requests: lambda_requests * share, ..Usage::default() }
    }

    fn batch_operations(&self, objects: u64) -> Usage {
        match self.way {
            Way::BatchOperations if objects > 0 => {
                Usage { batch_jobs: 1.0, batch_objects: objects as f64, ..Usage::default() }
            }
            _ => Usage::default(),
        }
    }
}

#[cfg(test)]
mod tests;
