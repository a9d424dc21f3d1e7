//! What only a function on AWS has: Lambda `Invoke`, SQS `SendMessage`, the SDK's configuration there, and the first
//! connection to S3.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use contract::{DeadLetter, PutOff, Task};
use serde::Serialize;

use crate::aws::{HasStore, Store, patience};
use crate::call::{CallError, InvokeWorker, PutOffTask, SendDeadLetter};
use crate::settings::Settings;

/// INIT may take 10 s; a slow answer to the first call is not worth failing it.
const WARM_UP: Duration = Duration::from_secs(2);

/// The SDK's clients, made once at INIT.
#[derive(Debug)]
pub struct Aws {
    store: Store,
    lambda: aws_sdk_lambda::Client,
    worker_prefix: String,
    worker_alias: String,
    /// Its client is made with the first letter: most functions never send one.
    sqs: OnceLock<aws_sdk_sqs::Client>,
    dead_letter_queue_url: String,
    failed_jobs_queue_url: String,
    refusals_queue_url: String,
    config: SdkConfig,
}

impl HasStore for Aws {
    fn store(&self) -> &Store {
        &self.store
    }
}

impl Aws {
    /// Loads the configuration and the credentials of the function's role, and connects to S3.
    pub async fn connect(settings: &Settings) -> Self {
        let config = patience(sdk::configuration()).load().await;
        let aws = Self {
            store: Store::new(aws_sdk_s3::Client::new(&config), settings),
            lambda: aws_sdk_lambda::Client::new(&config),
            worker_prefix: settings.worker_prefix.clone(),
            worker_alias: settings.worker_alias.clone(),
            sqs: OnceLock::new(),
            dead_letter_queue_url: settings.dead_letter_queue_url.clone(),
            failed_jobs_queue_url: settings.failed_jobs_queue_url.clone(),
            refusals_queue_url: settings.refusals_queue_url.clone(),
            config,
        };
        aws.warm_up().await;
        aws
    }

    /// Lambda, for what only one of the functions asks of it.
    #[must_use]
    pub const fn lambda(&self) -> &aws_sdk_lambda::Client {
        &self.lambda
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
        let _ = tokio::time::timeout(WARM_UP, self.store.s3().head_bucket().bucket(self.store.source_bucket()).send())
            .await;
    }
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
