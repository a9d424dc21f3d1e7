//! `thumbtier explain s3://bucket/key`: the header of an object, fetched by ranged GETs.

mod aws;
mod ranged;

use std::io::{BufReader, Cursor, Read as _, Seek as _};

use coding::{CodingError, ContentEncoding};
use contract::{Skip, with_causes};
use engine::{Seeking, Streamed};
use thumbtier::explain::{Opened, Source, open_file};
use thumbtier::refusal::Refusal;
use thumbtier::source::read_magic;

/// Opens `s3://bucket/key`, or a file; with its size where it has one.
pub(crate) fn open(name: &str) -> Opened {
    let Some(object) = name.strip_prefix("s3://") else { return open_file(name) };
    let Some((bucket, key)) = object.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    else {
        return (None, Err(Refusal::new("unreadable", format!("`{name}` names no object: expected s3://bucket/key"))));
    };
    let object = match aws::Object::open(bucket, key) {
        Ok(object) => object,
        Err(error) => return (None, Err(unreadable(error))),
    };
    let bytes = object.bytes;
    if bytes == 0 {
        return (Some(bytes), Err(Skip::Empty.into()));
    }
    let encoding = ContentEncoding::from_header(object.content_encoding.as_deref());
    let source = if encoding == ContentEncoding::Identity { plain(object) } else { encoded(object, &encoding) };
    (Some(bytes), source)
}

/// An object that is its file: what is passed over is not fetched.
fn plain(object: aws::Object) -> Result<Source, Refusal> {
    let bytes = object.bytes;
    let mut reader = object.into_reader();
    let (format, magic) = read_magic(&mut reader, unreadable)?;
    reader.rewind().map_err(unreadable)?;
    Ok(Source { reader: Box::new(Seeking(reader)), bytes, reader_bytes: 0, format, magic })
}

/// An object that holds its file in a Content-Encoding, which is undone from its start on.
fn encoded(object: aws::Object, encoding: &ContentEncoding) -> Result<Source, Refusal> {
    let bytes = object.bytes;
    let body = coding::open(BufReader::new(object.into_reader()), encoding).map_err(|error| match error {
        CodingError::Read(error) => unreadable(error),
        error => Refusal::new(error.name(), with_causes(&error)),
    })?;
    let reader_bytes = body.held_bytes();
    let mut reader = body.into_reader();
    let (format, magic) = read_magic(&mut reader, unreadable)?;
    let reader = Box::new(Streamed(Cursor::new(magic.clone()).chain(reader)));
    Ok(Source { reader, bytes, reader_bytes, format, magic })
}

fn unreadable(error: impl Into<anyhow::Error>) -> Refusal {
    Refusal::new("unreadable", format!("{:#}", error.into()))
}
