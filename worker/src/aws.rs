//! The edges on AWS: S3 `GetObject` and `PutObject`.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use contract::Job;

use crate::handle::{GetObject, ObjectBody, PutObject, StoreError, StoredObject};

/// INIT may take 10 s; a slow answer to the first call is not worth failing it.
const WARM_UP: Duration = Duration::from_secs(2);

/// The SDK's client, made once at INIT.
pub(crate) struct Aws {
    s3: aws_sdk_s3::Client,
}

impl Aws {
    /// Loads the configuration and the credentials of the function's role.
    pub(crate) async fn from_env() -> Self {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        Self { s3: aws_sdk_s3::Client::new(&config) }
    }

    /// Opens the connection that the first job will use, and loads the TLS roots for it: INIT runs with about two
    /// vCPUs, the first job of a small tier with 0.145. What comes of it does not matter, and it may not take long.
    pub(crate) async fn warm_up(&self, source_bucket: &str) {
        let _ = tokio::time::timeout(WARM_UP, self.s3.head_bucket().bucket(source_bucket).send()).await;
    }
}

/// A body and what it is, for errors.
pub(crate) struct Body {
    stream: ByteStream,
    action: String,
}

impl GetObject for Aws {
    type Body = Body;

    async fn get(&self, job: &Job) -> Result<Option<Body>, StoreError> {
        let action = format!("GetObject of `{}/{}`", job.bucket, job.key);
        let call = self.s3.get_object().bucket(&job.bucket).key(&job.key).if_match(&job.etag);
        match call.send().await {
            Ok(object) => Ok(Some(Body { stream: object.body, action })),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(StoreError { action, cause: error.into() }),
        }
    }
}

/// 404 where it was deleted, 412 where it was replaced since the HEAD.
fn is_gone(error: &SdkError<GetObjectError>) -> bool {
    error.raw_response().is_some_and(|response| matches!(response.status().as_u16(), 404 | 412))
}

impl ObjectBody for Body {
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        let chunk = self.stream.next().await?;
        Some(chunk.map_err(|error| StoreError { action: self.action.clone(), cause: error.into() }))
    }
}

impl PutObject for Aws {
    async fn put(&self, object: StoredObject) -> Result<(), StoreError> {
        let action = format!("PutObject of `{}/{}`", object.bucket, object.key);
        let call = self.s3.put_object().bucket(object.bucket).key(object.key);
        let call = call.content_type(object.content_type).cache_control(object.cache_control);
        let call = call.set_metadata(Some(object.metadata)).body(ByteStream::from(object.bytes));
        call.send().await.map_err(|error| StoreError { action, cause: error.into() })?;
        Ok(())
    }
}
