//! The edges on AWS that more than one function has: the SDK's configuration, Lambda `Invoke`, S3 `HeadObject`,
//! SQS `SendMessage`, and the first connection to S3.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use contract::{DeadLetter, Ending, ObjectHead, PutOff, Task};
use serde::Serialize;

use crate::call::{CallError, HeadObject, InvokeWorker, KeepEnding, PutOffTask, SendDeadLetter};
use crate::calls::Calls;
use crate::settings::Settings;

/// INIT may take 10 s; a slow answer to the first call is not worth failing it.
const WARM_UP: Duration = Duration::from_secs(2);

/// The SDK's clients, made once at INIT.
#[derive(Debug)]
pub struct Aws {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    source_bucket: String,
    destination_bucket: String,
    worker_prefix: String,
    worker_alias: String,
    /// Its client is made with the first letter: most functions never send one.
    sqs: OnceLock<aws_sdk_sqs::Client>,
    dead_letter_queue_url: String,
    failed_jobs_queue_url: String,
    refusals_queue_url: String,
    keep_endings: bool,
    config: SdkConfig,
    calls: Calls,
}

impl Aws {
    /// Loads the configuration and the credentials of the function's role, and connects to S3.
    pub async fn connect(settings: &Settings) -> Self {
        let config = sdk_config().await;
        let aws = Self {
            s3: aws_sdk_s3::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            source_bucket: settings.source_bucket.clone(),
            destination_bucket: settings.destination_bucket.clone(),
            worker_prefix: settings.worker_prefix.clone(),
            worker_alias: settings.worker_alias.clone(),
            sqs: OnceLock::new(),
            dead_letter_queue_url: settings.dead_letter_queue_url.clone(),
            failed_jobs_queue_url: settings.failed_jobs_queue_url.clone(),
            refusals_queue_url: settings.refusals_queue_url.clone(),
            keep_endings: settings.keep_endings,
            config,
            calls: Calls::default(),
        };
        aws.warm_up().await;
        aws
    }

    /// S3, for what only one of the functions asks of it.
    #[must_use]
    pub const fn s3(&self) -> &aws_sdk_s3::Client {
        &self.s3
    }

    /// How often S3 was asked, in what is common to the functions.
    #[must_use]
    pub const fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Lambda, for what only one of the functions asks of it.
    #[must_use]
    pub const fn lambda(&self) -> &aws_sdk_lambda::Client {
        &self.lambda
    }

    /// Where images are uploaded.
    #[must_use]
    pub fn source_bucket(&self) -> &str {
        &self.source_bucket
    }

    /// Where thumbnails are stored.
    #[must_use]
    pub fn destination_bucket(&self) -> &str {
        &self.destination_bucket
    }

    /// The name of a tier's worker, with its alias where there is one.
    #[must_use]
    pub fn worker(&self, tier: &str) -> String {
        let Self { worker_prefix, worker_alias, .. } = self;
        match worker_alias.as_str() {
            "" => format!("{worker_prefix}{tier}"),
            alias => format!("{worker_prefix}{tier}:{alias}"),
        }
    }

    async fn send_message(
        &self,
        queue_url: &str,
        body: &impl Serialize,
        delay_s: Option<i32>,
    ) -> Result<(), CallError> {
        let failed = |cause| CallError { action: format!("SendMessage to `{queue_url}`"), cause };
        let body = serde_json::to_string(body).map_err(|error| failed(error.into()))?;
        let client = self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&self.config));
        let call = client.send_message().queue_url(queue_url).message_body(body).set_delay_seconds(delay_s);
        call.send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }

    /// Opens the connection that the first job will use, and loads the TLS roots for it: INIT runs with about two
    /// vCPUs, the first job of a small tier with 0.145. What comes of it does not matter, and it may not take long.
    async fn warm_up(&self) {
        let _ = tokio::time::timeout(WARM_UP, self.s3.head_bucket().bucket(&self.source_bucket).send()).await;
    }
}

/// A call with all its tries, until the headers of the answer are there.
const OPERATION: Duration = Duration::from_secs(20);

/// Region, credentials, and how often a call is tried.
///
/// Three tries, with jitter between: at most 0.2 s and then 0.4 s of waiting, because waiting is billed, at a tier's
/// full memory. A trouble that lasts longer is for the queue of failed jobs, which puts the job off, and that wait is
/// free. Nothing is waited for without end: the function's timeout would end it, and that counts as a job that its tier
/// cannot do. All tries of a call end before the shortest timeout of a function, 29 s.
async fn sdk_config() -> SdkConfig {
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200));
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_secs(8)).operation_timeout(OPERATION).build();
    sdk::configuration().retry_config(retries).timeout_config(timeouts).load().await
}

impl InvokeWorker for Aws {
    async fn invoke(&self, tier: &str, task: &Task) -> Result<(), CallError> {
        let function = self.worker(tier);
        let failed = |cause| CallError { action: format!("Invoke of `{function}`"), cause };
        let payload = serde_json::to_vec(task).map_err(|error| failed(error.into()))?;
        let call = self.lambda.invoke().function_name(&function).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload)).send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }
}

impl SendDeadLetter for Aws {
    async fn send(&self, letter: &DeadLetter) -> Result<(), CallError> {
        let queue_url = if letter.refused { &self.refusals_queue_url } else { &self.dead_letter_queue_url };
        self.send_message(queue_url, letter, None).await
    }
}

impl PutOffTask for Aws {
    async fn put_off(&self, task: &PutOff, delay_s: u32) -> Result<(), CallError> {
        self.send_message(&self.failed_jobs_queue_url, task, i32::try_from(delay_s).ok()).await
    }
}

impl KeepEnding for Aws {
    async fn keep(&self, ending: &Ending) -> Result<(), CallError> {
        let Ok(key) = Ending::key_of(&ending.key) else { return Ok(()) };
        if !self.keep_endings {
            return Ok(());
        }
        let bucket = &self.destination_bucket;
        let failed = |cause| CallError { action: format!("PutObject of `{bucket}/{key}`"), cause };
        let body = serde_json::to_vec(ending).map_err(|error| failed(error.into()))?;
        let call = self.s3.put_object().bucket(bucket).key(&key).content_type("application/json");
        let (name, mark) = ending.mark();
        call.metadata(name, mark).body(body.into()).send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }
}

impl HeadObject for Aws {
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        self.calls.head();
        let head = match self.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => {
                return Err(CallError { action: format!("HeadObject of `{bucket}/{key}`"), cause: error.into() });
            }
        };
        let archive = head.archive_status().map(|status| status.as_str().to_owned());
        let facts = ObjectHead {
            bytes: head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            etag: head.e_tag().unwrap_or_default().to_owned(),
            version_id: head.version_id().map(str::to_owned),
            content_type: head.content_type().map(str::to_owned),
            storage_class: archive.or_else(|| head.storage_class().map(|class| class.as_str().to_owned())),
            restored: head.restore().is_some_and(|restore| restore.contains("ongoing-request=\"false\"")),
            modified: head.last_modified().and_then(|time| SystemTime::try_from(*time).ok()),
            ..ObjectHead::default()
        };
        Ok(Some(facts.with_metadata(&head.metadata.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use contract::TierTable;

    use super::*;

    /// A call that ends with its function is a job that its tier cannot do; one that ends before is put off.
    #[test]
    fn a_call_ends_before_every_function_that_makes_it() {
        let written = [include_str!("../../../serverless.yml"), include_str!("../../../deploy/api.js")];
        let numbers = written.iter().flat_map(|text| text.lines()).filter_map(|line| {
            let (_, number) = line.split_once("timeout: ")?;
            number.trim_end_matches(',').parse::<u64>().ok()
        });
        let tiers = TierTable::builtin().unwrap();
        let timeouts: Vec<u64> = numbers.chain(tiers.iter().map(|tier| tier.timeout_s)).collect();
        assert!(timeouts.len() >= 5, "{timeouts:?}");
        assert!(timeouts.iter().all(|timeout_s| *timeout_s > OPERATION.as_secs()), "{timeouts:?}: {OPERATION:?}");
    }
}
