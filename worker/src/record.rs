//! One JSON line per job on standard output, which is the function's log: the plan and the outcome.

use std::time::{Duration, Instant};

use contract::{Job, Outcome};
use engine::{Made, Stage, Warning};
use serde::Serialize;

use usage::milliseconds;

/// Wall-clock and CPU time of a job's stages; taken by the worker, because the engine reads no clock.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    started: Instant,
    cpu_at_start: Duration,
    stages: Stages,
    lap: Instant,
}

/// Milliseconds of wall-clock time; `get` waits for S3's first byte, the rest of the transfer overlaps `decode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Stages {
    get_ms: f64,
    decode_ms: f64,
    resize_ms: f64,
    encode_ms: f64,
    put_ms: f64,
}

impl Stopwatch {
    /// Starts a job.
    pub(crate) fn start() -> Self {
        usage::reset_peak();
        let started = Instant::now();
        Self { started, cpu_at_start: usage::cpu_time(), stages: Stages::default(), lap: started }
    }

    /// The headers of the GET have arrived.
    pub(crate) fn got(&mut self) {
        self.stages.get_ms += self.lap(Instant::now());
    }

    /// The engine has `finished` a stage.
    pub(crate) fn stage(&mut self, stage: Stage, finished: Instant) {
        let lap_ms = self.lap(finished);
        match stage {
            Stage::Probed | Stage::Decoded => self.stages.decode_ms += lap_ms,
            Stage::Resized => self.stages.resize_ms += lap_ms,
            Stage::Encoded => self.stages.encode_ms += lap_ms,
        }
    }

    /// Every thumbnail is stored.
    pub(crate) fn put(&mut self) {
        self.stages.put_ms += self.lap(Instant::now());
    }

    fn lap(&mut self, end: Instant) -> f64 {
        let lap = end - self.lap;
        self.lap = end;
        milliseconds(lap)
    }
}

/// The line.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'job> {
    tier: &'job str,
    outcome: &'job str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'job str>,
    correlation_id: &'job str,
    bucket: &'job str,
    key: &'job str,
    bytes: u64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    image: Option<Image>,
    thumbnails: &'job [String],
    #[serde(flatten)]
    stages: Stages,
    total_ms: f64,
    cpu_ms: f64,
    peak_bytes: u64,
}

/// What the engine found and planned.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Image {
    format: &'static str,
    width_px: u32,
    height_px: u32,
    decode_shrink: u32,
    planned_peak_bytes: u64,
    bytes_read: u64,
    warnings: Vec<&'static str>,
}

impl From<&Made> for Image {
    fn from(made: &Made) -> Self {
        Self {
            format: made.probe.format.name(),
            width_px: made.probe.width_px,
            height_px: made.probe.height_px,
            decode_shrink: made.plan.shrink,
            planned_peak_bytes: made.plan.peak_bytes,
            bytes_read: made.bytes_read,
            warnings: made.warnings.iter().map(Warning::name).collect(),
        }
    }
}

impl<'job> Record<'job> {
    /// Everything about a job that has ended.
    pub(crate) fn new(
        tier: &'job str,
        job: &'job Job,
        image: Option<Image>,
        outcome: &'job Outcome,
        stopwatch: &Stopwatch,
    ) -> Self {
        let (message, thumbnails) = match outcome {
            Outcome::Made { thumbnails } => (None, thumbnails.as_slice()),
            Outcome::Refused { message, .. } => (Some(message.as_str()), [].as_slice()),
            Outcome::Gone => (None, [].as_slice()),
        };
        Self {
            tier,
            outcome: outcome.name(),
            message,
            correlation_id: &job.correlation_id,
            bucket: &job.bucket,
            key: &job.key,
            bytes: job.bytes,
            image,
            thumbnails,
            stages: stopwatch.stages,
            total_ms: milliseconds(stopwatch.started.elapsed()),
            cpu_ms: milliseconds(usage::cpu_time().saturating_sub(stopwatch.cpu_at_start)),
            peak_bytes: usage::peak_bytes(),
        }
    }

    /// Writes the line.
    pub(crate) fn log(&self) {
        println!("{}", serde_json::to_string(self).expect("strings and numbers serialise"));
    }
}
