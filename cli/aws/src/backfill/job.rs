//! A job of S3 Batch Operations, followed to its end.

mod aws;

use std::time::Duration;

use indicatif::ProgressBar;

pub(super) use self::aws::Jobs;
use crate::stop::Stop;

/// How often S3 is asked.
pub(super) const POLL: Duration = Duration::from_secs(5);

/// What S3 is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobRequest<'a> {
    /// The run's name: S3 makes one job of it however often it is asked.
    pub run: &'a str,
    /// Shown in the console.
    pub description: String,
    /// The ARN of the function that takes the objects.
    pub function: &'a str,
    /// The ARN of the role that S3 assumes.
    pub role: &'a str,
    /// The bucket of manifest and report.
    pub bucket: &'a str,
    /// Of the manifest, without quotes.
    pub manifest_etag: &'a str,
}

/// What came of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Created {
    /// The job's id.
    Job(String),
    /// There is no S3 Batch Operations here, as it was said.
    NoService(String),
}

/// What S3 says of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JobState {
    /// `New`, `Preparing`, `Active`, `Complete` …
    pub status: String,
    /// Objects in the manifest, once it was read.
    pub objects: u64,
    /// Objects that the dispatcher took, or skipped in good order.
    pub succeeded: u64,
    /// Objects that it refused.
    pub failed: u64,
    /// Why the job failed or waits.
    pub why: Vec<String>,
}

/// Asks about a job. The right `s3:DescribeJob` is this trait.
pub(super) trait DescribeJob {
    /// How far it is.
    fn describe(&self, id: &str) -> impl Future<Output = anyhow::Result<JobState>>;
}

impl JobState {
    fn is_over(&self) -> bool {
        ["Complete", "Failed", "Cancelled"].contains(&self.status.as_str())
    }

    /// Why a job that is over has not tried every object; `None` if it has.
    pub(super) fn failure(&self) -> Option<String> {
        let Self { status, objects, succeeded, failed, why } = self;
        let why = if why.is_empty() { "S3 says no reason".to_owned() } else { why.join("; ") };
        let status = status.to_lowercase();
        (status != "complete")
            .then(|| format!("{status} after {succeeded} of {objects} objects and {failed} refusals: {why}"))
    }
}

/// Follows the job until it is over; `None` if somebody ended this before.
///
/// # Errors
/// S3's.
pub(super) async fn follow(
    edge: &impl DescribeJob,
    id: &str,
    poll: Duration,
    stop: &Stop,
    progress: &ProgressBar,
) -> anyhow::Result<Option<JobState>> {
    loop {
        let state = edge.describe(id).await?;
        if state.objects > 0 {
            progress.set_length(state.objects);
        }
        progress.set_position(state.succeeded + state.failed);
        progress.set_message(state.status.to_lowercase());
        if state.is_over() {
            return Ok(Some(state));
        }
        if !stop.sleep(poll).await {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;

    struct Script(RefCell<VecDeque<JobState>>);

    impl DescribeJob for Script {
        async fn describe(&self, id: &str) -> anyhow::Result<JobState> {
            assert_eq!(id, "j");
            Ok(self.0.borrow_mut().pop_front().expect("it is not asked after the end"))
        }
    }

    fn state(status: &str, objects: u64, succeeded: u64, failed: u64, why: &[&str]) -> JobState {
        let why = why.iter().map(|why| (*why).to_owned()).collect();
        JobState { status: status.to_owned(), objects, succeeded, failed, why }
    }

    async fn followed(states: &[JobState], stop: &Stop) -> anyhow::Result<Option<JobState>> {
        let edge = Script(RefCell::new(states.iter().cloned().collect()));
        let progress = ProgressBar::hidden();
        let found = follow(&edge, "j", Duration::ZERO, stop, &progress).await;
        assert_eq!(edge.0.borrow().len(), 0, "every state was seen");
        found
    }

    #[tokio::test]
    async fn a_job_is_followed_until_it_is_complete() {
        let early = [("New", 0, 0, 0), ("Preparing", 0, 0, 0), ("Active", 9, 4, 1), ("Complete", 9, 7, 2)];
        let states = early.map(|(status, objects, succeeded, failed)| state(status, objects, succeeded, failed, &[]));
        let found = followed(&states, &Stop::default()).await.unwrap();
        assert_eq!(found.as_ref(), states.last());
    }

    #[tokio::test]
    async fn a_job_that_failed_says_why_and_how_far_it_came() {
        let end = async |last| followed(&[last], &Stop::default()).await.unwrap().unwrap().failure();
        assert_eq!(end(state("Complete", 9, 8, 1, &[])).await, None);
        let failed = end(state("Failed", 9, 3, 5, &["JobFailedDueToTooManyTaskFailures: too many"])).await.unwrap();
        assert!(failed.starts_with("failed after 3 of 9 objects and 5 refusals: JobFailedDue"), "{failed}");
        assert!(end(state("Cancelled", 9, 3, 0, &[])).await.unwrap().starts_with("cancelled after 3 of 9"));
    }

    #[tokio::test]
    async fn a_job_goes_on_when_nobody_follows_it() {
        let stop = Stop::default();
        stop.set();
        assert_eq!(followed(&[state("Active", 9, 4, 0, &[])], &stop).await.unwrap(), None);
    }
}
