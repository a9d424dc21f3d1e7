//! Where the blocks of a sequential scan begin, found at several positions of the data in turn.
//!
//! Huffman decoding waits for itself: where a code begins is known when the one before it has been looked up. So three
//! positions are decoded turn by turn. The first is where the scan stands; the others lie further on at any byte, and
//! nearly always fall in step with the real MCUs after one or two of them. Samples are read afterwards, from
//! the begins of the blocks that were found. The end of the data, restart markers and everything damaged are not seen
//! here: near them, [`walk`](crate::scan::walk) decodes MCU by MCU.
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
//! An earlier version with room for 16,384 blocks a lane and a buffer of 68 KiB had 1.25, 1.26 and 1.18 on the camera files
//! in the last column; with half of both, 1.21, 1.21 and 1.20. The prototype had one, two and four lanes slower than three,
//! and so a branch at the end of a block.

use std::ops::RangeInclusive;

mod machine;
#[cfg(test)]
mod tests;

use crate::coding::Coding;
use crate::feed::{Data, Feed};
use crate::header::Header;
use crate::lookup::TABLE_BYTES;
use crate::scale::Scale;
use machine::{Begins, LANES, Lane, Machine, SLOTS};

pub(crate) use machine::Table;

/// Set in the begin of a block whose AC codes are damaged.
pub(crate) const CORRUPT: u32 = 1 << 31;

/// Blocks that a lane may find before it stops. A bound, because a block may take two bits.
const MAX_BLOCKS: usize = 8192;
/// Data at hand that is worth the setting out, in bits.
const LEAST_BITS: usize = 8 * 6144;
/// How far a lane may be out of step, in bits. In the prototype camera files had 16,000 at most in 3,200 tries.
const MAX_ASTRAY_BITS: usize = 32 * 1024;
/// Bits to a block: fewer are those of flat areas, which are periodic, so that a lane never falls in step; with more,
/// those of noise at the best quality, it does too late.
const BLOCK_BITS: RangeInclusive<usize> = 12..=300;
/// Bits to a step with all checks. A guess between the three camera files, which never fell below it, and stripes, which
/// did: read in lanes all the same, these took 23.1 ms instead of 17.2.
const LEAST_CAREFUL_BITS: usize = 400;
/// MCUs that tell how dense the data is at the beginning.
const TRIED_MCUS: usize = 32;
/// Buffers that are decoded without lanes after a failure, and after many.
const REST: (u32, u32) = (4, 256);

/// Blocks of an image that is worth the memory: 0.7 megapixels with chroma at half size.
const LEAST_BLOCKS: u64 = 16_384;

/// Heap bytes of [`Lanes`].
pub(crate) const LANES_BYTES: usize =
    LANES * MAX_BLOCKS * size_of::<u32>() + (LANES + 1) * size_of::<Begins>() + SLOTS * 2 * size_of::<&Table<'_>>();
/// Heap bytes of the tables of one component.
pub(crate) const LANE_TABLES_BYTES: usize = 2 * TABLE_BYTES;

/// Whether an image is decoded in lanes. They do not see restart markers, which are mostly near; and only samples that
/// need few of their block's codes can be read a second time.
pub(crate) fn pay(header: &Header, scales: impl IntoIterator<Item = Scale>, blocks: u64) -> bool {
    let mut scales = scales.into_iter().peekable();
    let at_an_eighth = scales.peek() == Some(&Scale::Eighth);
    let few_codes = scales.all(|scale| matches!(scale, Scale::Eighth | Scale::Quarter));
    header.coding != Coding::Progressive
        && header.restart_interval_mcus == 0
        && blocks >= LEAST_BLOCKS
        && at_an_eighth
        && few_codes
}

/// The lanes of one scan, and the blocks they have found.
pub(crate) struct Lanes<'t> {
    machine: Machine<'t>,
    /// The begins of the blocks, in whole MCUs.
    found: [Vec<u32>; LANES],
    begins: Box<[Begins; LANES]>,
    spare: Box<Begins>,
    /// The first block of each lane that counts, or that has not been taken yet.
    next: [usize; LANES],
    /// The lane of the next block.
    lane: usize,
    /// Behind the last block.
    end: usize,
    /// The state of the buffer that all this belongs to.
    moves: u64,
    /// Bits to a block, where known.
    block_bits: Option<usize>,
    /// Buffers still to be decoded without lanes, and their number after the next failure.
    resting: u32,
    rest: u32,
}

impl<'t> Lanes<'t> {
    /// `mcu`: for each block of an MCU its DC and its AC table.
    pub(crate) fn new(mcu: &[&'t Table<'t>]) -> Self {
        let begins = vec![[0; SLOTS]; LANES].into_boxed_slice();
        Self {
            machine: Machine::new(mcu),
            found: std::array::from_fn(|_| Vec::with_capacity(MAX_BLOCKS)),
            begins: begins.try_into().expect("the length is the array's"),
            spare: Box::new([0; SLOTS]),
            next: [0; LANES],
            lane: LANES,
            end: 0,
            moves: 0,
            block_bits: None,
            resting: 0,
            rest: REST.0,
        }
    }

    /// Blocks of one MCU.
    pub(crate) fn mcu_blocks(&self) -> usize {
        self.machine.per_mcu / 2
    }

    /// The begins of the blocks of up to `mcus` MCUs from bit `at`, and the bit behind them; none if they are to be
    /// decoded one by one.
    pub(crate) fn take(&mut self, feed: &Feed, at: usize, mcus: usize) -> (&[u32], usize) {
        if self.moves != feed.moves() {
            self.moves = feed.moves();
            self.lane = LANES;
            self.resting = self.resting.saturating_sub(1);
        }
        if self.peek() != Some(at) && !self.look(feed, at) {
            return (&[], at);
        }
        let (lane, from) = (self.lane, self.next[self.lane]);
        let to = self.found[lane].len().min(from + mcus * self.mcu_blocks());
        self.next[lane] = to;
        self.skip_empty();
        let end = self.peek().unwrap_or(self.end);
        (&self.found[lane][from..to], end)
    }

    /// Where the next MCU begins.
    fn peek(&self) -> Option<usize> {
        let begin = self.found.get(self.lane)?[self.next[self.lane]];
        Some((begin & !CORRUPT) as usize)
    }

    fn skip_empty(&mut self) {
        while self.lane < LANES && self.next[self.lane] >= self.found[self.lane].len() {
            self.lane += 1;
        }
    }

    /// Finds MCUs from bit `at`; `false` if there are none.
    fn look(&mut self, feed: &Feed, at: usize) -> bool {
        self.lane = LANES;
        // A reader stands up to eight bytes ahead of its next bit.
        let limit = feed.safe_until().saturating_sub(16).saturating_mul(8);
        if self.resting > 0 || feed.boundary().is_some() || limit < at + LEAST_BITS {
            return false;
        }
        let block_bits = match self.block_bits {
            Some(bits) => bits,
            None => {
                let tried = (0..TRIED_MCUS).fold(at, |at, _| self.machine.mcu(feed.data(), at, &mut self.spare));
                (tried - at) / (TRIED_MCUS * self.mcu_blocks())
            }
        };
        let mut spacing = ((limit - at) / LANES).min(MAX_BLOCKS * 3 / 4 * block_bits);
        if self.block_bits.is_none() {
            // A little first, for if it fails.
            spacing /= 4;
        }
        if BLOCK_BITS.contains(&block_bits) && self.run(feed.data(), at, spacing) {
            let blocks: usize = self.found.iter().zip(self.next).map(|(found, next)| found.len() - next).sum();
            self.block_bits = Some((self.end - at) / blocks.max(1));
            self.rest = (self.rest / 2).max(REST.0);
        } else {
            (self.resting, self.rest) = (self.rest, (self.rest * 4).min(REST.1));
            self.block_bits = None;
        }
        self.skip_empty();
        self.peek() == Some(at)
    }

    /// Finds the MCUs of `LANES` stretches of `spacing` bits from bit `at`; `false` if it did not pay.
    ///
    /// If a lane does not fall in step, only the lanes before it count.
    fn run(&mut self, data: &Data, at: usize, spacing: usize) -> bool {
        let starts: [usize; LANES] = std::array::from_fn(|i| if i == 0 { at } else { (at + i * spacing) & !7 });
        let full = self.machine.full();
        let limit = |i: usize| starts.get(i + 1).copied().unwrap_or(at + LANES * spacing);
        let mut lanes: [Lane; LANES] = std::array::from_fn(|i| Lane::new(starts[i], full, limit(i)));
        let mut stops = [0; LANES];
        self.found.iter_mut().for_each(Vec::clear);
        let (mut active, mut careful) = (LANES, 0);
        while active > 0 {
            let (i, redone) = self.machine.run(data, &mut lanes, &mut self.begins);
            careful += redone;
            let (lane, begins, found) = (&mut lanes[i], &mut self.begins[i], &mut self.found[i]);
            let is_done = lane.at >= lane.limit;
            if is_done {
                self.machine.finish_mcu(data, lane, begins);
            }
            found.extend(begins[..lane.states].chunks_exact(2).map(|states| states[0]));
            lane.states = 0;
            if is_done || found.len() + SLOTS / 2 > MAX_BLOCKS {
                stops[i] = lane.at;
                *lane = Lane::idle();
                active -= 1;
            }
        }
        (self.lane, self.next, self.end) = (0, [0; LANES], stops[0]);
        for i in 1..LANES {
            let joined = self.join(data, i, stops[i - 1], starts[i], stops[i]);
            if !joined {
                self.found[i..].iter_mut().for_each(Vec::clear);
                return false;
            }
            self.end = stops[i];
        }
        careful * LEAST_CAREFUL_BITS <= LANES * spacing
    }

    /// Brings the lane before `i`, which ended at `end`, and lane `i`, which went from `start` to `stop`, together:
    /// whichever is behind goes on by one MCU until both are at the same bit. `false` if they do not meet.
    fn join(&mut self, data: &Data, i: usize, mut end: usize, mut start: usize, stop: usize) -> bool {
        let blocks = self.mcu_blocks();
        let until = stop.min(start + MAX_ASTRAY_BITS);
        let mut met = end >= start;
        while met && end != start {
            if end < start {
                met = self.found[i - 1].len() + blocks <= MAX_BLOCKS;
                if met {
                    end = self.machine.mcu(data, end, &mut self.spare);
                    self.found[i - 1].extend(self.spare[..2 * blocks].chunks_exact(2).map(|states| states[0]));
                }
            } else {
                met = start < until;
                if met {
                    start = self.machine.mcu(data, start, &mut self.spare);
                    self.next[i] += blocks;
                }
            }
        }
        self.end = end;
        met
    }
}
