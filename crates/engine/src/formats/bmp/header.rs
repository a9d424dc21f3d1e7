//! BMP headers. Source: Microsoft, "Bitmap Storage" and the structures BITMAPCOREHEADER to BITMAPV5HEADER.

use std::sync::Arc;

use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, fields::Fields, room::Step};

/// How pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// Rows as they are, padded to four bytes.
    None,
    /// Run lengths of 8-bit indices.
    Rle8,
    /// Run lengths of 4-bit indices.
    Rle4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BmpDetail {
    pub(super) bits_per_pixel: u16,
    pub(super) compression: Compression,
    /// From the bottom up as a rule; a negative height is the other one.
    pub(super) is_from_bottom: bool,
    /// Red, green, blue, alpha; zero where absent.
    pub(super) masks: [u32; 4],
    /// Where the palette starts, the size of its entries in bytes, and how many it has.
    pub(super) palette: (usize, usize, usize),
}

const FORMAT: ImageFormat = ImageFormat::Bmp;
/// File header, V5 header, three masks after it, and room for a V2/V3 header.
const HEADERS_BYTES: usize = 14 + 124 + 16;
/// The byte of a 32-bit pixel that has no colour.
const ALPHA_MASK: u32 = 0xFF00_0000;

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (Some(pixels_at), Some(info_bytes)) = (prefix.le32(10), prefix.le32(14)) else { return Ok(Step::More(18)) };
    let core = info_bytes == 12;
    // OS/2 2.x has 64 bytes, and may end anywhere behind the first 16: what is left out is 0.
    if !core && !(16..=124).contains(&info_bytes) {
        return Err(EngineError::header(FORMAT, "info header size", info_bytes));
    }
    let info_end = 14 + info_bytes as usize;
    if prefix.len() < info_end {
        return Ok(Step::More(info_end as u64));
    }
    let (width, height, bits_per_pixel) = if core {
        (i64::from(le16(prefix, 18)), i64::from(le16(prefix, 20)), le16(prefix, 24))
    } else {
        (i64::from(le32(prefix, 18).cast_signed()), i64::from(le32(prefix, 22).cast_signed()), le16(prefix, 28))
    };
    let width_px = u32::try_from(width).map_err(|_| EngineError::header(FORMAT, "width", width.unsigned_abs()))?;
    let height_px = u32::try_from(height.abs()).unwrap_or(0);
    let is_from_bottom = height >= 0;
    let info = &prefix[..info_end];
    let (code, colours) = if core { (0, 0) } else { (le32(info, 30), le32(info, 46)) };
    let (compression, mut masks) = compression(code, bits_per_pixel)?;
    let mut palette_at = info_end;
    if matches!(code, 3 | 6) {
        // The masks are part of the newer headers and follow the oldest.
        let count = if code == 6 || info_bytes >= 56 { 4 } else { 3 };
        if info_bytes == 40 {
            palette_at += count * 4;
        }
        if prefix.len() < 54 + count * 4 {
            return Ok(Step::More((54 + count * 4) as u64));
        }
        for (index, mask) in masks.iter_mut().take(count).enumerate() {
            *mask = le32(prefix, 54 + index * 4);
        }
        if masks[..3] == [0; 3] {
            return Err(EngineError::header(FORMAT, "colour masks", 0_u8));
        }
    }
    // Plain 32 bits have fixed places for colours. Only from V4 on may a header say that the fourth byte is alpha, as
    // Chrome takes it; before that it is of no use, whatever is in it.
    if (code, bits_per_pixel) == (0, 32) && info_bytes >= 108 && le32(info, 66) == ALPHA_MASK {
        masks[3] = ALPHA_MASK;
    }
    let palette = palette(bits_per_pixel, colours, palette_at, core);
    let end = palette.0 + palette.1 * palette.2;
    // Files that point into their own headers exist; the pixels then follow the palette.
    let header_bytes = (pixels_at as usize).max(end.min(HEADERS_BYTES)) as u64;
    let colour = match bits_per_pixel {
        1..=8 => Colour::Palette,
        _ => Colour::Rgb,
    };
    let probe = Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: 8,
        colour,
        has_alpha: masks[3] != 0,
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes,
        detail: Arc::new(BmpDetail { bits_per_pixel, compression, is_from_bottom, masks, palette }),
    };
    if (prefix.len() as u64) < header_bytes { Ok(Step::Known(probe, header_bytes)) } else { Ok(Step::Done(probe)) }
}

/// The caller has checked that the field is there.
fn le16(prefix: &[u8], at: usize) -> u16 {
    prefix.le16(at).unwrap_or_default()
}

fn le32(prefix: &[u8], at: usize) -> u32 {
    prefix.le32(at).unwrap_or_default()
}

fn compression(code: u32, bits: u16) -> Result<(Compression, [u32; 4]), EngineError> {
    let rgb555 = [0x7C00, 0x03E0, 0x001F, 0];
    let rgb888 = [0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0];
    match (code, bits) {
        (0, 1 | 2 | 4 | 8 | 24 | 32) => Ok((Compression::None, rgb888)),
        (0, 16) => Ok((Compression::None, rgb555)),
        (1, 8) => Ok((Compression::Rle8, rgb888)),
        (2, 4) => Ok((Compression::Rle4, rgb888)),
        (3 | 6, 16 | 32) => Ok((Compression::None, [0; 4])),
        (3, 1) => Err(EngineError::unsupported(FORMAT, "Huffman codes of OS/2")),
        (4, 24) => Err(EngineError::unsupported(FORMAT, "24-bit run lengths of OS/2")),
        (0..=3 | 6, _) => Err(EngineError::header(FORMAT, "bits per pixel", bits)),
        (4, _) => Err(EngineError::unsupported(FORMAT, "JPEG inside")),
        (5, _) => Err(EngineError::unsupported(FORMAT, "PNG inside")),
        _ => Err(EngineError::unsupported(FORMAT, format!("compression {code}"))),
    }
}

/// Entries past those that a pixel can name are passed over: they cost nothing and change no pixel.
fn palette(bits: u16, colours: u32, at: usize, core: bool) -> (usize, usize, usize) {
    let entry_bytes = if core { 3 } else { 4 };
    let full = if bits <= 8 { 1_usize << bits } else { 0 };
    let entries = match colours {
        0 => full,
        colours => full.min(colours as usize),
    };
    (at, entry_bytes, entries)
}
