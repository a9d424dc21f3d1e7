//! Farbfeld through crate `image`, whole: 16 bits, straight alpha. Source: farbfeld(5).

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::farbfeld::FarbfeldDecoder};

use crate::{
    EngineError,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    whole::step(ImageFormat::Farbfeld, prefix, open, |_| 0)
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(FarbfeldDecoder::new(input)?))
}
