//! What the API asks of AWS: each trait is a grant of its role. `aws.rs` has the SDK's half.

use std::time::Duration;

use bytes::Bytes;
use contract::{ObjectHead, Outcome, Task};
use function::{CallError, HeadObject};

/// Everything at once.
pub trait Edge: HeadObject + GetObject + PutUpload + RunWorker {}

impl<All: HeadObject + GetObject + PutUpload + RunWorker> Edge for All {}

/// Reads what is in the bucket of thumbnails. The `s3:GetObject` and `s3:ListBucket` grants on it are this trait.
pub trait GetObject {
    /// The object, if it is there.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, CallError>>;
}

/// An object with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// What GET says of it.
    pub head: ObjectHead,
    /// Its Cache-Control.
    pub cache_control: Option<String>,
    /// The file.
    pub bytes: Bytes,
}

/// Stores what is uploaded. The `s3:PutObject` grant on the source bucket is this trait.
pub trait PutUpload {
    /// Stores the bytes; returns their ETag and version.
    fn put(&self, upload: &Upload, bytes: Bytes) -> impl Future<Output = Result<ObjectHead, CallError>>;

    /// A URL that takes exactly this upload, for `expires`.
    fn presign(&self, upload: &Upload, expires: Duration) -> impl Future<Output = Result<String, CallError>>;
}

/// An object of the source bucket before it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The key.
    pub key: String,
    /// `image/jpeg` …
    pub content_type: String,
    /// How the bytes are encoded: the worker decodes them.
    pub content_encoding: Option<String>,
    /// How many.
    pub bytes: u64,
    /// A worker is invoked at once: the one that the event brings looks first.
    pub waited_for: bool,
}

/// Runs a worker and waits for it. A `lambda:InvokeFunction` grant is this trait.
pub trait RunWorker {
    /// How the task ended; an error where it did not, or not within `wait`.
    fn run(&self, tier: &str, task: &Task, wait: Duration) -> impl Future<Output = Result<Outcome, CallError>>;
}
