//! PBM, PGM, PPM and PAM through crate `image`, whole. Source: Netpbm, pbm(5) to pam(5).

use contract::ImageFormat;
use image::{ImageDecoder, ImageResult, codecs::pnm::PnmDecoder};

use crate::{
    EngineError,
    room::{HeaderPlace, Room, Step},
    whole::{self, Input},
};

pub(super) const ROOM: Room = Room { step, header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    whole::step(ImageFormat::Pnm, prefix, open, |_| 0)
}

fn open(input: Input<'_>) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    Ok(Box::new(PnmDecoder::new(input)?))
}
