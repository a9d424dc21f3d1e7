//! Objects of a bucket with versions.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use crate::Deployment;

/// A version that was stored, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// In its quotes; `None` of a delete marker.
    pub etag: Option<String>,
    /// `None` in a bucket without versions.
    pub id: Option<String>,
}

impl Deployment {
    /// Makes the source bucket keep versions, or no more: a bucket that had them once keeps those it has.
    pub async fn keep_versions(&self, is_on: bool) {
        let status = if is_on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let wanted = VersioningConfiguration::builder().status(status).build();
        let call = self.s3.put_bucket_versioning().bucket(&self.source_bucket).versioning_configuration(wanted);
        call.send().await.expect("versioning can be changed");
    }

    /// Uploads a version.
    pub async fn upload_version(
        &self,
        key: &str,
        content_type: &str,
        content_encoding: Option<&str>,
        bytes: Vec<u8>,
    ) -> Version {
        let call = self.s3.put_object().bucket(&self.source_bucket).key(key).content_type(content_type);
        let call = call.set_content_encoding(content_encoding.map(str::to_owned)).body(ByteStream::from(bytes));
        let stored = call.send().await.expect("uploads work");
        Version { etag: stored.e_tag, id: stored.version_id }
    }

    /// Deletes an object; what remains of it in a bucket with versions is a delete marker.
    pub async fn mark_deleted(&self, key: &str) -> Version {
        let call = self.s3.delete_object().bucket(&self.source_bucket).key(key);
        Version { etag: None, id: call.send().await.expect("deletions work").version_id }
    }

    /// Deletes a version, or a delete marker, for good.
    ///
    /// # Panics
    /// For a version of a bucket without versions.
    pub async fn delete_version(&self, key: &str, version: &Version) {
        let id = version.id.as_deref().expect("the bucket has versions");
        let call = self.s3.delete_object().bucket(&self.source_bucket).key(key).version_id(id);
        call.send().await.expect("versions can be deleted");
    }
}
