//! Calls to AWS, as the functions see them.

use contract::Job;

/// Invokes a worker. A function's `lambda:InvokeFunction` grant is this trait.
pub trait InvokeWorker {
    /// Hands `job` over to be run asynchronously; `Ok` is Lambda's promise to run it.
    fn invoke(&self, tier: &str, job: &Job) -> impl Future<Output = Result<(), CallError>>;
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
