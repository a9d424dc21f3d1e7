//! A Huffman table as the file defines it, and decoding one symbol with it, slowly.

/// A canonical code of lengths 1 to 16. **Source:** T.81 annex C.
pub(crate) struct Huffman {
    /// For each length, minus one: the first 16-bit value, left aligned, that no code of up to this length begins.
    limits: [u32; 16],
    /// For each length, minus one: what to add to a code to get the index of its symbol.
    offsets: [i32; 16],
    symbols: [u8; 256],
}

/// A decoded code: the symbol and the length of its code in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) symbol: u8,
    pub(crate) length: u32,
}

impl Huffman {
    /// `counts[n]` codes of `n + 1` bits, their symbols in order of code.
    ///
    /// `None` if the lengths claim more codes than exist, or there are not as many symbols as codes.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self { limits: [0; 16], offsets: [0; 16], symbols: [0; 256] };
        table.symbols.get_mut(..symbols.len())?.copy_from_slice(symbols);
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, &count) in (1_u32..).zip(counts) {
            let at = length as usize - 1;
            table.offsets[at] = index.cast_signed() - code.cast_signed();
            code += u32::from(count);
            index += u32::from(count);
            if code > 1 << length {
                return None;
            }
            table.limits[at] = code << (16 - length);
            code <<= 1;
        }
        (index as usize == symbols.len()).then_some(table)
    }

    /// All codes with their words, left aligned in 16 bits, in order.
    pub(crate) fn codes(&self) -> impl Iterator<Item = (u32, Code)> {
        let mut start = 0;
        (1..=16).flat_map(move |length| {
            let at = length as usize - 1;
            let words = (start..self.limits[at]).step_by(1 << (16 - length));
            start = self.limits[at];
            words.filter_map(move |word| {
                let index = usize::try_from((word >> (16 - length)).cast_signed() + self.offsets[at]).ok()?;
                Some((word, Code { symbol: *self.symbols.get(index)?, length }))
            })
        })
    }

    /// The code that the 16 bits `top` begin with; `None` if none does.
    pub(crate) fn decode(&self, top: u32) -> Option<Code> {
        let at = self.limits.iter().position(|&limit| top < limit)?;
        let code = (top >> (15 - at)).cast_signed();
        let index = usize::try_from(code + self.offsets[at]).ok()?;
        Some(Code { symbol: *self.symbols.get(index)?, length: at as u32 + 1 })
    }
}

/// The value that `bits`, the `size` bits behind a code, stand for. **Source:** T.81 F.2.2.1, EXTEND.
#[inline(always)]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    // A leading 0 bit means negative: value - (2^size - 1).
    let bits = bits.cast_signed();
    if size > 0 && bits >> (size - 1) == 0 { bits - (1 << size) + 1 } else { bits }
}

#[cfg(test)]
mod tests {
    use super::{Code, Huffman, extend};

    #[test]
    fn codes_are_assigned_in_order_of_length() {
        let mut counts = [0; 16];
        (counts[0], counts[1], counts[15]) = (1, 1, 2); // 0, 10, 1100000000000000, 1100000000000001
        let table = Huffman::new(&counts, &[7, 8, 9, 10]).unwrap();
        assert_eq!(table.decode(0x7FFF), Some(Code { symbol: 7, length: 1 }));
        assert_eq!(table.decode(0x8000), Some(Code { symbol: 8, length: 2 }));
        assert_eq!(table.decode(0xC001), Some(Code { symbol: 10, length: 16 }));
        assert_eq!(table.decode(0xC002), None);
    }

    #[test]
    fn more_codes_than_their_length_allows_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Huffman::new(&counts, &[1, 2, 3]).is_none());
    }

    #[test]
    fn a_leading_zero_bit_means_negative() {
        let cases = [(0, 0, 0), (0, 1, -1), (1, 1, 1), (0, 3, -7), (3, 3, -4), (4, 3, 4), (7, 3, 7)];
        for (bits, size, want) in cases {
            assert_eq!(extend(bits, size), want, "{bits:b} of {size}");
        }
    }
}
