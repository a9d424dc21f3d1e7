//! An S3 body as a blocking reader, so that the engine decodes while S3 is still sending. What the engine passes over is
//! not sent: a ranged GET goes on behind it, as it does where a connection broke.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use engine::Pass;
use function::CallError;
use tokio::sync::mpsc;

use crate::edge::ObjectBody;

/// How many chunks may wait between S3 and the engine. The SDK's chunks are some tens of kilobytes.
const WAITING_CHUNKS: usize = 8;
/// Less than this is read on. By list prices a GET costs as much as 96 ms of 256 MB, and its first byte takes some 30 ms
/// more; in that time about so much arrives.
const FAR_BYTES: u64 = 4 << 20;
/// No more ranges are asked for of one object: a file that leads from one end to the other is read on.
const MOST_RANGES: u32 = 8;
/// Broken bodies that are gone on with. The SDK repeats requests, but no body that has begun: without this, one connection
/// that breaks costs one of the job's three tries, and all that was decoded.
const MOST_RESUMES: u32 = 3;

type Chunk = Result<Sent, CallError>;

/// What comes through the pipe.
enum Sent {
    Bytes(Bytes),
    /// What follows stands where the engine wanted to go on.
    Range,
    /// The body has ended; a range may follow.
    End,
}

/// The engine's end of the pipe.
pub(crate) struct BodyReader {
    chunks: mpsc::Receiver<Chunk>,
    chunk: Bytes,
    /// Places to go on from, in bytes from the start of the object.
    ranges: mpsc::Sender<u64>,
    ranges_left: u32,
    /// Where the engine is.
    at: u64,
    /// Where the next byte that it reads stands, if not there.
    wanted: Option<u64>,
    /// Whether all that was asked for has come.
    has_ended: bool,
    /// The length of the object.
    bytes: u64,
}

/// S3's end of the pipe.
pub(crate) struct BodySender {
    chunks: mpsc::Sender<Chunk>,
    ranges: mpsc::Receiver<u64>,
    /// The length of the object.
    bytes: u64,
}

/// The two ends of a pipe for an object of so many bytes: [`pump`] fills it, the engine's thread drains it.
pub(crate) fn pipe(bytes: u64) -> (BodySender, BodyReader) {
    let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
    let (ranges, asked) = mpsc::channel(1);
    let (chunk, at, wanted, has_ended) = (Bytes::new(), 0, None, false);
    let reader = BodyReader { chunks, chunk, ranges, ranges_left: MOST_RANGES, at, wanted, has_ended, bytes };
    (BodySender { chunks: sender, ranges: asked, bytes }, reader)
}

/// Moves `body` into the pipe until it fails, or the engine has enough and drops its end; then the body is dropped, and
/// with it the connection. Where the engine passes over much, or goes back, the body of `get_from` that place follows; where
/// a body breaks in the middle, that of the next byte.
pub(crate) async fn pump<Body: ObjectBody>(
    mut body: Body,
    mut pipe: BodySender,
    get_from: impl AsyncFn(u64) -> Result<Body, CallError>,
) {
    // Of the next byte of the body, in the object.
    let mut at = 0;
    let mut resumes_left = MOST_RESUMES;
    loop {
        // A place in the pipe first: while it is full, S3 waits too.
        let place = tokio::select! {
            biased;
            from = pipe.ranges.recv() => Err(from),
            place = pipe.chunks.reserve() => Ok(place),
        };
        let next = match place {
            Ok(Err(_)) | Err(None) => return,
            Err(Some(from)) => Err(from),
            Ok(Ok(place)) => tokio::select! {
                biased;
                from = pipe.ranges.recv() => match from {
                    None => return,
                    Some(from) => Err(from),
                },
                chunk = body.next() => Ok((place, chunk)),
            },
        };
        let from = match next {
            Ok((place, None)) => {
                place.send(Ok(Sent::End));
                // The index at the end of a film leads back to its start.
                match pipe.ranges.recv().await {
                    Some(from) => from,
                    None => return,
                }
            }
            Ok((place, Some(Ok(chunk)))) => {
                at += chunk.len() as u64;
                place.send(Ok(Sent::Bytes(chunk)));
                continue;
            }
            Ok((place, Some(Err(broken)))) => {
                // Behind the last byte it is the checksum that is wrong.
                let rest = if resumes_left > 0 && at < pipe.bytes { get_from(at).await } else { Err(broken) };
                match rest {
                    Ok(rest) => body = rest,
                    Err(error) => {
                        place.send(Err(error));
                        return;
                    }
                }
                resumes_left -= 1;
                continue;
            }
            Err(from) => from,
        };
        at = from;
        let range = get_from(from).await.map(|range| body = range);
        let failed = range.is_err();
        if pipe.chunks.send(range.map(|()| Sent::Range)).await.is_err() || failed {
            return;
        }
    }
}

impl BodyReader {
    /// The next chunk; nothing at the end.
    fn receive(&mut self) -> io::Result<Option<Sent>> {
        self.chunks.blocking_recv().transpose().map_err(io::Error::other)
    }

    /// Goes on where the next byte is wanted.
    fn go_on(&mut self, from: u64) -> io::Result<()> {
        // Nothing stands there: the end.
        if from >= self.bytes {
            self.chunks.close();
            (self.chunk, self.has_ended) = (Bytes::new(), true);
            while self.receive()?.is_some() {}
            return Ok(());
        }
        // Where nobody listens, what comes next says why.
        let _ = self.ranges.blocking_send(from);
        (self.at, self.chunk, self.has_ended) = (from, Bytes::new(), false);
        self.ranges_left -= 1;
        loop {
            match self.receive()? {
                Some(Sent::Bytes(_) | Sent::End) => {}
                Some(Sent::Range) | None => return Ok(()),
            }
        }
    }
}

impl BufRead for BodyReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Some(from) = self.wanted.take() {
            self.go_on(from)?;
        }
        while self.chunk.is_empty() && !self.has_ended {
            match self.receive()? {
                Some(Sent::Bytes(chunk)) => self.chunk = chunk,
                Some(Sent::Range) => {}
                Some(Sent::End) | None => self.has_ended = true,
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, bytes: usize) {
        self.chunk.advance(bytes);
        self.at += bytes as u64;
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl Pass for BodyReader {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        if self.wanted.is_some() || (bytes >= FAR_BYTES && self.ranges_left > 0) {
            self.wanted = Some(self.wanted.unwrap_or(self.at).saturating_add(bytes));
            return Ok(0);
        }
        io::copy(&mut self.take(bytes), &mut io::sink())
    }

    fn go_back(&mut self, at: u64) -> io::Result<()> {
        if self.ranges_left == 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.wanted = Some(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
