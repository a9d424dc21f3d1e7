//! Lanes of a scan without restart intervals: all but the first begin at any byte.

use std::ops::RangeInclusive;

use super::machine::{Begins, LANES, Lane, Machine, SLOTS};
use super::rest::Rest;
use super::{CORRUPT, LEAST_BITS, LEAST_CAREFUL_BITS, MAX_BLOCKS};
use crate::feed::{Data, Feed};

#[cfg(test)]
mod tests;

/// How far a lane may be out of step, in bits. In the prototype camera files had 16,000 at most in 3,200 tries.
const MAX_ASTRAY_BITS: usize = 32 * 1024;
/// Bits to a block: fewer are those of flat areas, which are periodic, so that a lane never falls in step; with more,
/// those of noise at the best quality, it does too late.
const BLOCK_BITS: RangeInclusive<usize> = 12..=300;
/// MCUs that tell how dense the data is at the beginning.
const TRIED_MCUS: usize = 32;

/// The lanes, and the blocks they have found.
pub(crate) struct Anywhere<'t> {
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
    rest: Rest,
}

impl<'t> Anywhere<'t> {
    pub(super) fn new(machine: Machine<'t>) -> Self {
        let begins = vec![[0; SLOTS]; LANES].into_boxed_slice();
        Self {
            machine,
            found: std::array::from_fn(|_| Vec::with_capacity(MAX_BLOCKS)),
            begins: begins.try_into().expect("the length is the array's"),
            spare: Box::new([0; SLOTS]),
            next: [0; LANES],
            lane: LANES,
            end: 0,
            moves: 0,
            block_bits: None,
            rest: Rest::new(),
        }
    }

    pub(super) fn mcu_blocks(&self) -> usize {
        self.machine.mcu_blocks()
    }

    pub(super) fn take(&mut self, feed: &Feed, at: usize, mcus: usize) -> (&[u32], usize) {
        if self.moves != feed.moves() {
            self.moves = feed.moves();
            self.lane = LANES;
            self.rest.go_on();
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
        if !self.rest.is_over() || feed.boundary().is_some() || limit < at + LEAST_BITS {
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
        let paid = BLOCK_BITS.contains(&block_bits) && self.run(feed.data(), at, spacing);
        self.block_bits = paid.then(|| {
            let blocks: usize = self.found.iter().zip(self.next).map(|(found, next)| found.len() - next).sum();
            (self.end - at) / blocks.max(1)
        });
        self.rest.judge(paid);
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
