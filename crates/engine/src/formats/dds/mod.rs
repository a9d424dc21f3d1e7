//! The first surface of a DDS through crate `image`, whole. Source: Microsoft, programming guide for DDS.

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::dds::DdsDecoder};

use crate::{
    EngineError,
    fields::Fields,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step, header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (Some(height), Some(width)) = (prefix.le32(12), prefix.le32(16)) else { return Ok(Step::More(128)) };
    if !width.is_multiple_of(4) || !height.is_multiple_of(4) {
        return Err(EngineError::unsupported(ImageFormat::Dds, format!("{width}x{height}, no multiples of 4")));
    }
    // A row of blocks as stored, in a buffer that grows.
    whole::step(ImageFormat::Dds, prefix, open, |found| u64::from(found.size_px.0) * 8)
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(DdsDecoder::new(input)?))
}
