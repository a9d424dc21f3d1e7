//! An object in S3, read as far as its header goes.

use std::io::{self, Read};

use anyhow::Context;
use bytes::{Buf, Bytes};
use engine::PREFIX_BYTES;

use crate::aws::block_on;
use crate::credentials::or_cli;

/// Reads an object from its start, a ranged GET at a time; what is not asked for is not paid for.
pub(super) struct Object {
    client: aws_sdk_s3::Client,
    bucket: String,
    key: String,
    /// Its size.
    pub(super) bytes: u64,
    /// As HEAD says it.
    pub(super) content_encoding: Option<String>,
    at: u64,
    chunk: Bytes,
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
            let (bucket, key, content_encoding) = (bucket.to_owned(), key.to_owned(), head.content_encoding);
            Ok(Self { client, bucket, key, bytes, content_encoding, at: 0, chunk: Bytes::new() })
        })
    }

    fn fetch(&self) -> anyhow::Result<Bytes> {
        let last = self.at + PREFIX_BYTES as u64 - 1;
        block_on(async {
            let call = self.client.get_object().bucket(&self.bucket).key(&self.key);
            let object = call.range(format!("bytes={}-{last}", self.at)).send().await;
            let object = object.with_context(|| format!("GET of `s3://{}/{}`", self.bucket, self.key))?;
            Ok(object.body.collect().await.context("the body of the GET")?.into_bytes())
        })
    }
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.at < self.bytes {
            self.chunk = self.fetch().map_err(io::Error::other)?;
            self.at += self.chunk.len() as u64;
        }
        let taken = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..taken]);
        Ok(taken)
    }
}
