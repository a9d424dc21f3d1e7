//! The worker on Lambda.
//!
//! One binary, deployed once per tier of tiers.json; `TIER` tells it which it is.

use contract::{Task, with_causes};
use function::Aws;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use worker::{Settings, WorkerError, handle};

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
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Task>| {
        handle(&aws, &settings, &event.payload).await.map_err(|error| diagnostic(&error))
    }))
    .await
}

fn diagnostic(error: &WorkerError) -> Diagnostic {
    Diagnostic { error_type: error.name().to_owned(), error_message: with_causes(error) }
}
