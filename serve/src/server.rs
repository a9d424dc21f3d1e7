//! HTTP: events in, the API and its page, metrics, and whether the process is well.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Access, Body};
use bytes::Bytes;
use function::{Calls, HasStore as _, Store};
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_local;

use crate::aws::reach;
use crate::delivery::Part;
use crate::home::{Home, Shared};
use crate::journal::Entry;
use crate::metrics::{Gauge, say, text};
use crate::pipeline::name;
use crate::shape;
use crate::token::as_bearer;

/// The largest body of a request, in bytes; the API itself takes less.
const MAX_BODY_BYTES: usize = 8 << 20;

/// How many events may wait: who sends more is told to come again.
const MAX_WAITING: u64 = 100_000;

/// How many connections there are at once.
const CONNECTIONS: usize = 1024;

/// How long a request's head and its body may take.
const HEAD: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_secs(60);

/// How long the store may take to answer `/readyz`.
const READY: Duration = Duration::from_secs(3);

/// What requests are answered from.
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Store,
    /// Of `POST /events`; `None` where there are none.
    pub(crate) events: Option<Access>,
    /// Where the page sends bytes to; `None` without an API.
    pub(crate) upload_origin: Option<String>,
    pub(crate) memory_mb: u64,
    pub(crate) stop: watch::Receiver<bool>,
}

type Answer = Response<Full<Bytes>>;

/// Listens until the process stops.
pub(crate) async fn listen(server: Rc<Server>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut stop = server.stop.clone();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                say("warning", &format!("accepting a connection: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let server = Rc::clone(&server);
        spawn_local(async move {
            let _place = place;
            let service = service_fn(|request| answer(&server, request));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
            // Who goes away in the middle of a request is no business of ours.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(server: &Server, request: http::Request<Incoming>) -> Result<Answer, std::convert::Infallible> {
    let (parts, body) = request.into_parts();
    let is_get = matches!(parts.method, Method::GET | Method::HEAD);
    Ok(match parts.uri.path() {
        "/healthz" if is_get => plain(StatusCode::OK, "ok\n"),
        "/readyz" if is_get => ready(server).await,
        "/metrics" if is_get => metrics(server).await,
        // So RustFS asks whether there is somebody.
        "/" if parts.method == Method::HEAD && server.upload_origin.is_none() => plain(StatusCode::OK, ""),
        "/events" => events(server, &parts.method, &parts.headers, body).await,
        _ if server.upload_origin.is_some() => by_api(server, parts, body).await,
        _ => plain(StatusCode::NOT_FOUND, "there is no HTTP API here: start thumbtier serve with --api-token\n"),
    })
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, "text/plain; charset=utf-8");
    let builder = builder.header(CACHE_CONTROL, "no-store");
    builder.body(Full::new(text.into())).expect("header values are constant")
}

/// A body that is not too large and does not take too long.
async fn read(body: Incoming) -> Result<Bytes, Answer> {
    match tokio::time::timeout(BODY, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => {
            let text = format!("the body cannot be read, {MAX_BODY_BYTES} bytes are taken at most: {error}\n");
            Err(plain(StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, format!("the body took longer than {} s\n", BODY.as_secs()))),
    }
}

/// Takes an event: 200 says that it is in the journal, on the disk.
async fn events(server: &Server, method: &Method, headers: &HeaderMap, body: Incoming) -> Answer {
    let Some(access) = &server.events else {
        return plain(StatusCode::NOT_FOUND, "events are not taken here: start thumbtier serve with --events-token\n");
    };
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(as_bearer);
    if !access.allows(authorization.as_deref()) {
        let mut answer =
            plain(StatusCode::UNAUTHORIZED, "send the token of --events-token as `Authorization: Bearer TOKEN`\n");
        answer.headers_mut().insert(WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
        return answer;
    }
    match *method {
        // So MinIO asks whether there is somebody.
        Method::HEAD | Method::GET => return plain(StatusCode::OK, "post events here\n"),
        Method::POST => {}
        _ => {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "post events here\n");
            answer.headers_mut().insert(ALLOW, http::HeaderValue::from_static("GET, HEAD, POST"));
            return answer;
        }
    }
    let body = match read(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let event = match shape::event(&body) {
        Ok(Some(event)) => event,
        Ok(None) => return plain(StatusCode::OK, "it is about no object\n"),
        Err(error) => return plain(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let waiting = server.shared.journal.waiting();
    if *server.stop.borrow() || waiting >= MAX_WAITING {
        let text =
            format!("{waiting} events wait, {MAX_WAITING} are taken at most, or the process stops: come again\n");
        let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, text);
        answer.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("5"));
        return answer;
    }
    match server.shared.keep(Entry::Event { event, at_ms: 0 }).await {
        Ok(()) => plain(StatusCode::OK, "it is in the journal\n"),
        Err(error) => {
            say("error", &error);
            plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n"))
        }
    }
}

async fn ready(server: &Server) -> Answer {
    if *server.stop.borrow() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the process stops\n");
    }
    match tokio::time::timeout(READY, reach(&server.store)).await {
        Ok(Ok(())) => plain(StatusCode::OK, "ready\n"),
        Ok(Err(error)) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
        Err(_) => {
            plain(StatusCode::SERVICE_UNAVAILABLE, format!("the store did not answer in {} s\n", READY.as_secs()))
        }
    }
}

async fn metrics(server: &Server) -> Answer {
    let shared = &server.shared;
    let counts = shared.scheduler.counts();
    let tiers = || shared.workers.iter().map(|worker| Some(("tier", worker.tier.name.clone())));
    let letters = Arc::clone(&shared.letters);
    let [dead, refused] = tokio::task::spawn_blocking(move || letters.counts()).await.unwrap_or_default();
    let (used_mb, total_mb) = shared.scheduler.memory_mb();
    let mb = |mb: u64| (mb << 20) as f64;
    let kind = |name: &str| Some(("kind", name.to_owned()));
    let gauges = [
        Gauge {
            name: "waiting",
            help: "Jobs that wait for their tier.",
            values: tiers().zip(&counts).map(|(tier, count)| (tier, count.0 as f64)).collect(),
        },
        Gauge {
            name: "running",
            help: "Jobs that run.",
            values: tiers().zip(&counts).map(|(tier, count)| (tier, count.1 as f64)).collect(),
        },
        Gauge {
            name: "memory_reserved_bytes",
            help: "What the jobs that run may hold.",
            values: vec![(None, mb(used_mb))],
        },
        Gauge { name: "memory_for_jobs_bytes", help: "What all jobs may hold.", values: vec![(None, mb(total_mb))] },
        Gauge {
            name: "memory_limit_bytes",
            help: "What the process may use.",
            values: vec![(None, mb(server.memory_mb))],
        },
        Gauge {
            name: "journal_entries",
            help: "Events and jobs in the journal that are not done.",
            values: vec![(None, shared.journal.waiting() as f64)],
        },
        Gauge {
            name: "letters",
            help: "What ended for good without thumbnails, in the state folder.",
            values: vec![(kind("dead_letter"), dead as f64), (kind("refusal"), refused as f64)],
        },
    ];
    let mut answer = plain(StatusCode::OK, text(&gauges));
    let kind = http::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

async fn by_api(server: &Server, parts: http::request::Parts, body: Incoming) -> Answer {
    let body = match read(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
    });
    let request = api::Request {
        method: parts.method,
        // As API Gateway hands it over.
        path: decoded(parts.uri.path()).replace('%', "%25"),
        query: query.collect(),
        headers: parts.headers,
        body,
    };
    let (settings, request_id) = (&server.shared.api, name());
    let (start, started) = (settings.shared.meter.start(), Instant::now());
    let part = Part::first().0;
    let home = Home::new(&server.shared, &server.store, &part);
    let upload_origin = server.upload_origin.as_deref().unwrap_or_default();
    let answer = api::handle(&home, settings, upload_origin, &request, &request_id).await;
    let calls: &Calls = home.store().calls();
    api::log(settings, start, started, (&request, &request_id), &answer, calls.take());
    answer.response.map(|body| {
        Full::new(match body {
            Body::Empty => Bytes::new(),
            Body::Text(text) => Bytes::from(text),
            Body::Binary(bytes) => bytes,
        })
    })
}

/// Where it listens, once it does.
///
/// # Errors
/// An address that is taken, or is none of this machine.
pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}
