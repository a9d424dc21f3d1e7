//! The worker: one job in, thumbnails in the destination bucket out.
//!
//! One binary, deployed once per tier of tiers.json; `TIER` tells it which it is.

mod aws;
mod body;
mod handle;
mod record;
mod settings;

use contract::{Job, with_causes};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};

use crate::aws::Aws;
use crate::handle::{WorkerError, handle};
use crate::settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::from_env()?;
    let aws = Aws::from_env().await;
    aws.warm_up(&settings.source_bucket).await;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Job>| {
        let outcome = handle(&aws, &settings, &event.payload).await;
        outcome.inspect_err(|error| log_failure(&settings, &event.payload, error))
    }))
    .await
}

fn log_failure(settings: &Settings, job: &Job, error: &WorkerError) {
    let message = with_causes(error);
    let line = serde_json::json!({
        "tier": settings.tier.name, "outcome": "failed", "message": message,
        "correlation_id": job.correlation_id, "bucket": job.bucket, "key": job.key, "bytes": job.bytes,
    });
    println!("{line}");
}

impl From<WorkerError> for Diagnostic {
    fn from(error: WorkerError) -> Self {
        let error_type = match error {
            WorkerError::Read(_) | WorkerError::Body(_) => "ReadError",
            WorkerError::Write { .. } => "WriteError",
        };
        Self { error_type: error_type.to_owned(), error_message: with_causes(&error) }
    }
}
