//! Whether a gzip has an SVG in it; the rest is the renderer's to read.

use std::io::Read;

use contract::ImageFormat;
use flate2::read::GzDecoder;
use vector::Kind;

use super::FORMAT;
use crate::{EngineError, room::Step};

/// How much is inflated for a look.
const LOOK_BYTES: u64 = contract::MAGIC_BYTES as u64;

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    if prefix.starts_with(&[0x1F, 0x8B]) {
        let mut start = Vec::new();
        // A gzip that is cut or damaged is still known by its start.
        let _ = GzDecoder::new(prefix).take(LOOK_BYTES).read_to_end(&mut start);
        if ImageFormat::from_bytes(&start) != Some(FORMAT) {
            return Err(EngineError::not_an_image(prefix));
        }
    }
    Ok(Step::Drawn(Kind::Svg))
}
