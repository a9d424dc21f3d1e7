//! S3 as every home of this system uses it: `HeadObject`, the endings, and where the images and the thumbnails are.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::ConfigLoader;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use contract::{Ending, ObjectHead, fnv1a, unquoted};
use tokio::sync::{Mutex, MutexGuard};

use crate::call::{CallError, HeadObject, KeepEnding, Lease};
use crate::calls::Calls;
use crate::settings::Settings;

/// How many keys may be written at once in a store that knows no conditions.
const TURNS: usize = 64;

/// A store that speaks S3, and the two buckets.
#[derive(Clone, Debug)]
pub struct Store {
    s3: aws_sdk_s3::Client,
    /// As somebody outside reaches the store, by a URL that was signed here.
    outside: aws_sdk_s3::Client,
    source_bucket: String,
    destination_bucket: String,
    keep_endings: bool,
    conditions: Conditions,
    turns: Arc<[Mutex<()>]>,
    calls: Arc<Calls>,
}

/// Which conditions the store keeps, of those that keep an older thumbnail from a newer one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// `If-None-Match: *` of PutObject.
    pub absent: bool,
    /// `If-Match` of PutObject.
    pub unchanged: Option<EtagForm>,
    /// `If-Match` of DeleteObject.
    pub delete: Option<EtagForm>,
}

/// How an ETag stands in `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EtagForm {
    /// In its quotes, as HTTP has it.
    Quoted,
    /// Without them: Ceph's PutObject compares the text as it comes, and refuses every ETag in quotes.
    Bare,
}

impl Conditions {
    /// As S3 keeps them.
    pub const ALL: Self = Self { absent: true, unchanged: Some(EtagForm::Quoted), delete: Some(EtagForm::Quoted) };

    /// Whether the store itself keeps an older thumbnail from a newer one's place.
    #[must_use]
    pub const fn guard_writes(&self) -> bool {
        self.absent && self.unchanged.is_some()
    }

    /// Whether no look at an object is needed before it is written or deleted.
    #[must_use]
    pub const fn guard_all(&self) -> bool {
        self.guard_writes() && self.delete.is_some()
    }
}

impl EtagForm {
    /// `etag`, which is in its quotes, in this form.
    #[must_use]
    pub fn of(self, etag: &str) -> &str {
        match self {
            Self::Quoted => etag,
            Self::Bare => unquoted(etag),
        }
    }
}

/// Has a store: S3's half of every edge is written for these.
pub trait HasStore {
    /// The store.
    fn store(&self) -> &Store;

    /// What is let go when nobody works on a body of this home any more.
    fn lease(&self) -> Option<Lease> {
        None
    }
}

impl HasStore for Store {
    fn store(&self) -> &Store {
        self
    }
}

impl Store {
    /// The buckets of `settings` by that client. All conditions are believed to be kept, as S3 keeps them.
    #[must_use]
    pub fn new(s3: aws_sdk_s3::Client, settings: &Settings) -> Self {
        Self {
            outside: s3.clone(),
            s3,
            source_bucket: settings.source_bucket.clone(),
            destination_bucket: settings.destination_bucket.clone(),
            keep_endings: settings.keep_endings,
            conditions: Conditions::ALL,
            turns: (0..TURNS).map(|_| Mutex::default()).collect(),
            calls: Arc::default(),
        }
    }

    /// The same with a count of its own.
    #[must_use]
    pub fn counted_anew(&self) -> Self {
        Self { calls: Arc::default(), ..self.clone() }
    }

    /// The same by another client, of another runtime; both take turns.
    #[must_use]
    pub fn by(&self, s3: aws_sdk_s3::Client) -> Self {
        Self { s3, ..self.clone() }
    }

    /// The same where others reach the store as this client would.
    #[must_use]
    pub fn seen_from_outside(self, outside: aws_sdk_s3::Client) -> Self {
        Self { outside, ..self }
    }

    /// Signs what others send.
    #[must_use]
    pub const fn outside(&self) -> &aws_sdk_s3::Client {
        &self.outside
    }

    /// The same where the store keeps `conditions` only.
    #[must_use]
    pub fn keeping(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    /// Which conditions the store keeps.
    #[must_use]
    pub const fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// The turn to look at `key` and to write or delete it, where the store lacks a condition that does both in one:
    /// `None` where it lacks none. Who relies on a condition takes turns with who has to look.
    pub async fn turn(&self, key: &str) -> Option<MutexGuard<'_, ()>> {
        if self.conditions.guard_all() {
            return None;
        }
        Some(self.turns[fnv1a(key.as_bytes()) as usize % TURNS].lock().await)
    }

    /// S3, for what only one of the parts asks of it.
    #[must_use]
    pub const fn s3(&self) -> &aws_sdk_s3::Client {
        &self.s3
    }

    /// How often S3 was asked, in what is common to the parts.
    #[must_use]
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Where images are uploaded.
    #[must_use]
    pub fn source_bucket(&self) -> &str {
        &self.source_bucket
    }

    /// Where thumbnails are stored.
    #[must_use]
    pub fn destination_bucket(&self) -> &str {
        &self.destination_bucket
    }
}

/// A call with all its tries, until the headers of the answer are there.
const OPERATION: Duration = Duration::from_secs(20);

/// How often a call is tried, and for how long.
///
/// Three tries, with jitter between: at most 0.2 s and then 0.4 s of waiting, because waiting is billed, at a tier's
/// full memory. A trouble that lasts longer is for the queue of failed jobs, which puts the job off, and that wait is
/// free. Nothing is waited for without end: the function's timeout would end it, and that counts as a job that its tier
/// cannot do. All tries of a call end before the shortest timeout of a function, 29 s.
#[must_use]
pub fn patience(configuration: ConfigLoader) -> ConfigLoader {
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(200));
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_secs(8)).operation_timeout(OPERATION).build();
    configuration.retry_config(retries).timeout_config(timeouts)
}

/// The status of the answer that an error is about, if there was one.
#[must_use]
pub fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

impl<Home: HasStore> KeepEnding for Home {
    async fn keep(&self, ending: &Ending) -> Result<(), CallError> {
        let Ok(key) = Ending::key_of(&ending.key) else { return Ok(()) };
        let store = self.store();
        if !store.keep_endings {
            return Ok(());
        }
        let bucket = &store.destination_bucket;
        let failed = |cause| CallError { action: format!("PutObject of `{bucket}/{key}`"), cause };
        let body = serde_json::to_vec(ending).map_err(|error| failed(error.into()))?;
        let call = store.s3.put_object().bucket(bucket).key(&key).content_type("application/json");
        let (name, mark) = ending.mark();
        call.metadata(name, mark).body(body.into()).send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }
}

impl<Home: HasStore> HeadObject for Home {
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        let store = self.store();
        store.calls.head();
        let head = match store.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => {
                // The answer to a HEAD has no body that would name it.
                let name = if status(&error) == Some(503) { " (503 SlowDown)" } else { "" };
                return Err(CallError { action: format!("HeadObject of `{bucket}/{key}`{name}"), cause: error.into() });
            }
        };
        let archive = head.archive_status().map(|status| status.as_str().to_owned());
        let facts = ObjectHead {
            bytes: head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            etag: head.e_tag().unwrap_or_default().to_owned(),
            version_id: head.version_id().map(str::to_owned),
            content_type: head.content_type().map(str::to_owned),
            storage_class: archive.or_else(|| head.storage_class().map(|class| class.as_str().to_owned())),
            restored: head.restore().is_some_and(|restore| restore.contains("ongoing-request=\"false\"")),
            modified: head.last_modified().and_then(|time| SystemTime::try_from(*time).ok()),
            ..ObjectHead::default()
        };
        Ok(Some(facts.with_metadata(&head.metadata.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use contract::TierTable;

    use super::*;

    /// A call that ends with its function is a job that its tier cannot do; one that ends before is put off.
    #[test]
    fn a_call_ends_before_every_function_that_makes_it() {
        let written = [include_str!("../../../serverless.yml"), include_str!("../../../deploy/api.js")];
        let numbers = written.iter().flat_map(|text| text.lines()).filter_map(|line| {
            let (_, number) = line.split_once("timeout: ")?;
            number.trim_end_matches(',').parse::<u64>().ok()
        });
        let tiers = TierTable::builtin().unwrap();
        let timeouts: Vec<u64> = numbers.chain(tiers.iter().map(|tier| tier.timeout_s)).collect();
        assert!(timeouts.len() >= 5, "{timeouts:?}");
        assert!(timeouts.iter().all(|timeout_s| *timeout_s > OPERATION.as_secs()), "{timeouts:?}: {OPERATION:?}");
    }
}
