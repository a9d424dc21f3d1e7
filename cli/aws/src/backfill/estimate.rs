//! What a run will cost and how long it will take, by what a listing says. Pure.
//!
//! Objects are gathered by tier, format and size to a sixteenth of a doubling: a prediction for each of these is as
//! good as one for each object, and takes no longer for a billion of them than for a thousand.

use std::collections::BTreeMap;

use calibrate::{Calibration, DISPATCHER_MS, Terms, predict};
use contract::{
    Architecture, DISPATCHER_LOG_BYTES, Decision, Dollars, ImageFormat, RegionPrices, Requests, WORKER_LOG_BYTES,
    billed_ms,
};
use serde::Serialize;

use super::direct::TASKS;
use super::listed::{Listed, Rules};

/// How the objects get to the dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a job of S3 Batch Operations, which invokes it for each object.
    BatchOperations,
    /// From here, many objects in one invocation.
    Direct,
}

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
    /// Everything.
    pub dollars: Dollars,
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
        let worker_dollars = rows.iter().map(|row| row.compute_dollars + row.request_dollars).sum();
        let dispatcher_dollars = rates.dispatcher() * sum.objects as f64;
        let batch_operations_dollars = rates.batch_operations(sum.objects);
        let log_dollars = rates.prices.logs(WORKER_LOG_BYTES + DISPATCHER_LOG_BYTES) * sum.objects as f64;
        Estimate {
            rows,
            sum,
            skipped: self.skipped.clone(),
            worker_dollars,
            dispatcher_dollars,
            log_dollars,
            batch_operations_dollars,
            dollars: worker_dollars + dispatcher_dollars + log_dollars + batch_operations_dollars,
            rate: rates.rate,
            seconds_at_rate: sum.objects as f64 / f64::from(rates.rate),
        }
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
    fn dispatcher(&self) -> Dollars {
        let Self { prices, .. } = self;
        let compute = prices.compute(self.architecture, self.dispatcher_memory_mb, billed_ms(DISPATCHER_MS));
        let Requests { heads, gets, puts, .. } = Requests::of_dispatcher();
        let head = prices.requests(Requests { invocations: 0, heads, gets, puts });
        let invocation = prices.requests(Requests { invocations: 1, heads: 0, gets: 0, puts: 0 });
        let share = match self.way {
            Way::BatchOperations => 1.0,
            Way::Direct => 1.0 / TASKS.min(self.rate as usize) as f64,
        };
        compute + head + invocation * share
    }

    fn batch_operations(&self, objects: u64) -> Dollars {
        match self.way {
            Way::BatchOperations if objects > 0 => {
                self.prices.s3_batch_job + self.prices.s3_batch_million_objects * (objects as f64 / 1e6)
            }
            _ => Dollars::ZERO,
        }
    }
}

#[cfg(test)]
mod tests;
