//! A run from its listing to its end, on the way that there is, with its journal.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use contract::{Decision, thousands};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::aws::{Bucket, Dispatcher};
use super::bounded::{Taker, Workers};
use super::direct::{Direct, End, List as _};
use super::estimate::{Tally, Way};
use super::job::{Created, JobRequest, Jobs, POLL, follow};
use super::journal::{Journal, Progress, Run, Target};
use super::listed::{Listed, Rules};
use super::manifest::{self, Manifest};
use super::outcome::Outcome;
use super::{BackfillArguments, estimate, print, text};
use crate::aws::{Deployment, Function};
use crate::stop::Stop;
use thumbtier::Ending;

/// How old the journal may be when the process is killed.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// What a run works with.
pub(super) struct Backfill<'a> {
    arguments: &'a BackfillArguments,
    deployment: &'a Deployment,
    function: &'a Function,
    rules: &'a Rules,
    bucket: &'a Bucket,
    stop: &'a Stop,
    destination_bucket: &'a str,
    target: Target,
    journal: Journal,
}

/// What a run prints for scripts.
#[derive(Debug, Serialize)]
struct Report<'a> {
    place: String,
    run: &'a str,
    objects: u64,
    #[serde(flatten)]
    progress: &'a Progress,
    /// Where S3 Batch Operations writes about each failed object.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

impl<'a> Backfill<'a> {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// A function of another release.
    pub(super) fn new(
        arguments: &'a BackfillArguments,
        deployment: &'a Deployment,
        function: &'a Function,
        rules: &'a Rules,
        bucket: &'a Bucket,
        stop: &'a Stop,
    ) -> anyhow::Result<Self> {
        let place = arguments.place.clone();
        let target = Target { function: function.arn.clone(), bucket: place.bucket, prefix: place.prefix };
        let journal = Journal::new(arguments.journal.as_deref(), &deployment.stage, &target);
        let destination_bucket = function.variable("DESTINATION_BUCKET")?;
        Ok(Self { arguments, deployment, function, rules, bucket, stop, destination_bucket, target, journal })
    }

    /// Begins, or goes on where an earlier run was interrupted.
    ///
    /// # Errors
    /// A journal that cannot be used, AWS's refusals. Where the run can go on, the error says how.
    pub(super) async fn run(&self) -> anyhow::Result<Ending> {
        if self.arguments.fresh {
            self.journal.remove()?;
        }
        let mut run = match self.journal.load(&self.target)? {
            Some(run) => {
                if let (Way::Direct, Progress::BatchOperations { .. }) = (self.arguments.way(), &run.progress) {
                    bail!(
                        "S3 Batch Operations has these objects, in the run {}: follow it without --direct and --max-concurrency, or start over \
                         by --fresh",
                        run.id
                    );
                }
                let (id, path) = (&run.id, self.journal.path().display());
                eprintln!("going on with the run {id} of `{path}`; --fresh starts over");
                run
            }
            None => match self.begin().await? {
                Some(run) => run,
                None => return Ok(Ending::Interrupted),
            },
        };
        if run.objects == 0 {
            return self.end(&run);
        }
        let ending = match self.by_batch_operations(&mut run).await {
            Ok(None) => self.directly(&mut run).await,
            ending => ending.map(|ending| ending.unwrap_or(Ending::Done)),
        };
        if ending.is_err() && self.journal.path().exists() {
            eprintln!("the same command goes on, by `{}`", self.journal.path().display());
        }
        ending
    }

    /// Lists and counts; for S3 Batch Operations it stores the manifest too. `None` if somebody ended it.
    async fn begin(&self) -> anyhow::Result<Option<Run>> {
        let way = self.arguments.way();
        let mut manifest = (way == Way::BatchOperations).then(|| Manifest::beside(self.journal.path())).transpose()?;
        let mut outcome = Outcome::default();
        let tally = survey(self.bucket, self.rules, self.stop, |(object, decision)| match (decision, &mut manifest) {
            (Decision::Invoke(_), Some(manifest)) => manifest.add(&self.target.bucket, &object.key),
            (Decision::Skip(skip), Some(_)) => {
                outcome.leave_out(&object.key, skip);
                Ok(())
            }
            // What is dispatched from here is counted when it is.
            (_, None) => Ok(()),
        });
        let Some(tally) = tally.await? else {
            eprintln!("interrupted before anything was begun");
            return Ok(None);
        };
        let has_key = self.deployment.has_key(self.destination_bucket).await;
        let estimate = estimate(&tally, self.arguments, self.deployment, self.function, way, has_key)?;
        eprintln!("{}", text::opening(&estimate));
        let id = run_id();
        let objects = tally.objects();
        let progress = match &mut manifest {
            Some(manifest) if objects > 0 => {
                let file = manifest.finish()?;
                let manifest_etag = self.bucket.put_manifest(self.destination_bucket, &id, file).await?;
                Progress::BatchOperations { manifest_etag, job_id: None }
            }
            _ => Progress::Direct { last_key: None },
        };
        let run = Run { target: self.target.clone(), id, objects, outcome, progress };
        if objects > 0 {
            self.journal.save(&run)?;
        }
        Ok(Some(run))
    }

    /// Makes the job, if it is not made, and follows it. `None` where the way is another, or becomes another because
    /// there is no such service.
    async fn by_batch_operations(&self, run: &mut Run) -> anyhow::Result<Option<Ending>> {
        let Progress::BatchOperations { manifest_etag, job_id } = run.progress.clone() else { return Ok(None) };
        let jobs = Jobs::new(&self.deployment.config, &self.function.arn)?;
        let job_id = match job_id {
            Some(job_id) => job_id,
            None => match self.create(&jobs, run, &manifest_etag).await? {
                Created::Job(job_id) => job_id,
                Created::NoService(answer) => {
                    eprintln!("no S3 Batch Operations here ({answer}): dispatching directly");
                    self.bucket.delete_manifest(self.destination_bucket, &run.id).await?;
                    (run.outcome, run.progress) = (Outcome::default(), Progress::Direct { last_key: None });
                    self.journal.save(run)?;
                    return Ok(None);
                }
            },
        };
        run.progress = Progress::BatchOperations { manifest_etag, job_id: Some(job_id.clone()) };
        self.journal.save(run)?;
        eprintln!("job {job_id} of S3 Batch Operations");
        let bar = bar(run.objects);
        let followed = follow(&jobs, &job_id, POLL, self.stop, &bar).await;
        bar.finish_and_clear();
        match followed {
            Ok(Some(state)) => {
                if let Some(failure) = state.failure() {
                    self.journal.remove()?;
                    bail!("job {job_id} {failure}");
                }
                run.outcome.job_ended(state.succeeded, state.failed);
                self.end(run).map(Some)
            }
            Ok(None) => {
                eprintln!("the job goes on without this command; the same command follows it again");
                Ok(Some(Ending::Interrupted))
            }
            Err(error) => Err(error),
        }
    }

    async fn create(&self, jobs: &Jobs, run: &Run, manifest_etag: &str) -> anyhow::Result<Created> {
        let request = JobRequest {
            run: &run.id,
            description: format!("thumbtier {} backfill {}", self.deployment.stage, run.id),
            function: &self.function.arn,
            role: self.function.variable("BATCH_JOB_ROLE_ARN")?,
            bucket: self.destination_bucket,
            manifest_etag,
        };
        jobs.create(&request).await
    }

    /// Dispatches what is left from here.
    async fn directly(&self, run: &mut Run) -> anyhow::Result<Ending> {
        let Progress::Direct { last_key } = run.progress.clone() else { return Ok(Ending::Done) };
        let bar = bar(run.objects);
        bar.set_position(run.outcome.answered);
        bar.reset_eta();
        let dispatcher = Dispatcher::new(self.deployment, self.function);
        let edge = match self.arguments.max_concurrency {
            Some(_) => Taker::Workers(Workers::new(self.deployment, self.rules, dispatcher)),
            None => Taker::Dispatcher(dispatcher),
        };
        let name = run.id.clone();
        let direct = Direct::new(&edge, self.rules, (&self.target.bucket, &name), self.arguments.rate, self.stop)
            .with_at_most(self.arguments.max_concurrency);
        let mut noted = Instant::now();
        let end = direct.run(self.bucket.list(last_key), |key, outcome| {
            run.outcome.add(outcome);
            run.progress = Progress::Direct { last_key: Some(key) };
            bar.set_position(run.outcome.answered);
            if noted.elapsed() >= NOTE_EVERY {
                self.journal.save(run)?;
                noted = Instant::now();
            }
            Ok(())
        });
        let end = end.await;
        bar.finish_and_clear();
        match end {
            Ok(End::Whole) => self.end(run),
            Ok(End::Stopped) => {
                self.journal.save(run)?;
                let (done, all) = (thousands(run.outcome.answered), thousands(run.objects));
                let path = self.journal.path().display();
                eprintln!("interrupted after {done} of {all} objects; the same command goes on there, by `{path}`");
                Ok(Ending::Interrupted)
            }
            Err(error) => {
                self.journal.save(run)?;
                Err(error)
            }
        }
    }

    /// Prints what came of the run, which is over.
    fn end(&self, run: &Run) -> anyhow::Result<Ending> {
        let report = match &run.progress {
            Progress::BatchOperations { job_id: Some(job_id), .. } => {
                Some(format!("s3://{}/{}/job-{job_id}/", self.destination_bucket, manifest::folder(&run.id)))
            }
            _ => None,
        };
        let Run { id, objects, outcome, progress, .. } = run;
        if self.arguments.json {
            let place = self.arguments.place.to_string();
            let report = Report { place, run: id, objects: *objects, progress, report, outcome };
            print(&serde_json::to_string(&report).context("a report serialises")?)?;
        } else {
            print(&text::ending(outcome))?;
            if let Some(report) = report.filter(|_| !outcome.refused.is_empty()) {
                print(&format!("S3 Batch Operations tells each refused object in {report}"))?;
            }
        }
        self.journal.remove()?;
        Ok(if outcome.refused.is_empty() { Ending::Done } else { Ending::SomeRefused })
    }
}

/// Lists everything and counts it; `each` sees each object and what is decided of it. `None` if somebody ended it.
///
/// # Errors
/// S3's, and those of `each`.
pub(super) async fn survey<'rules>(
    bucket: &Bucket,
    rules: &'rules Rules,
    stop: &Stop,
    mut each: impl FnMut((&Listed, &Decision<'_>)) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Tally<'rules>>> {
    let progress = ProgressBar::new_spinner();
    let mut tally = Tally::new(rules);
    let mut pages = bucket.list(None);
    let mut listed = 0;
    while let Some(page) = pages.page().await? {
        if stop.is_set() {
            return Ok(None);
        }
        for object in &page {
            let decision = tally.add(object);
            each((object, &decision))?;
        }
        listed += page.len() as u64;
        progress.set_message(format!("{} objects listed", thousands(listed)));
        progress.tick();
    }
    progress.finish_and_clear();
    Ok(Some(tally))
}

/// The second that it begins in, which no other run of the same objects does: `20261121T095400Z-1f3a`.
fn run_id() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let seconds: String = now.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{seconds}-{:x}", std::process::id())
}

fn bar(objects: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} objects, {eta} left  {msg}");
    ProgressBar::new(objects).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
