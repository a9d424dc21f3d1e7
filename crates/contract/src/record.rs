//! The log lines of the functions: what they write, and what calibration and the command read.
//!
//! Numbers go by the names that [`crate::metrics`] lists. A number that is 0 and a text that is empty are left out of a
//! line: each byte is paid for.

use serde::{Deserialize, Serialize};

use crate::log_line::{LogRecord, hundredths, is_one, one};
use crate::metrics::Monitoring;
use crate::number::is_zero;
use crate::{Architecture, Dollars, Function, Outcome, RegionPrices, Requests, Work, billed_ms, cpu_share, fnv1a};

/// Which lines are short.
///
/// What went as it should says what the metrics need, and what a person asks of a job. Whatever was refused, failed,
/// escalated or slow, and one ordinary job in so many, keeps the whole line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRules {
    /// What is measured: short lines carry the numbers of its metrics.
    pub monitoring: Monitoring,
    /// One ordinary job in so many keeps the whole line; 1 is every one.
    pub sample: u32,
    /// A job that takes longer keeps the whole line.
    pub slow_ms: f64,
}

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
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bucket: String,
    /// The object key, decoded.
    pub key: String,
    /// The object's size.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// What the engine found and planned, where it came so far.
    #[serde(flatten)]
    pub image: Option<ImageRecord>,
    /// What is stored now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub thumbnail_keys: Vec<String>,
    /// What is counted.
    #[serde(flatten)]
    pub counts: JobCounts,
    /// Where the time went.
    #[serde(flatten)]
    pub stages: Stages,
    /// From the job's arrival to its end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub total_ms: f64,
    /// From the process's start to its first job; 0 unless this was the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub init_ms: f64,
    /// CPU time of all threads.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cpu_ms: f64,
    /// The largest resident set of the process during the job.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub peak_bytes: u64,
    /// What the peak left of the function's memory.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub headroom_percent: f64,
    /// What it cost.
    #[serde(flatten)]
    pub cost: JobCost,
    /// How many ordinary jobs this line stands for: as many as [`LogRules::sample`] says where it was drawn.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub sample: u32,
}

/// What the engine found and planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// By the image's bytes.
    pub format: String,
    /// As the header says, before orientation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub width_px: u32,
    /// As the header says, before orientation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub height_px: u32,
    /// Width times height.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pixels: u64,
    /// 8 where the decoder made one pixel of 8x8.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub decode_shrink: u32,
    /// What the plan allowed the engine to hold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub planned_peak_bytes: u64,
    /// What was taken from the object before the engine had enough; decoded, where it has a Content-Encoding.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_read: u64,
    /// Names of what was wrong with the file and did not matter.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warnings: Vec<String>,
}

/// What is counted of a job: mostly 0 and 1, so that their sums over a period are counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    /// 1; 0 of a removal.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub images: u32,
    /// How many are stored.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub thumbnails: u32,
    /// No thumbnail can be made of these bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals: u32,
    /// It failed for now, and Lambda runs it again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// It was handed to the next tier.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub escalations: u32,
    /// It was the first job of its process.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cold_starts: u32,
}

/// Milliseconds of wall-clock time; `get` waits for S3's first byte, the rest of the transfer overlaps `decode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Until the headers of the GET arrived.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub get_ms: f64,
    /// Header, plan and pixels.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub decode_ms: f64,
    /// To every variant's size.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resize_ms: f64,
    /// Every variant.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub encode_ms: f64,
    /// Until every thumbnail was stored.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub put_ms: f64,
}

/// An estimate in dollars: a function knows its own duration, not what Lambda bills for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobCost {
    /// Memory times time, INIT included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub compute_dollars: Dollars,
    /// The invocation, the GET, a PUT for each thumbnail.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub request_dollars: Dollars,
    /// The compute, had the largest tier's function done it: same waiting, more CPU.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub largest_only_dollars: Dollars,
    /// Compute, requests, and the line itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dollars: Dollars,
}

/// What the dispatcher says of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// `dispatched`, the name of a skip, or `failed`.
    pub outcome: String,
    /// Why it was skipped, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same in every line about this upload.
    pub correlation_id: String,
    /// The source bucket; `None` where the event's key is no key, and where all went as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object key, decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The object's size, where HEAD said it; the worker's line has it where all went as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The tier it was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
}

/// One line of the dispatcher: about an object, about its invocation, or both where the invocation had one object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DispatchRecord {
    /// [`crate::metrics::DISPATCHER`]; nothing in a line that is only about an object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// Lambda's; nothing where a correlation id begins with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// The object, in a line about one.
    #[serde(flatten)]
    pub object: Option<ObjectRecord>,
    /// How many objects the line is about.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub objects: u32,
    /// HEAD requests.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub heads: u32,
    /// Objects that must be tried again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// 1 for the first invocation of its process.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cold_starts: u32,
    /// From the event's arrival to its end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub total_ms: f64,
    /// From the process's start to its first event; 0 unless this was the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub init_ms: f64,
    /// Memory times time, INIT included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub compute_dollars: Dollars,
    /// The invocation, the HEADs, and what brought the event here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub request_dollars: Dollars,
    /// Compute, requests, and the line itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dollars: Dollars,
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
        let (compute, requests) = (self.compute(init_ms + total_ms), self.prices.requests(requests));
        JobCost {
            compute_dollars: compute.rounded(),
            request_dollars: requests.rounded(),
            largest_only_dollars: self.prices.compute(self.architecture, largest_mb, billed_ms(largest_ms)).rounded(),
            dollars: compute + requests,
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
        }
    }
}

impl LogRules {
    /// Every line whole: for what reads all of it.
    #[must_use]
    pub const fn whole() -> Self {
        Self { monitoring: Monitoring::Full, sample: 1, slow_ms: 0.0 }
    }

    /// How many ordinary jobs the whole line of this one would stand for; `None` where its line is short. The same
    /// upload is drawn every time.
    fn drawn(&self, correlation_id: &str) -> Option<u32> {
        let sample = self.sample.max(1);
        fnv1a(correlation_id.as_bytes()).is_multiple_of(u64::from(sample)).then_some(sample)
    }
}

impl JobRecord {
    /// The record as its line says it.
    #[must_use]
    pub fn under(mut self, rules: &LogRules) -> Self {
        for ms in [&mut self.total_ms, &mut self.init_ms, &mut self.cpu_ms] {
            *ms = hundredths(*ms);
        }
        let Stages { get_ms, decode_ms, resize_ms, encode_ms, put_ms } = &mut self.stages;
        for ms in [get_ms, decode_ms, resize_ms, encode_ms, put_ms] {
            *ms = hundredths(*ms);
        }
        let JobCounts { refusals, failures, escalations, .. } = self.counts;
        let is_ordinary = self.message.is_none() && refusals + failures + escalations == 0;
        if !is_ordinary || self.total_ms > rules.slow_ms {
            return self;
        }
        let is_full = rules.monitoring == Monitoring::Full;
        if let Some(sample) = rules.drawn(&self.correlation_id) {
            // With everything measured, short lines tell as much to who tunes: none stands for others.
            return Self { sample: if is_full { 1 } else { sample }, ..self };
        }
        self.bucket = String::new();
        self.thumbnail_keys = Vec::new();
        if let Some(image) = &mut self.image {
            (image.width_px, image.height_px, image.decode_shrink, image.planned_peak_bytes) = (0, 0, 0, 0);
            if !is_full {
                (image.pixels, image.bytes_read) = (0, 0);
            }
        }
        if is_full {
            return self;
        }
        let JobCost { dollars, .. } = self.cost;
        Self {
            stages: Stages::default(),
            cpu_ms: 0.0,
            headroom_percent: 0.0,
            cost: JobCost { dollars, ..JobCost::default() },
            ..self
        }
    }
}

impl DispatchRecord {
    /// A line about one object of several.
    #[must_use]
    pub fn about(object: ObjectRecord) -> Self {
        Self { object: Some(object), objects: 1, ..Self::default() }
    }

    /// The record as its line says it.
    #[must_use]
    pub fn under(mut self, rules: &LogRules) -> Self {
        (self.total_ms, self.init_ms) = (hundredths(self.total_ms), hundredths(self.init_ms));
        (self.compute_dollars, self.request_dollars) = (self.compute_dollars.rounded(), self.request_dollars.rounded());
        let is_ordinary = self.object.as_ref().is_none_or(|object| object.message.is_none()) && self.failures == 0;
        if !is_ordinary || self.total_ms > rules.slow_ms || rules.monitoring == Monitoring::Full {
            return self;
        }
        if let Some(object) = &mut self.object {
            (object.bucket, object.bytes) = (None, None);
        }
        Self { heads: 0, compute_dollars: Dollars::ZERO, request_dollars: Dollars::ZERO, ..self }
    }
}

impl LogRecord for JobRecord {
    fn dollars(&mut self) -> &mut Dollars {
        &mut self.cost.dollars
    }
}

impl LogRecord for DispatchRecord {
    fn dollars(&mut self) -> &mut Dollars {
        &mut self.dollars
    }
}
