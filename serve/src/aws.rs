//! The store: its client, what it is good for, and what is in a bucket.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, bail};
use aws_config::Region;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::EncodingType;
use contract::{OWN_PREFIX, decode_event_key};
use function::{CallError, Conditions, Store, patience, status};

use crate::clock::now_ms;

/// Signed for where neither the environment nor a profile names one: most stores take any.
const ANY_REGION: &str = "us-east-1";

/// Where the store is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
    /// Buckets are named in paths, not in hosts.
    pub(crate) by_path: bool,
    pub(crate) ca: Option<PathBuf>,
}

impl Place {
    /// Region and credentials as the AWS SDK finds them: environment, profile, role.
    ///
    /// # Errors
    /// A CA file that cannot be read.
    pub(crate) async fn configuration(&self) -> anyhow::Result<aws_config::SdkConfig> {
        let loader = match &self.ca {
            None => sdk::configuration(),
            Some(path) => {
                let pem = std::fs::read(path).with_context(|| format!("reading `{}`", path.display()))?;
                sdk::configuration_trusting(&pem).map_err(anyhow::Error::msg)?
            }
        };
        let mut loader = patience(loader);
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let loaded = loader.load().await;
        if loaded.region().is_some() {
            return Ok(loaded);
        }
        Ok(loaded.into_builder().region(Region::new(ANY_REGION)).build())
    }

    /// A client with connections of its own.
    ///
    /// # Errors
    /// As [`Place::configuration`].
    pub(crate) async fn client(&self) -> anyhow::Result<aws_sdk_s3::Client> {
        let mut builder =
            aws_sdk_s3::config::Builder::from(&self.configuration().await?).force_path_style(self.by_path);
        if let Some(endpoint) = &self.endpoint {
            // Not every store knows the checksums that the SDK would send with each PUT.
            builder = builder
                .endpoint_url(endpoint)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Ok(aws_sdk_s3::Client::from_conf(builder.build()))
    }
}

/// Which conditions the store keeps, by trying each on an object of our own.
///
/// # Errors
/// A bucket that cannot be written.
pub(crate) async fn probe(store: &Store) -> anyhow::Result<Conditions> {
    let bucket = store.destination_bucket();
    let key = format!("{OWN_PREFIX}probe-{}-{}", std::process::id(), now_ms());
    let put = || store.s3().put_object().bucket(bucket).key(&key).body(Vec::from(*b"probe").into());
    let delete = || store.s3().delete_object().bucket(bucket).key(&key);
    put().send().await.with_context(|| format!("writing to `{bucket}`, the bucket of thumbnails"))?;
    let absent = is_kept(put().if_none_match("*").send().await);
    let unchanged = is_kept(put().if_match(OTHER_ETAG).send().await);
    let deleted = is_kept(delete().if_match(OTHER_ETAG).send().await);
    delete().send().await.with_context(|| format!("deleting from `{bucket}`, the bucket of thumbnails"))?;
    Ok(Conditions { put: absent && unchanged, delete: deleted })
}

/// No object has it.
const OTHER_ETAG: &str = "\"00000000000000000000000000000000\"";

/// The condition did not hold, and the store said so.
fn is_kept<T, E>(result: Result<T, SdkError<E>>) -> bool {
    matches!(result.err().and_then(|error| status(&error)), Some(409 | 412))
}

/// Whether both buckets answer.
///
/// # Errors
/// The first that does not.
pub(crate) async fn reach(store: &Store) -> anyhow::Result<()> {
    for bucket in [store.source_bucket(), store.destination_bucket()] {
        let asked = store.s3().head_bucket().bucket(bucket).send().await;
        if let Err(error) = asked {
            match status(&error) {
                Some(404) => bail!("there is no bucket `{bucket}`: make it, or name another one"),
                Some(403) => {
                    bail!("bucket `{bucket}` refuses these credentials: see AWS_ACCESS_KEY_ID and AWS_PROFILE")
                }
                _ => return Err(error).with_context(|| format!("asking for bucket `{bucket}`")),
            }
        }
    }
    Ok(())
}

/// An object of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) key: String,
    /// In its quotes.
    pub(crate) etag: String,
    pub(crate) modified: Option<SystemTime>,
}

/// Up to 1,000 objects behind `after`, and whether there are more.
///
/// # Errors
/// What the store said.
pub(crate) async fn list(
    store: &Store,
    bucket: &str,
    prefix: &str,
    after: &str,
) -> Result<(Vec<Listed>, bool), CallError> {
    let failed = |cause| CallError { action: format!("ListObjectsV2 of `{bucket}`"), cause };
    let call = store.s3().list_objects_v2().bucket(bucket).encoding_type(EncodingType::Url);
    let call = call.set_prefix(Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()));
    let call = call.set_start_after(Some(after.to_owned()).filter(|after| !after.is_empty()));
    let page = call.send().await.map_err(|error| failed(error.into()))?;
    // A store that does not encode keys does not say that it does.
    let is_encoded = page.encoding_type().is_some();
    let more = page.is_truncated().unwrap_or(false);
    let mut listed = Vec::new();
    for object in page.contents.unwrap_or_default() {
        let key = object.key.unwrap_or_default();
        let key = if is_encoded { decode_event_key(&key).map_err(|error| failed(error.into()))? } else { key };
        let modified = object.last_modified.and_then(|time| SystemTime::try_from(time).ok());
        listed.push(Listed { key, etag: object.e_tag.unwrap_or_default(), modified });
    }
    Ok((listed, more))
}
