//! The edges on AWS: S3 `HeadObject`, Lambda `Invoke`.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use contract::{Job, ObjectHead, metadata};

use crate::dispatch::{EdgeError, HeadObject, InvokeWorker};

/// INIT may take 10 s; a slow answer to the first call is not worth failing it.
const WARM_UP: Duration = Duration::from_secs(2);

/// The SDK's clients, made once at INIT.
pub(crate) struct Aws {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    worker_prefix: String,
}

impl Aws {
    /// Loads the configuration and the credentials of the function's role.
    pub(crate) async fn from_env(worker_prefix: String) -> Self {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        Self { s3: aws_sdk_s3::Client::new(&config), lambda: aws_sdk_lambda::Client::new(&config), worker_prefix }
    }

    /// Opens the connection that the first job will use, and loads the TLS roots for it: INIT runs with about two
    /// vCPUs, the first job of a small tier with 0.145. What comes of it does not matter, and it may not take long.
    pub(crate) async fn warm_up(&self, source_bucket: &str) {
        let _ = tokio::time::timeout(WARM_UP, self.s3.head_bucket().bucket(source_bucket).send()).await;
    }
}

impl HeadObject for Aws {
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, EdgeError> {
        let head = match self.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => {
                return Err(EdgeError { action: format!("HeadObject of `{bucket}/{key}`"), cause: error.into() });
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
    async fn invoke(&self, tier: &str, job: &Job) -> Result<(), EdgeError> {
        let function = format!("{}{tier}", self.worker_prefix);
        let failed = |cause| EdgeError { action: format!("Invoke of `{function}`"), cause };
        let payload = serde_json::to_vec(job).map_err(|error| failed(error.into()))?;
        let call = self.lambda.invoke().function_name(&function).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload)).send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }
}
