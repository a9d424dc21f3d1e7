//! The edges of `backfill` on AWS: S3 `ListObjectsV2`, `PutObject` and `DeleteObject` of a manifest, Lambda `Invoke`.

use std::path::Path;

use anyhow::Context;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, Object, OptionalObjectAttributes};
use contract::{decode_event_key, unquoted};
use serde_json::Value;

use super::direct::{Dispatch, DispatchError, List};
use super::listed::Listed;
use super::manifest;
use super::place::Place;
use crate::aws::{Deployment, Function};

/// The objects of a bucket under a prefix.
pub(super) struct Bucket {
    client: aws_sdk_s3::Client,
    place: Place,
}

/// A listing, a thousand objects at a time.
pub(super) struct Pages<'a> {
    bucket: &'a Bucket,
    after: Option<String>,
    token: Option<String>,
    is_over: bool,
}

impl Bucket {
    /// Nothing is asked yet.
    pub(super) fn new(deployment: &Deployment, place: &Place) -> Self {
        Self { client: aws_sdk_s3::Client::new(&deployment.config), place: place.clone() }
    }

    /// Lists the objects, from the first key after `after` on.
    pub(super) fn list(&self, after: Option<String>) -> Pages<'_> {
        Pages { bucket: self, after, token: None, is_over: false }
    }

    /// Stores a manifest in the bucket of thumbnails; its ETag without quotes.
    ///
    /// # Errors
    /// S3's, with the object's name.
    pub(super) async fn put_manifest(&self, bucket: &str, run: &str, file: &Path) -> anyhow::Result<String> {
        let key = manifest::key(run);
        let body = ByteStream::from_path(file).await.with_context(|| format!("reading `{}`", file.display()))?;
        let call = self.client.put_object().bucket(bucket).key(&key).content_type("text/csv").body(body);
        let stored = call.send().await.with_context(|| format!("storing the manifest `{bucket}/{key}`"))?;
        Ok(unquoted(stored.e_tag().unwrap_or_default()).to_owned())
    }

    /// Takes a manifest away that nobody reads.
    ///
    /// # Errors
    /// S3's, with the object's name.
    pub(super) async fn delete_manifest(&self, bucket: &str, run: &str) -> anyhow::Result<()> {
        let key = manifest::key(run);
        let call = self.client.delete_object().bucket(bucket).key(&key);
        call.send().await.with_context(|| format!("deleting the manifest `{bucket}/{key}`"))?;
        Ok(())
    }
}

impl List for Pages<'_> {
    async fn page(&mut self) -> anyhow::Result<Option<Vec<Listed>>> {
        if self.is_over {
            return Ok(None);
        }
        let Bucket { client, place } = self.bucket;
        let call = client.list_objects_v2().bucket(&place.bucket).prefix(&place.prefix);
        // A key may hold what XML does not.
        let call = call.encoding_type(EncodingType::Url);
        let call = call.optional_object_attributes(OptionalObjectAttributes::RestoreStatus);
        let call = call.set_start_after(self.after.take()).set_continuation_token(self.token.take());
        let page = call.send().await.with_context(|| format!("listing `{place}`"))?;
        self.token = page.next_continuation_token().map(str::to_owned);
        self.is_over = self.token.is_none();
        page.contents().iter().map(listed).collect::<anyhow::Result<_>>().map(Some)
    }
}

fn listed(object: &Object) -> anyhow::Result<Listed> {
    let restored = object.restore_status().is_some_and(|status| {
        status.restore_expiry_date().is_some() && !status.is_restore_in_progress().unwrap_or_default()
    });
    Ok(Listed {
        key: decode_event_key(object.key().unwrap_or_default()).context("a key of the listing")?,
        bytes: object.size().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
        storage_class: object.storage_class().map(|class| class.as_str().to_owned()),
        restored,
    })
}

/// The function that takes objects.
pub(super) struct Dispatcher<'a> {
    client: aws_sdk_lambda::Client,
    function: &'a Function,
}

impl<'a> Dispatcher<'a> {
    /// Nothing is asked yet.
    pub(super) fn new(deployment: &Deployment, function: &'a Function) -> Self {
        Self { client: aws_sdk_lambda::Client::new(&deployment.config), function }
    }
}

impl Dispatch for Dispatcher<'_> {
    async fn dispatch(&self, event: &Value) -> Result<Value, DispatchError> {
        let name = &self.function.name;
        let answer = self.client.invoke().function_name(name).payload(Blob::new(event.to_string())).send().await;
        let answer = answer.map_err(|error| {
            let is_final = is_final(&error);
            let error = anyhow::Error::new(error).context(format!("invoking `{name}`"));
            if is_final { DispatchError::Final(error) } else { DispatchError::Temporary(error) }
        })?;
        let payload = answer.payload().map_or(&[][..], Blob::as_ref);
        let text = String::from_utf8_lossy(payload);
        if answer.function_error().is_some() {
            return Err(DispatchError::Temporary(anyhow::anyhow!("`{name}` failed: {text}")));
        }
        let answer = serde_json::from_slice(payload).with_context(|| format!("the answer of `{name}`: {text}"));
        answer.map_err(DispatchError::Final)
    }
}

/// What Lambda refused for the request's own sake; it may throttle, fail or be out of reach another time.
pub(super) fn is_final(error: &SdkError<InvokeError>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    status.is_some_and(|status| (400..500).contains(&status) && status != 429)
}
