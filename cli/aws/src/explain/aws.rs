//! An object in S3, read by ranged GETs.

use std::io;

use anyhow::Context;
use bytes::Bytes;

use super::ranged::Ranged;
use crate::aws::block_on;
use crate::credentials::or_cli;

/// What HEAD says of an object, and how to read it.
pub(super) struct Object {
    client: aws_sdk_s3::Client,
    bucket: String,
    key: String,
    etag: Option<String>,
    /// Its size.
    pub(super) bytes: u64,
    pub(super) content_encoding: Option<String>,
}

impl Object {
    /// Opens `bucket/key` by a HEAD.
    ///
    /// # Errors
    /// S3's, with the object's name.
    pub(super) fn open(bucket: &str, key: &str) -> anyhow::Result<Self> {
        block_on(async {
            let config = or_cli(sdk::configuration().load().await);
            let client = aws_sdk_s3::Client::new(&config);
            let head = client.head_object().bucket(bucket).key(key).send().await;
            let head = head.with_context(|| format!("HEAD of `s3://{bucket}/{key}`"))?;
            let bytes = head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            Ok(Self { client, bucket, key, etag: head.e_tag, bytes, content_encoding: head.content_encoding })
        })
    }

    /// Its reader; its errors are S3's, with the object's name.
    pub(super) fn into_reader(self) -> Ranged<impl FnMut(u64, u64) -> io::Result<Bytes>> {
        Ranged::new(self.bytes, move |from, to| self.fetch(from, to).map_err(io::Error::other))
    }

    fn fetch(&self, from: u64, to: u64) -> anyhow::Result<Bytes> {
        block_on(async {
            // Ranges of two objects would make a third one.
            let call = self.client.get_object().bucket(&self.bucket).key(&self.key).set_if_match(self.etag.clone());
            let object = call.range(format!("bytes={from}-{}", to - 1)).send().await;
            let object = object.with_context(|| format!("GET of `s3://{}/{}`", self.bucket, self.key))?;
            Ok(object.body.collect().await.context("the body of the GET")?.into_bytes())
        })
    }
}
