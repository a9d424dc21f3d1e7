//! AC values: up to two coefficients, and the end of the block behind them, for each lookup.
//!
//! A camera's AC codes have 4 bits on average with their values, and each lookup waits for the one before. CPU of one
//! decode with `examples/planes`, against one code a lookup, least of 63 decodes, ms:
//!
//! | file | all at 1/4 | all at 1/2 | full size |
//! |---|---|---|---|
//! | 12 MP 4:2:0 | 19.54 -> 18.26 (0.93) | 29.19 -> 24.08 (0.82) | 45.72 -> 35.60 (0.78) |
//! | 9 MP 4:2:0 | 13.90 -> 12.66 (0.91) | 19.74 -> 16.08 (0.81) | 29.90 -> 23.37 (0.78) |
//! | 8 MP 4:2:0, intervals | 12.75 -> 12.08 (0.95) | 17.54 -> 14.38 (0.82) | 25.86 -> 20.92 (0.81) |
//! | 12 MP 4:2:2 | 23.60 -> 22.28 (0.94) | 36.10 -> 30.82 (0.85) | 69.78 -> 58.86 (0.84) |
//! | 12 MP 4:2:2, intervals | 21.45 -> 19.68 (0.92) | 33.72 -> 28.15 (0.83) | 60.74 -> 51.73 (0.85) |
//! | 8 MP 4:2:2, intervals | 18.40 -> 17.58 (0.95) | 29.76 -> 25.00 (0.84) | 53.73 -> 44.55 (0.83) |
//! | 12 MP 4:4:4, few bits | 16.45 -> 14.23 (0.86) | 23.55 -> 21.43 (0.91) | 53.19 -> 49.61 (0.93) |
//! | 20 MP, discs on white | 7.65 -> 6.45 (0.84) | 12.27 -> 6.58 (0.54) | 14.91 -> 14.41 (0.97) |
//! | 20 MP, white | 6.39 -> 5.19 (0.81) | 10.67 -> 4.98 (0.47) | 11.56 -> 11.89 (1.03) |
//! | 2 MP, noise at quality 98 | 20.83 -> 20.62 (0.99) | 32.93 -> 31.16 (0.95) | 58.04 -> 57.09 (0.98) |
//!
//! Tried and dropped: four lookups for each refill took 1.05 to 1.14 of the time at full size; lanes for all components
//! at 1/4, 0.95 to 1.1. In progressive scans, correction bits by the mask of the coefficients that want one: 1.02.

use super::{ENTRIES, INDEX_BITS, build, long_code};
use crate::bits::Bits;
use crate::huffman::{Code, Huffman, extend};

/// The last coefficient of a block.
const LAST: u32 = 63;

/// Blocks of an image for which pairs pay: a table of them takes 15 us longer, and each block at half size some 15 ns less.
const LEAST_BLOCKS: u64 = 4096;

/// In an entry: the block ends behind its values.
const END: u32 = 1 << 4;
/// The place of the coefficients that both codes of an entry pass.
const BOTH: u32 = 10;
/// In that place, where no code fits with its value: so many that every block is over.
const UNFIT: u32 = LAST;

/// AC codes with their values.
pub(crate) struct Values<'t> {
    huffman: &'t Huffman,
    /// `second value << 24 | first value << 16 | coefficients passed by both << 10 | by the first << 5 | END | bits`.
    ///
    /// Where there is no second code, its value is 0 in the place of the first; the end of the block alone passes one
    /// coefficient of 0. `symbol << 16 | UNFIT << 10 | length` where the value does not fit, and 0 for both where the code
    /// does not.
    entries: Box<[u32; ENTRIES]>,
}

impl<'t> Values<'t> {
    /// `blocks`: how many the image has. For few of them it takes longer to find what stands behind each code.
    pub(crate) fn new(huffman: &'t Huffman, blocks: u64) -> Self {
        let size = |symbol: u8| u32::from(symbol & 15);
        let mut entries = build(huffman, size, |Code { symbol, length }, bits| {
            let (passed, end) = match passed_by(symbol) {
                passed if passed > LAST => (1, END),
                passed => (passed, 0),
            };
            let value = extend(bits, size(symbol));
            let entry = value_bits(value) << 16 | passed << BOTH | passed << 5 | end | (length + size(symbol));
            // Behind a code of a few bits a value may fit the index, but not the entry.
            if i8::try_from(value).is_ok() { entry } else { 0 }
        });
        for (word, Code { symbol, length }) in huffman.codes().take_while(|(_, code)| code.length <= INDEX_BITS) {
            let first = (word >> (16 - INDEX_BITS)) as usize;
            let with_code = &mut entries[first..first + (1 << (INDEX_BITS - length))];
            if with_code[0] == 0 {
                with_code.fill(u32::from(symbol) << 16 | UNFIT << BOTH | length);
            }
        }
        entries.iter_mut().for_each(|entry| *entry = if *entry == 0 { UNFIT << BOTH } else { *entry });
        if blocks >= LEAST_BLOCKS {
            let alone = entries.clone();
            for (index, entry) in entries.iter_mut().enumerate() {
                *entry = with_behind(&alone, index);
            }
        }
        Self { huffman, entries }
    }

    /// Reads the values of a block until coefficient `needed` is passed, and gives each to `put` with its place in zigzag
    /// order, and zeros to places behind them. Returns the last coefficient, and whether the block is over.
    ///
    /// Needs 36 bits.
    #[inline(always)]
    pub(crate) fn block(&self, bits: &mut Bits<'_>, needed: u32, mut put: impl FnMut(usize, i32)) -> (u32, bool) {
        let mut k = 0;
        loop {
            for _ in 0..3 {
                let entry = self.entries[bits.peek12()];
                let both = k + (entry >> BOTH & 63);
                // Behind the last coefficient there is no code for the end of the block, so it is read by itself.
                if both < LAST {
                    bits.consume(entry & 15);
                    if entry >> 16 == 0 && entry & END != 0 {
                        return (k, true);
                    }
                    put(both as usize, entry.cast_signed() >> 24);
                    put((k + (entry >> 5 & 31)) as usize, (entry << 8).cast_signed() >> 24);
                    if entry & END != 0 {
                        return (both, true);
                    }
                    k = both;
                } else {
                    let (after, value, passed) = self.one(*bits, entry);
                    *bits = after;
                    if k + passed > LAST {
                        // A coefficient behind the last one: libjpeg drops it without a word, but no encoder writes it.
                        bits.corrupt |= value != 0;
                        return (k, true);
                    }
                    k += passed;
                    put(k as usize, value);
                    if k == LAST {
                        return (k, true);
                    }
                }
                if k >= needed {
                    return (k, false);
                }
            }
            bits.refill();
        }
    }

    /// One code: its value, and how many coefficients it passes, its own included. Refills.
    #[inline(never)]
    fn one<'d>(&self, mut bits: Bits<'d>, entry: u32) -> (Bits<'d>, i32, u32) {
        let length = entry & 15;
        let symbol = if length > 0 && entry >> BOTH & 63 == UNFIT {
            bits.refill();
            bits.consume(length);
            entry >> 16
        } else {
            long_code(self.huffman, &mut bits)
        };
        let size = symbol & 15;
        let value = extend(bits.take(size), size);
        bits.refill();
        (bits, value, passed_by(symbol as u8))
    }
}

/// The entry of the 12 bits `index` with what stands behind its code, of entries of one code.
fn with_behind(alone: &[u32; ENTRIES], index: usize) -> u32 {
    let mut entry = alone[index];
    // A second coefficient, and the end behind it.
    for round in 0..2 {
        if entry & END != 0 || entry >> BOTH & 63 == UNFIT {
            break;
        }
        let next = alone[index << (entry & 15) & (ENTRIES - 1)];
        // Zeros behind the index may look like a code, but one that does not fit.
        if next >> BOTH & 63 == UNFIT || (entry & 15) + (next & 15) > INDEX_BITS {
            break;
        }
        if next & END != 0 {
            entry += next & (END | 15);
        } else if round == 0 {
            entry += (next >> 16 & 255) << 24 | (next & 63 << BOTH) | (next & 15);
        }
    }
    entry
}

/// A value in an entry.
const fn value_bits(value: i32) -> u32 {
    (value as u8) as u32
}

/// Coefficients that an AC symbol of a sequential scan passes: 64, so the whole block, for the end of the block.
fn passed_by(symbol: u8) -> u32 {
    if symbol & 15 == 0 && symbol >> 4 < 15 { 64 } else { u32::from(symbol >> 4) + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::Position;
    use crate::feed::Feed;
    use crate::input::Input;
    use crate::standard::AC;

    /// A block, one code by one: its values by place, the last place, whether it is over, whether it is damaged.
    fn slowly(huffman: &Huffman, bits: &mut Bits<'_>, needed: u32) -> ([i32; 64], u32, bool, bool) {
        let (mut block, mut k, mut corrupt) = ([0; 64], 0, false);
        loop {
            bits.refill();
            let code = huffman.decode(bits.peek16());
            corrupt |= code.is_none();
            let Code { symbol, length } = code.unwrap_or(Code { symbol: 0, length: 16 });
            bits.consume(length);
            let size = u32::from(symbol & 15);
            let value = extend(bits.take(size), size);
            if size == 0 && symbol >> 4 < 15 {
                return (block, k, true, corrupt);
            }
            let at = k + u32::from(symbol >> 4) + 1;
            if at > LAST {
                return (block, k, true, corrupt || size > 0);
            }
            k = at;
            block[k as usize] = value;
            if k == LAST || k >= needed {
                return (block, k, k == LAST, corrupt);
            }
        }
    }

    /// Codes of one and two bits for long values and runs, and of 16.
    fn unusual() -> Huffman {
        let mut counts = [0; 16];
        (counts[0], counts[1], counts[3], counts[15]) = (1, 1, 2, 2);
        Huffman::new(&counts, &[0x18, 0x00, 0xF0, 0x7A, 0x01, 0xE1]).unwrap()
    }

    #[test]
    fn a_block_has_the_values_of_its_codes_one_by_one() {
        let mut seed = 7_u64;
        let bytes: Vec<u8> = (0..60_000)
            .map(|at| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // 0xFF would need stuffing; stretches of few ones are flat blocks.
                ((seed >> 40) as u8 & if at % 6_000 < 2_000 { 0x24 } else { 0xFE }) & 0xFE
            })
            .collect();
        let mut feed = Feed::new();
        feed.hold_more();
        let mut input = Input::new(&bytes[..]);
        feed.advance(&mut input, 0).unwrap();
        feed.advance(&mut input, 0).unwrap();
        let tables = AC.map(|(counts, symbols)| Huffman::new(counts, symbols).unwrap());
        let unusual = unusual();
        for huffman in tables.iter().chain([&unusual]) {
            for (needed, blocks) in [4, 24, LAST].into_iter().flat_map(|needed| [(needed, 1), (needed, u64::MAX)]) {
                let values = Values::new(huffman, blocks);
                let mut bits = Bits::resume(feed.data(), Position::at(0));
                let mut count = 0;
                while bits.consumed_bits() < bytes.len() * 7 {
                    bits.refill();
                    let mut other = bits;
                    let (mut block, mut is_corrupt) = ([0; 64], false);
                    let (last, is_over) = values.block(&mut bits, needed, |at, value| block[at] = value);
                    is_corrupt |= std::mem::take(&mut bits.corrupt);
                    // Pairs may go further than what is needed.
                    let upto = if is_over { LAST } else { last };
                    let (want, want_last, want_over, want_corrupt) = slowly(huffman, &mut other, upto);
                    assert_eq!(block, want, "block {count}");
                    assert_eq!((is_over, is_corrupt), (want_over, want_corrupt), "block {count}");
                    // Runs of zeros in front of the end are none of its coefficients.
                    assert!(last <= want_last && want[last as usize + 1..].iter().all(|value| *value == 0));
                    assert_eq!(bits.consumed_bits(), other.consumed_bits(), "block {count}");
                    count += 1;
                }
                assert!(count > 1_000, "{count}");
            }
        }
    }
}
