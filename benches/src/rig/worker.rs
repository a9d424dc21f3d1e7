//! One worker process, and what became of each job that it was given.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use contract::{ImageFormat, Job, JobRecord};
use serde::{Deserialize, Serialize};

use super::cgroup::{Cgroups, Group};
use super::server::{Event, Invocation, Server};

/// As on Lambda.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Joins the groups whose `cgroup.procs` it is given, then becomes the worker: a process that joined later would
/// have taken memory before.
const JOIN: &str = r#"worker=$1; shift; for group; do echo $$ >"$group" || exit 125; done; exec "$worker""#;

/// What every worker of a calibration shares.
#[derive(Debug)]
pub struct Rig {
    /// The worker's binary.
    pub binary: PathBuf,
    /// Where `tiers.json` and `thumbnails.json` stand.
    pub task_root: PathBuf,
    /// Where limits can be set.
    pub cgroups: Option<Cgroups>,
}

/// What one process may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Which tier it takes itself for.
    pub tier: &'a str,
    /// Its memory, in bytes.
    pub memory_bytes: u64,
    /// Its vCPUs once it has initialised; `None` for all that there are.
    pub cpus: Option<f64>,
}

/// A worker process with its services and its groups.
pub struct Worker {
    child: Child,
    events: Receiver<Event>,
    jobs: Sender<Option<Invocation>>,
    /// Dropped after the process has ended, so that its groups are empty.
    group: Option<Group>,
    _server: Server,
    count: u64,
}

/// What one job took, by the clock that Lambda bills and by the worker's own log line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// From the invocation to the last byte of its answer, in milliseconds.
    pub duration_ms: f64,
    /// CPU time, in milliseconds.
    pub cpu_ms: f64,
    /// Peak resident memory during the job, in bytes.
    pub peak_bytes: u64,
    /// The most that its control group ever held, in bytes; 0 without one.
    pub group_peak_bytes: u64,
    /// What the engine planned, in bytes.
    pub plan_bytes: u64,
    /// What was read of the object, in bytes.
    pub read_bytes: u64,
    /// Width times height.
    pub pixels: u64,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ending")]
pub enum Ending {
    /// Every thumbnail is stored.
    Made(Sample),
    /// By the worker, with its name and its sentence; or handed to the next tier.
    Refused {
        /// `escalated`, `over_budget` and the like.
        reason: String,
        /// With the number and the limit.
        message: String,
    },
    /// By the kernel, for want of memory.
    Killed,
    /// It had not answered by then.
    TimedOut {
        /// The tier's timeout, in milliseconds.
        timeout_ms: u64,
    },
}

impl Rig {
    /// Starts a worker and waits until it has initialised, with all CPUs as on Lambda.
    ///
    /// # Errors
    /// What it wrote, if it did not come that far.
    pub fn start(&self, limits: Limits<'_>) -> anyhow::Result<Worker> {
        let (jobs, waiting) = channel();
        let (sender, events) = channel();
        let server = Server::start(waiting, sender.clone())?;
        let address = server.address();
        let name = format!("{}-{}", limits.tier, address.port());
        let group = self.cgroups.as_ref().map(|groups| groups.group(&name, limits.memory_bytes));
        let group = group.transpose().context("making a control group")?;
        let mut command = Command::new("sh");
        command.args(["-c", JOIN, "worker"]).arg(&self.binary);
        command.args(group.iter().flat_map(Group::joins)).env_clear().envs([
            ("AWS_ENDPOINT_URL", format!("http://{address}").as_str()),
            ("AWS_LAMBDA_RUNTIME_API", &address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", limits.tier),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &(limits.memory_bytes >> 20).to_string()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            // Our own S3 looks at no signature.
            ("AWS_ACCESS_KEY_ID", "rig"),
            ("AWS_SECRET_ACCESS_KEY", "rig"),
            ("SOURCE_BUCKET", "uploads"),
            ("DESTINATION_BUCKET", "thumbnails"),
            ("WORKER_PREFIX", "worker-"),
            ("DEAD_LETTER_QUEUE_URL", &format!("http://{address}/rig/dead-letters")),
            ("REFUSALS_QUEUE_URL", &format!("http://{address}/rig/refusals")),
            ("FAILED_JOBS_QUEUE_URL", &format!("http://{address}/rig/failed-jobs")),
            ("RETRY_DELAY_S", "60"),
            ("MAX_OBJECT_BYTES", "1000000000"),
            ("KEEP_ENDINGS", "false"),
            ("MAX_PIXELS", "268435456"),
            ("DELETE_THUMBNAILS", "true"),
            // Every line whole.
            ("MONITORING", "full"),
            ("LOG_SAMPLE", "1"),
            ("SLOW_MS", "0"),
            ("TIER", limits.tier),
        ]);
        command.env("LAMBDA_TASK_ROOT", &self.task_root).stdin(Stdio::null()).stdout(Stdio::piped());
        let started = command.spawn().with_context(|| format!("starting `{}`", self.binary.display()));
        let mut child = started?;
        let output = child.stdout.take().context("the worker's output")?;
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(Event::Line(line));
            }
            let _ = sender.send(Event::Exited);
        });
        let mut worker = Worker { child, events, jobs, group, _server: server, count: 0 };
        worker.initialised()?;
        if let (Some(group), Some(cpus)) = (&worker.group, limits.cpus) {
            group.limit_cpu(cpus).context("limiting the CPU")?;
        }
        Ok(worker)
    }
}

impl Worker {
    fn initialised(&mut self) -> anyhow::Result<()> {
        let mut said = Vec::new();
        loop {
            match self.events.recv_timeout(INIT_TIMEOUT) {
                Ok(Event::Ready) => return Ok(()),
                Ok(Event::Line(line)) => said.push(line),
                Ok(Event::InitFailed(why)) => bail!("the worker could not initialise: {why}"),
                Ok(_) | Err(_) => bail!("the worker did not ask for a job: {}", said.join("\n")),
            }
        }
    }

    /// Gives it `file` and waits for what becomes of it. After anything but `Made` or `Refused` it has ended.
    ///
    /// # Errors
    /// A file that cannot be read, and an error of the worker, which is one of ours: this S3 does not fail.
    pub fn make(&mut self, file: &Path, timeout_ms: u64) -> anyhow::Result<Ending> {
        let object: Arc<[u8]> = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?.into();
        self.count += 1;
        let (id, etag) = (format!("job-{}", self.count), format!("\"{:x}\"", object.len()));
        let key = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let job = Job {
            bucket: "uploads".to_owned(),
            format: ImageFormat::from_key(&key),
            key,
            etag: etag.clone(),
            bytes: object.len() as u64,
            version_id: None,
            sequencer: None,
            escalated_from: None,
            look_first: false,
            came_back: false,
            attempts: 0,
            correlation_id: id.clone(),
        };
        let payload = serde_json::to_string(&job).context("writing a job")?;
        // A worker that has ended since its last job is seen below.
        let _ = self.jobs.send(Some(Invocation { id: id.clone(), payload, timeout_ms, etag, object }));
        self.ending(&id, timeout_ms)
    }

    fn ending(&mut self, id: &str, timeout_ms: u64) -> anyhow::Result<Ending> {
        let deadline = Instant::now() + Duration::from_millis(timeout_ms) + Duration::from_secs(1);
        let (mut started, mut ended, mut line) = (None, None, None);
        loop {
            if let (Some(started), Some(ended), Some(line)) = (started, ended, line.take_if(|_| ended.is_some())) {
                return Ok(self.judged(ended - started, line));
            }
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Started(at)) => started = Some(at),
                Ok(Event::Ended(at, Ok(_))) => ended = Some(at),
                Ok(Event::Ended(_, Err(why))) => bail!("the worker failed: {why}"),
                Ok(Event::InitFailed(why)) => bail!("the worker could not initialise: {why}"),
                Ok(Event::Line(text)) => {
                    let parsed = serde_json::from_str::<JobRecord>(&text).ok();
                    line = parsed.filter(|line| line.correlation_id == id).or(line);
                }
                Ok(Event::Ready) => {}
                Ok(Event::Exited) | Err(RecvTimeoutError::Disconnected) => return self.exited(),
                Err(RecvTimeoutError::Timeout) => {
                    self.stop();
                    return Ok(Ending::TimedOut { timeout_ms });
                }
            }
        }
    }

    fn judged(&self, duration: Duration, line: JobRecord) -> Ending {
        let Some(image) = line.image.filter(|_| line.outcome == "made") else {
            return Ending::Refused { reason: line.outcome, message: line.message.unwrap_or_default() };
        };
        Ending::Made(Sample {
            duration_ms: usage::milliseconds(duration),
            cpu_ms: line.cpu_ms,
            peak_bytes: line.peak_bytes,
            group_peak_bytes: self.group.as_ref().map_or(0, Group::peak_bytes),
            plan_bytes: image.planned_peak_bytes,
            read_bytes: image.bytes_read,
            pixels: image.pixels,
        })
    }

    fn exited(&mut self) -> anyhow::Result<Ending> {
        let status = self.child.wait().context("waiting for the worker")?;
        if self.group.as_ref().is_some_and(|group| group.oom_kills() > 0) {
            return Ok(Ending::Killed);
        }
        bail!("the worker ended by itself, {status}")
    }

    fn stop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
        let _ = self.jobs.send(None);
    }
}
