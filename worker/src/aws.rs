//! The edges on AWS: S3 `GetObject` and `PutObject`, Lambda `Invoke`.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use contract::Job;
use function::{CallError, InvokeWorker, Workers, warm_up};

use crate::handle::{GetObject, ObjectBody, PutObject, StoredObject};

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

impl InvokeWorker for Aws {
    async fn invoke(&self, tier: &str, job: &Job) -> Result<(), CallError> {
        self.workers.invoke(tier, job).await
    }
}

/// A body and what it is, for errors.
pub(crate) struct Body {
    stream: ByteStream,
    action: String,
}

impl GetObject for Aws {
    type Body = Body;

    async fn get(&self, job: &Job) -> Result<Option<Body>, CallError> {
        let action = format!("GetObject of `{}/{}`", job.bucket, job.key);
        let call = self.s3.get_object().bucket(&job.bucket).key(&job.key).if_match(&job.etag);
        match call.send().await {
            Ok(object) => Ok(Some(Body { stream: object.body, action })),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(CallError { action, cause: error.into() }),
        }
    }
}

/// 404 where it was deleted, 412 where it was replaced since the HEAD.
fn is_gone(error: &SdkError<GetObjectError>) -> bool {
    error.raw_response().is_some_and(|response| matches!(response.status().as_u16(), 404 | 412))
}

impl ObjectBody for Body {
    async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        let chunk = self.stream.next().await?;
        Some(chunk.map_err(|error| CallError { action: self.action.clone(), cause: error.into() }))
    }
}

impl PutObject for Aws {
    async fn put(&self, object: StoredObject) -> Result<(), CallError> {
        let action = format!("PutObject of `{}/{}`", object.bucket, object.key);
        let call = self.s3.put_object().bucket(object.bucket).key(object.key);
        let call = call.content_type(object.content_type).cache_control(object.cache_control);
        let call = call.set_metadata(Some(object.metadata)).body(ByteStream::from(object.bytes));
        call.send().await.map_err(|error| CallError { action, cause: error.into() })?;
        Ok(())
    }
}
