//! Radiance HDR through crate `image`, whole. Source: Radiance, filefmts.pdf.
//!
//! EXPOSURE is not undone: it says how the picture was made to be seen.

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::hdr::HdrDecoder};

use crate::{
    EngineError,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step, header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    // A row of four bytes a pixel; the lines of the header, which are kept as pairs of strings.
    whole::step(ImageFormat::Hdr, prefix, open, |found| u64::from(found.size_px.0) * 4 + found.header_bytes * 40)
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(HdrDecoder::new_nonstrict(input)?))
}
