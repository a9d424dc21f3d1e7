//! What is explained: a local file, or an object in S3.

#[cfg(feature = "aws")]
use std::io::Cursor;
use std::io::Read;
use std::path::Path;

use contract::ImageFormat;
#[cfg(feature = "aws")]
use contract::Skip;
use engine::{EngineError, PREFIX_BYTES, Probe};

use crate::refusal::Refusal;
use crate::source;

/// An image by its first bytes, at its start.
pub(super) struct Source {
    reader: Box<dyn Read>,
    pub(super) bytes: u64,
    pub(super) format: ImageFormat,
    /// The first bytes, as many as tell formats apart.
    pub(super) magic: Vec<u8>,
}

/// Opens `s3://bucket/key`, or a file; with its size where it has one.
pub(super) fn open(name: &str) -> (Option<u64>, Result<Source, Refusal>) {
    if let Some(object) = name.strip_prefix("s3://") {
        return open_object(name, object);
    }
    let (bytes, opened) = source::open(Path::new(name));
    let source = opened.map(|found| Source {
        reader: Box::new(found.file),
        bytes: found.bytes,
        format: found.format,
        magic: found.magic,
    });
    (bytes, source)
}

#[cfg(feature = "aws")]
fn open_object(name: &str, object: &str) -> (Option<u64>, Result<Source, Refusal>) {
    let Some((bucket, key)) = object.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    else {
        return (None, Err(Refusal::new("unreadable", format!("`{name}` names no object: expected s3://bucket/key"))));
    };
    let unreadable = |error: anyhow::Error| Refusal::new("unreadable", format!("{error:#}"));
    let mut object = match super::aws::Object::open(bucket, key) {
        Ok(object) => object,
        Err(error) => return (None, Err(unreadable(error))),
    };
    let bytes = object.bytes;
    if bytes == 0 {
        return (Some(bytes), Err(Skip::Empty.into()));
    }
    let source = source::read_magic(&mut object, |error| unreadable(error.into())).map(|(format, magic)| {
        let reader = Box::new(Cursor::new(magic.clone()).chain(object));
        Source { reader, bytes, format, magic }
    });
    (Some(bytes), source)
}

#[cfg(not(feature = "aws"))]
fn open_object(name: &str, _: &str) -> (Option<u64>, Result<Source, Refusal>) {
    (None, Err(Refusal::new("unreadable", format!("`{name}` is in S3: this build knows no AWS"))))
}

impl Source {
    /// Reads the header: the usual prefix, and more only where the header goes on.
    pub(super) fn probe(&mut self, name: &str, budget_bytes: u64) -> Result<Probe, Refusal> {
        let mut prefix = Vec::new();
        let mut want_bytes = PREFIX_BYTES as u64;
        loop {
            let missing = want_bytes - prefix.len() as u64;
            let read = (&mut self.reader).take(missing).read_to_end(&mut prefix);
            let count = read.map_err(|error| Refusal::unreadable(Path::new(name), &error))?;
            match engine::probe(&prefix) {
                Err(EngineError::HeaderBeyondPrefix { needed_bytes, .. })
                    if count > 0 && needed_bytes > want_bytes && needed_bytes <= budget_bytes =>
                {
                    want_bytes = needed_bytes;
                }
                result => return result.map_err(Into::into),
            }
        }
    }
}
