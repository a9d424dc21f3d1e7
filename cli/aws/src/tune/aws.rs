//! A deployment's logs, and its workers invoked one by one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calibrate::Logs;
use contract::{InvocationReport, Job, Outcome, TierTable, metadata};
use indicatif::ProgressBar;

use crate::aws::{Deployment, StageArguments, block_on};

/// The lines of every worker since then.
///
/// # Errors
/// CloudWatch Logs'. A worker that was never invoked has no log group, and nothing to say.
pub(super) fn logs(stage: &StageArguments, tiers: &TierTable, since: Duration) -> anyhow::Result<Logs> {
    block_on(async {
        let deployment = Deployment::find(stage).await?;
        let progress = ProgressBar::new_spinner();
        let mut logs = Logs::default();
        for tier in tiers.iter() {
            let read = |line: &str| {
                logs.read(line);
                progress.set_message(format!("{}: {} jobs", tier.name, logs.records.len()));
                progress.tick();
            };
            // Lambda's own lines stay where they are.
            deployment.log_lines(&format!("worker-{}", tier.name), "outcome", since, read).await?;
        }
        progress.finish_and_clear();
        Ok(logs)
    })
}

/// A deployment's workers and its two buckets.
pub(super) struct Workers {
    deployment: Deployment,
    lambda: aws_sdk_lambda::Client,
    s3: aws_sdk_s3::Client,
    source_bucket: String,
    destination_bucket: String,
    /// What keys begin with that the workers may read.
    pub(super) source_prefix: String,
}

/// What came of one invocation.
pub(super) struct Answer {
    /// The outcome.
    pub(super) outcome: Outcome,
    /// The last 4 KB of its log.
    pub(super) log: String,
}

impl Workers {
    /// Finds the buckets in the configuration of the worker of `tier`.
    pub(super) async fn find(stage: &StageArguments, tier: &str) -> anyhow::Result<Self> {
        let deployment = Deployment::find(stage).await?;
        let function = deployment.function(&format!("worker-{tier}")).await?;
        let source_bucket = function.variable("SOURCE_BUCKET")?.to_owned();
        let destination_bucket = function.variable("DESTINATION_BUCKET")?.to_owned();
        let source_prefix = function.source_prefixes()?.into_iter().next().unwrap_or_default();
        let lambda = aws_sdk_lambda::Client::new(&deployment.config);
        let s3 = aws_sdk_s3::Client::new(&deployment.config);
        Ok(Self { lambda, s3, source_bucket, destination_bucket, source_prefix, deployment })
    }

    /// Uploads `bytes` for workers only: it carries the mark of a thumbnail, which the dispatcher leaves alone.
    pub(super) async fn upload(&self, key: &str, bytes: Vec<u8>) -> anyhow::Result<Job> {
        let size = bytes.len() as u64;
        let call = self.s3.put_object().bucket(&self.source_bucket).key(key).body(ByteStream::from(bytes));
        let call = call.metadata(metadata::SOURCE_ETAG, "thumbtier tune --validate");
        let stored = call.send().await.with_context(|| format!("uploading `{}/{key}`", self.source_bucket))?;
        Ok(Job {
            bucket: self.source_bucket.clone(),
            key: key.to_owned(),
            etag: stored.e_tag().unwrap_or_default().to_owned(),
            bytes: size,
            version_id: None,
            sequencer: None,
            format: None,
            escalated_from: None,
            look_first: false,
            came_back: false,
            attempts: 0,
            correlation_id: format!("validate {key}"),
        })
    }

    /// Invokes the worker of `tier` and waits for its answer.
    pub(super) async fn invoke(&self, tier: &str, job: &Job) -> anyhow::Result<Answer> {
        let name = self.deployment.function_name(&format!("worker-{tier}"));
        let payload = serde_json::to_vec(job).context("a job serialises")?;
        let started = SystemTime::now();
        let call = self.lambda.invoke().function_name(&name).log_type(LogType::Tail).payload(Blob::new(payload));
        let answer = call.send().await.with_context(|| format!("invoking `{name}`"))?;
        let payload = answer.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
        let payload = payload.unwrap_or_default();
        if answer.function_error().is_some() {
            bail!("`{name}` failed with `{}`: {payload}", job.key);
        }
        let log = STANDARD.decode(answer.log_result().unwrap_or_default()).unwrap_or_default();
        let mut log = String::from_utf8_lossy(&log).into_owned();
        if log.lines().find_map(InvocationReport::parse).is_none() {
            log.push_str(&self.report_after(tier, &job.correlation_id, started).await?.unwrap_or_default());
        }
        let outcome = serde_json::from_str(&payload).with_context(|| format!("the answer of `{name}`: {payload}"))?;
        Ok(Answer { outcome, log })
    }

    /// The REPORT record of a job, which a local AWS leaves out of the tail: the first in the log stream after the job's
    /// own line, because an environment runs one job after the other.
    async fn report_after(
        &self,
        tier: &str,
        correlation_id: &str,
        started: SystemTime,
    ) -> anyhow::Result<Option<String>> {
        let group = self.deployment.log_group(&format!("worker-{tier}"));
        let client = aws_sdk_cloudwatchlogs::Client::new(&self.deployment.config);
        let start = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let start_ms = i64::try_from(start.as_millis()).unwrap_or_default();
        let call = client.filter_log_events().log_group_name(&group).start_time(start_ms);
        let page = call.send().await.with_context(|| format!("reading `{group}`"))?;
        let mut after = page
            .events()
            .iter()
            .skip_while(|event| !event.message().is_some_and(|line| line.contains(&format!("\"{correlation_id}\""))));
        let stream = after.next().and_then(|line| line.log_stream_name());
        let report = after.find(|event| {
            event.log_stream_name() == stream && event.message().and_then(InvocationReport::parse).is_some()
        });
        Ok(report.and_then(|event| event.message()).map(|line| format!("\n{line}")))
    }

    /// Takes away an uploaded object.
    pub(super) async fn remove(&self, key: &str) -> anyhow::Result<()> {
        self.delete(&self.source_bucket, key).await
    }

    /// Takes away what was made, so that the next invocation makes it again.
    pub(super) async fn remove_thumbnails(&self, keys: &[String]) -> anyhow::Result<()> {
        for key in keys {
            self.delete(&self.destination_bucket, key).await?;
        }
        Ok(())
    }

    async fn delete(&self, bucket: &str, key: &str) -> anyhow::Result<()> {
        let call = self.s3.delete_object().bucket(bucket).key(key).send().await;
        call.with_context(|| format!("deleting `{bucket}/{key}`"))?;
        Ok(())
    }
}
