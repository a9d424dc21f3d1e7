//! The edges on S3 that only the API has.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use contract::{ObjectHead, metadata};
use function::{CallError, HasStore, Store};

use crate::edge::{GetObject, Object, PutUpload, Upload};

impl<Home: HasStore> GetObject for Home {
    async fn get(&self, key: &str) -> Result<Option<Object>, CallError> {
        let store = self.store();
        let bucket = store.destination_bucket();
        let failed = |cause| CallError { action: format!("GetObject of `{bucket}/{key}`"), cause };
        store.calls().get();
        let object = match store.s3().get_object().bucket(bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(failed(error.into())),
        };
        let head = ObjectHead {
            bytes: object.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            etag: object.e_tag().unwrap_or_default().to_owned(),
            content_type: object.content_type().map(str::to_owned),
            ..ObjectHead::default()
        };
        let head = head.with_metadata(&object.metadata.unwrap_or_default());
        let cache_control = object.cache_control;
        let bytes = object.body.collect().await.map_err(|error| failed(error.into()))?.into_bytes();
        Ok(Some(Object { head, cache_control, bytes }))
    }
}

impl<Home: HasStore> PutUpload for Home {
    async fn put(&self, upload: &Upload, bytes: Bytes) -> Result<ObjectHead, CallError> {
        self.store().calls().put();
        let sent = request(self.store(), self.store().s3(), upload).body(ByteStream::from(bytes)).send().await;
        let stored = sent.map_err(|error| failed("PutObject", upload, error.into()))?;
        Ok(ObjectHead {
            bytes: upload.bytes,
            etag: stored.e_tag.unwrap_or_default(),
            version_id: stored.version_id,
            content_type: Some(upload.content_type.clone()),
            ..ObjectHead::default()
        })
    }

    async fn presign(&self, upload: &Upload, expires: Duration) -> Result<String, CallError> {
        let failed = |cause| failed("presigning PutObject", upload, cause);
        let config = PresigningConfig::expires_in(expires).map_err(|error| failed(error.into()))?;
        let length = i64::try_from(upload.bytes).map_err(|error| failed(error.into()))?;
        // Type and length are headers that the signature covers: S3 takes no others.
        let presigned =
            request(self.store(), self.store().outside(), upload).content_length(length).presigned(config).await;
        Ok(presigned.map_err(|error| failed(error.into()))?.uri().to_owned())
    }
}

fn request(store: &Store, s3: &aws_sdk_s3::Client, upload: &Upload) -> PutObjectFluentBuilder {
    let call = s3.put_object().bucket(store.source_bucket()).key(&upload.key).content_type(&upload.content_type);
    let call = call.set_content_encoding(upload.content_encoding.clone());
    if upload.waited_for { call.metadata(metadata::WAITED_FOR, "true") } else { call }
}

fn failed(call: &str, upload: &Upload, cause: Box<dyn std::error::Error + Send + Sync>) -> CallError {
    CallError { action: format!("{call} of `{}`", upload.key), cause }
}
