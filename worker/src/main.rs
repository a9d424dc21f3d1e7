//! The worker: one job in, thumbnails in the destination bucket out.
//!
//! One binary, deployed once per tier of tiers.json; `TIER` tells it which it is.

mod aws;
mod body;
mod handle;
mod settings;
mod stopwatch;

use contract::{Job, with_causes};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};

use crate::aws::Aws;
use crate::handle::{WorkerError, handle};
use crate::settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::from_env()?;
    let aws = Aws::from_env(settings.worker_prefix.clone(), &settings.source_bucket).await;
    settings.meter.ready();
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Job>| handle(&aws, &settings, &event.payload).await)).await
}

impl From<WorkerError> for Diagnostic {
    fn from(error: WorkerError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: with_causes(&error) }
    }
}
