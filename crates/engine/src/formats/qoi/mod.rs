//! QOI through crate `image`, whole. Source: QOI specification 1.0.

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::qoi::QoiDecoder};

use crate::{
    EngineError,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step, header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    whole::step(ImageFormat::Qoi, prefix, open, |_| 0)
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(QoiDecoder::new(input)?))
}
