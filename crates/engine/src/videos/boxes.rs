//! From box to box of an MP4 file, to its index.

use std::io::Read;

use contract::ImageFormat;
use heif::{BoxStart, Fragments, Movie};

use super::{Index, no_way};
use crate::{EngineError, source::Source, tiled::refused};

/// Boxes of the file; a film that is not in fragments has five.
const MOST_BOXES: usize = 64;
/// Fragments whose first key frame is tried.
const MOST_FRAGMENTS: usize = 4;
/// A fragment of some seconds has less than 64 kB of tables.
const MOST_FRAGMENT_BYTES: u64 = 1 << 20;

/// # Errors
/// [`EngineError::Corrupt`] and [`EngineError::Unsupported`].
pub(super) fn read(source: &mut Source<'_>, format: ImageFormat, most_bytes: u64) -> Result<Index, EngineError> {
    let mut walk = Walk { source, format, at: 0 };
    let mut found: Option<(Movie, u64)> = None;
    for _ in 0..MOST_BOXES {
        // Fragments end where the file does.
        let start = match walk.start() {
            Ok(start) => start,
            Err(_) if found.as_ref().is_some_and(|(movie, _)| !movie.frames.is_empty()) => break,
            Err(error) => return Err(error),
        };
        let (at, bytes) = (walk.at, start.bytes);
        match (&start.kind, &mut found) {
            (b"moov", None) => {
                let body = walk.body(&start, most_bytes)?;
                let movie = heif::movie(&body).map_err(|fault| refused(format, fault))?;
                if !movie.frames.is_empty() {
                    return Ok(index(movie, body.len() as u64));
                }
                found = Some((movie, body.len() as u64));
            }
            (b"moof", Some((movie, _))) => {
                let body = walk.body(&start, MOST_FRAGMENT_BYTES.min(most_bytes))?;
                let key_frame = |fragments: &Fragments| fragments.key_frame(&body, at);
                let frame = movie.fragments.as_ref().map_or(Ok(None), key_frame);
                movie.frames.extend(frame.map_err(|fault| refused(format, fault))?);
                // A stream is at the frame now, and not once it has looked for others.
                if movie.frames.len() == MOST_FRAGMENTS || (!movie.frames.is_empty() && !walk.source.goes_back()) {
                    break;
                }
            }
            _ => {}
        }
        let Some(bytes) = bytes else { break };
        walk.at = at.checked_add(bytes).ok_or_else(|| EngineError::header(format, "length of a box", bytes))?;
    }
    match found {
        Some((movie, bytes)) if !movie.frames.is_empty() => Ok(index(movie, bytes)),
        _ => Err(EngineError::unsupported(format, "no index among its first boxes")),
    }
}

fn index(movie: Movie, bytes: u64) -> Index {
    let Movie { codec, size, pixel, nclx, turns, frames, .. } = movie;
    Index { codec, size, pixel, nclx, turns, frames, bytes }
}

struct Walk<'walk, 'caller> {
    source: &'walk mut Source<'caller>,
    format: ImageFormat,
    /// Of the box, in bytes from the start of the file.
    at: u64,
}

impl Walk<'_, '_> {
    /// The box here.
    fn start(&mut self) -> Result<BoxStart, EngineError> {
        let start = self.bytes(self.at, BoxStart::BYTES as u64)?;
        match BoxStart::read(&start) {
            Some(Ok(start)) => Ok(start),
            Some(Err(fault)) => Err(refused(self.format, fault)),
            None => Err(EngineError::ends(self.format, self.at + start.len() as u64, self.at + BoxStart::BYTES as u64)),
        }
    }

    /// What is in it.
    fn body(&mut self, start: &BoxStart, most_bytes: u64) -> Result<Vec<u8>, EngineError> {
        let at = self.at + start.header_bytes;
        let wanted = start.bytes.map(|bytes| bytes - start.header_bytes);
        if wanted.is_some_and(|wanted| wanted > most_bytes) {
            let what = format!("an index of {} bytes, more than {most_bytes}", wanted.unwrap_or_default());
            return Err(EngineError::unsupported(self.format, what));
        }
        let body = self.bytes(at, wanted.unwrap_or(most_bytes))?;
        match wanted {
            Some(wanted) if wanted > body.len() as u64 => {
                Err(EngineError::ends(self.format, at + body.len() as u64, at + wanted))
            }
            _ => Ok(body),
        }
    }

    /// So many bytes, or all that there are.
    fn bytes(&mut self, at: u64, bytes: u64) -> Result<Vec<u8>, EngineError> {
        self.source.go_to(at).map_err(|cause| no_way(self.format, cause))?;
        let mut read = Vec::new();
        self.source.take(bytes).read_to_end(&mut read).map_err(|cause| no_way(self.format, cause))?;
        Ok(read)
    }
}
