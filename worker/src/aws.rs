//! The edges on S3 that only a worker has: S3 `GetObject`, `PutObject` and `DeleteObject`.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use contract::{Job, metadata, unquoted};
use function::{CallError, HasStore, HeadObject, Lease, status};

use crate::edge::{Condition, DeleteObject, Deleted, GetObject, ObjectBody, PutObject, StoredObject};

/// A body and what it is, for errors.
pub struct Body {
    lease: Option<Lease>,
    stream: ByteStream,
    content_encoding: Option<String>,
    focus: Option<String>,
    page: Option<String>,
    action: String,
}

impl<Home: HasStore> GetObject for Home {
    type Body = Body;

    async fn get(&self, job: &Job) -> Result<Option<Body>, CallError> {
        get(self, job, None).await
    }

    async fn get_from(&self, job: &Job, from: u64) -> Result<Option<Body>, CallError> {
        get(self, job, Some(format!("bytes={from}-"))).await
    }
}

async fn get<Home: HasStore>(home: &Home, job: &Job, range: Option<String>) -> Result<Option<Body>, CallError> {
    let action = format!("GetObject of `{}/{}`", job.bucket, job.key);
    let call = home.store().s3().get_object().bucket(&job.bucket).key(&job.key).if_match(&job.etag).set_range(range);
    match call.send().await {
        Ok(object) => {
            let said = |name| object.metadata().and_then(|all| all.get(name)).cloned();
            let (focus, page) = (said(metadata::FOCUS), said(metadata::PAGE));
            let (stream, content_encoding) = (object.body, object.content_encoding);
            Ok(Some(Body { lease: home.lease(), stream, content_encoding, focus, page, action }))
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

impl ObjectBody for Body {
    fn content_encoding(&self) -> Option<&str> {
        self.content_encoding.as_deref()
    }

    fn focus(&self) -> Option<&str> {
        self.focus.as_deref()
    }

    fn lease(&self) -> Option<Lease> {
        self.lease.clone()
    }

    fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        let chunk = self.stream.next().await?;
        Some(chunk.map_err(|error| CallError { action: self.action.clone(), cause: error.into() }))
    }
}

impl<Home: HasStore> PutObject for Home {
    async fn put(&self, object: &StoredObject, condition: &Condition) -> Result<Option<String>, CallError> {
        let action = format!("PutObject of `{}/{}`", object.bucket, object.key);
        let store = self.store();
        let conditions = store.conditions();
        // Held until the answer is there.
        let _turn = store.turn(&object.key).await;
        if !conditions.guard_writes() {
            let there = self.head(&object.bucket, &object.key).await?.map(|head| head.etag);
            let holds = match condition {
                Condition::Absent => there.is_none(),
                Condition::Unchanged(etag) => there.is_some_and(|there| unquoted(&there) == unquoted(etag)),
            };
            if !holds {
                return Ok(None);
            }
        }
        let call = store.s3().put_object().bucket(&object.bucket).key(&object.key);
        let call = call.content_type(object.content_type).cache_control(&object.cache_control);
        let call = call.set_metadata(Some(object.metadata.clone())).body(ByteStream::from(object.bytes.clone()));
        let (absent, unchanged) = match condition {
            Condition::Absent => (conditions.absent, None),
            Condition::Unchanged(etag) => (false, conditions.unchanged.map(|form| form.of(etag).to_owned())),
        };
        // 404 to a PUT without `If-Match` is about the bucket.
        let may_be_gone = unchanged.is_some();
        let call = call.set_if_none_match(absent.then(|| "*".to_owned())).set_if_match(unchanged);
        match call.send().await {
            Ok(stored) => Ok(Some(stored.e_tag.unwrap_or_default())),
            Err(error) if is_changed(&error) && (may_be_gone || status(&error) != Some(404)) => Ok(None),
            Err(error) => Err(CallError { action, cause: error.into() }),
        }
    }
}

impl<Home: HasStore> DeleteObject for Home {
    async fn delete(&self, bucket: &str, key: &str, etag: &str) -> Result<Deleted, CallError> {
        let store = self.store();
        let condition = store.conditions().delete;
        let _turn = store.turn(key).await;
        if condition.is_none() {
            match self.head(bucket, key).await? {
                None => return Ok(Deleted::Absent),
                Some(there) if unquoted(&there.etag) != unquoted(etag) => return Ok(Deleted::Other),
                Some(_) => {}
            }
        }
        let unchanged = condition.map(|form| form.of(etag).to_owned());
        match store.s3().delete_object().bucket(bucket).key(key).set_if_match(unchanged).send().await {
            Ok(_) => Ok(Deleted::Done),
            Err(error) if status(&error) == Some(404) => Ok(Deleted::Absent),
            Err(error) if is_changed(&error) => Ok(Deleted::Other),
            Err(error) => Err(CallError { action: format!("DeleteObject of `{bucket}/{key}`"), cause: error.into() }),
        }
    }
}
