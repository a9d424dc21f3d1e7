//! BMP by rows, run-length coded ones too. Source: Microsoft, "Bitmap Storage" and "Bitmap Compression".

use std::io::{self, BufReader, Read};

use contract::ImageFormat;

use super::header::{BmpDetail, Compression};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    row_sink::{RowSink, at_least_half},
    source::Source,
};

const BLOCK_BYTES: usize = 64 << 10;

/// RGB, or RGBA where the masks have alpha.
pub(super) const fn channels(probe: &Probe) -> Channels {
    if probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe) -> u64 {
    // A stored row, its indices and its pixels.
    u64::from(probe.width_px) * 9 + BLOCK_BYTES as u64 + 4096
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &BmpDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let mut stream = BufReader::with_capacity(BLOCK_BYTES, source);
    let fault = |cause: io::Error| EngineError::decoder(ImageFormat::Bmp, cause);
    let palette = palette(&mut stream, probe, detail).map_err(fault)?;
    let sink = if detail.is_from_bottom { RowSink::from_bottom } else { RowSink::new };
    let mut sink = sink(probe, plan, channels(probe));
    let result = match detail.compression {
        Compression::None => plain_rows(&mut stream, detail, &palette, probe, &mut sink).map(|()| Vec::new()),
        Compression::Rle8 | Compression::Rle4 => {
            run_lengths(&mut stream, detail.compression, &palette, probe, &mut sink)
        }
    };
    let warnings = match result {
        Ok(warnings) => warnings,
        Err(cause) => at_least_half(probe, sink.rows(), || fault(cause))?,
    };
    Ok(sink.decoded(None, warnings))
}

/// Reads up to the first pixel; the table is padded to 256 colours with black.
fn palette(stream: &mut impl Read, probe: &Probe, detail: &BmpDetail) -> io::Result<Vec<[u8; 3]>> {
    let (at, entry_bytes, entries) = detail.palette;
    let mut header = vec![0; at + entry_bytes * entries];
    stream.read_exact(&mut header)?;
    let gap = probe.header_bytes.saturating_sub(header.len() as u64);
    io::copy(&mut stream.take(gap), &mut io::sink())?;
    let mut palette = vec![[0; 3]; 256];
    for (colour, entry) in palette.iter_mut().zip(header[at..].chunks_exact(entry_bytes)) {
        *colour = [entry[2], entry[1], entry[0]];
    }
    Ok(palette)
}

fn plain_rows(
    stream: &mut impl Read,
    detail: &BmpDetail,
    palette: &[[u8; 3]],
    probe: &Probe,
    sink: &mut RowSink,
) -> io::Result<()> {
    let width = probe.width_px as usize;
    let bits = usize::from(detail.bits_per_pixel);
    let mut stored = vec![0; (width * bits).div_ceil(32) * 4];
    let mut pixels = vec![0; width * channels(probe).count()];
    let scales = detail.masks.map(Scale::of);
    let mut is_shown = detail.masks[3] == 0;
    for _ in 0..probe.height_px {
        stream.read_exact(&mut stored)?;
        match bits {
            24 => swap_ends::<3>(&stored, &mut pixels),
            32 if detail.masks == [0x00FF_0000, 0xFF00, 0xFF, 0] => swap_ends::<4>(&stored, &mut pixels),
            16 => masked(
                stored.as_chunks::<2>().0.iter().map(|b| u32::from(u16::from_le_bytes(*b))),
                &scales,
                &mut pixels,
            ),
            32 => masked(stored.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)), &scales, &mut pixels),
            _ => {
                for (x, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                    let bit = x * bits;
                    let index = stored[bit / 8] >> (8 - bits - bit % 8) & (0xFF >> (8 - bits));
                    *pixel = palette[usize::from(index)];
                }
            }
        }
        is_shown = is_shown || show(&mut pixels, sink);
        sink.push(&pixels);
    }
    Ok(())
}

/// Takes alpha for absent as long as all of it is 0; says whether it is not.
///
/// Writers leave 0 where they mean no alpha, so Windows, Chrome and Photoshop show a picture that is all transparent.
fn show(pixels: &mut [u8], sink: &mut RowSink) -> bool {
    let is_shown = pixels.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 0);
    if is_shown {
        sink.blank();
    } else {
        pixels.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 255);
    }
    is_shown
}

/// Blue, green, red and what follows, to red, green, blue.
fn swap_ends<const N: usize>(stored: &[u8], pixels: &mut [u8]) {
    for (pixel, stored) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(stored.as_chunks::<N>().0) {
        *pixel = [stored[2], stored[1], stored[0]];
    }
}

/// How a masked field becomes eight bits.
#[derive(Clone, Copy)]
struct Scale {
    mask: u32,
    shift: u32,
    max: u32,
}

impl Scale {
    const fn of(mask: u32) -> Self {
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        Self { mask, shift, max: mask >> shift }
    }

    fn apply(self, pixel: u32) -> u8 {
        if self.max == 0 {
            return 0;
        }
        let (value, max) = (u64::from((pixel & self.mask) >> self.shift), u64::from(self.max));
        ((value * 255 + max / 2) / max) as u8
    }
}

fn masked(stored: impl Iterator<Item = u32>, scales: &[Scale; 4], pixels: &mut [u8]) {
    let count = if scales[3].max == 0 { 3 } else { 4 };
    for (pixel, stored) in pixels.chunks_exact_mut(count).zip(stored) {
        for (sample, scale) in pixel.iter_mut().zip(scales) {
            *sample = scale.apply(stored);
        }
    }
}

/// Run lengths of 8- or 4-bit indices; skipped pixels have index 0.
fn run_lengths(
    stream: &mut impl Read,
    compression: Compression,
    palette: &[[u8; 3]],
    probe: &Probe,
    sink: &mut RowSink,
) -> io::Result<Vec<Warning>> {
    let width = probe.width_px as usize;
    let mut warnings = Vec::new();
    let mut row = vec![0_u8; width];
    let mut pixels = vec![0; width * 3];
    let mut x = 0;
    let mut end_row = |row: &mut Vec<u8>, sink: &mut RowSink| {
        for (pixel, index) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(row.iter()) {
            *pixel = palette[usize::from(*index)];
        }
        sink.push(&pixels);
        row.fill(0);
    };
    let four_bits = compression == Compression::Rle4;
    let index_at = |byte: u8, x: usize| {
        if !four_bits {
            byte
        } else if x.is_multiple_of(2) {
            byte >> 4
        } else {
            byte & 15
        }
    };
    while sink.rows() < probe.height_px {
        let [count, value] = pair(stream)?;
        match (count, value) {
            (0, 0) => {
                end_row(&mut row, sink);
                x = 0;
            }
            // End of the bitmap: what is left is index 0. Writers may leave out rows, but damage looks the same.
            (0, 1) => {
                let (rows, rows_expected) = (sink.rows() + u32::from(x > 0), probe.height_px);
                if rows < rows_expected {
                    warnings.push(Warning::Truncated { rows, rows_expected });
                }
                while sink.rows() < probe.height_px {
                    end_row(&mut row, sink);
                }
            }
            (0, 2) => {
                let [right, down] = pair(stream)?;
                for _ in 0..down {
                    end_row(&mut row, sink);
                }
                x += usize::from(right);
            }
            (0, literal) => {
                let stored = if four_bits { usize::from(literal).div_ceil(2) } else { usize::from(literal) };
                let mut bytes = [0; 256];
                let bytes = &mut bytes[..stored.next_multiple_of(2)];
                stream.read_exact(bytes)?;
                for offset in 0..usize::from(literal) {
                    let byte = bytes[if four_bits { offset / 2 } else { offset }];
                    put(&mut row, x + offset, index_at(byte, offset));
                }
                x += usize::from(literal);
            }
            (run, byte) => {
                for offset in 0..usize::from(run) {
                    put(&mut row, x + offset, index_at(byte, offset));
                }
                x += usize::from(run);
            }
        }
        x = x.min(width);
    }
    Ok(warnings)
}

fn pair(stream: &mut impl Read) -> io::Result<[u8; 2]> {
    let mut pair = [0; 2];
    stream.read_exact(&mut pair).map(|()| pair)
}

/// Runs past the end of a row are cut, as every reader does.
fn put(row: &mut [u8], x: usize, index: u8) {
    if let Some(slot) = row.get_mut(x) {
        *slot = index;
    }
}
