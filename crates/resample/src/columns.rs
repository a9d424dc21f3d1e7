//! From rows to resized rows: windows of rows that come two by two.

use wide::{i16x8, i32x4, i32x8, u8x16};

use crate::weights::{ONE_BITS, Pair, Windows};

/// Samples of a row that are resized together.
pub(crate) const BLOCK: usize = 16;
/// Between the two steps a sample has so many bits behind the point, so that it is rounded once.
pub(crate) const BETWEEN_BITS: i32 = 5;
/// Two rows of a block, woven: sample 0 of the first and of the second, sample 1 of both, and so on.
type Woven = [i16x8; 4];

/// The last pairs of rows, as many as a window needs.
pub(crate) struct Columns {
    windows: Windows,
    /// The rows of block 0, each pair in the slot of its number, then those of block 1.
    ring: Vec<Woven>,
    slots: usize,
    /// Weights of the row that is made: by pair, then by slot.
    pairs: Vec<Pair>,
    weights: Vec<i16x8>,
}

impl Columns {
    /// For rows of `samples` samples, whole blocks.
    pub(crate) fn new(windows: Windows, samples: usize) -> Self {
        let slots = windows.most_pairs();
        let zero = i16x8::splat(0);
        Self {
            windows,
            ring: vec![[zero; 4]; slots * samples / BLOCK],
            slots,
            pairs: vec![[0; 2]; slots],
            weights: vec![zero; slots],
        }
    }

    /// What [`Columns::new`] allocates.
    pub(crate) fn bytes(windows: &Windows, samples: u64) -> u64 {
        let slots = windows.most_pairs() as u64;
        slots * (samples / BLOCK as u64 * size_of::<Woven>() as u64 + (size_of::<Pair>() + 16) as u64)
    }

    /// Takes pair `pair` of rows. The pair that was a window's length before is forgotten.
    pub(crate) fn push(&mut self, pair: usize, rows: [&[u8]; 2]) {
        let slot = pair % self.slots;
        let [first, second] = rows.map(blocks);
        for ((block, first), second) in self.ring.chunks_exact_mut(self.slots).zip(first).zip(second) {
            let (first, second) = (u8x16::new(first), u8x16::new(second));
            let (low, high) = (u8x16::unpack_low(first, second), u8x16::unpack_high(first, second));
            block[slot] = [
                i16x8::from_u8x16_low(low),
                i16x8::from_u8x16_high(low),
                i16x8::from_u8x16_low(high),
                i16x8::from_u8x16_high(high),
            ];
        }
    }

    /// Makes all rows 0.
    pub(crate) fn blank(&mut self) {
        self.ring.fill([i16x8::splat(0); 4]);
    }

    /// Resized row `index` from the pairs that its window touches, with [`BETWEEN_BITS`], in whole blocks.
    pub(crate) fn make(&mut self, index: u32, row: &mut [i16]) {
        self.windows.weigh(index, &mut self.pairs);
        let first = self.windows.window(index).0 as usize / 2;
        for (place, pair) in self.pairs.iter().enumerate() {
            self.weights[(first + place) % self.slots] = twice_two(*pair);
        }
        let half = i32x4::splat(1 << (ONE_BITS - BETWEEN_BITS - 1));
        for (block, row) in self.ring.chunks_exact(self.slots).zip(row.as_chunks_mut::<BLOCK>().0) {
            let mut sums = [half; 4];
            for (woven, weights) in block.iter().zip(&self.weights) {
                for (sum, samples) in sums.iter_mut().zip(woven) {
                    *sum += samples.dot(*weights);
                }
            }
            let [a, b, c, d] = sums.map(|sum| sum >> (ONE_BITS - BETWEEN_BITS));
            let (low, high) = row.split_at_mut(BLOCK / 2);
            low.copy_from_slice(narrow(a, b).as_array());
            high.copy_from_slice(narrow(c, d).as_array());
        }
    }
}

/// The row in blocks, the last one padded.
fn blocks(row: &[u8]) -> impl Iterator<Item = [u8; BLOCK]> {
    let (blocks, rest) = row.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    blocks.iter().copied().chain([last])
}

/// The pair four times.
pub(crate) fn twice_two([even, odd]: Pair) -> i16x8 {
    i16x8::new([even, odd, even, odd, even, odd, even, odd])
}

/// Eight sums as 16 bits, saturated.
pub(crate) fn narrow(low: i32x4, high: i32x4) -> i16x8 {
    let ([a, b, c, d], [e, f, g, h]) = (low.to_array(), high.to_array());
    i16x8::from_i32x8_saturate(i32x8::new([a, b, c, d, e, f, g, h]))
}
