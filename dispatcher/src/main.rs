//! The dispatcher on Lambda.

use contract::with_causes;
use dispatcher::{HandlerError, handle};
use function::{Aws, Environment, Settings};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut environment = Environment::of_process();
    let Some(settings) = Settings::from_environment(&mut environment, None) else {
        return Err(environment.into_error().into());
    };
    let aws = Aws::connect(&settings).await;
    settings.meter.ready();
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let handled = handle(&aws, &settings, event.payload, &event.context.request_id).await;
        handled.map_err(|error| diagnostic(&error))
    }))
    .await
}

fn diagnostic(error: &HandlerError) -> Diagnostic {
    let error_type = match error {
        HandlerError::Event(_) => "EventError",
        HandlerError::Dispatch { .. } => "DispatchError",
    };
    Diagnostic { error_type: error_type.to_owned(), error_message: with_causes(error) }
}
