//! The log line of a request.

use std::time::Instant;

use contract::{Dollars, LogRecord, Requests, hundredths};
use function::Start;
use serde::Serialize;

use crate::handle::Answer;
use crate::request::Request;
use crate::route::Route;
use crate::settings::Settings;

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

/// Writes the line about a request that was answered.
pub fn log(
    settings: &Settings,
    start: Start,
    started: Instant,
    (request, request_id): (&Request, &str),
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
        method: request.method.as_str(),
        status: answer.response.status().as_u16(),
        problem: answer.problem.as_deref(),
        message: answer.cause.as_deref(),
        key: answer.route.as_ref().and_then(Route::key),
        bytes: request.body.len(),
        heads,
        gets,
        puts,
        total_ms: hundredths(total_ms),
        init_ms: hundredths(start.init_ms),
        dollars: tariff.compute(start.init_ms + total_ms) + tariff.prices.requests(requests) + gateway,
    };
    settings.shared.meter.log(record);
}
