//! Calls to AWS, as the functions see them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use contract::{DeadLetter, Ending, ObjectHead, PutOff, Task};

/// Invokes a worker. A function's `lambda:InvokeFunction` grant is this trait.
pub trait InvokeWorker {
    /// Hands `task` over to be run asynchronously; `Ok` is Lambda's promise to run it.
    fn invoke(&self, tier: &str, task: &Task) -> impl Future<Output = Result<(), CallError>>;
}

/// Reads an object's head. A function's `s3:GetObject` and `s3:ListBucket` grants are this trait.
pub trait HeadObject {
    /// The head; `None` where there is no such object.
    fn head(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<ObjectHead>, CallError>>;
}

/// Tells somebody. A function's `sqs:SendMessage` grant is this trait.
pub trait SendDeadLetter {
    /// Puts a letter into the queue of dead letters, or of refused uploads, as it says itself.
    fn send(&self, letter: &DeadLetter) -> impl Future<Output = Result<(), CallError>>;
}

/// Puts a task off. A function's `sqs:SendMessage` grant on the queue of failed jobs is this trait.
pub trait PutOffTask {
    /// Hands it to the queue, which hides it for `delay_s` seconds, at most 900.
    fn put_off(&self, task: &PutOff, delay_s: u32) -> impl Future<Output = Result<(), CallError>>;
}

/// Keeps how an upload ended. A function's `s3:PutObject` grant on the endings is this trait.
pub trait KeepEnding {
    /// Stores it in the bucket of thumbnails, over an older one. Does nothing in a deployment that keeps no endings,
    /// nor for a key too long to have one.
    fn keep(&self, ending: &Ending) -> impl Future<Output = Result<(), CallError>>;
}

/// A call to AWS that failed for now.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed")]
pub struct CallError {
    /// The API call and what it was about.
    pub action: String,
    /// The SDK's error.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// Held by whoever works on something, and let go by the last of them: a share of the memory.
#[derive(Clone)]
pub struct Lease(Arc<dyn Any + Send + Sync>);

impl Lease {
    /// Of `held`, which is dropped with the last copy of it.
    pub fn of(held: Arc<dyn Any + Send + Sync>) -> Self {
        Self(held)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lease({})", Arc::strong_count(&self.0))
    }
}
