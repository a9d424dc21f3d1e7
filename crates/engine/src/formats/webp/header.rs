//! WebP chunks up to the pixels. Source: RFC 9649, sections 2.3 to 2.7; RFC 6386, section 9.1.

use std::sync::Arc;

use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, fields::Fields, room::Step};

/// How the (first) frame is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// VP8: 4:2:0 luma and chroma.
    Lossy,
    /// VP8L: ARGB.
    Lossless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WebpDetail {
    pub(super) coding: Coding,
    pub(super) animated: bool,
    /// What RIFF says that the whole file has, in bytes.
    pub(super) file_bytes: u64,
    /// The most bytes that its profile may have; 0 for none.
    pub(super) profile_bytes: u64,
}

const FORMAT: ImageFormat = ImageFormat::Webp;

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (Some(riff), Some(kind), Some(_)) = (prefix.le32(4), prefix.array::<4>(12), prefix.get(29)) else {
        return Ok(Step::More(30));
    };
    let detail =
        WebpDetail { coding: Coding::Lossy, animated: false, file_bytes: u64::from(riff) + 8, profile_bytes: 0 };
    match &kind {
        b"VP8 " => lossy(prefix, 20, detail).map(Step::Done),
        b"VP8L" => lossless(prefix, 20, detail).map(Step::Done),
        b"VP8X" => extended(prefix, detail),
        _ => Err(EngineError::header(FORMAT, "first chunk", u32::from_be_bytes(kind))),
    }
}

/// A VP8 frame header at `at`.
fn lossy(prefix: &[u8], at: usize, detail: WebpDetail) -> Result<Probe, EngineError> {
    let start = prefix.array::<3>(at + 3).unwrap_or_default();
    if start != [0x9D, 0x01, 0x2A] {
        return Err(EngineError::header(
            FORMAT,
            "VP8 start code",
            u32::from_be_bytes([0, start[0], start[1], start[2]]),
        ));
    }
    let side = |at| u32::from(prefix.le16(at).unwrap_or_default() & 0x3FFF);
    Ok(found((side(at + 6), side(at + 8)), false, WebpDetail { coding: Coding::Lossy, ..detail }, at))
}

/// A VP8L header at `at`: signature, then two 14-bit sides less one, then the alpha flag.
fn lossless(prefix: &[u8], at: usize, detail: WebpDetail) -> Result<Probe, EngineError> {
    let signature = prefix.get(at).copied().unwrap_or_default();
    if signature != 0x2F {
        return Err(EngineError::header(FORMAT, "VP8L signature", signature));
    }
    let bits = prefix.le32(at + 1).unwrap_or_default();
    let size = ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1);
    Ok(found(size, bits >> 28 & 1 != 0, WebpDetail { coding: Coding::Lossless, ..detail }, at))
}

fn extended(prefix: &[u8], detail: WebpDetail) -> Result<Step, EngineError> {
    let flags = prefix[20];
    let canvas = (prefix.le24(24).unwrap_or_default() + 1, prefix.le24(27).unwrap_or_default() + 1);
    let detail = WebpDetail { animated: flags & 0x02 != 0, ..detail };
    let mut probe = found(canvas, flags & 0x10 != 0, detail, 30);
    let mut detail = detail;
    let mut at = 30;
    loop {
        let (Some(kind), Some(length)) = (prefix.array::<4>(at), prefix.le32(at + 4)) else {
            return Ok(Step::Known(probe, at as u64 + 8));
        };
        probe.header_bytes = at as u64;
        match &kind {
            // The frame's own chunk follows its 16 bytes of placement, behind ALPH where it has one.
            b"ANMF" => at += 8 + 16,
            b"VP8 " | b"VP8L" => {
                let coding = if &kind == b"VP8L" { Coding::Lossless } else { Coding::Lossy };
                probe.detail = Arc::new(WebpDetail { coding, ..detail });
                return Ok(Step::Done(probe));
            }
            _ => {
                if &kind == b"ICCP" && flags & 0x20 != 0 && detail.profile_bytes == 0 {
                    detail.profile_bytes = u64::from(length);
                    probe.detail = Arc::new(detail);
                }
                let next = at as u64 + 8 + u64::from(length) + u64::from(length & 1);
                match usize::try_from(next) {
                    Ok(next) if next < prefix.len() => at = next,
                    _ => return Ok(Step::Known(probe, next + 8)),
                }
            }
        }
    }
}

fn found((width_px, height_px): (u32, u32), has_alpha: bool, detail: WebpDetail, at: usize) -> Probe {
    Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: 8,
        colour: if detail.coding == Coding::Lossy { Colour::YCbCr } else { Colour::Rgb },
        has_alpha,
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes: at as u64,
        detail: Arc::new(detail),
    }
}
