//! HEIF: boxes by crate `heif`, HEVC by crate `rust_h265`, tile by tile into the small image.

// Without HEVC nothing is decoded.
#![cfg_attr(not(feature = "hevc"), allow(dead_code))]

mod colour;
#[cfg(feature = "hevc")]
mod decode;

use std::sync::Arc;

use contract::ImageFormat;
use heif::{Codec, Fault, Picture, Read, Sequence, Turn};

use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    room::{Cost, Detail, HeaderPlace, PREFIX_BYTES, Room, Step, row_shrink},
    shrink::Scattered,
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Heic;

pub(super) const ROOM: Room = Room { step, header_place: HeaderPlace::Front };

/// What the boxes say, and the one sequence parameter set.
#[derive(Debug)]
struct HeifDetail {
    picture: Picture,
    sequence: Sequence,
}

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let picture = match heif::read(prefix) {
        Ok(Read::Done(picture)) => *picture,
        Ok(Read::More(bytes)) => return Ok(Step::More(bytes)),
        Err(Fault::Value { field, value }) => return Err(EngineError::header(FORMAT, field, value)),
        Err(Fault::Unsupported(what)) => return Err(EngineError::unsupported(FORMAT, what)),
    };
    let Codec::Hevc(configuration) = &picture.codec else {
        return Err(EngineError::unsupported(FORMAT, "AV1 inside"));
    };
    if cfg!(not(feature = "hevc")) {
        return Err(EngineError::unsupported(FORMAT, "HEVC in a build without it (HEVC=on builds with it)"));
    }
    let sequence = configuration.sequence;
    match (sequence.chroma, sequence.bits) {
        (1 | 3, 8..=12) => {}
        (0, _) => return Err(EngineError::unsupported(FORMAT, "HEVC without chroma")),
        (2, _) => return Err(EngineError::unsupported(FORMAT, "4:2:2 chroma")),
        (_, bits) => return Err(EngineError::unsupported(FORMAT, format!("{bits} bits per sample"))),
    }
    if picture.has_alpha {
        return Err(EngineError::unsupported(FORMAT, "an alpha plane"));
    }
    // The conformance window leaves out less than a coding tree block and what an encoder aligns to.
    let (coded, tile) = (sequence.coded, picture.tile);
    if coded.0 < tile.0 || coded.1 < tile.1 {
        return Err(EngineError::header(FORMAT, "coded width of a tile", coded.0));
    }
    Ok(Step::Done(Probe {
        format: FORMAT,
        width_px: picture.crop.width,
        height_px: picture.crop.height,
        bits_per_sample: sequence.bits,
        colour: Colour::YCbCr,
        has_alpha: false,
        interlaced: false,
        orientation: orientation(&picture.turns),
        header_bytes: picture.header_bytes,
        detail: Arc::new(HeifDetail { picture, sequence }),
    }))
}

/// The boxes are all there is: Exif's orientation says the same once more, and is not read.
fn orientation(turns: &[Turn]) -> Orientation {
    // Source: the group of the square; a mirror turns the sense of what came before.
    let (mut quarters, mut is_mirrored) = (0, false);
    for turn in turns {
        match turn {
            // Against the clock, so three quarters with it.
            Turn::Quarters(count) => quarters = (quarters + 4 - count % 4) % 4,
            Turn::LeftRight => (quarters, is_mirrored) = ((4 - quarters) % 4, !is_mirrored),
            // A half turn and the other mirror.
            Turn::TopBottom => (quarters, is_mirrored) = ((6 - quarters) % 4, !is_mirrored),
        }
    }
    // First the mirror from left to right, then quarters with the clock.
    match (is_mirrored, quarters) {
        (false, 0) => Orientation::Upright,
        (false, 1) => Orientation::Rotate90,
        (false, 2) => Orientation::Rotate180,
        (false, _) => Orientation::Rotate270,
        (true, 0) => Orientation::FlipH,
        (true, 1) => Orientation::Transverse,
        (true, 2) => Orientation::FlipV,
        (true, _) => Orientation::Transpose,
    }
}

impl HeifDetail {
    /// What is held beside the small image, in bytes: the header, a tile's bytes, and the decoder.
    ///
    /// `rust_h265` 0.4.0 holds the planes twice while it reads slices, three times when a picture ends, once more for the
    /// tile before as a reference, and for each pixel 2 bytes of tables of blocks of 4 by 4.
    fn plan_bytes(&self) -> u64 {
        let Sequence { coded: (width, height), chroma, bits, .. } = self.sequence;
        let aligned = |side: u32| u64::from(side).div_ceil(64) * 64;
        let pixels = aligned(width) * aligned(height);
        let sample_bytes = if bits > 8 { 2 } else { 1 };
        let plane_halves = if chroma == 3 { 6 } else { 3 };
        let planes = pixels * plane_halves * sample_bytes / 2;
        let before = if self.picture.tiles.len() == 1 { 0 } else { planes };
        // Units without their escapes are a copy, and each escape has its place in a list: see `decode::is_escaped`.
        let tile = self.picture.tiles.iter().map(|tile| tile.bytes).max().unwrap_or_default().saturating_mul(9) / 4;
        let header = 3 * self.picture.header_bytes.max(PREFIX_BYTES as u64);
        let most = (planes * 3).max((planes * 2).saturating_add(tile));
        most.saturating_add(before + pixels * 5 / 2 + header + (1 << 20))
    }
}

impl Detail for HeifDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        let row_shrink = row_shrink(least_shrink);
        let small = Scattered::bytes(Channels::Rgb, (probe.width_px, probe.height_px), row_shrink);
        let row = u64::from(self.picture.tile.0) * 3;
        Cost { shrink: 1, row_shrink, bytes: self.plan_bytes().saturating_add(small + row) }
    }

    fn profile_bytes(&self) -> u64 {
        match &self.picture.profile {
            Some(profile) => profile.len() as u64,
            None if colour::has_profile(self.nclx()) => colour::PROFILE_BYTES,
            None => 0,
        }
    }

    #[cfg(feature = "hevc")]
    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }

    #[cfg(not(feature = "hevc"))]
    fn decode(&self, _: &mut Source<'_>, _: &Probe, _: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        unreachable!("`step` refuses every file")
    }
}

impl HeifDetail {
    /// Of the item, else of the VUI.
    fn nclx(&self) -> Option<heif::Nclx> {
        self.picture.nclx.or(self.sequence.nclx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_add_up() {
        let check = |turns: &[Turn], want| assert_eq!(orientation(turns), want, "{turns:?}");
        check(&[], Orientation::Upright);
        check(&[Turn::Quarters(1)], Orientation::Rotate270);
        check(&[Turn::Quarters(3)], Orientation::Rotate90);
        check(&[Turn::Quarters(1), Turn::Quarters(1)], Orientation::Rotate180);
        check(&[Turn::LeftRight], Orientation::FlipH);
        check(&[Turn::TopBottom], Orientation::FlipV);
        check(&[Turn::LeftRight, Turn::TopBottom], Orientation::Rotate180);
        check(&[Turn::LeftRight, Turn::Quarters(1)], Orientation::Transpose);
        check(&[Turn::Quarters(3), Turn::LeftRight], Orientation::Transpose);
        check(&[Turn::Quarters(1), Turn::LeftRight], Orientation::Transverse);
    }
}
