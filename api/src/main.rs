//! The HTTP API: uploads in, thumbnails and their status out, and the page that shows it.
//!
//! It stores what is uploaded and lets the event of the upload do the rest; for somebody who waits it also runs the
//! worker itself. It keeps nothing: what became of an upload is read from the two buckets.

mod access;
mod aws;
mod edge;
mod handle;
mod headers;
mod key;
mod look;
mod page;
mod problem;
mod route;
mod settings;
mod state;
mod status;
mod upload;

use std::time::Instant;

use contract::{Dollars, LogRecord, Requests, hundredths};
use function::{Aws, Start};
use lambda_http::{Body, Error, Request, RequestExt, Response, service_fn};
use serde::Serialize;

use crate::edge::{PutUpload, Upload};
use crate::handle::{Answer, handle};
use crate::route::Route;
use crate::settings::Settings;
use crate::upload::EXPIRES;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::from_env()?;
    let aws = Aws::connect(&settings.shared).await;
    let upload_origin = upload_origin(&aws).await?;
    settings.shared.meter.ready();
    let (aws, settings, upload_origin) = (&aws, &settings, &upload_origin);
    lambda_http::run(service_fn(async |request: Request| {
        let (start, started) = (settings.shared.meter.start(), Instant::now());
        let request_id = request.lambda_context_ref().map_or("", |context| context.request_id.as_str()).to_owned();
        let answer = handle(aws, settings, upload_origin, &request, &request_id).await;
        log(settings, start, started, &request, &request_id, &answer, aws.calls().take());
        Ok::<Response<Body>, Error>(answer.response)
    }))
    .await
}

/// Where presigned URLs lead to. Signing asks nobody.
async fn upload_origin(aws: &Aws) -> Result<String, Error> {
    let upload = Upload {
        key: "k".into(),
        content_type: "image/jpeg".into(),
        content_encoding: None,
        bytes: 1,
        waited_for: false,
    };
    let url = aws.presign(&upload, EXPIRES).await?;
    Ok(page::origin(&url).to_owned())
}

/// One line about a request. No header and no query: there are tokens in them.
#[derive(Serialize)]
struct RequestRecord<'request> {
    request_id: &'request str,
    route: &'static str,
    method: &'request str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'request str>,
    bytes: usize,
    /// Requests to S3.
    #[serde(skip_serializing_if = "is_zero")]
    heads: u32,
    #[serde(skip_serializing_if = "is_zero")]
    gets: u32,
    #[serde(skip_serializing_if = "is_zero")]
    puts: u32,
    total_ms: f64,
    #[serde(skip_serializing_if = "is_zero")]
    init_ms: f64,
    /// Time, the request through API Gateway, those to S3, and the line. Not the worker of whoever waits: it has a line.
    dollars: Dollars,
}

impl LogRecord for RequestRecord<'_> {
    fn dollars(&mut self) -> &mut Dollars {
        &mut self.dollars
    }
}

fn is_zero<Number: Default + PartialEq>(number: &Number) -> bool {
    *number == Number::default()
}

fn log(
    settings: &Settings,
    start: Start,
    started: Instant,
    request: &Request,
    request_id: &str,
    answer: &Answer,
    requests: Requests,
) {
    let tariff = &settings.shared.meter.tariff;
    let Requests { heads, gets, puts, .. } = requests;
    let gateway = tariff.prices.api_gateway_million_requests * 1e-6;
    let total_ms = usage::milliseconds(started.elapsed());
    let record = RequestRecord {
        request_id,
        route: answer.route.as_ref().map_or("none", Route::name),
        method: request.method().as_str(),
        status: answer.response.status().as_u16(),
        problem: answer.problem.as_deref(),
        message: answer.cause.as_deref(),
        key: answer.route.as_ref().and_then(Route::key),
        bytes: request.body().len(),
        heads,
        gets,
        puts,
        total_ms: hundredths(total_ms),
        init_ms: hundredths(start.init_ms),
        dollars: tariff.compute(start.init_ms + total_ms) + tariff.prices.requests(requests) + gateway,
    };
    settings.shared.meter.log(record);
}
