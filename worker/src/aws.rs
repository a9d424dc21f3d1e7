//! The edges on AWS that only a worker has: S3 `GetObject`, `PutObject` and `DeleteObject`.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use contract::{Job, metadata};
use function::{Aws, CallError};

use crate::edge::{Condition, DeleteObject, Deleted, GetObject, ObjectBody, PutObject, StoredObject};

/// A body and what it is, for errors.
pub(crate) struct Body {
    stream: ByteStream,
    content_encoding: Option<String>,
    focus: Option<String>,
    action: String,
}

impl GetObject for Aws {
    type Body = Body;

    async fn get(&self, job: &Job) -> Result<Option<Body>, CallError> {
        get(self, job, None).await
    }

    async fn get_from(&self, job: &Job, from: u64) -> Result<Option<Body>, CallError> {
        get(self, job, Some(format!("bytes={from}-"))).await
    }
}

async fn get(aws: &Aws, job: &Job, range: Option<String>) -> Result<Option<Body>, CallError> {
    let action = format!("GetObject of `{}/{}`", job.bucket, job.key);
    let call = aws.s3().get_object().bucket(&job.bucket).key(&job.key).if_match(&job.etag).set_range(range);
    match call.send().await {
        Ok(object) => {
            let focus = object.metadata().and_then(|all| all.get(metadata::FOCUS)).cloned();
            Ok(Some(Body { stream: object.body, content_encoding: object.content_encoding, focus, action }))
        }
        Err(error) if is_changed(&error) => Ok(None),
        Err(error) => Err(CallError { action, cause: error.into() }),
    }
}

/// The condition of a request for an object does not hold: 404 where it was deleted, 412 where it was replaced, 409
/// where it is just being replaced.
fn is_changed<E>(error: &SdkError<E>) -> bool {
    status(error).is_some_and(|status| matches!(status, 404 | 409 | 412))
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

impl ObjectBody for Body {
    fn content_encoding(&self) -> Option<&str> {
        self.content_encoding.as_deref()
    }

    fn focus(&self) -> Option<&str> {
        self.focus.as_deref()
    }

    async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        let chunk = self.stream.next().await?;
        Some(chunk.map_err(|error| CallError { action: self.action.clone(), cause: error.into() }))
    }
}

impl PutObject for Aws {
    async fn put(&self, object: &StoredObject, condition: &Condition) -> Result<Option<String>, CallError> {
        let action = format!("PutObject of `{}/{}`", object.bucket, object.key);
        let call = self.s3().put_object().bucket(&object.bucket).key(&object.key);
        let call = call.content_type(object.content_type).cache_control(&object.cache_control);
        let call = call.set_metadata(Some(object.metadata.clone())).body(ByteStream::from(object.bytes.clone()));
        let call = match condition {
            Condition::Absent => call.if_none_match("*"),
            Condition::Unchanged(etag) => call.if_match(etag),
        };
        match call.send().await {
            Ok(stored) => Ok(Some(stored.e_tag.unwrap_or_default())),
            // 404 to a PUT without `If-Match` is about the bucket.
            Err(error) if is_changed(&error) && !(*condition == Condition::Absent && status(&error) == Some(404)) => {
                Ok(None)
            }
            Err(error) => Err(CallError { action, cause: error.into() }),
        }
    }
}

impl DeleteObject for Aws {
    async fn delete(&self, bucket: &str, key: &str, etag: &str) -> Result<Deleted, CallError> {
        match self.s3().delete_object().bucket(bucket).key(key).if_match(etag).send().await {
            Ok(_) => Ok(Deleted::Done),
            Err(error) if status(&error) == Some(404) => Ok(Deleted::Absent),
            Err(error) if is_changed(&error) => Ok(Deleted::Other),
            Err(error) => Err(CallError { action: format!("DeleteObject of `{bucket}/{key}`"), cause: error.into() }),
        }
    }
}
