//! TIFF's LZW: codes of 9 to 12 bits, most significant bit first, widened one code early. Source: TIFF 6.0, section 13.
//!
//! Own, because this format's time is here: strings of noise are one or two bytes long, so a code must cost a few
//! nanoseconds. Each entry carries up to eight bytes of its string, and they are always stored as eight: no loop and
//! no misprediction for a short string. Figures of the losers are at `Cargo.toml`.

use std::io::{self, Read};

const CLEAR: usize = 256;
const END: usize = 257;
const ENTRIES: usize = 4096;
/// Decoded bytes are handed out in blocks of at least this size.
const BLOCK_BYTES: usize = 64 << 10;
/// The longest string and its eight-byte stores.
const SLACK_BYTES: usize = ENTRIES + 8;

/// What a decoder holds, in bytes.
pub(crate) const LZW_BYTES: u64 = (BLOCK_BYTES + SLACK_BYTES + ENTRIES * size_of::<Entry>()) as u64;

#[derive(Clone, Copy, Default)]
struct Entry {
    /// The string's first eight bytes, the first of all lowest.
    head: u64,
    length: u16,
    /// The string without its last byte.
    prefix: u16,
    last: u8,
}

/// Decodes one strip or tile.
pub(crate) struct Lzw<'file> {
    bits: Bits<'file>,
    table: Box<[Entry; ENTRIES]>,
    next: usize,
    width: u32,
    previous: Option<(usize, Entry)>,
    out: Vec<u8>,
    /// Decoded bytes in `out`, and how many of them have been read.
    filled: usize,
    taken: usize,
    ended: bool,
}

impl<'file> Lzw<'file> {
    pub(crate) fn new(input: &'file [u8]) -> Self {
        let mut table = Box::new([Entry::default(); ENTRIES]);
        for (byte, entry) in table.iter_mut().take(256).enumerate() {
            *entry = Entry { head: byte as u64, length: 1, prefix: 0, last: byte as u8 };
        }
        Self {
            bits: Bits { input, bits: 0, count: 0 },
            table,
            next: END + 1,
            width: 9,
            previous: None,
            out: vec![0; BLOCK_BYTES + SLACK_BYTES],
            filled: 0,
            taken: 0,
            ended: false,
        }
    }

    /// Decodes until a block is full or the data ends.
    ///
    /// Everything that changes with a code is a local: as fields they would be stored and loaded again each time.
    fn fill(&mut self) -> io::Result<()> {
        let Self { table, out, .. } = self;
        let (mut bits, mut next, mut width) = (self.bits, self.next, self.width);
        let mut previous = self.previous;
        let mut filled = 0;
        while filled < BLOCK_BYTES {
            // Many writers leave the end code out.
            let Some(code) = bits.take(width) else {
                self.ended = true;
                break;
            };
            if code == CLEAR {
                (next, width, previous) = (END + 1, 9, None);
                continue;
            }
            if code == END {
                self.ended = true;
                break;
            }
            let Some((previous_code, before)) = previous else {
                if code > 255 {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                filled = put(table, out, filled, table[code % ENTRIES]);
                previous = Some((code, table[code % ENTRIES]));
                continue;
            };
            if code > next || (code == next && next == ENTRIES) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if next < ENTRIES {
                // The string before, and the first byte of this one; where this one is the new entry, of that itself.
                let first = if code == next { before.head } else { table[code % ENTRIES].head } as u8;
                let shift = u32::from(before.length) * 8;
                let head = if shift < 64 { before.head | u64::from(first) << shift } else { before.head };
                table[next % ENTRIES] =
                    Entry { head, length: before.length + 1, prefix: previous_code as u16, last: first };
                next += 1;
                // Widened when the next entry is the last of its width: one early.
                if next + 1 >= 1 << width && width < 12 {
                    width += 1;
                }
            }
            let entry = table[code % ENTRIES];
            filled = put(table, out, filled, entry);
            previous = Some((code, entry));
        }
        (self.bits, self.next, self.width, self.previous) = (bits, next, width, previous);
        (self.filled, self.taken) = (filled, 0);
        Ok(())
    }
}

/// Writes the string of `entry` behind what is filled; returns what is filled then.
#[inline]
fn put(table: &[Entry; ENTRIES], out: &mut [u8], start: usize, mut entry: Entry) -> usize {
    let end = start + usize::from(entry.length);
    // Long strings from their end, until eight bytes are left.
    let mut at = end;
    while entry.length > 8 {
        at -= 1;
        out[at] = entry.last;
        entry = table[usize::from(entry.prefix) % ENTRIES];
    }
    // Stored last: for a short string the bytes behind it are overwritten by the next one.
    if let Some(slot) = out[start..].first_chunk_mut::<8>() {
        *slot = entry.head.to_le_bytes();
    }
    end
}

/// The code stream.
#[derive(Clone, Copy)]
struct Bits<'file> {
    input: &'file [u8],
    /// Bits not yet used, left-aligned.
    bits: u64,
    count: u32,
}

impl Bits<'_> {
    /// The next `width` bits; `None` at the end.
    #[inline]
    fn take(&mut self, width: u32) -> Option<usize> {
        if self.count < width {
            self.refill();
            if self.count < width {
                return None;
            }
        }
        let code = (self.bits >> (64 - width)) as usize;
        self.bits <<= width;
        self.count -= width;
        Some(code)
    }

    #[inline]
    fn refill(&mut self) {
        if let Some(bytes) = self.input.first_chunk::<8>() {
            self.bits |= u64::from_be_bytes(*bytes) >> self.count;
            // Only whole bytes count; the bits of one that was not taken come again with the next refill.
            let taken = (63 - self.count) / 8;
            self.input = &self.input[taken as usize..];
            self.count += taken * 8;
            self.bits &= !(u64::MAX >> self.count);
            return;
        }
        while let (true, Some((byte, rest))) = (self.count <= 56, self.input.split_first()) {
            self.bits |= u64::from(*byte) << (56 - self.count);
            self.count += 8;
            self.input = rest;
        }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.filled {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let rest = &self.out[self.taken..self.filled];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_decodes() {
        // TIFF 6.0, section 13: 7 7 7 8 8 7 7 6 6.
        let codes: [u32; 8] = [256, 7, 258, 8, 8, 258, 6, 6];
        let mut bits = String::new();
        codes.iter().chain(&[257]).for_each(|code| bits.push_str(&format!("{code:09b}")));
        bits.push_str(&"0".repeat(8 - bits.len() % 8));
        let bytes: Vec<u8> =
            bits.as_bytes().chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | (bit - b'0'))).collect();
        let mut out = Vec::new();
        Lzw::new(&bytes).read_to_end(&mut out).unwrap();
        assert_eq!(out, [7, 7, 7, 8, 8, 7, 7, 6, 6]);
    }

    #[test]
    fn what_weezl_encodes_comes_back_through_all_widths_and_long_strings() {
        let mut state = 1_u32;
        let mut noise = |spread: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % spread) as u8
        };
        for spread in [1, 2, 5, 64, 256] {
            let data: Vec<u8> = (0..200_000).map(|_| noise(spread)).collect();
            let encoded = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&data).unwrap();
            let mut out = Vec::new();
            Lzw::new(&encoded).read_to_end(&mut out).unwrap();
            assert!(out == data, "spread {spread}");
        }
    }

    #[test]
    fn impossible_codes_are_errors() {
        let mut out = Vec::new();
        // Clear, then entry 300, which nothing has defined.
        let bytes = [0b1000_0000, 0b0100_1011, 0b0000_0000];
        Lzw::new(&bytes).read_to_end(&mut out).unwrap_err();
    }
}
