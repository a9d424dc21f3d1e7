//! Lookup tables over the next 12 bits, one for each way of reading a block.
//!
//! Why 12 bits (CPU of the 1/8 decode, one run): 13 took 13.5 ms against 13.6 at 12 MP and 0.50 against 0.44 at
//! 0.3 MP, where building the tables shows. The prototype lost a tenth with 10 bits and gained nothing with 14.
//! Tried and dropped: DC entries that also pass over the AC codes behind them (12.25 ms against 12.27, 16 KiB more).

mod values;

use crate::bits::Bits;
use crate::huffman::{Code, Huffman, extend};
pub(crate) use values::Values;

/// Index width of every table.
const INDEX_BITS: u32 = 12;
pub(crate) const ENTRIES: usize = 1 << INDEX_BITS;

/// Bytes of the largest table, [`Values`].
pub(crate) const VALUES_BYTES: usize = ENTRIES * 4;
/// Bytes of the others.
pub(crate) const TABLE_BYTES: usize = ENTRIES * 2;

/// Builds a table: for each code, and each value of the `size` bits behind it, what `entry` makes of both.
/// Indices whose code and bits do not fit hold the default, 0.
pub(crate) fn build<T: Copy + Default>(
    huffman: &Huffman,
    size: impl Fn(u8) -> u32,
    entry: impl Fn(Code, u32) -> T,
) -> Box<[T; ENTRIES]> {
    let mut entries = vec![T::default(); ENTRIES].into_boxed_slice();
    for (word, code) in huffman.codes() {
        let size = size(code.symbol);
        let Some(free_bits) = INDEX_BITS.checked_sub(code.length + size) else { continue };
        let first = (word >> (16 - INDEX_BITS)) as usize;
        for (bits, range) in (0..1 << size).zip(entries[first..].chunks_exact_mut(1 << free_bits)) {
            range.fill(entry(code, bits));
        }
    }
    entries.try_into().ok().expect("the length is the array's")
}

/// Decodes a code that does not fit the index. An invalid one counts as symbol 0, as in libjpeg.
fn long_code(huffman: &Huffman, bits: &mut Bits<'_>) -> u32 {
    bits.refill();
    let code = huffman.decode(bits.peek16()).unwrap_or_else(|| {
        bits.corrupt = true;
        Code { symbol: 0, length: 16 }
    });
    bits.consume(code.length);
    u32::from(code.symbol)
}

/// Symbols: which code comes next, whatever follows it. For progressive scans.
pub(crate) struct Symbols<'t> {
    huffman: &'t Huffman,
    /// `symbol << 8 | length`, 0 if the code is longer than the index.
    entries: Box<[u16; ENTRIES]>,
}

impl<'t> Symbols<'t> {
    pub(crate) fn new(huffman: &'t Huffman) -> Self {
        let entries = build(huffman, |_| 0, |code, _| u16::from(code.symbol) << 8 | code.length as u16);
        Self { huffman, entries }
    }

    /// The next symbol. Needs 16 bits; 31 are left of 56 in any case.
    #[inline(always)]
    pub(crate) fn next(&self, bits: &mut Bits<'_>) -> u32 {
        let entry = u32::from(self.entries[bits.peek12()]);
        if entry == 0 {
            let (after, symbol) = self.long(*bits);
            *bits = after;
            return symbol;
        }
        bits.consume(entry & 0xFF);
        entry >> 8
    }

    #[cold]
    #[inline(never)]
    fn long<'d>(&self, mut bits: Bits<'d>) -> (Bits<'d>, u32) {
        let symbol = long_code(self.huffman, &mut bits);
        (bits, symbol)
    }
}

/// DC differences.
pub(crate) struct Differences<'t> {
    huffman: &'t Huffman,
    /// `difference << 5 | length of code and bits`, 0 if they do not fit the index.
    entries: Box<[i16; ENTRIES]>,
}

impl<'t> Differences<'t> {
    pub(crate) fn new(huffman: &'t Huffman) -> Self {
        let entries = build(huffman, u32::from, |code, bits| {
            let size = u32::from(code.symbol);
            let value = extend(bits, size);
            // Behind a code of 1 bit a difference of 11 bits fits the index, but not the entry.
            if (-1024..1024).contains(&value) { (value << 5) as i16 | (code.length + size) as i16 } else { 0 }
        });
        Self { huffman, entries }
    }

    /// The next difference. Refills first; at least 44 bits are left behind it.
    #[inline(always)]
    pub(crate) fn next(&self, bits: &mut Bits<'_>) -> i32 {
        bits.refill();
        self.at_hand(bits)
    }

    /// The next difference without refilling first. Needs 12 bits; refills if the code needs more.
    #[inline(always)]
    pub(crate) fn at_hand(&self, bits: &mut Bits<'_>) -> i32 {
        let entry = i32::from(self.entries[bits.peek12()]);
        if entry == 0 {
            let (after, difference) = self.long(*bits);
            *bits = after;
            return difference;
        }
        bits.consume((entry & 31).cast_unsigned());
        entry >> 5
    }

    #[cold]
    #[inline(never)]
    fn long<'d>(&self, mut bits: Bits<'d>) -> (Bits<'d>, i32) {
        let size = long_code(self.huffman, &mut bits);
        let value = bits.take(size);
        bits.refill();
        (bits, extend(value, size))
    }
}

/// Passes over the AC codes of a block, as many whole ones per lookup as the index holds.
pub(crate) struct Skips<'t> {
    huffman: &'t Huffman,
    /// `coefficients passed << 6 | bits`. [`SKIP_END`] more coefficients stand for the end of the block,
    /// [`SKIP_LONG`] for a code that does not fit.
    entries: Box<[u16; ENTRIES]>,
}

const SKIP_END: u32 = 128;
const SKIP_LONG: u32 = 512;
/// The most bits of one entry, so that three of them fit 56 bits: the bits behind a lone code need not fit the index.
///
/// With 14, and so four entries to a refill, camera files had one code for [`Skips::pass_one`] in every two to four
/// blocks. 18 is 1.00 to 1.18 times as fast at 1/8 (seven of them, mean 1.07), and as fast at 1/4 and 1/2.
pub(crate) const SKIP_BITS: u32 = 18;

impl<'t> Skips<'t> {
    pub(crate) fn new(huffman: &'t Huffman) -> Self {
        // What `valid` bits hold, for every number of them and every value, at `1 << valid | value`: each is one code
        // and a shorter rest, which is known already.
        let mut held = vec![0_u16; 2 * ENTRIES];
        for valid in 1..=INDEX_BITS {
            let (shorter, here) = held.split_at_mut(1 << valid);
            for (word, Code { symbol, length }) in huffman.codes().take_while(|(_, code)| code.length <= valid) {
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                let first = (word >> (16 - valid)) as usize;
                let with_code = &mut here[first..first + (1 << (valid - length))];
                let one = ((run + 1) << 6 | (length + size)) as u16;
                if size == 0 && run < 15 {
                    with_code.fill((SKIP_END << 6 | length) as u16);
                } else if let Some(left) = valid.checked_sub(length + size) {
                    for rests in with_code.chunks_exact_mut(1 << left) {
                        for (entry, rest) in rests.iter_mut().zip(&shorter[1 << left..]) {
                            let both = one + rest;
                            // An entry that passes a whole block would end it in the wrong place.
                            *entry = if both >> 6 & (SKIP_END as u16 - 1) < 64 { both } else { one };
                        }
                    }
                } else if valid == INDEX_BITS && length + size <= SKIP_BITS {
                    with_code.fill(one);
                }
            }
        }
        held.drain(..ENTRIES);
        let mut entries: Box<[u16; ENTRIES]> = held.try_into().expect("the upper half is left");
        for entry in entries.iter_mut().filter(|entry| **entry == 0) {
            *entry = (SKIP_LONG << 6) as u16;
        }
        Self { huffman, entries }
    }

    /// `map` of every entry, and whether it ends the block, and whether it stands for a code that does not fit.
    pub(crate) fn map_entries(&self, map: impl Fn(u16, bool, bool) -> u16) -> Vec<u16> {
        let entries = self.entries.iter();
        entries
            .map(|&entry| map(entry, u32::from(entry) >> 6 >= SKIP_END, u32::from(entry) >> 6 == SKIP_LONG))
            .collect()
    }

    /// Passes over the codes from coefficient `next` (1 to 63) to the end of the block.
    ///
    /// Needs 36 bits, for two entries; leaves any number.
    #[inline(always)]
    pub(crate) fn pass(&self, bits: &mut Bits<'_>, next: u32) {
        // Coefficients in the upper bits, bits consumed since the last refill in the lower six: one addition
        // per lookup counts both, and the shift takes its amount from the lower six bits as they are.
        let mut count = next << 6;
        let mut window = bits.window();
        macro_rules! step {
            () => {
                let entry = u32::from(self.entries[(window >> 52) as usize]);
                let sum = count + entry;
                if sum >= 64 << 6 {
                    let whole = sum >> 6;
                    if whole == 64 || (SKIP_END..SKIP_END + 64).contains(&whole) {
                        bits.set_window(window << (entry & 63), sum & 63);
                        return;
                    }
                    bits.set_window(window, count & 63);
                    let (after, next) = self.pass_one(*bits, count >> 6);
                    *bits = after;
                    let Some(next) = next else { return };
                    count = next << 6;
                    window = bits.window();
                    continue;
                }
                window <<= entry & 63;
                count = sum;
            };
        }
        let mut fresh = false;
        loop {
            // A macro, because a loop of few rounds is not unrolled: that cost a tenth.
            // The bits left behind a DC code are enough for two entries, a whole refill is for three.
            if fresh {
                step!();
            }
            step!();
            step!();
            bits.set_window(window, count & 63);
            bits.refill();
            window = bits.window();
            count &= !63;
            fresh = true;
        }
    }

    /// Passes over one code from coefficient `next`: a long one, or one of several in an entry that ends the block
    /// by its position. Returns the coefficient behind it, `None` at the end of the block. Refills.
    #[cold]
    #[inline(never)]
    fn pass_one<'d>(&self, mut bits: Bits<'d>, next: u32) -> (Bits<'d>, Option<u32>) {
        let symbol = long_code(self.huffman, &mut bits);
        bits.consume(symbol & 15);
        bits.refill();
        let next = next + (symbol >> 4) + 1;
        // A coefficient behind the last one: libjpeg drops it without a word, but no encoder writes it.
        bits.corrupt |= next > 64 && symbol & 15 != 0;
        (bits, (next < 64 && (symbol & 15 != 0 || symbol >> 4 == 15)).then_some(next))
    }
}
