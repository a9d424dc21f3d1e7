//! Blocks of 4 by 4 pixels: two colours, what lies between them, and alpha in three ways.
//!
//! Not through crate `image` (0.25.10), which holds the whole picture, and takes every pixel of DXT1 for opaque (found by
//! `tests/differential.rs`). Source: Microsoft, "Block Compression (Direct3D 10)".

use std::io::{self, BufReader, Read};

use super::FORMAT;
use crate::{
    EngineError, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    row_sink::{RowSink, rows_until_damage},
    source::Source,
};

const BLOCK_BYTES: usize = 64 << 10;
pub(super) const CHANNELS: Channels = Channels::Rgba;

/// How a block is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocks {
    /// BC1: one of four colours can be transparent.
    Dxt1,
    /// BC2: four bits of alpha for each pixel.
    Dxt3,
    /// BC3: two alphas and what lies between them.
    Dxt5,
}

impl Blocks {
    const fn bytes(self) -> usize {
        if matches!(self, Self::Dxt1) { 8 } else { 16 }
    }

    /// The 16 pixels of a block, line by line.
    fn pixels(self, block: &[u8]) -> [[u8; 4]; 16] {
        let (alphas, colours) = block.split_at(block.len() - 8);
        let mut pixels = colour_block(colours, self == Self::Dxt1);
        let [first, second, indices @ ..] = alphas else { return pixels };
        match self {
            Self::Dxt1 => {}
            Self::Dxt3 => {
                let alphas = number(alphas);
                for (at, pixel) in pixels.iter_mut().enumerate() {
                    pixel[3] = (alphas >> (at * 4) & 15) as u8 * 17;
                }
            }
            Self::Dxt5 => {
                let (table, indices) = (alpha_table(*first, *second), number(indices));
                for (at, pixel) in pixels.iter_mut().enumerate() {
                    pixel[3] = table[(indices >> (at * 3) & 7) as usize];
                }
            }
        }
        pixels
    }
}

fn number(little_endian: &[u8]) -> u64 {
    little_endian.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn colour_block(block: &[u8], is_dxt1: bool) -> [[u8; 4]; 16] {
    let words = number(block);
    let (first, second) = (words as u16, (words >> 16) as u16);
    let [one, two] = [first, second].map(|colour| {
        let [red, green, blue] = [(colour >> 11, 31), (colour >> 5 & 63, 63), (colour & 31, 31)];
        [red, green, blue].map(|(level, most)| level * 255 / most)
    });
    let mix = |parts: [u16; 2]| {
        let sum = parts[0] + parts[1];
        let channel = |at: usize| ((one[at] * parts[0] + two[at] * parts[1] + sum / 2) / sum) as u8;
        [channel(0), channel(1), channel(2), 255]
    };
    // The order of the two colours says which of the ways it is.
    let table = match is_dxt1 && first <= second {
        true => [mix([1, 0]), mix([0, 1]), mix([1, 1]), [0; 4]],
        false => [mix([1, 0]), mix([0, 1]), mix([2, 1]), mix([1, 2])],
    };
    std::array::from_fn(|at| table[(words >> (32 + at * 2) & 3) as usize])
}

fn alpha_table(first: u8, second: u8) -> [u8; 8] {
    let steps = if first > second { 7 } else { 5 };
    std::array::from_fn(|at| match at as u16 {
        0 => first,
        1 => second,
        at if at <= steps => ((u16::from(first) * (steps + 1 - at) + u16::from(second) * (at - 1)) / steps) as u8,
        6 => 0,
        _ => 255,
    })
}

/// What decoding holds beside the small image, in bytes: a row of blocks as stored, and its four rows of pixels.
pub(super) fn plan_bytes(probe: &Probe) -> u64 {
    u64::from(probe.width_px) * 20 + BLOCK_BYTES as u64 + 1024
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    blocks: Blocks,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let fault = |cause: io::Error| EngineError::decoder(FORMAT, cause);
    let mut stream = BufReader::with_capacity(BLOCK_BYTES, source);
    io::copy(&mut stream.by_ref().take(probe.header_bytes), &mut io::sink()).map_err(fault)?;
    let width = probe.width_px as usize;
    let mut sink = RowSink::new(probe, plan, CHANNELS);
    let mut stored = vec![0; width / 4 * blocks.bytes()];
    let mut rows = vec![0; width * 4 * 4];
    let warnings = rows_until_damage(probe, &mut sink, &mut rows, |rows| {
        stream.read_exact(&mut stored)?;
        for (at, block) in stored.chunks_exact(blocks.bytes()).enumerate() {
            let pixels = blocks.pixels(block);
            for (line, row) in pixels.chunks_exact(4).zip(rows.chunks_exact_mut(width * 4)) {
                row[at * 16..][..16].copy_from_slice(line.as_flattened());
            }
        }
        Ok(())
    })?;
    Ok(sink.decoded(None, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_two_colours_says_whether_one_is_transparent() {
        // Red and blue; the four indices in the first line.
        let (red, blue) = ([0x00, 0xF8], [0x1F, 0x00]);
        let block = |first: [u8; 2], second: [u8; 2]| [first, second, [0b1110_0100, 0], [0, 0]].concat();
        let first_line = |blocks: Blocks, block: &[u8]| blocks.pixels(block)[..4].to_vec();
        let opaque = [[255, 0, 0, 255], [0, 0, 255, 255], [170, 0, 85, 255], [85, 0, 170, 255]];
        assert_eq!(first_line(Blocks::Dxt1, &block(red, blue)), opaque);
        let clear = [[0, 0, 255, 255], [255, 0, 0, 255], [128, 0, 128, 255], [0, 0, 0, 0]];
        assert_eq!(first_line(Blocks::Dxt1, &block(blue, red)), clear);
        // With alpha of its own a block has no such colour.
        let last = first_line(Blocks::Dxt3, &[[0xFF; 8].as_slice(), &block(blue, red)].concat())[3];
        assert_eq!(last, [170, 0, 85, 255]);
    }

    #[test]
    fn alpha_is_stored_for_each_pixel_or_lies_between_two() {
        let colours = [0; 8];
        let four_bits = Blocks::Dxt3.pixels(&[[0x80, 0xF0, 0, 0, 0, 0, 0, 0], colours].concat());
        assert_eq!([four_bits[0][3], four_bits[1][3], four_bits[2][3], four_bits[3][3]], [0, 136, 0, 255]);
        assert_eq!(alpha_table(255, 0), [255, 0, 218, 182, 145, 109, 72, 36]);
        assert_eq!(alpha_table(0, 255), [0, 255, 51, 102, 153, 204, 0, 255]);
        let between = Blocks::Dxt5.pixels(&[[255, 0, 0b0101_0001, 0, 0, 0, 0, 0], colours].concat());
        assert_eq!([between[0][3], between[1][3], between[2][3]], [0, 218, 0]);
    }
}
