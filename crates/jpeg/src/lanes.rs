//! Where the blocks of a sequential scan begin, found at several positions of the data in turn.
//!
//! Huffman decoding waits for itself: where a code begins is known when the one before it has been looked up. So three
//! positions are decoded turn by turn. The first is where the scan stands; the others lie further on: behind restart
//! markers, or without these at any byte, where they nearly always fall in step with the real MCUs after one or two of
//! them. Samples are read afterwards, from the begins of the blocks that were found. The end of the data and everything
//! damaged are not seen here: near them, [`walk`](crate::scan::walk) decodes MCU by MCU.
//!
//! What it gains: CPU of one decode with `examples/planes`, the file's reading included, beside the version before, median
//! of 9 processes each in turn, ms. Chroma at 1/4 is what the engine asks for where it is subsampled.
//!
//! | file | all at 1/8 | chroma at 1/4 |
//! |---|---|---|
//! | 12 MP 4:2:0 | 12.68 -> 9.63 (1.32) | 13.89 -> 11.06 (1.26) |
//! | 9 MP 4:2:0 | 7.65 -> 5.48 (1.40) | 8.55 -> 6.89 (1.24) |
//! | 12 MP 4:2:2 | 14.99 -> 11.09 (1.35) | 17.56 -> 15.09 (1.16) |
//! | 20 MP, discs on white | 5.34 -> 5.50 (0.97) | 5.79 -> 6.08 (0.95) |
//! | 20 MP, white | 3.08 -> 3.10 (0.99) | 3.50 -> 3.58 (0.98) |
//! | 2 MP, noise at quality 98 | 7.42 -> 7.65 (0.97) | 7.47 -> 7.69 (0.97) |
//! | 20 MP, stripes | 17.77 -> 17.05 (1.04) | 18.70 -> 18.02 (1.04) |
//!
//! With restart intervals, the version before being the same but for them; median of 5 processes of 21 decodes each, the
//! least of these, ms:
//!
//! | file, MCUs of an interval | all at 1/8 | chroma at 1/4 |
//! |---|---|---|
//! | 8 MP 4:2:0, 204 | 7.73 -> 6.01 (1.29) | 8.86 -> 7.80 (1.14) |
//! | 12 MP 4:4:4, 504 | 8.48 -> 6.73 (1.26) | 12.97 -> 12.71 (1.02) |
//! | 12 MP 4:2:2, 4 | 12.77 -> 9.99 (1.28) | 16.23 -> 15.82 (1.03) |
//! | 8 MP 4:2:2, 4 | 12.31 -> 9.66 (1.27) | 14.82 -> 13.04 (1.14) |
//! | 20 MP, discs on white, 684 | 5.73 -> 5.58 (1.03) | 6.78 -> 7.44 (0.91) |
//! | 20 MP, white, 4 | 4.29 -> 4.43 (0.97) | 5.03 -> 5.33 (0.94) |
//! | 20 MP, stripes, 4 | 20.64 -> 21.34 (0.97) | 21.44 -> 22.30 (0.96) |
//!
//! Chroma at 1/4 without a branch at the end of what is needed of a block took 0.98 to 1.23 of this, and was dropped.
//!
//! An earlier version with room for 16,384 blocks a lane and a buffer of 68 KiB had 1.25, 1.26 and 1.18 on the camera files
//! in the last column; with half of both, 1.21, 1.21 and 1.20. The prototype had one, two and four lanes slower than three,
//! and so a branch at the end of a block.

mod anywhere;
mod intervals;
mod machine;
mod rest;
#[cfg(test)]
mod scans;

use crate::coding::Coding;
use crate::feed::Feed;
use crate::header::Header;
use crate::lookup::TABLE_BYTES;
use crate::scale::Scale;
use anywhere::Anywhere;
use intervals::Intervals;
use machine::{Begins, LANES, Machine, SLOTS};

pub(crate) use machine::Table;

/// Set in the begin of a block whose AC codes are damaged.
pub(crate) const CORRUPT: u32 = 1 << 31;

/// Blocks that a lane may find before it stops. A bound, because a block may take two bits.
const MAX_BLOCKS: usize = 8192;
/// Data at hand that is worth the setting out, in bits.
const LEAST_BITS: usize = 8 * 6144;
/// Bits to a step with all checks. A guess between the three camera files, which never fell below it, and stripes, which
/// did: read in lanes all the same, these took 23.1 ms instead of 17.2.
const LEAST_CAREFUL_BITS: usize = 400;
/// Blocks of an image that is worth the memory: 0.7 megapixels with chroma at half size.
const LEAST_BLOCKS: u64 = 16_384;

/// Heap bytes of [`Lanes`]: the ends of intervals have as many as the begins that [`Anywhere`] has to spare.
pub(crate) const LANES_BYTES: usize =
    LANES * MAX_BLOCKS * size_of::<u32>() + (LANES + 1) * size_of::<Begins>() + SLOTS * 2 * size_of::<&Table<'_>>();
/// Heap bytes of the tables of one component.
pub(crate) const LANE_TABLES_BYTES: usize = 2 * TABLE_BYTES;

/// Whether an image is decoded in lanes: only samples that need few of their block's codes can be read a second time.
pub(crate) fn pay(header: &Header, scales: impl IntoIterator<Item = Scale>, blocks: u64) -> bool {
    let mut scales = scales.into_iter().peekable();
    let at_an_eighth = scales.peek() == Some(&Scale::Eighth);
    let few_codes = scales.all(|scale| matches!(scale, Scale::Eighth | Scale::Quarter));
    header.coding != Coding::Progressive && blocks >= LEAST_BLOCKS && at_an_eighth && few_codes
}

/// The lanes of one scan, and the blocks they have found.
pub(crate) enum Lanes<'t> {
    Anywhere(Anywhere<'t>),
    Intervals(Intervals<'t>),
}

impl<'t> Lanes<'t> {
    /// `mcu`: for each block of an MCU its DC and its AC table. An interval of 0 MCUs stands for none.
    pub(crate) fn new(mcu: &[&'t Table<'t>], restart_interval_mcus: u32) -> Self {
        let machine = Machine::new(mcu);
        match restart_interval_mcus {
            0 => Self::Anywhere(Anywhere::new(machine)),
            mcus => Self::Intervals(Intervals::new(machine, mcus as usize)),
        }
    }

    /// Blocks of one MCU.
    pub(crate) fn mcu_blocks(&self) -> usize {
        match self {
            Self::Anywhere(lanes) => lanes.mcu_blocks(),
            Self::Intervals(lanes) => lanes.mcu_blocks(),
        }
    }

    /// Whether a restart marker should be in sight, if there is room for the data up to it.
    pub(crate) fn wants_marker(&self) -> bool {
        match self {
            Self::Anywhere(_) => false,
            Self::Intervals(lanes) => lanes.wants_marker(),
        }
    }

    /// The begins of the blocks of up to `mcus` MCUs from bit `at`, and the bit behind them; none if they are to be
    /// decoded one by one. `interval_mcus` are left of the restart interval.
    pub(crate) fn take(&mut self, feed: &Feed, at: usize, mcus: usize, interval_mcus: usize) -> (&[u32], usize) {
        match self {
            Self::Anywhere(lanes) => lanes.take(feed, at, mcus),
            Self::Intervals(lanes) => lanes.take(feed, at, mcus, interval_mcus),
        }
    }
}
