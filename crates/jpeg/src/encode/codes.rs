//! Huffman codes fitted to an image, and writing blocks with them.

use super::Block;

/// How often each symbol occurs.
#[derive(Clone)]
pub(super) struct Counts {
    dc: [u32; 256],
    ac: [u32; 256],
}

impl Default for Counts {
    fn default() -> Self {
        Self { dc: [0; 256], ac: [0; 256] }
    }
}

impl Counts {
    pub(super) fn add(&mut self, block: &Block, previous_dc: i16) {
        for_each_symbol(block, previous_dc, |is_dc, symbol, _, _| {
            let counts = if is_dc { &mut self.dc } else { &mut self.ac };
            counts[usize::from(symbol)] += 1;
        });
    }

    pub(super) fn merge(&mut self, more: &Self) {
        for (counts, more) in [(&mut self.dc, &more.dc), (&mut self.ac, &more.ac)] {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
    }
}

/// The DC and the AC code of one table class.
pub(super) struct Codes {
    pub(super) dc: Code,
    pub(super) ac: Code,
}

impl Codes {
    pub(super) fn fitted_to(counts: &Counts) -> Self {
        Self { dc: Code::fitted_to(&counts.dc), ac: Code::fitted_to(&counts.ac) }
    }

    /// How many bits [`Codes::write`] makes of all blocks that were counted, stuffing apart.
    pub(super) fn bits(&self, counts: &Counts) -> u64 {
        // A symbol's low four bits say how many bits follow it. **Source:** T.81 F.1.2.
        let of = |code: &Code, counts: &[u32; 256]| {
            let behind = (0..).zip(counts).map(|(symbol, count): (u64, _)| u64::from(*count) * (symbol & 15));
            code.bits(counts) + behind.sum::<u64>()
        };
        of(&self.dc, &counts.dc) + of(&self.ac, &counts.ac)
    }

    pub(super) fn write<const STUFFED: bool>(&self, block: &Block, previous_dc: i16, bits: &mut Bits<STUFFED>) {
        for_each_symbol(block, previous_dc, |is_dc, symbol, size, value| {
            (if is_dc { &self.dc } else { &self.ac }).write(symbol, size, value, bits);
        });
    }
}

/// Calls `visit` for each code of a block: whether it is the DC one, its symbol, and how many further bits follow
/// with what value. **Source:** T.81 F.1.2.
#[inline(always)]
fn for_each_symbol(block: &Block, previous_dc: i16, mut visit: impl FnMut(bool, u8, u32, u32)) {
    let (size, value) = magnitude(i32::from(block[0]) - i32::from(previous_dc));
    visit(true, size as u8, size, value);
    let last = for_each_ac(block, nonzero(block) & !1, 0, |symbol, size, value| visit(false, symbol, size, value));
    if last < 63 {
        visit(false, 0, 0, 0);
    }
}

/// The same for those coefficients that `rest` has a bit of, behind the one at `before`; which one was the last.
#[inline(always)]
pub(super) fn for_each_ac(block: &Block, mut rest: u64, mut before: u32, mut visit: impl FnMut(u8, u32, u32)) -> u32 {
    while rest != 0 {
        let k = rest.trailing_zeros();
        rest &= rest - 1;
        let mut run = k - before - 1;
        before = k;
        while run > 15 {
            visit(0xF0, 0, 0);
            run -= 16;
        }
        let (size, value) = magnitude(i32::from(block[k as usize & 63]));
        visit((run << 4 | size) as u8, size, value);
    }
    before
}

/// One bit for each coefficient: whether it is other than 0. Most are 0, and asking each took longer.
#[inline(always)]
pub(super) fn nonzero(block: &Block) -> u64 {
    let mut is_nonzero = [0_u8; 64];
    for at in 0..64 {
        is_nonzero[at] = u8::from(block[at] != 0);
    }
    let mut mask = 0;
    for (at, &eight) in is_nonzero.as_chunks::<8>().0.iter().enumerate() {
        // Bit 0 of byte i moves to bit 56 + i.
        let bits = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * at);
    }
    mask
}

/// The number of bits of a value, and those bits; negative ones count down from all ones. **Source:** T.81 F.1.2.1.
#[inline(always)]
pub(super) fn magnitude(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { value - 1 } else { value };
    (size, bits.cast_unsigned() & ((1 << size) - 1))
}

/// A canonical code.
pub(super) struct Code {
    /// How many codes have 1, 2, ... 16 bits.
    lengths: [u8; 16],
    /// The symbols, by length.
    symbols: Vec<u8>,
    /// Word and length of each symbol's code.
    words: [(u16, u8); 256],
}

impl Code {
    /// Appends the table as a DHT segment has it; `place` is its kind and number. **Source:** T.81 B.2.4.2.
    pub(super) fn append_table(&self, place: u8, body: &mut Vec<u8>) {
        body.push(place);
        body.extend_from_slice(&self.lengths);
        body.extend_from_slice(&self.symbols);
    }

    /// The bits of so many of its words, without what follows them.
    pub(super) fn bits(&self, counts: &[u32; 256]) -> u64 {
        self.words.iter().zip(counts).map(|((_, length), count)| u64::from(*length) * u64::from(*count)).sum()
    }

    /// The bits of a symbol's word; 0 where it has none.
    pub(super) fn length(&self, symbol: u8) -> u8 {
        self.words[usize::from(symbol)].1
    }

    /// Writes a symbol and the `size` bits of `value` that follow it, 32 bits at most together.
    #[inline(always)]
    pub(super) fn write<const STUFFED: bool>(&self, symbol: u8, size: u32, value: u32, bits: &mut Bits<STUFFED>) {
        let (word, length) = self.words[usize::from(symbol)];
        bits.put(u32::from(word) << size | value, u32::from(length) + size);
    }

    /// The best code for these counts of at most 16 bits without an all-ones word. **Source:** T.81 K.2.
    pub(super) fn fitted_to(counts: &[u32; 256]) -> Self {
        // Symbol 256 stands for the all-ones word, which no symbol may have: as the rarest it gets the last word.
        let mut weights: Vec<(u64, Vec<usize>)> =
            counts.iter().enumerate().filter(|&(_, &count)| count > 0).map(|(s, &n)| (u64::from(n), vec![s])).collect();
        weights.push((0, vec![256]));
        if weights.len() == 1 {
            weights.push((0, vec![0])); // A table needs a symbol, even if no block uses it.
        }
        let mut depths = [0_usize; 257];
        while weights.len() > 1 {
            // Rarest last; of equals the one with the higher symbol.
            weights.sort_unstable_by(|a, b| (b.0, b.1[0]).cmp(&(a.0, a.1[0])).then(b.1.len().cmp(&a.1.len())));
            let (count_a, symbols_a) = weights.pop().expect("there are two");
            let (count_b, symbols_b) = weights.pop().expect("there are two");
            let joined: Vec<usize> = symbols_a.into_iter().chain(symbols_b).collect();
            for &symbol in &joined {
                depths[symbol] += 1;
            }
            weights.push((count_a + count_b, joined));
        }
        let mut per_length = [0_usize; 257];
        for &depth in depths.iter().filter(|&&depth| depth > 0) {
            per_length[depth] += 1;
        }
        shorten(&mut per_length);
        // The all-ones word is one of the longest.
        let longest = (1..=16).rev().find(|&length| per_length[length] > 0).expect("there is a code");
        per_length[longest] -= 1;

        let mut symbols: Vec<usize> = (0..256).filter(|&symbol| depths[symbol] > 0).collect();
        symbols.sort_by_key(|&symbol| depths[symbol]);
        let mut words = [(0, 0); 256];
        let (mut word, mut next) = (0_u32, 0);
        for length in 1..=16 {
            for &symbol in &symbols[next..next + per_length[length]] {
                words[symbol] = (word as u16, length as u8);
                word += 1;
            }
            next += per_length[length];
            word <<= 1;
        }
        Self {
            lengths: std::array::from_fn(|at| per_length[at + 1] as u8),
            symbols: symbols.into_iter().map(|symbol| symbol as u8).collect(),
            words,
        }
    }
}

/// Makes all codes at most 16 bits long: a pair of too long ones becomes one a bit shorter, and the other moves
/// beside a shorter code, which grows a bit. **Source:** T.81 figure K.3.
fn shorten(per_length: &mut [usize; 257]) {
    for length in (17..=256).rev() {
        while per_length[length] > 0 {
            let shorter =
                (1..length - 1).rev().find(|&at| per_length[at] > 0).expect("a code that long has shorter ones");
            per_length[length] -= 2;
            per_length[length - 1] += 1;
            per_length[shorter + 1] += 2;
            per_length[shorter] -= 1;
        }
    }
}

/// Writes bits, with the stuffing behind 0xFF or without. **Source:** T.81 F.1.2.3.
pub(super) struct Bits<const STUFFED: bool> {
    out: Vec<u8>,
    window: u64,
    held: u32,
}

/// Writes a file.
pub(super) type BitWriter = Bits<true>;
/// Writes what is appended to a file, wherever in a byte that ends.
pub(super) type Part = Bits<false>;

impl<const STUFFED: bool> Bits<STUFFED> {
    pub(super) fn new(out: Vec<u8>) -> Self {
        Self { out, window: 0, held: 0 }
    }

    /// Appends the low `length` bits of `word`, at most 32.
    #[inline(always)]
    fn put(&mut self, word: u32, length: u32) {
        self.window = self.window << length | u64::from(word);
        self.held += length;
        if self.held >= 32 {
            self.held -= 32;
            self.store((self.window >> self.held) as u32);
        }
    }

    /// Stores four bytes.
    #[inline(always)]
    fn store(&mut self, word: u32) {
        // A byte of 0xFF becomes 0x00 in the complement; a zero byte is one that a borrow reaches.
        let complement = !word;
        if !STUFFED || complement.wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
            self.out.extend_from_slice(&word.to_be_bytes());
        } else {
            word.to_be_bytes().into_iter().for_each(|byte| self.store_byte(byte));
        }
    }

    fn store_byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }
}

impl BitWriter {
    /// Appends all bits of `part`.
    pub(super) fn append(&mut self, part: &Part) {
        // All of its bytes came in fours.
        part.out.as_chunks::<4>().0.iter().for_each(|&word| self.put(u32::from_be_bytes(word), 32));
        self.put((part.window & ((1 << part.held) - 1)) as u32, part.held);
    }

    /// Fills the last byte with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(0x7F, 7);
        while self.held >= 8 {
            self.held -= 8;
            self.store_byte((self.window >> self.held) as u8);
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::{BitWriter, Code, magnitude, nonzero};

    #[test]
    fn the_mask_names_what_is_not_zero() {
        for bits in [0, 1, u64::MAX, 1 << 63, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210] {
            let block = std::array::from_fn(|at| if bits >> at & 1 == 1 { 256 - 5 * at as i16 } else { 0 });
            assert_eq!(nonzero(&block), bits);
        }
    }

    #[test]
    fn bytes_of_ones_are_stuffed_wherever_they_stand() {
        for at in 0..8 {
            for before in [0x00, 0x7F, 0xFE, 0xFF_u8] {
                let bytes: Vec<u8> = (0..8).map(|byte| if byte == at { 0xFF } else { before }).collect();
                let mut bits = BitWriter::new(Vec::new());
                bytes.iter().for_each(|&byte| bits.put(byte.into(), 8));
                let stuffed = |&byte: &u8| if byte == 0xFF { vec![byte, 0] } else { vec![byte] };
                let want: Vec<u8> = bytes.iter().flat_map(stuffed).collect();
                assert_eq!(bits.finish(), want);
            }
        }
    }

    #[test]
    fn values_have_the_bits_of_the_standard() {
        for (value, want) in [(0, (0, 0)), (1, (1, 1)), (-1, (1, 0)), (5, (3, 5)), (-5, (3, 2)), (-8, (4, 7))] {
            assert_eq!(magnitude(value), want, "{value}");
        }
    }

    #[track_caller]
    fn check_code(counts: [u32; 256]) {
        let code = Code::fitted_to(&counts);
        let used = counts.iter().filter(|&&count| count > 0).count().max(1);
        assert_eq!(code.symbols.len(), used);
        // Kraft's sum, in units of a 16-bit word: at least the all-ones word is left over.
        let taken: u32 = (0..16).map(|at| u32::from(code.lengths[at]) << (15 - at)).sum();
        assert!(taken < 1 << 16, "{taken}");
        for (symbol, &(word, length)) in code.words.iter().enumerate() {
            assert!(counts[symbol] == 0 || (length > 0 && u32::from(word) < (1 << length) - 1), "{symbol}");
        }
    }

    #[test]
    fn codes_fit_16_bits_and_leave_the_all_ones_word() {
        check_code([0; 256]);
        check_code(std::array::from_fn(|at| u32::from(at == 7)));
        check_code([1; 256]);
        // Fibonacci counts make the deepest tree.
        let (mut a, mut b) = (1, 1);
        check_code(std::array::from_fn(|at| {
            (a, b) = if at < 45 { (b, a + b) } else { (1, 1) };
            a
        }));
    }
}
