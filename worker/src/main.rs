//! The worker: one job in, thumbnails in the destination bucket out; or one deletion in, and they are gone.
//!
//! One binary, deployed once per tier of tiers.json; `TIER` tells it which it is.

mod aws;
mod body;
mod calls;
mod deliver;
mod edge;
mod error;
mod handle;
mod make;
mod remove;
mod settings;
mod settle;
mod step;
mod stopwatch;
mod store;
mod tell;
mod thumbnail;

use contract::{Task, with_causes};
use function::Aws;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};

use crate::error::WorkerError;
use crate::handle::handle;
use crate::settings::Settings;

fn main() -> Result<(), Error> {
    // SVG and PDF are drawn by this program, started once more.
    vector::serve_if_asked();
    serve()
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    let settings = Settings::from_env()?;
    let aws = Aws::connect(&settings.shared).await;
    settings.shared.meter.ready();
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Task>| handle(&aws, &settings, &event.payload).await))
        .await
}

impl From<WorkerError> for Diagnostic {
    fn from(error: WorkerError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: with_causes(&error) }
    }
}
