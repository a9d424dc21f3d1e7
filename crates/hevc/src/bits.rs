//! Fixed and Exp-Golomb codes of parameter sets and slice headers. Source: 7.2, 7.3.1.1 and 9.2.

use crate::HevcError;

/// Reads bits from the front, the highest of a byte first; where they end, `what` ends early.
pub(crate) struct Bits<'bytes> {
    bytes: &'bytes [u8],
    at: usize,
    what: &'static str,
}

impl<'bytes> Bits<'bytes> {
    pub(crate) const fn new(bytes: &'bytes [u8], what: &'static str) -> Self {
        Self { bytes, at: 0, what }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, HevcError> {
        let byte = *self.bytes.get(self.at / 8).ok_or(HevcError::Ends(self.what))?;
        self.at += 1;
        Ok(byte >> (7 - (self.at - 1) % 8) & 1 != 0)
    }

    /// `u(count)`, of up to 32 bits.
    pub(crate) fn take(&mut self, count: u32) -> Result<u32, HevcError> {
        (0..count).try_fold(0, |number, _| Ok(number << 1 | u32::from(self.flag()?)))
    }

    /// `u(v)` of a number below `count`: Ceil(Log2(count)) bits.
    pub(crate) fn below(&mut self, count: u32) -> Result<u32, HevcError> {
        self.take(count.checked_sub(1).and_then(u32::checked_ilog2).map_or(0, |log2| log2 + 1))
    }

    pub(crate) fn skip(&mut self, count: usize) -> Result<(), HevcError> {
        self.at = self.at.saturating_add(count);
        if self.at <= self.bytes.len() * 8 { Ok(()) } else { Err(HevcError::Ends(self.what)) }
    }

    /// `ue(v)`.
    pub(crate) fn unsigned(&mut self) -> Result<u32, HevcError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(HevcError::Value(self.what));
            }
        }
        Ok(((1_u64 << zeros) - 1) as u32 + self.take(zeros)?)
    }

    /// `ue(v)` of `most` or less.
    pub(crate) fn up_to(&mut self, most: u32, element: &'static str) -> Result<u32, HevcError> {
        let value = self.unsigned()?;
        if value <= most { Ok(value) } else { Err(HevcError::Value(element)) }
    }

    /// `se(v)`.
    pub(crate) fn signed(&mut self) -> Result<i32, HevcError> {
        let code = i64::from(self.unsigned()?);
        Ok(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 } as i32)
    }

    /// `se(v)` from `-most` to `most`.
    pub(crate) fn within(&mut self, most: i32, element: &'static str) -> Result<i32, HevcError> {
        let value = self.signed()?;
        if value.abs() <= most { Ok(value) } else { Err(HevcError::Value(element)) }
    }

    /// The bytes behind `byte_alignment()` (7.3.2.12).
    pub(crate) fn aligned(mut self) -> Result<&'bytes [u8], HevcError> {
        if !self.flag()? {
            return Err(HevcError::Value(self.what));
        }
        Ok(&self.bytes[self.at.div_ceil(8)..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // 1, 010, 011, 00100, 00101; then 1 for alignment.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1100_0000, 7], "test");
        assert_eq!([bits.unsigned(), bits.unsigned(), bits.unsigned()], [Ok(0), Ok(1), Ok(2)]);
        assert_eq!([bits.signed(), bits.signed()], [Ok(2), Ok(-2)]);
        assert_eq!(bits.aligned(), Ok(&[7][..]));
        assert_eq!(Bits::new(&[0, 0, 0, 0, 1], "test").unsigned(), Err(HevcError::Value("test")));
        assert_eq!(Bits::new(&[0, 0], "test").unsigned(), Err(HevcError::Ends("test")));
    }
}
