//! What the dispatcher knows of an object, and what it hands to a worker.

use serde::{Deserialize, Serialize};

/// The facts of a HEAD that routing needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectHead {
    /// The object's size.
    pub bytes: u64,
    /// Its ETag, in its quotes.
    pub etag: String,
    /// Its version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// Its Content-Type, as the uploader gave it.
    pub content_type: Option<String>,
    /// Its storage class; `None` is STANDARD.
    pub storage_class: Option<String>,
    /// An archived object that has a restored copy can be read.
    pub restored: bool,
    /// It carries [`crate::metadata::SOURCE_ETAG`]: a thumbnail of this system.
    pub own_output: bool,
}

/// One image to make thumbnails of: the payload of an asynchronous invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The source bucket.
    pub bucket: String,
    /// The object key, decoded.
    pub key: String,
    /// The ETag that HEAD saw, in its quotes; the worker reads no other.
    pub etag: String,
    /// The size that HEAD saw.
    pub bytes: u64,
    /// The version id, where the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Orders the events of one key. Source: Amazon S3 user guide, "Event message structure".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// The same in every log line about this upload, from dispatcher to worker.
    pub correlation_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_wire_and_leaves_out_what_it_has_not() {
        let job = Job {
            bucket: "b".into(),
            key: "ü +.jpg".into(),
            etag: "\"e\"".into(),
            bytes: 7,
            version_id: None,
            sequencer: Some("0A".into()),
            correlation_id: "c".into(),
        };
        let wire = serde_json::to_string(&job).unwrap();
        assert!(!wire.contains("version_id"), "{wire}");
        assert_eq!(serde_json::from_str::<Job>(&wire).unwrap(), job);
    }
}
