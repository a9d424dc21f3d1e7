//! What the worker asks of AWS: each trait is a grant of its role. `aws.rs` has the SDK's half.

use std::collections::HashMap;

use bytes::Bytes;
use contract::Job;
use function::{CallError, HeadObject, InvokeWorker, KeepEnding, Lease, SendDeadLetter};

/// Everything at once.
pub trait Edge: GetObject + HeadObject + PutObject + DeleteObject + InvokeWorker + SendDeadLetter + KeepEnding {}

impl<All: GetObject + HeadObject + PutObject + DeleteObject + InvokeWorker + SendDeadLetter + KeepEnding> Edge for All {}

/// Reads one object. The worker's `s3:GetObject` and `s3:ListBucket` grants on the source bucket are this trait.
pub trait GetObject {
    /// The body as it arrives.
    type Body: ObjectBody;
    /// The object of exactly the job's ETag; `None` where it is gone or replaced.
    fn get(&self, job: &Job) -> impl Future<Output = Result<Option<Self::Body>, CallError>>;
    /// The same from a byte on.
    fn get_from(&self, job: &Job, from: u64) -> impl Future<Output = Result<Option<Self::Body>, CallError>>;
}

/// The body of an object, chunk by chunk.
pub trait ObjectBody {
    /// The object's Content-Encoding, as GET says it: nothing asks for it before, and no job carries it.
    fn content_encoding(&self) -> Option<&str>;
    /// What the uploader said is the point to keep, in the metadata of the object.
    fn focus(&self) -> Option<&str>;
    /// What the uploader said is the page to show of a PDF or a TIFF, likewise.
    fn page(&self) -> Option<&str>;
    /// Held until the engine is done with this body, however its job ends.
    fn lease(&self) -> Option<Lease> {
        None
    }
    /// The next chunk; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Result<Bytes, CallError>>>;
}

/// Stores one thumbnail. The worker's `s3:PutObject` grant is this trait.
pub trait PutObject {
    /// Stores it if the condition holds. Returns the new ETag; `None` where the condition does not hold.
    fn put(
        &self,
        object: &StoredObject,
        condition: &Condition,
    ) -> impl Future<Output = Result<Option<String>, CallError>>;
}

/// Deletes one thumbnail. The worker's `s3:DeleteObject` grant is this trait.
pub trait DeleteObject {
    /// Deletes it if it has this ETag.
    fn delete(&self, bucket: &str, key: &str, etag: &str) -> impl Future<Output = Result<Deleted, CallError>>;
}

/// What a DELETE with a condition found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It was there, and is no more.
    Done,
    /// Nothing is there.
    Absent,
    /// Something with another ETag is there.
    Other,
}

/// When a PUT may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is there: `If-None-Match: *`.
    Absent,
    /// What is there is what was looked at: `If-Match`, with its ETag.
    Unchanged(String),
}

/// A thumbnail with everything that S3 is told about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The variant's name.
    pub variant: String,
    /// `jpg`, `png`, `webp`, `avif` or `gif`.
    pub extension: &'static str,
    /// The bucket of thumbnails.
    pub bucket: String,
    /// Where it stands there.
    pub key: String,
    /// `image/jpeg` …
    pub content_type: &'static str,
    /// As thumbnails.json has it.
    pub cache_control: String,
    /// What made it, and from what.
    pub metadata: HashMap<String, String>,
    /// The file.
    pub bytes: Bytes,
}
