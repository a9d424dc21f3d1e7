//! With `--max-concurrency`, or by default: each object's worker is invoked from here and waited for, so that no more of them are at work
//! than that, and uploads have the others.
//!
//! A dispatcher invokes workers and does not wait: how many are at work then is up to Lambda, and what an account has not
//! left waits in the same line as uploads do.

mod aws;

use contract::Skip;
use serde_json::Value;

pub(super) use self::aws::Workers;
use super::aws::Dispatcher;
use super::direct::{Dispatch, DispatchError};

/// Who takes the objects of a run.
pub(super) enum Taker<'a> {
    /// The dispatcher, which waits for no worker.
    Dispatcher(Dispatcher<'a>),
    /// Workers, each waited for.
    Workers(Workers<'a>),
}

impl Dispatch for Taker<'_> {
    async fn dispatch(&self, event: &Value) -> Result<Value, DispatchError> {
        match self {
            Self::Dispatcher(dispatcher) => dispatcher.dispatch(event).await,
            Self::Workers(workers) => workers.dispatch(event).await,
        }
    }
}

fn skipped(skip: &Skip) -> (&'static str, String) {
    let code = if skip.is_ordinary() { "Succeeded" } else { "PermanentFailure" };
    (code, format!("{}: {skip}", skip.name()))
}
