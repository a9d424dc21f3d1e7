//! The edges on AWS that more than one function has: Lambda `Invoke`, and the first connection to S3.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use contract::Job;

use crate::call::{CallError, InvokeWorker};

/// INIT may take 10 s; a slow answer to the first call is not worth failing it.
const WARM_UP: Duration = Duration::from_secs(2);

/// The workers of a deployment.
#[derive(Clone, Debug)]
pub struct Workers {
    lambda: aws_sdk_lambda::Client,
    prefix: String,
}

impl Workers {
    /// A worker's function name is `prefix` and its tier's name.
    #[must_use]
    pub fn new(config: &SdkConfig, prefix: String) -> Self {
        Self { lambda: aws_sdk_lambda::Client::new(config), prefix }
    }
}

impl InvokeWorker for Workers {
    async fn invoke(&self, tier: &str, job: &Job) -> Result<(), CallError> {
        let function = format!("{}{tier}", self.prefix);
        let failed = |cause| CallError { action: format!("Invoke of `{function}`"), cause };
        let payload = serde_json::to_vec(job).map_err(|error| failed(error.into()))?;
        let call = self.lambda.invoke().function_name(&function).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload)).send().await.map_err(|error| failed(error.into()))?;
        Ok(())
    }
}

/// Opens the connection that the first job will use, and loads the TLS roots for it: INIT runs with about two
/// vCPUs, the first job of a small tier with 0.145. What comes of it does not matter, and it may not take long.
pub async fn warm_up(s3: &aws_sdk_s3::Client, bucket: &str) {
    let _ = tokio::time::timeout(WARM_UP, s3.head_bucket().bucket(bucket).send()).await;
}
