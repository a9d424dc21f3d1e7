//! The edges on AWS: S3 `HeadObject`, Lambda `Invoke`, SQS `SendMessage`.

use contract::{DeadLetter, ObjectHead, Task};
use function::{
    CallError, DeadLetters, HeadObject, InvokeWorker, SendDeadLetter, Workers, head_object, sdk_config, warm_up,
};

use crate::settings::Settings;

/// The SDK's clients, made once at INIT.
pub(crate) struct Aws {
    s3: aws_sdk_s3::Client,
    workers: Workers,
    dead_letters: DeadLetters,
}

impl Aws {
    /// Loads the configuration and the credentials of the function's role, and connects to S3.
    pub(crate) async fn from_env(settings: &Settings) -> Self {
        let config = sdk_config().await;
        let aws = Self {
            s3: aws_sdk_s3::Client::new(&config),
            workers: Workers::new(&config, settings.worker_prefix.clone()),
            dead_letters: DeadLetters::new(&config, settings.dead_letter_queue_url.clone()),
        };
        warm_up(&aws.s3, &settings.source_bucket).await;
        aws
    }
}

impl HeadObject for Aws {
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        head_object(&self.s3, bucket, key).await
    }
}

impl InvokeWorker for Aws {
    async fn invoke(&self, tier: &str, task: &Task) -> Result<(), CallError> {
        self.workers.invoke(tier, task).await
    }
}

impl SendDeadLetter for Aws {
    async fn send(&self, letter: &DeadLetter) -> Result<(), CallError> {
        self.dead_letters.send(letter).await
    }
}
