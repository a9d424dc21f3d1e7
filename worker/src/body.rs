//! An S3 body as a blocking reader, so that the engine decodes while S3 is still sending.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use function::CallError;
use tokio::sync::mpsc;

use crate::edge::ObjectBody;

/// How many chunks may wait between S3 and the engine. The SDK's chunks are some tens of kilobytes.
const WAITING_CHUNKS: usize = 8;

type Chunk = Result<Bytes, CallError>;

/// The engine's end of the pipe.
pub(crate) struct BodyReader {
    chunks: mpsc::Receiver<Chunk>,
    chunk: Bytes,
}

/// The two ends of a pipe: [`pump`] fills it, the engine's thread drains it.
pub(crate) fn pipe() -> (mpsc::Sender<Chunk>, BodyReader) {
    let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
    (sender, BodyReader { chunks, chunk: Bytes::new() })
}

/// Moves `body` into the pipe until it ends, fails, or the engine has enough and drops its end;
/// then the body is dropped, and with it the connection.
pub(crate) async fn pump(mut body: impl ObjectBody, sender: mpsc::Sender<Chunk>) {
    while let Some(chunk) = body.next().await {
        let failed = chunk.is_err();
        if sender.send(chunk).await.is_err() || failed {
            return;
        }
    }
}

impl BufRead for BodyReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => break,
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, bytes: usize) {
        self.chunk.advance(bytes);
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
