//! The bit reader: 64 bits at hand, refilled eight bytes at a time.

use crate::feed::Data;

/// Where a reader stands, to go on after the buffer has moved.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Position {
    /// The next byte to load.
    byte: usize,
    /// Bits loaded and not consumed, left aligned, zeros behind.
    bits: u64,
    /// Their number.
    left: u32,
}

impl Position {
    /// The beginning of byte `byte`.
    pub(crate) fn at(byte: usize) -> Self {
        Self { byte, ..Self::default() }
    }

    /// The next byte to load.
    pub(crate) fn byte(&self) -> usize {
        self.byte
    }

    /// Bits in front of the next.
    pub(crate) fn consumed_bits(&self) -> usize {
        self.byte * 8 - self.left as usize
    }

    /// Bytes in front of the next bit.
    pub(crate) fn consumed_bytes(&self) -> usize {
        self.consumed_bits() / 8
    }

    /// The same position once `count` bytes in front of it are gone.
    pub(crate) fn moved_back(self, count: usize) -> Self {
        Self { byte: self.byte - count, ..self }
    }
}

/// Reads bits from [`Data`]; behind its end, zeros without end.
///
/// It is `Copy` so that rare paths, which are not inlined, can take it by value: passing them a reference
/// would keep it in memory on the common paths too.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    data: &'a Data,
    byte: usize,
    /// The bits at hand, left aligned. Behind the `left` valid ones it may hold more of the same stream.
    window: u64,
    left: u32,
    /// Set by a code that is not in its table, or that passes the end of its block.
    pub(crate) corrupt: bool,
}

impl<'a> Bits<'a> {
    pub(crate) fn resume(data: &'a Data, position: Position) -> Self {
        Self { data, byte: position.byte, window: position.bits, left: position.left, corrupt: false }
    }

    /// A reader at bit `at`, with at least 49 bits available.
    #[inline(always)]
    pub(crate) fn at_bit(data: &'a Data, at: usize) -> Self {
        let mut bits = Self::resume(data, Position::at(at / 8));
        bits.refill();
        bits.consume((at & 7) as u32);
        bits
    }

    pub(crate) fn position(&self) -> Position {
        // What lies behind the valid bits may come from zeros behind the data, so it must not survive a move.
        let bits = self.window & !(u64::MAX >> self.left);
        Position { byte: self.byte, bits, left: self.left }
    }

    /// The next byte to load.
    #[inline(always)]
    pub(crate) fn byte(&self) -> usize {
        self.byte
    }

    /// How many bits have been consumed, counted from the beginning of the data.
    #[inline(always)]
    pub(crate) fn consumed_bits(&self) -> usize {
        self.byte * 8 - self.left as usize
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        // The data ends in zeros, so reading its end for ever is reading zeros for ever.
        let at = self.byte.min(self.data.len() - 8);
        let word: [u8; 8] = self.data[at..at + 8].try_into().expect("eight bytes");
        // Bytes that only fit in part are loaded again next time, so the same bits are set twice.
        self.window |= u64::from_be_bytes(word) >> (self.left & 63);
        self.byte += ((63 - self.left) >> 3) as usize;
        self.left |= 56;
    }

    /// The next 12 bits, the index of every lookup table.
    #[inline(always)]
    pub(crate) fn peek12(&self) -> usize {
        (self.window >> 52) as usize
    }

    /// The next 16 bits, the longest code.
    #[inline(always)]
    pub(crate) fn peek16(&self) -> u32 {
        (self.window >> 48) as u32
    }

    /// Drops `count` bits, which must be available.
    #[inline(always)]
    pub(crate) fn consume(&mut self, count: u32) {
        self.window <<= count & 63;
        self.left = self.left.wrapping_sub(count);
    }

    /// The next `count` bits, 0 to 16, which must be available.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        // Two shifts, because a shift by 64 is none.
        let value = (self.window >> 1 >> (63 - count)) as u32;
        self.consume(count);
        value
    }

    /// All bits at hand, left aligned, for a loop that keeps them in a register.
    #[inline(always)]
    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// Puts back a window that such a loop has moved on by `consumed` bits.
    #[inline(always)]
    pub(crate) fn set_window(&mut self, window: u64, consumed: u32) {
        self.window = window;
        self.left = self.left.wrapping_sub(consumed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, Position};
    use crate::feed::Feed;
    use crate::input::Input;

    #[test]
    fn bits_come_in_order_at_every_alignment() {
        let bytes: Vec<u8> = (0..=254).collect();
        let mut feed = Feed::new();
        feed.advance(&mut Input::new(&bytes[..]), 0).unwrap();
        for size in 1..=16 {
            let mut bits = Bits::resume(feed.data(), Position::at(0));
            let mut at = 0;
            while at + size as usize <= bytes.len() * 8 {
                bits.refill();
                let want = (0..size as usize)
                    .map(|bit| at + bit)
                    .fold(0, |sum, bit| sum << 1 | u32::from(bytes[bit / 8] >> (7 - bit % 8) & 1));
                assert_eq!(bits.take(size), want, "{size} bits at {at}");
                at += size as usize;
                assert_eq!(bits.consumed_bits(), at);
                bits = Bits::resume(feed.data(), bits.position());
            }
        }
    }
}
