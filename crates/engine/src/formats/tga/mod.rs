//! TGA through crate `image`, whole. Source: Truevision TGA 2.0.
//!
//! There is no signature: `contract` checks the whole header before a file comes here, and says why.

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::tga::TgaDecoder};

use crate::{
    EngineError,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    // Indices, or pixels of 15 bits, are copied before they are expanded; a map has at most 256 colours.
    let (kind, depth) = (prefix.get(2).copied().unwrap_or_default(), prefix.get(16).copied().unwrap_or_default());
    let copied_bytes = match (kind, depth) {
        (1 | 9, _) => 1,
        (2 | 10, 15 | 16) => 2,
        _ => 0,
    };
    whole::step(ImageFormat::Tga, prefix, open, |found| {
        u64::from(found.size_px.0) * u64::from(found.size_px.1) * copied_bytes + 4096
    })
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(TgaDecoder::new(input)?))
}
