//! The header of a key frame up to its tiles. Source: AV1 Bitstream & Decoding Process Specification, 5.9.2, 5.9.5 and
//! 5.9.15.

use super::{Sequence, Still};
use crate::{
    bits::Bits,
    boxes::{Fault, cut},
};

/// A frame header is a few bytes up to here, one with tiles of its own sizes a hundred.
const MOST_BYTES: usize = 512;

/// # Errors
/// A header that ends early, and frames that are not read.
pub(super) fn read(sequence: &Sequence, payload: &[u8]) -> Result<Still, Fault> {
    let fault = cut("length of the frame header", payload);
    let mut bits = Bits::new(payload[..payload.len().min(MOST_BYTES)].to_vec());
    if !is_shown_key(sequence, &mut bits).ok_or(fault)? {
        return Err(Fault::Unsupported("a frame that is no key frame"));
    }
    if sequence.has_decoder_model {
        return Err(Fault::Unsupported("a decoder model in a still picture"));
    }
    let Header { size, is_scaled } = size(sequence, &mut bits).ok_or(fault)?;
    if is_scaled {
        return Err(Fault::Unsupported("superresolution"));
    }
    let tiles = tiles(sequence, size, &mut bits).ok_or(fault)?;
    Ok(Still { samples: sequence.samples, size, tiles, nclx: sequence.nclx })
}

fn is_shown_key(sequence: &Sequence, bits: &mut Bits) -> Option<bool> {
    // Not an existing frame, of type 0, shown.
    Some(sequence.is_reduced || bits.take(1 + 2 + 1)? == 1)
}

struct Header {
    size: (u32, u32),
    is_scaled: bool,
}

/// From behind `show_frame` to the tiles.
fn size(sequence: &Sequence, bits: &mut Bits) -> Option<Header> {
    let is_fixed = bits.flag()?;
    let tools = sequence.tools;
    let is_screen = if tools.screen == 2 { bits.flag()? } else { tools.screen == 1 };
    if is_screen && tools.whole_vectors == 2 {
        bits.flag()?;
    }
    bits.take(sequence.id_bits)?;
    let has_size = !sequence.is_reduced && bits.flag()?;
    bits.take(tools.order_bits)?;
    let size = match has_size {
        true => (bits.take(sequence.size_bits.0)? + 1, bits.take(sequence.size_bits.1)? + 1),
        false => sequence.size,
    };
    let is_scaled = sequence.has_superres && bits.flag()?;
    if bits.flag()? {
        bits.skip(32)?;
    }
    if is_screen && !is_scaled {
        bits.flag()?;
    }
    if !sequence.is_reduced && !is_fixed {
        bits.flag()?;
    }
    Some(Header { size, is_scaled })
}

/// How many there are.
fn tiles(sequence: &Sequence, (width, height): (u32, u32), bits: &mut Bits) -> Option<u32> {
    let block_log2 = if sequence.has_large_blocks { 7 } else { 6 };
    let blocks = |side: u32| side.next_multiple_of(8).div_ceil(1 << block_log2);
    let (across, down) = (blocks(width), blocks(height));
    // The least n for which 2^n of `one` are `all`.
    let log2 = |one: u32, all: u32| (0..).find(|log2| u64::from(one) << log2 >= u64::from(all)).unwrap_or(0_u32);
    let widest = 4096 >> block_log2;
    let largest = (4096 * 2304) >> (2 * block_log2);
    let least_across = log2(widest, across);
    let least = least_across.max(log2(largest, across.checked_mul(down)?));
    if bits.flag()? {
        let mut even = |least: u32, all: u32| {
            let mut count_log2 = least;
            while count_log2 < log2(1, all.min(64)) && bits.flag()? {
                count_log2 += 1;
            }
            let blocks = (all + (1 << count_log2) - 1) >> count_log2;
            Some((all.div_ceil(blocks), count_log2))
        };
        let (columns, columns_log2) = even(least_across, across)?;
        let (rows, _) = even(least.saturating_sub(columns_log2), down)?;
        return Some(columns * rows);
    }
    let mut uneven = |all: u32, most: u32| {
        let (mut at, mut count, mut longest) = (0, 0, 1);
        while at < all && count < 64 {
            let blocks = below(bits, most.min(all - at))? + 1;
            longest = longest.max(blocks);
            at += blocks;
            count += 1;
        }
        Some((count, longest))
    };
    let (columns, longest) = uneven(across, widest)?;
    let area = across.checked_mul(down)?;
    let area = if least > 0 { area >> (least + 1) } else { area };
    let (rows, _) = uneven(down, (area / longest).max(1))?;
    Some(columns * rows)
}

/// A number below `limit`. Source: 4.10.7.
fn below(bits: &mut Bits, limit: u32) -> Option<u32> {
    let width = limit.checked_ilog2()? + 1;
    let short = (1 << width) - limit;
    let number = bits.take(width - 1)?;
    if number < short { Some(number) } else { Some((number << 1) - short + bits.take(1)?) }
}
