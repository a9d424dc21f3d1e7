//! Bits of a codestream, the lowest of a byte first. Source: ISO/IEC 18181-1, 6.2 and annex B.

/// Reads bits from the front; `None` past the end.
pub(super) struct Bits<'bytes> {
    bytes: &'bytes [u8],
    at: usize,
}

impl<'bytes> Bits<'bytes> {
    pub(super) const fn new(bytes: &'bytes [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// At most 32 of them.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |number, place| {
            let byte = *self.bytes.get(self.at / 8)?;
            let bit = u32::from(byte >> (self.at % 8) & 1);
            self.at += 1;
            Some(number | bit << place)
        })
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    pub(super) fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(count).ok()?)?;
        (self.at <= self.bytes.len() * 8).then_some(())
    }

    /// `U32`: two bits choose how many bits there are and what is added to them.
    pub(super) fn u32(&mut self, choices: [(u32, u32); 4]) -> Option<u32> {
        let (count, base) = choices[self.take(2)? as usize];
        self.take(count).map(|bits| bits.wrapping_add(base))
    }

    /// `U64`.
    pub(super) fn u64(&mut self) -> Option<u64> {
        match self.take(2)? {
            0 => Some(0),
            1 => Some(1 + u64::from(self.take(4)?)),
            2 => Some(17 + u64::from(self.take(8)?)),
            _ => {
                let mut number = u64::from(self.take(12)?);
                let mut shift = 12;
                while self.flag()? {
                    if shift == 60 {
                        return Some(number | u64::from(self.take(4)?) << shift);
                    }
                    number |= u64::from(self.take(8)?) << shift;
                    shift += 8;
                }
                Some(number)
            }
        }
    }

    /// Goes on at the next whole byte, and says which it is.
    pub(super) fn byte(&mut self) -> usize {
        self.at = self.at.next_multiple_of(8);
        self.at / 8
    }

    /// Passes over fields of a later edition.
    pub(super) fn extensions(&mut self) -> Option<()> {
        let which = self.u64()?;
        let mut bits = 0_u64;
        for _ in 0..which.count_ones() {
            bits = bits.checked_add(self.u64()?)?;
        }
        self.skip(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        let mut bits = Bits::new(&[0b1010_0110, 0xFF]);
        assert_eq!(bits.take(3), Some(0b110));
        assert_eq!(bits.flag(), Some(false));
        assert_eq!(bits.byte(), 1);
        assert_eq!(bits.take(8), Some(0xFF));
        assert_eq!(bits.take(1), None);
        assert_eq!(Bits::new(&[0b0000_0100]).u32([(3, 1), (4, 0), (0, 7), (30, 0)]), Some(2));
        assert_eq!(Bits::new(&[0b0011_1101]).u64(), Some(1 + 15));
        assert_eq!(Bits::new(&[0xFF; 10]).u64(), Some(u64::MAX));
        assert_eq!(Bits::new(&[0xFF; 9]).u64(), None);
        assert_eq!(Bits::new(&[0]).extensions(), Some(()));
    }
}
