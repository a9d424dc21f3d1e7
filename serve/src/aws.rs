//! The store: its client, and what is in a bucket.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, bail};
use aws_config::Region;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::types::EncodingType;
use function::{CallError, Store, patience, status};

use crate::probe::KeyForm;

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
    /// In its quotes. Not every store lists it.
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<SystemTime>,
}

/// Up to 1,000 objects behind `after`, and whether there are more.
///
/// # Errors
/// What the store said.
pub(crate) async fn list(
    store: &Store,
    names: KeyForm,
    bucket: &str,
    prefix: &str,
    after: &str,
) -> Result<(Vec<Listed>, bool), CallError> {
    let failed = |cause| CallError { action: format!("ListObjectsV2 of `{bucket}`"), cause };
    let call = store.s3().list_objects_v2().bucket(bucket).encoding_type(EncodingType::Url);
    let call = call.set_prefix(Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()));
    let call = call.set_start_after(Some(after.to_owned()).filter(|after| !after.is_empty()));
    let page = call.send().await.map_err(|error| failed(error.into()))?;
    let more = page.is_truncated().unwrap_or(false);
    let mut listed = Vec::new();
    for object in page.contents.unwrap_or_default() {
        let key = names.read(&object.key.unwrap_or_default()).map_err(|error| failed(error.into()))?;
        let modified = object.last_modified.and_then(|time| SystemTime::try_from(time).ok());
        listed.push(Listed { key, etag: object.e_tag.filter(|etag| !etag.is_empty()), modified });
    }
    Ok((listed, more))
}
