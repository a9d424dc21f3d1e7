//! The arithmetic decoder. Source: 9.3.4.3.

use crate::contexts::{COUNT, INITIAL};

/// Table 9-52 (`rangeTabLps`), by state and the two bits below the highest one of the range.
#[rustfmt::skip]
static LESS_PROBABLE: [[u8; 4]; 64] = [
    [128, 176, 208, 240], [128, 167, 197, 227], [128, 158, 187, 216], [123, 150, 178, 205],
    [116, 142, 169, 195], [111, 135, 160, 185], [105, 128, 152, 175], [100, 122, 144, 166],
    [95, 116, 137, 158], [90, 110, 130, 150], [85, 104, 123, 142], [81, 99, 117, 135],
    [77, 94, 111, 128], [73, 89, 105, 122], [69, 85, 100, 116], [66, 80, 95, 110],
    [62, 76, 90, 104], [59, 72, 86, 99], [56, 69, 81, 94], [53, 65, 77, 89],
    [51, 62, 73, 85], [48, 59, 69, 80], [46, 56, 66, 76], [43, 53, 63, 72],
    [41, 50, 59, 69], [39, 48, 56, 65], [37, 45, 54, 62], [35, 43, 51, 59],
    [33, 41, 48, 56], [32, 39, 46, 53], [30, 37, 43, 50], [29, 35, 41, 48],
    [27, 33, 39, 45], [26, 31, 37, 43], [24, 30, 35, 41], [23, 28, 33, 39],
    [22, 27, 32, 37], [21, 26, 30, 35], [20, 24, 29, 33], [19, 23, 27, 31],
    [18, 22, 26, 30], [17, 21, 25, 28], [16, 20, 23, 27], [15, 19, 22, 25],
    [14, 18, 21, 24], [14, 17, 20, 23], [13, 16, 19, 22], [12, 15, 18, 21],
    [12, 14, 17, 20], [11, 14, 16, 19], [11, 13, 15, 18], [10, 12, 15, 17],
    [10, 12, 14, 16], [9, 11, 13, 15], [9, 11, 12, 14], [8, 10, 12, 14],
    [8, 9, 11, 13], [7, 9, 11, 12], [7, 9, 10, 12], [7, 8, 10, 11],
    [6, 8, 9, 11], [6, 7, 9, 10], [6, 7, 8, 9], [2, 2, 2, 2],
];
/// Table 9-53 (`transIdxLps`).
#[rustfmt::skip]
const AFTER_LESS_PROBABLE: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22, 22, 23, 24,
    24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37,
    38, 38, 63,
];

/// The state of a context behind a bin: a state's number twice, and the more probable value in the lowest bit.
static AFTER: [[u8; 2]; 128] = {
    let mut after = [[0; 2]; 128];
    let mut state = 0;
    while state < 128 {
        let (number, value) = (state >> 1, state & 1);
        let more = if number < 62 { number + 1 } else { number };
        let flipped = if number == 0 { 1 - value } else { value };
        let less = AFTER_LESS_PROBABLE[number] << 1 | flipped as u8;
        after[state] = [(more << 1 | value) as u8, less];
        state += 1;
    }
    after
};

/// Bits that a window has room for, beside the nine of the offset.
const MOST_AHEAD: u32 = 48;

/// Probabilities, by syntax element and place in it.
#[derive(Clone, Debug)]
pub(crate) struct Contexts {
    states: [u8; COUNT],
    /// `StatCoeff`.
    pub(crate) rice: [u8; 4],
}

impl Contexts {
    /// 9.3.2.2, for a slice's quantiser.
    pub(crate) fn new(quantiser: i32) -> Self {
        let quantiser = quantiser.clamp(0, 51);
        let states = INITIAL.map(|value| {
            let (slope, offset) = (i32::from(value >> 4) * 5 - 45, (i32::from(value & 15) << 3) - 16);
            let state = (((slope * quantiser) >> 4) + offset).clamp(1, 126);
            if state > 63 { (state - 64) << 1 | 1 } else { (63 - state) << 1 }
        });
        Self { states: states.map(|state| state as u8), rice: [0; 4] }
    }
}

/// Reads bins from the data of a slice segment. Behind its end there are zeros, and [`Cabac::is_beyond`] says so.
pub(crate) struct Cabac<'data> {
    data: &'data [u8],
    /// The bytes that are in the window, or behind the end.
    at: usize,
    range: u32,
    /// `ivlOffset`, and `ahead` bits that follow it.
    window: u64,
    ahead: u32,
    pub(crate) contexts: Contexts,
}

impl<'data> Cabac<'data> {
    pub(crate) fn new(data: &'data [u8], contexts: Contexts) -> Self {
        let mut cabac = Self { data, at: 0, range: 0, window: 0, ahead: 0, contexts };
        cabac.start(0);
        cabac
    }

    /// Initialisation (9.3.2.5) at byte `at`.
    fn start(&mut self, at: usize) {
        (self.at, self.range, self.window, self.ahead) = (at + 2, 510, 0, 7);
        for offset in at..at + 2 {
            self.window = self.window << 8 | u64::from(self.data.get(offset).copied().unwrap_or_default());
        }
    }

    #[inline]
    fn fill(&mut self) {
        if let Some(bytes) = self.data.get(self.at..self.at + 4).and_then(|bytes| bytes.try_into().ok()) {
            self.window = self.window << 32 | u64::from(u32::from_be_bytes(bytes));
            (self.at, self.ahead) = (self.at + 4, self.ahead + 32);
        } else {
            self.window = self.window << 8 | u64::from(self.data.get(self.at).copied().unwrap_or_default());
            (self.at, self.ahead) = (self.at + 1, self.ahead + 8);
        }
    }

    /// Has `bits` ahead, 16 at the most.
    #[inline]
    fn need(&mut self, bits: u32) {
        while self.ahead < bits {
            self.fill();
        }
        debug_assert!(self.ahead <= MOST_AHEAD);
    }

    /// A bin of `context`.
    #[inline]
    pub(crate) fn bin(&mut self, context: usize) -> bool {
        self.need(8);
        let state = self.contexts.states[context];
        let less = u32::from(LESS_PROBABLE[usize::from(state >> 1)][(self.range >> 6 & 3) as usize]);
        let more = self.range - less;
        let scaled = u64::from(more) << self.ahead;
        let is_less = self.window >= scaled;
        self.contexts.states[context] = AFTER[usize::from(state)][usize::from(is_less)];
        let range = if is_less { less } else { more };
        self.window -= if is_less { scaled } else { 0 };
        let shift = range.leading_zeros() - 23;
        self.range = range << shift;
        self.ahead -= shift;
        (state & 1 != 0) ^ is_less
    }

    /// A bin of equal probabilities.
    #[inline]
    pub(crate) fn bypass(&mut self) -> bool {
        self.need(1);
        self.ahead -= 1;
        let scaled = u64::from(self.range) << self.ahead;
        let is_one = self.window >= scaled;
        self.window -= if is_one { scaled } else { 0 };
        is_one
    }

    /// `count` of them, the first the highest; 16 at the most.
    #[inline]
    pub(crate) fn bypasses(&mut self, count: u32) -> u32 {
        self.need(16);
        // What one bin after the other subtracts is the quotient.
        self.ahead -= count;
        let scaled = u64::from(self.range) << self.ahead;
        let bins = self.window / scaled;
        self.window -= bins * scaled;
        // In damaged data the offset may be beyond the range.
        (bins & ((1 << count) - 1)) as u32
    }

    /// Whether something ends here: `end_of_slice_segment_flag` and the like (9.3.4.3.5).
    pub(crate) fn ends(&mut self) -> bool {
        self.need(8);
        self.range -= 2;
        let scaled = u64::from(self.range) << self.ahead;
        if self.window >= scaled {
            return true;
        }
        let shift = self.range.leading_zeros() - 23;
        self.range <<= shift;
        self.ahead -= shift;
        false
    }

    /// Behind [`Cabac::ends`]: the first byte that is not read. The last bit that was is the one that stops.
    fn position(&self) -> usize {
        (self.at * 8 - self.ahead as usize).div_ceil(8)
    }

    /// Begins anew behind the end of a sub-stream, with these contexts.
    pub(crate) fn restart(&mut self, contexts: Contexts) {
        self.contexts = contexts;
        self.start(self.position());
    }

    /// Plain samples behind `pcm_flag`, `bits` in all, as they are stored; then it begins anew.
    pub(crate) fn plain(&mut self, bits: usize) -> Option<&'data [u8]> {
        let at = self.position();
        let plain = self.data.get(at..at + bits.div_ceil(8))?;
        self.start(at + plain.len());
        Some(plain)
    }

    /// Whether more was read than there is.
    pub(crate) fn is_beyond(&self) -> bool {
        self.at * 8 - self.ahead as usize > self.data.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bypass_bins_are_as_one_after_the_other() {
        let data: Vec<u8> = (0..200_u32).map(|at| ((at * at * 37) >> 3) as u8).collect();
        let mut one = Cabac::new(&data, Contexts::new(26));
        let mut many = Cabac::new(&data, Contexts::new(26));
        for count in (1..=16).cycle().take(90) {
            assert_eq!(one.bin(3), many.bin(3));
            let bins = (0..count).fold(0, |bins, _| bins << 1 | u32::from(one.bypass()));
            assert_eq!(many.bypasses(count), bins);
        }
        assert!(!one.is_beyond());
    }

    #[test]
    fn behind_the_end_there_are_zeros() {
        let mut cabac = Cabac::new(&[255], Contexts::new(26));
        assert!(!cabac.is_beyond() || cabac.data.len() < 2);
        (0..7).for_each(|_| assert!(cabac.bypasses(16) < 1 << 16));
        assert!(cabac.is_beyond());
        assert_eq!(cabac.plain(8), None);
    }
}
