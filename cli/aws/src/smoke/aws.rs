//! The two buckets of a deployment: an image in, its thumbnails out, and away with both.

use std::collections::HashMap;

use anyhow::Context;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;

use crate::aws::{Deployment, Function};

/// The buckets.
pub(super) struct Buckets {
    s3: aws_sdk_s3::Client,
    source: String,
    destination: String,
}

/// An object that this run stored or found, so that exactly this one is deleted.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    key: String,
    version_id: Option<String>,
    /// In its quotes.
    pub(super) etag: String,
}

impl Stored {
    /// An object as S3 names it.
    pub(super) fn new(key: &str, version_id: Option<String>, etag: &str) -> Self {
        Self { key: key.to_owned(), version_id, etag: etag.to_owned() }
    }

    /// Its key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

/// A thumbnail.
pub(super) struct Found {
    /// To delete it by.
    pub(super) stored: Stored,
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// As S3 returns it.
    pub(super) metadata: HashMap<String, String>,
}

impl Buckets {
    /// Those of the deployment that `function` is of.
    pub(super) fn of(deployment: &Deployment, function: &Function) -> anyhow::Result<Self> {
        let s3 = aws_sdk_s3::Client::new(&deployment.config);
        let (source, destination) = (function.variable("SOURCE_BUCKET")?, function.variable("DESTINATION_BUCKET")?);
        Ok(Self { s3, source: source.to_owned(), destination: destination.to_owned() })
    }

    /// Uploads an image.
    pub(super) async fn upload(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> anyhow::Result<Stored> {
        let call = self.s3.put_object().bucket(&self.source).key(key).content_type(content_type);
        let stored = call.body(ByteStream::from(bytes)).send().await;
        let stored = stored.with_context(|| format!("uploading `{}/{key}`", self.source))?;
        Ok(Stored::new(key, stored.version_id, &stored.e_tag.unwrap_or_default()))
    }

    /// The thumbnail of that key, if it is there.
    pub(super) async fn thumbnail(&self, key: &str) -> anyhow::Result<Option<Found>> {
        let found = self.s3.get_object().bucket(&self.destination).key(key).send().await;
        let found = match found {
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => return Ok(None),
            found => found.with_context(|| format!("reading `{}/{key}`", self.destination))?,
        };
        let stored = Stored::new(key, found.version_id, &found.e_tag.unwrap_or_default());
        let bytes = found.body.collect().await.with_context(|| format!("reading `{}/{key}`", self.destination))?;
        Ok(Some(Found { stored, bytes: bytes.to_vec(), metadata: found.metadata.unwrap_or_default() }))
    }

    /// Deletes an image that [`Buckets::upload`] stored.
    pub(super) async fn delete_image(&self, stored: &Stored) -> anyhow::Result<()> {
        self.delete(&self.source, stored).await
    }

    /// Deletes a thumbnail that [`Buckets::thumbnail`] found.
    pub(super) async fn delete_thumbnail(&self, stored: &Stored) -> anyhow::Result<()> {
        self.delete(&self.destination, stored).await
    }

    /// By its version where there are versions, which leaves no delete marker behind.
    async fn delete(&self, bucket: &str, Stored { key, version_id, .. }: &Stored) -> anyhow::Result<()> {
        let call = self.s3.delete_object().bucket(bucket).key(key).set_version_id(version_id.clone());
        call.send().await.with_context(|| format!("deleting `{bucket}/{key}`"))?;
        Ok(())
    }
}
