//! From element to element of a Matroska or WebM file, to its tracks and from key frame to key frame.

use contract::ImageFormat;
use heif::{Codec, Element, Extent, Track, Vp9, id};

use super::{Index, More, is_at_end, no_way, up_to};
use crate::{EngineError, source::Source, tiled::refused};

/// Elements on the way to the tracks, or to the next key frame: of 25 blocks of pictures in a second, and as many of sound.
const MOST_ELEMENTS: usize = 2048;
/// Title and unit of time.
const MOST_INFO_BYTES: u64 = 64 << 10;
/// A block's header, and what a frame of VP9 says of itself.
const MOST_BLOCK_BYTES: u64 = (11 + Vp9::HEADER_BYTES) as u64;
/// Key frames of the first seconds, in nanoseconds.
const MOST_NANOSECONDS: u64 = 10_000_000_000;

/// # Errors
/// [`EngineError::Corrupt`] and [`EngineError::Unsupported`].
pub(super) fn read(source: &mut Source<'_>, format: ImageFormat, most_bytes: u64) -> Result<Index, EngineError> {
    let mut walk = Walk { source, format, at: 0 };
    let (mut scale, mut ends) = (heif::time_scale(&[]), None);
    for _ in 0..MOST_ELEMENTS {
        let element = walk.element()?;
        match element.id {
            id::SEGMENT => {
                walk.at += element.header_bytes;
                ends = element.bytes.map(|bytes| walk.at.saturating_add(bytes));
            }
            id::INFO => {
                scale = heif::time_scale(&walk.body(&element, MOST_INFO_BYTES)?);
                walk.go_behind(&element)?;
            }
            id::TRACKS => {
                let body = walk.body(&element, most_bytes)?;
                let bytes = body.len() as u64;
                let track = heif::track(&body).map_err(|fault| refused(format, fault))?;
                drop(body);
                walk.go_behind(&element)?;
                let mut rest = Rest { at: walk.at, ends, track: track.number, scale };
                let frame = rest.next(walk.source, format)?;
                return index(format, track, &frame.ok_or_else(|| no_frame(format))?, (rest, bytes));
            }
            id::CLUSTER => return Err(EngineError::unsupported(format, "blocks before its tracks")),
            _ => walk.go_behind(&element)?,
        }
    }
    Err(no_frame(format))
}

fn no_frame(format: ImageFormat) -> EngineError {
    EngineError::unsupported(format, "no key frame among its first blocks")
}

fn index(format: ImageFormat, track: Track, frame: &Frame, (rest, bytes): (Rest, u64)) -> Result<Index, EngineError> {
    let Track { codec, mut size, pixel, nclx, turns, .. } = track;
    let codec = match codec {
        Some(codec) => codec,
        None => {
            let (vp9, of_frame) = Vp9::of_frame(&frame.head).map_err(|fault| refused(format, fault))?;
            size = of_frame;
            Codec::Vp9(vp9)
        }
    };
    Ok(Index { codec, size, pixel, nclx, turns, frames: vec![frame.place], more: More::Clusters(rest), bytes })
}

/// A key frame.
pub(super) struct Frame {
    pub(super) place: Extent,
    /// Its first bytes.
    head: Vec<u8>,
}

/// Clusters that have not been looked at.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// Where the next element starts.
    at: u64,
    /// Where the last one ends, if the file says it.
    ends: Option<u64>,
    track: u64,
    /// Nanoseconds in a unit of time.
    scale: u64,
}

impl Rest {
    /// The next key frame of the first seconds; `None` behind the last one.
    ///
    /// # Errors
    /// As [`read`].
    pub(super) fn next(&mut self, source: &mut Source<'_>, format: ImageFormat) -> Result<Option<Frame>, EngineError> {
        let mut walk = Walk { source, format, at: self.at };
        let mut frame = None;
        for _ in 0..MOST_ELEMENTS {
            let element = match walk.element_before(self.ends) {
                Ok(Some(element)) => element,
                Err(cause) if frame.is_none() => return Err(cause),
                Ok(None) | Err(_) => break,
            };
            // Behind a block in a group, whether others are needed for it.
            if frame.is_some() && element.id != id::REFERENCE {
                let ends = matches!(element.id, id::SIMPLE_BLOCK | id::BLOCK_GROUP | id::CLUSTER);
                if ends {
                    break;
                }
            }
            match element.id {
                id::CLUSTER | id::BLOCK_GROUP => {
                    walk.at += element.header_bytes;
                    continue;
                }
                id::REFERENCE => frame = None,
                id::TIMESTAMP => {
                    let time = walk.body(&element, 8)?.iter().fold(0_u64, |time, byte| time << 8 | u64::from(*byte));
                    if time.saturating_mul(self.scale) > MOST_NANOSECONDS {
                        break;
                    }
                }
                id::SIMPLE_BLOCK | id::BLOCK => {
                    let found = walk.frame(&element, self.track)?;
                    walk.go_behind(&element)?;
                    self.at = walk.at;
                    match found {
                        Some((found, true)) if element.id == id::SIMPLE_BLOCK => return Ok(Some(found)),
                        Some((found, _)) if element.id == id::BLOCK => frame = Some(found),
                        _ => {}
                    }
                    continue;
                }
                _ => {}
            }
            walk.go_behind(&element)?;
        }
        Ok(frame)
    }
}

struct Walk<'walk, 'caller> {
    source: &'walk mut Source<'caller>,
    format: ImageFormat,
    /// Of the element, in bytes from the start of the file.
    at: u64,
}

impl Walk<'_, '_> {
    /// The element here.
    fn element(&mut self) -> Result<Element, EngineError> {
        let start = self.source.look(self.at, Element::BYTES as u64).map_err(|cause| no_way(self.format, cause))?;
        Element::read(&start).ok_or_else(|| {
            EngineError::ends(self.format, self.at + start.len() as u64, self.at + Element::BYTES as u64)
        })
    }

    /// The element here, or `None` where the file ends as it says.
    fn element_before(&mut self, ends: Option<u64>) -> Result<Option<Element>, EngineError> {
        let is_behind = match ends {
            Some(ends) => self.at >= ends,
            None => is_at_end(self.source, self.format, self.at)?,
        };
        if is_behind { Ok(None) } else { self.element().map(Some) }
    }

    fn go_behind(&mut self, element: &Element) -> Result<(), EngineError> {
        let bytes = element.bytes.ok_or_else(|| EngineError::header(self.format, "length of an element", u64::MAX))?;
        let at = self.at.checked_add(element.header_bytes).and_then(|at| at.checked_add(bytes));
        self.at = at.ok_or_else(|| EngineError::header(self.format, "length of an element", bytes))?;
        Ok(())
    }

    /// What is in it.
    fn body(&mut self, element: &Element, most_bytes: u64) -> Result<Vec<u8>, EngineError> {
        let at = self.at + element.header_bytes;
        let Some(bytes) = element.bytes.filter(|bytes| *bytes <= most_bytes) else {
            return Err(EngineError::header(self.format, "length of an element", element.bytes.unwrap_or(u64::MAX)));
        };
        let body = up_to(bytes, self.source, self.format, at)?;
        match bytes > body.len() as u64 {
            true => Err(EngineError::ends(self.format, at + body.len() as u64, at.saturating_add(bytes))),
            false => Ok(body),
        }
    }

    /// The frame of a block, and whether the block says that it is a key frame; `None` where it is another track's.
    fn frame(&mut self, element: &Element, track: u64) -> Result<Option<(Frame, bool)>, EngineError> {
        let at = self.at + element.header_bytes;
        let bytes = element.bytes.unwrap_or_default();
        let look = self.source.look(at, bytes.min(MOST_BLOCK_BYTES));
        let start = look.map_err(|cause| no_way(self.format, cause))?;
        let Some(block) = heif::block(&start).filter(|block| block.track == track && !block.is_laced) else {
            return Ok(None);
        };
        let head = start.get(block.header_bytes as usize..).unwrap_or_default().to_vec();
        let Some(bytes) = bytes.checked_sub(block.header_bytes).filter(|bytes| *bytes > 0) else { return Ok(None) };
        let place = Extent { offset: at + block.header_bytes, bytes };
        Ok(Some((Frame { place, head }, block.is_key)))
    }
}
