//! The dispatcher: an S3 event in, one asynchronous invocation of a worker per image out.
//!
//! It HEADs each object, decides by size and format hint ([`route`]), and touches no pixel.

mod aws;
mod dispatch;
mod event;
mod route;
mod settings;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};

use crate::aws::Aws;
use crate::dispatch::{DispatchError, Summary, dispatch};
use crate::event::{EventError, S3Event};
use crate::settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let Settings { source_bucket, worker_prefix, tiers, meter } = Settings::from_env()?;
    let aws = Aws::from_env(worker_prefix, &source_bucket).await;
    meter.ready();
    lambda_runtime::run(service_fn(async |event: LambdaEvent<S3Event>| {
        let objects = event.payload.objects()?;
        let summary = dispatch(&aws, &tiers, &meter, objects, &event.context.request_id).await?;
        Ok::<Summary, HandlerError>(summary)
    }))
    .await
}

/// Everything that makes Lambda run the event again.
#[derive(Debug, thiserror::Error)]
enum HandlerError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::Event(_) => "EventError",
            HandlerError::Dispatch(_) => "DispatchError",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
