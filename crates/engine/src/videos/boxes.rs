//! From box to box of an MP4 file, to its index and to its fragments.

use contract::ImageFormat;
use heif::{BoxStart, Extent, Fragments, Movie};

use super::{Index, More, is_at_end, no_way, up_to};
use crate::{EngineError, source::Source, tiled::refused};

/// Boxes of the file, up to its index or to the next fragment that has a key frame; a film has five.
const MOST_BOXES: usize = 64;
/// A fragment of some seconds has less than 64 kB of tables.
const MOST_FRAGMENT_BYTES: u64 = 1 << 20;

/// # Errors
/// [`EngineError::Corrupt`] and [`EngineError::Unsupported`].
pub(super) fn read(source: &mut Source<'_>, format: ImageFormat, most_bytes: u64) -> Result<Index, EngineError> {
    let mut walk = Walk { source, format, at: 0 };
    for _ in 0..MOST_BOXES {
        let start = walk.start()?;
        if start.kind == *b"moov" {
            let body = walk.body(&start, most_bytes)?;
            let bytes = body.len() as u64;
            let Movie { codec, size, pixel, nclx, turns, mut frames, fragments } =
                heif::movie(&body).map_err(|fault| refused(format, fault))?;
            drop(body);
            let mut more = More::Nothing;
            if let Some(fragments) = fragments.filter(|_| frames.is_empty()) {
                walk.go_behind(&start)?;
                let mut rest = Rest { at: walk.at, fragments };
                frames.push(rest.next(walk.source, format)?.ok_or_else(|| no_index(format))?);
                more = More::Fragments(rest);
            }
            return Ok(Index { codec, size, pixel, nclx, turns, frames, more, bytes });
        }
        walk.go_behind(&start)?;
    }
    Err(no_index(format))
}

fn no_index(format: ImageFormat) -> EngineError {
    EngineError::unsupported(format, "no index among its first boxes")
}

/// Fragments that have not been looked at.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// Where the next box starts.
    at: u64,
    fragments: Fragments,
}

impl Rest {
    /// The first key frame of the next fragment that has one; `None` at the end of the file.
    ///
    /// # Errors
    /// As [`read`].
    pub(super) fn next(&mut self, source: &mut Source<'_>, format: ImageFormat) -> Result<Option<Extent>, EngineError> {
        let mut walk = Walk { source, format, at: self.at };
        for _ in 0..MOST_BOXES {
            if is_at_end(walk.source, format, walk.at)? {
                return Ok(None);
            }
            let start = walk.start()?;
            let at = walk.at;
            let body = match &start.kind {
                b"moof" => walk.body(&start, MOST_FRAGMENT_BYTES)?,
                _ => Vec::new(),
            };
            walk.go_behind(&start)?;
            self.at = walk.at;
            if let Some(frame) = self.fragments.key_frame(&body, at).map_err(|fault| refused(format, fault))? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }
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
        let start = self.source.look(self.at, BoxStart::BYTES as u64).map_err(|cause| no_way(self.format, cause))?;
        match BoxStart::read(&start) {
            Some(Ok(start)) => Ok(start),
            Some(Err(fault)) => Err(refused(self.format, fault)),
            None => Err(EngineError::ends(self.format, self.at + start.len() as u64, self.at + BoxStart::BYTES as u64)),
        }
    }

    fn go_behind(&mut self, start: &BoxStart) -> Result<(), EngineError> {
        // One that goes on to the end of the file has nothing behind it.
        let bytes = start.bytes.ok_or_else(|| no_index(self.format))?;
        let at = self.at.checked_add(bytes);
        self.at = at.ok_or_else(|| EngineError::header(self.format, "length of a box", bytes))?;
        Ok(())
    }

    /// What is in it.
    fn body(&mut self, start: &BoxStart, most_bytes: u64) -> Result<Vec<u8>, EngineError> {
        let at = self.at + start.header_bytes;
        let wanted = start.bytes.map(|bytes| bytes - start.header_bytes);
        if wanted.is_some_and(|wanted| wanted > most_bytes) {
            let what = format!("an index of {} bytes, more than {most_bytes}", wanted.unwrap_or_default());
            return Err(EngineError::unsupported(self.format, what));
        }
        let body = up_to(wanted.unwrap_or(most_bytes), self.source, self.format, at)?;
        match wanted {
            Some(wanted) if wanted > body.len() as u64 => {
                Err(EngineError::ends(self.format, at + body.len() as u64, at.saturating_add(wanted)))
            }
            _ => Ok(body),
        }
    }
}
