//! The log lines of the functions: what they write, and what calibration and the command read.
//!
//! Numbers go by the names that [`crate::metrics`] lists.

use serde::{Deserialize, Serialize};

use crate::{Architecture, Dollars, Function, Outcome, RegionPrices, Requests, Work, billed_ms, cpu_share};

/// One line of a worker: everything about a job that has ended, for good or for now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The worker's tier.
    pub tier: String,
    /// [`Outcome::name`], or the name of what failed for now.
    pub outcome: String,
    /// The sentence with the number and the limit, where something was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same in every line about this upload.
    pub correlation_id: String,
    /// The source bucket.
    pub bucket: String,
    /// The object key, decoded.
    pub key: String,
    /// The object's size.
    pub bytes: u64,
    /// What the engine found and planned, where it came so far.
    #[serde(flatten)]
    pub image: Option<ImageRecord>,
    /// What is stored now.
    pub thumbnail_keys: Vec<String>,
    /// What is counted.
    #[serde(flatten)]
    pub counts: JobCounts,
    /// Where the time went.
    #[serde(flatten)]
    pub stages: Stages,
    /// From the job's arrival to its end.
    pub total_ms: f64,
    /// From the process's start to its first job; 0 unless this was the first.
    pub init_ms: f64,
    /// CPU time of all threads.
    pub cpu_ms: f64,
    /// The largest resident set of the process during the job.
    pub peak_bytes: u64,
    /// What the peak left of the function's memory.
    pub headroom_percent: f64,
    /// What it cost.
    #[serde(flatten)]
    pub cost: JobCost,
}

/// What the engine found and planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// By the image's bytes.
    pub format: String,
    /// As the header says, before orientation.
    pub width_px: u32,
    /// As the header says, before orientation.
    pub height_px: u32,
    /// Width times height.
    pub pixels: u64,
    /// 8 where the decoder made one pixel of 8x8.
    pub decode_shrink: u32,
    /// What the plan allowed the engine to hold.
    pub planned_peak_bytes: u64,
    /// What was taken from the object before the engine had enough; decoded, where it has a Content-Encoding.
    pub bytes_read: u64,
    /// Names of what was wrong with the file and did not matter.
    pub warnings: Vec<String>,
}

/// What is counted of a job: mostly 0 and 1, so that their sums over a period are counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    /// 1; 0 of a removal.
    pub images: u32,
    /// How many are stored.
    pub thumbnails: u32,
    /// No thumbnail can be made of these bytes.
    pub refusals: u32,
    /// It failed for now, and Lambda runs it again.
    pub failures: u32,
    /// It was handed to the next tier.
    pub escalations: u32,
    /// It was the first job of its process.
    pub cold_starts: u32,
}

/// Milliseconds of wall-clock time; `get` waits for S3's first byte, the rest of the transfer overlaps `decode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Until the headers of the GET arrived.
    pub get_ms: f64,
    /// Header, plan and pixels.
    pub decode_ms: f64,
    /// To every variant's size.
    pub resize_ms: f64,
    /// Every variant.
    pub encode_ms: f64,
    /// Until every thumbnail was stored.
    pub put_ms: f64,
}

/// An estimate in dollars: a function knows its own duration, not what Lambda bills for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobCost {
    /// Memory times time, INIT included.
    pub compute_dollars: Dollars,
    /// The invocation, the GET, a PUT for each thumbnail.
    pub request_dollars: Dollars,
    /// The compute, had the largest tier's function done it: same waiting, more CPU.
    pub largest_only_dollars: Dollars,
}

/// One line of the dispatcher about an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// `dispatched`, the name of a skip, or `failed`.
    pub outcome: String,
    /// Why it was skipped, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same in every line about this upload.
    pub correlation_id: String,
    /// The source bucket; `None` where the event's key is no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object key, decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The object's size, where HEAD said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The tier it was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// 1.
    pub objects: u32,
}

/// The last line of the dispatcher's invocation: what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvocationRecord {
    /// [`crate::metrics::DISPATCHER`].
    pub tier: String,
    /// Lambda's.
    pub request_id: String,
    /// How many objects the event was about.
    pub objects: u32,
    /// HEAD requests.
    pub heads: u32,
    /// Objects that must be tried again.
    pub failures: u32,
    /// 1 for the first invocation of its process.
    pub cold_starts: u32,
    /// From the event's arrival to its end.
    pub total_ms: f64,
    /// From the process's start to its first event; 0 unless this was the first.
    pub init_ms: f64,
    /// Memory times time, INIT included.
    pub compute_dollars: Dollars,
    /// The invocation and the HEADs.
    pub request_dollars: Dollars,
}

/// What a function is charged by.
#[derive(Clone, Debug, PartialEq)]
pub struct Tariff {
    /// Of its region.
    pub prices: RegionPrices,
    /// Its processor.
    pub architecture: Architecture,
    /// Its memory.
    pub memory_mb: u64,
}

impl Tariff {
    /// What Lambda will bill for `duration_ms`.
    #[must_use]
    pub fn compute(&self, duration_ms: f64) -> Dollars {
        self.prices.compute(self.architecture, self.memory_mb, billed_ms(duration_ms))
    }

    /// The cost of a job that took `total_ms`, of which `cpu_ms` were CPU time, after `init_ms` of INIT.
    #[must_use]
    pub fn job(&self, init_ms: f64, total_ms: f64, cpu_ms: f64, requests: Requests, largest_mb: u64) -> JobCost {
        let io_ms = (total_ms - cpu_ms / cpu_share(self.memory_mb).min(1.0)).max(0.0);
        let largest = Function { memory_mb: largest_mb, threads: 1 };
        // What a second thread would save there is not known here, but of the largest tier's own jobs it is.
        let is_largest = self.memory_mb == largest_mb;
        let job_ms = if is_largest { total_ms } else { largest.duration_ms(Work { io_ms, cpu_ms }) };
        let largest_ms = init_ms + job_ms;
        JobCost {
            compute_dollars: self.compute(init_ms + total_ms),
            request_dollars: self.prices.requests(requests),
            largest_only_dollars: self.prices.compute(self.architecture, largest_mb, billed_ms(largest_ms)),
        }
    }
}

impl JobCounts {
    /// The counts of a job with this outcome; `None` is one that failed for now.
    #[must_use]
    pub fn of(outcome: Option<&Outcome>, is_cold: bool) -> Self {
        Self {
            images: 1,
            thumbnails: outcome.map_or(0, |outcome| outcome.thumbnails().len() as u32),
            refusals: matches!(outcome, Some(Outcome::Refused { .. })).into(),
            failures: outcome.is_none().into(),
            escalations: matches!(outcome, Some(Outcome::Escalated { .. })).into(),
            cold_starts: is_cold.into(),
        }
    }
}

impl ObjectRecord {
    /// A line about an object of which nothing but the event is known yet.
    #[must_use]
    pub fn new(outcome: &str, correlation_id: &str) -> Self {
        Self {
            outcome: outcome.to_owned(),
            message: None,
            correlation_id: correlation_id.to_owned(),
            bucket: None,
            key: None,
            bytes: None,
            sent_to: None,
            objects: 1,
        }
    }
}
