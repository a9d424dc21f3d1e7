//! PBM, PGM, PPM and PAM through crate `image`, whole. Source: Netpbm, pbm(5) to pam(5).
//!
//! A sample above the maximum is white, without a warning: the format has no checksum, so that it shows no more damage than
//! any other wrong sample. One in letters that is too long for the samples' width is damage.

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::pnm::PnmDecoder};

use crate::{
    EngineError,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    whole::step(ImageFormat::Pnm, prefix, open, |_| 0)
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(PnmDecoder::new(input)?))
}
