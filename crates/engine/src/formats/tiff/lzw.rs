//! TIFF's LZW: codes of 9 to 12 bits, most significant bit first, widened one code early. Source: TIFF 6.0, section 13.
//!
//! Own, because this format's time is here: strings of noise are one or two bytes long, so a code must cost a few
//! nanoseconds. A string is known by its place in the output, where the code before it and this one's first byte stand
//! side by side, so that an entry is one word, made without looking at the output. Short strings are always copied as
//! eight bytes, and one test sends everything unusual out of the way. Figures of the losers are at `Cargo.toml`.

use std::io::{self, Read};

use super::chunk::Chunk;

const CLEAR: usize = 256;
const END: usize = 257;
const ENTRIES: usize = 4096;
/// All single bytes stand at the beginning of the output, so that they are strings like the others.
const BYTES: usize = 256;
/// Decoded bytes are handed out in blocks of this size, more or less.
const BLOCK_BYTES: usize = 64 << 10;
/// What is kept of the block before, at the most, for the strings in it.
const HISTORY_BYTES: usize = 32 << 10;
/// The longest string and its eight-byte stores.
const SLACK_BYTES: usize = ENTRIES + 8;
const OUT_BYTES: usize = BYTES + HISTORY_BYTES + BLOCK_BYTES + SLACK_BYTES;

/// What a decoder holds, in bytes.
pub(super) const LZW_BYTES: u64 = (OUT_BYTES + size_of::<Table>()) as u64;

/// Where a string stands and how long it is, in one word: `place << 12 | length`, and one of the bits below.
type Entry = u32;
/// Longer than eight bytes.
const LONG: Entry = 1 << 31;
/// No longer in the output; the string is that of `prefixes` and one byte of `lasts`.
const GONE: Entry = 1 << 30;
/// Not defined: the two control codes, and what is beyond the last entry.
const NONE: Entry = 1 << 29;
const UNUSUAL: Entry = LONG | GONE | NONE;

const fn entry(place: usize, length: usize) -> Entry {
    let long = if length > 8 { LONG } else { 0 };
    (place << 12 | length) as Entry | long
}

const fn place(entry: Entry) -> usize {
    ((entry & !UNUSUAL) >> 12) as usize
}

const fn length(entry: Entry) -> usize {
    (entry & 0xFFF) as usize
}

struct Table {
    entries: [Entry; ENTRIES],
    /// Each string without its last byte.
    prefixes: [u16; ENTRIES],
    /// Its last byte, where it is gone.
    lasts: [u8; ENTRIES],
}

/// Decodes strips or tiles, one after another.
pub(super) struct Lzw<'file> {
    bits: Bits<'file>,
    table: Box<Table>,
    next: usize,
    width: u32,
    /// The code before, and its string; none behind a clear code.
    previous: Option<(usize, Entry)>,
    out: Vec<u8>,
    /// Where the decoded bytes of `out` end, and how many of them have been read.
    filled: usize,
    taken: usize,
    ended: bool,
}

impl Lzw<'_> {
    pub(super) fn new() -> Self {
        let mut entries = [NONE; ENTRIES];
        let mut out = vec![0; OUT_BYTES];
        for byte in 0..BYTES {
            entries[byte] = entry(byte, 1);
            out[byte] = byte as u8;
        }
        let table = Box::new(Table { entries, prefixes: [0; ENTRIES], lasts: [0; ENTRIES] });
        Self {
            bits: Bits { input: &[], bits: 0, count: 0 },
            table,
            next: END + 1,
            width: 9,
            previous: None,
            out,
            filled: BYTES,
            taken: BYTES,
            ended: true,
        }
    }
}

impl<'file> Chunk<'file> for Lzw<'file> {
    fn start(&mut self, input: &'file [u8]) {
        self.clear();
        self.bits = Bits { input, bits: 0, count: 0 };
        (self.filled, self.taken, self.ended) = (BYTES, BYTES, false);
    }
}

impl Lzw<'_> {
    /// Only the single bytes are defined.
    fn clear(&mut self) {
        self.table.entries[END + 1..].fill(NONE);
        (self.next, self.width, self.previous) = (END + 1, 9, None);
    }

    /// Decodes until a block is full or the data ends.
    fn fill(&mut self) -> io::Result<()> {
        self.make_room();
        self.taken = self.filled;
        let stop = self.filled + BLOCK_BYTES;
        while self.filled < stop && !self.ended {
            self.usual(stop);
            if self.filled < stop {
                self.unusual()?;
            }
        }
        Ok(())
    }

    /// Decodes short strings for as long as there is nothing else.
    ///
    /// Everything that changes with a code is a local: as fields they would be stored and loaded again each time.
    #[inline(never)]
    fn usual(&mut self, stop: usize) {
        let Some((mut previous_code, mut previous)) = self.previous else { return };
        let (mut bits, mut next, mut width, mut filled) = (self.bits, self.next, self.width, self.filled);
        let Table { entries, prefixes, .. } = &mut *self.table;
        let out = &mut self.out[..];
        // Behind the last entry nothing is added; its width has been the widest for long.
        let mut widen_at = (1 << width) - 1;
        'codes: while filled < stop && next + 4 <= ENTRIES && bits.refill() {
            // Four codes are at most 48 of 56 bits.
            for _ in 0..4 {
                let code = (bits.bits >> (64 - width)) as usize % ENTRIES;
                let found = entries[code];
                if found & UNUSUAL != 0 {
                    break 'codes;
                }
                bits.bits <<= width;
                bits.count -= width;
                entries[next % ENTRIES] = entry(place(previous), length(previous) + 1);
                prefixes[next % ENTRIES] = previous_code as u16;
                next += 1;
                // Widened when the next entry is the last of its width: one early.
                if next == widen_at && width < 12 {
                    width += 1;
                    widen_at = (1 << width) - 1;
                }
                let from = place(found);
                let string = out[from..].first_chunk::<8>().copied().unwrap_or_default();
                if let Some(slot) = out[filled..].first_chunk_mut::<8>() {
                    *slot = string;
                }
                // The string's place is now here, the latest: what was entered above goes on into this one.
                previous = entry(filled, length(found));
                previous_code = code;
                filled += length(found);
            }
        }
        (self.bits, self.next, self.width, self.filled) = (bits, next, width, filled);
        self.previous = Some((previous_code, previous));
    }

    /// Decodes one code of any kind.
    fn unusual(&mut self) -> io::Result<()> {
        // Many writers leave the end code out.
        let Some(code) = self.bits.take(self.width) else {
            self.ended = true;
            return Ok(());
        };
        match code {
            CLEAR => self.clear(),
            END => self.ended = true,
            _ => {
                if let Some((previous_code, previous)) = self.previous
                    && self.next < ENTRIES
                {
                    self.table.entries[self.next] = entry(place(previous), length(previous) + 1);
                    self.table.prefixes[self.next] = previous_code as u16;
                    self.next += 1;
                    if self.next + 1 >= 1 << self.width && self.width < 12 {
                        self.width += 1;
                    }
                }
                let found = self.table.entries[code];
                if found & NONE != 0 {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let (start, end) = (self.filled, self.filled + length(found));
                self.put(code, end);
                self.previous = Some((code, entry(start, length(found))));
                self.filled = end;
            }
        }
        Ok(())
    }

    /// Writes the string of `code` behind what is filled, up to `end`.
    fn put(&mut self, mut code: usize, mut end: usize) {
        while self.table.entries[code] & GONE != 0 {
            end -= 1;
            self.out[end] = self.table.lasts[code];
            code = usize::from(self.table.prefixes[code]) % ENTRIES;
        }
        let (mut from, mut to) = (place(self.table.entries[code]), self.filled);
        while to < end {
            // The newest string runs into itself, and what was written from the end must stay.
            if from + 8 <= self.filled && to + 8 <= end {
                self.out.copy_within(from..from + 8, to);
                (from, to) = (from + 8, to + 8);
            } else {
                self.out[to] = self.out[from];
                (from, to) = (from + 1, to + 1);
            }
        }
    }

    /// Moves the strings that are still needed to the front, or keeps only their letters where they are too many.
    fn make_room(&mut self) {
        let Some((code, previous)) = self.previous else {
            self.filled = BYTES;
            return;
        };
        let Table { entries, prefixes: _, lasts } = &mut *self.table;
        let defined = END + 1..self.next;
        // Strings stand in the order in which they were found.
        let first =
            entries[defined.clone()].iter().find(|&&entry| entry & GONE == 0).map_or(place(previous), |&e| place(e));
        let mut keep_from = first;
        if self.filled - first > HISTORY_BYTES {
            keep_from = place(previous);
            for (entry, last) in entries[defined.clone()].iter_mut().zip(&mut lasts[defined.clone()]) {
                if *entry & GONE == 0 {
                    *last = self.out[place(*entry) + length(*entry) - 1];
                    *entry = *entry & 0xFFF | GONE;
                }
            }
        }
        self.out.copy_within(keep_from..self.filled, BYTES);
        let moved = keep_from - BYTES;
        for entry in entries[defined].iter_mut().filter(|entry| **entry & GONE == 0) {
            *entry -= (moved << 12) as Entry;
        }
        self.previous = Some((code, previous - (moved << 12) as Entry));
        self.filled -= moved;
    }
}

/// The code stream.
#[derive(Clone, Copy)]
struct Bits<'file> {
    input: &'file [u8],
    /// Bits not yet used, left-aligned; behind the `count` valid ones there may be more of the same stream.
    bits: u64,
    count: u32,
}

impl Bits<'_> {
    /// The next `width` bits; `None` at the end.
    fn take(&mut self, width: u32) -> Option<usize> {
        while let (true, Some((byte, rest))) = (self.count < width, self.input.split_first()) {
            self.bits = self.bits & !(u64::MAX >> self.count) | u64::from(*byte) << (56 - self.count);
            self.count += 8;
            self.input = rest;
        }
        if self.count < width {
            return None;
        }
        let code = (self.bits >> (64 - width)) as usize;
        self.bits <<= width;
        self.count -= width;
        Some(code)
    }

    /// Makes at least 56 bits available; not at the end, where fewer than eight bytes are left.
    #[inline(always)]
    fn refill(&mut self) -> bool {
        let Some(bytes) = self.input.first_chunk::<8>() else { return false };
        // Bytes that only fit in part are loaded again next time, so the same bits are set twice.
        self.bits |= u64::from_be_bytes(*bytes) >> self.count;
        self.input = &self.input[((63 - self.count) / 8) as usize..];
        self.count |= 56;
        true
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

    fn decoder(bytes: &[u8]) -> Lzw<'_> {
        let mut decoder = Lzw::new();
        decoder.start(bytes);
        decoder
    }

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
        decoder(&bytes).read_to_end(&mut out).unwrap();
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
            let data: Vec<u8> = (0..1_000_000).map(|_| noise(spread)).collect();
            let encoded = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&data).unwrap();
            let mut out = Vec::new();
            decoder(&encoded).read_to_end(&mut out).unwrap();
            assert!(out == data, "spread {spread}");
        }
    }

    #[test]
    fn impossible_codes_are_errors() {
        let mut out = Vec::new();
        // Clear, then entry 300, which nothing has defined.
        let bytes = [0b1000_0000, 0b0100_1011, 0b0000_0000];
        decoder(&bytes).read_to_end(&mut out).unwrap_err();
    }
}
