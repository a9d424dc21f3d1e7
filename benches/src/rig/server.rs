//! Two HTTP services for one worker process: the runtime API of Lambda and as much of S3 as a worker calls.
//!
//! **Source:** AWS Lambda developer guide, "Using the Lambda runtime API"; Amazon S3 API reference, `GetObject`.

use std::io::Cursor;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tiny_http::{Header, Method, Request, Response};

/// As many as a worker has connections open at once: `/next`, a GET, a PUT for each variant.
const THREADS: usize = 6;

/// One invocation.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) payload: String,
    pub(super) timeout_ms: u64,
    pub(super) etag: String,
    pub(super) object: Arc<[u8]>,
}

/// What a worker did, in its order.
#[derive(Debug)]
pub(super) enum Event {
    /// It has initialised, or finished its job, and waits for the next.
    Ready,
    /// It was given its job.
    Started(Instant),
    /// It answered; `Err` is what it called an error.
    Ended(Instant, Result<String, String>),
    /// It could not initialise.
    InitFailed(String),
    /// It wrote a line to its log.
    Line(String),
    /// Its log has ended, and with it the process.
    Exited,
}

/// The services, until dropped.
pub(super) struct Server {
    http: Arc<tiny_http::Server>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// The one invocation that waits. `None` at the end, so that no thread waits for ever.
    jobs: Mutex<Receiver<Option<Invocation>>>,
    current: Mutex<Option<Invocation>>,
    events: Sender<Event>,
}

impl Server {
    /// Listens on a free port of loopback.
    pub(super) fn start(jobs: Receiver<Option<Invocation>>, events: Sender<Event>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("finding a port")?;
        // Its connections inherit it. Without it the end of an answer waits 40 ms for an acknowledgement.
        socket2::SockRef::from(&listener).set_tcp_nodelay(true).context("setting TCP_NODELAY")?;
        let http = tiny_http::Server::from_listener(listener, None).map_err(|cause| anyhow::anyhow!("{cause}"))?;
        let http = Arc::new(http);
        let shared = Arc::new(Shared { jobs: Mutex::new(jobs), current: Mutex::new(None), events });
        let serve = |_| {
            let (http, shared) = (Arc::clone(&http), Arc::clone(&shared));
            std::thread::spawn(move || {
                while let Ok(request) = http.recv() {
                    // A client that has enough drops its connection; that is its right.
                    let _ = shared.serve(request);
                }
            })
        };
        let threads = (0..THREADS).map(serve).collect();
        Ok(Self { http, shared, threads })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.http.server_addr().to_ip().expect("it listens on loopback")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for thread in std::mem::take(&mut self.threads) {
            self.http.unblock();
            // The thread that hands out jobs ends when the sender of jobs is gone; nobody waits for the others.
            drop(thread);
        }
        *lock(&self.shared.current) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn serve(&self, request: Request) -> std::io::Result<()> {
        const RUNTIME: &str = "/2018-06-01/runtime/";
        let url = request.url().to_owned();
        match (request.method(), url.strip_prefix(RUNTIME)) {
            (Method::Get, Some("invocation/next")) => self.next(request),
            (Method::Post, Some("init/error")) => self.answered(request, Event::InitFailed),
            (Method::Post, Some(path)) if path.ends_with("/response") => {
                self.answered(request, |body| Event::Ended(Instant::now(), Ok(body)))
            }
            (Method::Post, Some(path)) if path.ends_with("/error") => {
                self.answered(request, |body| Event::Ended(Instant::now(), Err(body)))
            }
            // The next tier's function: it takes what is too much for this one.
            (Method::Post, None) if url.ends_with("/invocations") => request.respond(Response::empty(202)),
            // The queue of dead letters: it takes what no tier can make.
            (Method::Post, None) => request.respond(Response::from_string(r#"{"MessageId":"rig"}"#)),
            (Method::Get, None) => self.object(request),
            // The bucket at INIT, and the source after the last PUT: still the same.
            (Method::Head, None) => self.head(request),
            (Method::Delete, None) => request.respond(Response::empty(204)),
            (Method::Put, None) => stored(request),
            _ => request.respond(Response::empty(501)),
        }
    }

    fn next(&self, request: Request) -> std::io::Result<()> {
        // Nobody listens any more when the rig is being taken down.
        let _ = self.events.send(Event::Ready);
        let Ok(Some(invocation)) = lock(&self.jobs).recv() else {
            return request.respond(Response::empty(500));
        };
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        let headers = [
            ("Lambda-Runtime-Aws-Request-Id", invocation.id.clone()),
            ("Lambda-Runtime-Deadline-Ms", (now_ms + u128::from(invocation.timeout_ms)).to_string()),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:rig".to_owned()),
        ];
        let mut response = Response::from_string(invocation.payload.clone());
        for (name, value) in headers {
            response.add_header(header(name, &value));
        }
        *lock(&self.current) = Some(invocation);
        let _ = self.events.send(Event::Started(Instant::now()));
        request.respond(response)
    }

    /// The time is that of the last byte of the answer.
    fn answered(&self, mut request: Request, event: impl FnOnce(String) -> Event) -> std::io::Result<()> {
        let mut body = String::new();
        request.as_reader().read_to_string(&mut body)?;
        let _ = self.events.send(event(body));
        request.respond(Response::empty(202))
    }

    fn head(&self, request: Request) -> std::io::Result<()> {
        let mut response = Response::empty(200);
        if let Some(Invocation { etag, .. }) = &*lock(&self.current) {
            response.add_header(header("ETag", etag));
        }
        request.respond(response)
    }

    fn object(&self, request: Request) -> std::io::Result<()> {
        let Some(Invocation { object, etag, .. }) = lock(&self.current).clone() else {
            return request.respond(Response::empty(404));
        };
        let asked = |name: &'static str| {
            let header = request.headers().iter().find(|header| header.field.equiv(name));
            header.map(|header| header.value.as_str().to_owned())
        };
        if asked("If-Match").is_some_and(|want| want != etag) {
            return request.respond(Response::empty(412));
        }
        let whole = object.len();
        let range = asked("Range").and_then(|range| range_of(&range, whole));
        let (first, end) = range.unwrap_or((0, whole));
        let mut body = Cursor::new(Slice(object));
        body.set_position(first as u64);
        let body = std::io::Read::take(body, (end - first) as u64);
        let mut headers = vec![header("ETag", &etag), header("Content-Type", "application/octet-stream")];
        if range.is_some() {
            headers.push(header("Content-Range", &format!("bytes {first}-{}/{whole}", end - 1)));
        }
        let status = if range.is_some() { 206 } else { 200 };
        let response = Response::new(status.into(), headers, body, Some(end - first), None);
        // As S3 does: with its length, however long it is.
        request.respond(response.with_chunked_threshold(usize::MAX))
    }
}

/// A part of a shared object, as bytes.
struct Slice(Arc<[u8]>);

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// `bytes=FIRST-LAST`, the only form that is asked for, as first and end.
fn range_of(range: &str, whole: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first: usize = first.parse().ok()?;
    let end = last.parse::<usize>().map_or(whole, |last| last.saturating_add(1)).min(whole);
    (first < end).then_some((first, end))
}

/// Takes what is put, to its last byte.
fn stored(mut request: Request) -> std::io::Result<()> {
    std::io::copy(request.as_reader(), &mut std::io::sink())?;
    request.respond(Response::empty(200).with_header(header("ETag", "\"stored\"")))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("our own names and values are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_object() {
        assert_eq!(range_of("bytes=0-65535", 100), Some((0, 100)));
        assert_eq!(range_of("bytes=10-19", 100), Some((10, 20)));
        assert_eq!(range_of("bytes=10-", 100), Some((10, 100)));
        assert_eq!(range_of("bytes=100-", 100), None);
        assert_eq!(range_of("chapters=1-2", 100), None);
    }
}
