//! PNG chunks up to the first IDAT. Source: W3C PNG, third edition, sections 5 and 11.

use std::sync::Arc;

use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, exif, fields::Fields, room::Step};

/// What only PNG has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PngDetail {
    /// The most bytes that its profile may have, inflated, or one made of gAMA; 0 for neither.
    pub(super) profile_bytes: u64,
    /// Where the body of the first iCCP is, of use or not.
    pub(super) iccp: Option<(usize, usize)>,
    /// There are code points, of use or not.
    pub(super) has_cicp: bool,
    /// Exif stands before the pixels, and so none behind them.
    pub(super) has_exif: bool,
    /// How many frames there are; 0 in a still.
    pub(super) frames: u32,
    /// A chunk before the pixels has a wrong checksum, or a transparent grey of more bits than grey has: it may have said
    /// something of colours, or of transparency.
    pub(super) is_damaged: bool,
}

/// The most bytes of a profile for each byte of its iCCP chunk. Tables of colours deflate to a half or a third; a profile
/// of zeros would grow a thousandfold, and is left out.
const INFLATION: u64 = 4;
/// What a shorter profile may have all the same: one of curves in regular steps, and one made of gAMA.
const SHORT_PROFILE_BYTES: u64 = 32 << 10;

const FORMAT: ImageFormat = ImageFormat::Png;

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let Some(header) = prefix.get(8..29) else { return Ok(Step::More(29)) };
    if &header[4..8] != b"IHDR" {
        return Err(EngineError::header(FORMAT, "first chunk", header.be32(4).unwrap_or_default()));
    }
    let mut probe = image_header(header)?;
    let mut detail = PngDetail::default();
    let mut at = 33;
    loop {
        let (Some(length), Some(kind)) = (prefix.be32(at), prefix.array::<4>(at + 4)) else {
            return Ok(Step::Known(probe, at as u64 + 8));
        };
        probe.header_bytes = at as u64;
        let end = at as u64 + 12 + u64::from(length);
        match &kind {
            b"IDAT" => {
                probe.detail = Arc::new(detail);
                return Ok(Step::Done(probe));
            }
            b"tRNS" => {
                probe.has_alpha = true;
                // Bits above the depth are to be passed over (section 11.3.1.1): browsers do, crate `png` and Pillow do not,
                // so the picture may be another one.
                let level =
                    prefix.get(at + 8..).and_then(|body| body.first_chunk()).map(|level| u16::from_be_bytes(*level));
                let is_grey = matches!(probe.colour, Colour::Grey) && probe.bits_per_sample < 8;
                detail.is_damaged |= is_grey && level.is_some_and(|level| level >> probe.bits_per_sample != 0);
            }
            b"acTL" => {
                // Also for a header that goes on past the prefix.
                detail.frames = prefix.be32(at + 8).unwrap_or_default();
                probe.detail = Arc::new(detail);
            }
            b"iCCP" | b"gAMA" | b"cICP" => {
                if &kind == b"iCCP" {
                    let body_end = usize::try_from(end - 4).unwrap_or(usize::MAX);
                    detail.iccp = detail.iccp.or(Some((at + 8, body_end)));
                }
                detail.has_cicp |= &kind == b"cICP";
                let profile_bytes = (u64::from(length) * INFLATION).max(SHORT_PROFILE_BYTES);
                detail.profile_bytes = detail.profile_bytes.max(profile_bytes);
                // Also for a header that goes on past the prefix.
                probe.detail = Arc::new(detail);
            }
            b"eXIf" => {
                let body = usize::try_from(end - 4).ok().and_then(|body_end| prefix.get(at + 8..body_end));
                let Some(body) = body else { return Ok(Step::Known(probe, end)) };
                probe.orientation = exif::orientation(body).unwrap_or_default();
                detail.has_exif = true;
            }
            _ => {}
        }
        match usize::try_from(end) {
            Ok(next) if next < prefix.len() => {
                let checksum = crc32fast::hash(&prefix[at + 4..next - 4]);
                detail.is_damaged |= prefix.be32(next - 4) != Some(checksum);
                at = next;
            }
            _ => return Ok(Step::Known(probe, end + 8)),
        }
    }
}

/// Takes chunks out of `prefix` that crate `png` (0.18.1) has no use for here, and those it refuses the whole file for:
/// code points with a matrix, which samples of RGB have none of. They get a name that no reader knows.
///
/// The crate keeps what it knows, and copies it while it grows: Exif of 1 MB took 3.2. The third edition says that the
/// matrix shall be 0 (section 11.3.2.6), and not what a reader does where it is not: libpng passes over the chunk with a
/// warning, and so does this crate.
pub(super) fn hide_unused(prefix: &mut [u8]) {
    let mut at = 8;
    while let (Some(length), Some(kind)) = (prefix.be32(at), prefix.array::<4>(at + 4)) {
        let is_used = match &kind {
            b"IDAT" => return,
            b"cICP" => length == 4 && matches!(prefix.array::<4>(at + 8), Some([_, _, 0, 0 | 1])),
            // The first is read by `colour`, its orientation by the probe.
            b"iCCP" | b"eXIf" => false,
            b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"acTL" | b"fcTL" => true,
            // Small letters are for what a reader may pass over.
            _ => kind[0].is_ascii_uppercase(),
        };
        if !is_used {
            prefix[at + 4..at + 8].copy_from_slice(b"xxXx");
        }
        at = at.saturating_add(length as usize).saturating_add(12);
    }
}

/// IHDR, from its length field on.
fn image_header(header: &[u8]) -> Result<Probe, EngineError> {
    let (bits_per_sample, colour_type, interlace) = (header[16], header[17], header[20]);
    let (colour, has_alpha) = match colour_type {
        0 => (Colour::Grey, false),
        2 => (Colour::Rgb, false),
        3 => (Colour::Palette, false),
        4 => (Colour::Grey, true),
        6 => (Colour::Rgb, true),
        _ => return Err(EngineError::header(FORMAT, "colour type", colour_type)),
    };
    Ok(Probe {
        format: FORMAT,
        width_px: header.be32(8).unwrap_or_default(),
        height_px: header.be32(12).unwrap_or_default(),
        bits_per_sample,
        colour,
        has_alpha,
        interlaced: interlace != 0,
        orientation: Orientation::Upright,
        header_bytes: 33,
        detail: Arc::new(PngDetail::default()),
    })
}
