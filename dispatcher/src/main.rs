//! The dispatcher: an event about objects in, one asynchronous invocation of a worker per image out.
//!
//! It HEADs each object, decides by size and format hint ([`contract::route`]), and touches no pixel. It also takes what a worker
//! was killed by to the next tier, once.

mod dispatch;
mod event;
mod failure;
mod handle;
mod skip;

use contract::with_causes;
use function::{Aws, Environment, Settings};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::handle::{HandlerError, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut environment = Environment::of_process();
    let Some(settings) = Settings::from_environment(&mut environment, None) else {
        return Err(environment.into_error().into());
    };
    let aws = Aws::connect(&settings).await;
    settings.meter.ready();
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        handle(&aws, &settings, event.payload, &event.context.request_id).await
    }))
    .await
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::Event(_) => "EventError",
            HandlerError::Dispatch { .. } => "DispatchError",
        };
        Self { error_type: error_type.to_owned(), error_message: with_causes(&error) }
    }
}
