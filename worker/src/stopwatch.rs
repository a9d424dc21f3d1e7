//! What a job took, and its log line: the plan and the outcome.

use std::time::{Duration, Instant};

use contract::{ImageRecord, Job, JobCounts, JobRecord, MadeBy, Outcome, Requests, Stages, Task, with_causes};
use engine::{Elsewhere, Made, Stage, Warning};
use function::{Meter, Start};
use usage::milliseconds;

use crate::calls::Calls;
use crate::error::WorkerError;
use crate::settings::Settings;

/// Wall-clock and CPU time of a job's stages; taken by the worker, because the engine reads no clock.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    start: Start,
    started: Instant,
    cpu_at_start: Duration,
    stages: Stages,
    lap: Instant,
    image: Option<ImageRecord>,
    /// What the process took that drew the image.
    elsewhere: Elsewhere,
    /// What it asks of S3.
    pub(crate) calls: Calls,
}

impl Stopwatch {
    /// Starts a job.
    pub(crate) fn start(meter: &Meter) -> Self {
        if meter.is_alone {
            usage::reset_peak();
        }
        let started = Instant::now();
        let cpu_at_start = usage::cpu_time();
        Self {
            start: meter.start(),
            started,
            cpu_at_start,
            stages: Stages::default(),
            lap: started,
            image: None,
            elsewhere: Elsewhere::default(),
            calls: Calls::default(),
        }
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

    /// The engine is done.
    pub(crate) fn made(&mut self, made: &Made, warnings: &[&'static str]) {
        self.image = Some(image_record(made, warnings));
        self.elsewhere = made.elsewhere;
    }

    /// Every thumbnail is stored.
    pub(crate) fn put(&mut self) {
        self.stages.put_ms += self.lap(Instant::now());
    }

    /// What the job has taken so far, with the requests of one that goes well.
    pub(crate) fn made_by(&self, settings: &Settings, job: &Job) -> MadeBy {
        let tariff = &settings.shared.meter.tariff;
        let puts = u32::try_from(settings.shared.thumbnails.objects_of(&job.key)).unwrap_or(u32::MAX);
        let milliseconds = milliseconds(self.started.elapsed());
        let compute_dollars = tariff.compute(self.start.init_ms + milliseconds);
        let gets = 1 + self.calls.ranges();
        let requests = tariff.prices.requests(Requests { invocations: 1, heads: 1, gets, puts });
        let warnings = self.image.as_ref().map(|image| image.warnings.clone()).unwrap_or_default();
        let (tier, estimated_dollars) = (settings.tier.name.clone(), compute_dollars + requests);
        MadeBy { tier, milliseconds, estimated_dollars, warnings }
    }

    fn lap(&mut self, end: Instant) -> f64 {
        let lap = end - self.lap;
        self.lap = end;
        milliseconds(lap)
    }

    /// The line about a job that ends now.
    pub(crate) fn record(self, settings: &Settings, task: &Task, result: &Result<Outcome, WorkerError>) -> JobRecord {
        let tariff = &settings.shared.meter.tariff;
        let outcome = result.as_ref().ok();
        let (name, message) = match result {
            Ok(outcome) => (outcome.name(), outcome.message().map(str::to_owned)),
            Err(error) => (error.name(), Some(with_causes(error))),
        };
        let total_ms = milliseconds(self.started.elapsed());
        let planned_bytes = self.image.as_ref().map_or(0, |image| image.planned_peak_bytes);
        // The process's own numbers are the neighbours' too.
        let (cpu_ms, peak_bytes) = if settings.shared.meter.is_alone {
            // Not at the same time, but both count where a function's memory ends.
            let peak_bytes = usage::peak_bytes() + self.elsewhere.peak_bytes;
            (milliseconds(usage::cpu_time().saturating_sub(self.cpu_at_start) + self.elsewhere.cpu), peak_bytes)
        } else {
            (milliseconds(self.elsewhere.cpu), planned_bytes)
        };
        let memory_bytes = (tariff.memory_mb << 20) as f64;
        let counts = JobCounts::of(outcome, self.start.is_cold);
        let (bucket, bytes, images, gets) = match task {
            Task::Make(job) => (&job.bucket, job.bytes, 1, 1 + self.calls.ranges()),
            Task::Remove { remove } => (&remove.bucket, 0, 0, 0),
        };
        let requests = Requests { invocations: 1, heads: self.calls.heads(), gets, puts: self.calls.puts() };
        JobRecord {
            tier: settings.tier.name.clone(),
            outcome: name.to_owned(),
            message,
            correlation_id: task.correlation_id().to_owned(),
            bucket: bucket.clone(),
            key: task.key().to_owned(),
            bytes,
            image: self.image,
            thumbnail_keys: outcome.map(|outcome| outcome.thumbnails().to_vec()).unwrap_or_default(),
            counts: JobCounts { images, ..counts },
            stages: self.stages,
            total_ms,
            init_ms: self.start.init_ms,
            cpu_ms,
            peak_bytes,
            headroom_percent: percent(1.0 - peak_bytes as f64 / memory_bytes),
            cost: tariff.job(self.start.init_ms, total_ms, cpu_ms, requests, settings.shared.tiers.largest().memory_mb),
            sample: 1,
        }
    }
}

/// To the tenth: more digits say nothing.
fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// What the engine found and planned.
fn image_record(made: &Made, warnings: &[&'static str]) -> ImageRecord {
    let (width_px, height_px) = (made.probe.width_px, made.probe.height_px);
    let warnings = made.warnings.iter().map(Warning::name).chain(warnings.iter().copied());
    ImageRecord {
        format: made.probe.format.name().to_owned(),
        width_px,
        height_px,
        pixels: u64::from(width_px) * u64::from(height_px),
        decode_shrink: made.plan.shrink,
        planned_peak_bytes: made.plan.peak_bytes,
        bytes_read: made.bytes_read,
        warnings: warnings.map(str::to_owned).collect(),
    }
}
