//! Lambda `Invoke`, waited for.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use contract::{Outcome, Task};
use function::{Aws, CallError};

use crate::edge::RunWorker;

impl RunWorker for Aws {
    async fn run(&self, tier: &str, task: &Task, wait: Duration) -> Result<Outcome, CallError> {
        let function = self.worker(tier);
        let failed = |cause| CallError { action: format!("Invoke of `{function}`"), cause };
        let payload = serde_json::to_vec(task).map_err(|error| failed(error.into()))?;
        let call = self.lambda().invoke().function_name(&function).payload(Blob::new(payload));
        // Once and no longer than somebody waits: what comes to nothing here is done by the event of the upload.
        let timeouts = TimeoutConfig::builder().operation_timeout(wait).read_timeout(wait).build();
        let config = aws_sdk_lambda::Config::builder().timeout_config(timeouts).retry_config(RetryConfig::disabled());
        let answer = call.customize().config_override(config).send().await.map_err(|error| failed(error.into()))?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if answer.function_error.is_some() {
            return Err(failed(String::from_utf8_lossy(&payload).into_owned().into()));
        }
        serde_json::from_slice(&payload).map_err(|error| failed(error.into()))
    }
}
