//! The edges on AWS: S3 `HeadObject`, Lambda `Invoke`.

use aws_sdk_s3::operation::head_object::HeadObjectError;
use contract::{Job, ObjectHead, metadata};
use function::{CallError, InvokeWorker, Workers, warm_up};

use crate::dispatch::HeadObject;

/// The SDK's clients, made once at INIT.
pub(crate) struct Aws {
    s3: aws_sdk_s3::Client,
    workers: Workers,
}

impl Aws {
    /// Loads the configuration and the credentials of the function's role, and connects to S3.
    pub(crate) async fn from_env(worker_prefix: String, source_bucket: &str) -> Self {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let aws = Self { s3: aws_sdk_s3::Client::new(&config), workers: Workers::new(&config, worker_prefix) };
        warm_up(&aws.s3, source_bucket).await;
        aws
    }
}

impl HeadObject for Aws {
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        let head = match self.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => {
                return Err(CallError { action: format!("HeadObject of `{bucket}/{key}`"), cause: error.into() });
            }
        };
        let archive = head.archive_status().map(|status| status.as_str().to_owned());
        Ok(Some(ObjectHead {
            bytes: head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            etag: head.e_tag().unwrap_or_default().to_owned(),
            version_id: head.version_id().map(str::to_owned),
            content_type: head.content_type().map(str::to_owned),
            storage_class: archive.or_else(|| head.storage_class().map(|class| class.as_str().to_owned())),
            restored: head.restore().is_some_and(|restore| restore.contains("ongoing-request=\"false\"")),
            own_output: head.metadata().is_some_and(|metadata| metadata.contains_key(metadata::SOURCE_ETAG)),
        }))
    }
}

impl InvokeWorker for Aws {
    async fn invoke(&self, tier: &str, job: &Job) -> Result<(), CallError> {
        self.workers.invoke(tier, job).await
    }
}
