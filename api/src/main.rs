//! The HTTP API on Lambda, behind API Gateway.

use std::time::Instant;

use api::{Answer, Settings, handle, log, upload_origin};
use bytes::Bytes;
use function::{Aws, HasStore as _};
use lambda_http::{Body, Error, RequestExt as _, Response, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::from_env()?;
    let aws = Aws::connect(&settings.shared).await;
    let upload_origin = upload_origin(&aws).await?;
    settings.shared.meter.ready();
    let (aws, settings, upload_origin) = (&aws, &settings, &upload_origin);
    lambda_http::run(service_fn(async |request: lambda_http::Request| {
        let (start, started) = (settings.shared.meter.start(), Instant::now());
        let request_id = request.lambda_context_ref().map_or("", |context| context.request_id.as_str()).to_owned();
        let request = read(&request);
        let answer = handle(aws, settings, upload_origin, &request, &request_id).await;
        log(settings, start, started, (&request, &request_id), &answer, aws.store().calls().take());
        Ok::<Response<Body>, Error>(sent(answer))
    }))
    .await
}

fn read(request: &lambda_http::Request) -> api::Request {
    let query = request.query_string_parameters();
    api::Request {
        method: request.method().clone(),
        path: request.raw_http_path().to_owned(),
        query: query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        headers: request.headers().clone(),
        body: Bytes::copy_from_slice(request.body()),
    }
}

fn sent(answer: Answer) -> Response<Body> {
    answer.response.map(|body| match body {
        api::Body::Empty => Body::Empty,
        api::Body::Text(text) => Body::Text(text),
        api::Body::Binary(bytes) => Body::Binary(bytes.into()),
    })
}
