//! Lanes of a scan with restart intervals: each lane has intervals of its own, whose begins are known.
//!
//! Only intervals that end in the buffer are decoded here, and only those count that end where their marker stands. The
//! others are left to [`walk`](crate::scan::walk), with its rules for damage.

use super::machine::{Begins, LANES, Lane, Machine, SLOTS};
use super::rest::Rest;
use super::{CORRUPT, LEAST_BITS, LEAST_CAREFUL_BITS, MAX_BLOCKS};
use crate::feed::{Data, Feed, HEADROOM_BYTES};

#[cfg(test)]
mod tests;

/// Bits to a block: those of flat areas have fewer, and are passed over as fast without lanes.
const LEAST_BLOCK_BITS: usize = 8;

/// The lanes, and the blocks they have found.
pub(crate) struct Intervals<'t> {
    machine: Machine<'t>,
    /// Blocks of one interval.
    blocks: usize,
    /// The begins of the blocks of some intervals, one behind the other.
    found: Vec<u32>,
    begins: Box<[Begins; LANES]>,
    /// The first block that has not been taken, and how many blocks count.
    next: usize,
    counted: usize,
    /// Where the intervals end, in bytes. The first may have begun before the buffer was looked at.
    ends: Vec<usize>,
    first_blocks: usize,
    /// The state of the buffer that all this belongs to, and whether there is nothing more to be found in it.
    moves: u64,
    is_exhausted: bool,
    /// Whether lanes paid the last time.
    has_paid: bool,
    rest: Rest,
}

/// Consecutive intervals that one lane decodes.
#[derive(Clone, Copy, Default)]
struct Share {
    first: usize,
    count: usize,
    /// The blocks still to be found, and where they go.
    left: usize,
    to: usize,
}

impl<'t> Intervals<'t> {
    pub(super) fn new(machine: Machine<'t>, interval_mcus: usize) -> Self {
        Self {
            blocks: interval_mcus.saturating_mul(machine.mcu_blocks()),
            machine,
            found: vec![0; LANES * MAX_BLOCKS],
            begins: vec![[0; SLOTS]; LANES].into_boxed_slice().try_into().expect("the length is the array's"),
            next: 0,
            counted: 0,
            ends: Vec::with_capacity(crate::feed::MARKS),
            first_blocks: 0,
            moves: 0,
            is_exhausted: false,
            has_paid: false,
            rest: Rest::new(),
        }
    }

    pub(super) fn mcu_blocks(&self) -> usize {
        self.machine.mcu_blocks()
    }

    pub(super) fn wants_marker(&self) -> bool {
        self.rest.is_over() && self.blocks <= MAX_BLOCKS
    }

    pub(super) fn take(&mut self, feed: &Feed, at: usize, mcus: usize, interval_mcus: usize) -> (&[u32], usize) {
        let is_fresh = self.moves != feed.moves();
        if is_fresh {
            self.moves = feed.moves();
            self.counted = 0;
            self.is_exhausted = false;
            self.rest.go_on();
        }
        if !self.is_next(at) {
            self.is_exhausted = self.is_exhausted || !self.look(feed, at, interval_mcus, is_fresh);
            if self.is_exhausted {
                return (&[], at);
            }
        }
        let from = self.next;
        self.next += mcus.min(interval_mcus) * self.mcu_blocks();
        let end = self.begin(self.next);
        (&self.found[from..self.next], end)
    }

    fn is_next(&self, at: usize) -> bool {
        self.next < self.counted && self.begin(self.next) == at
    }

    /// The first block of interval `k`; that of the first behind all of them is the number of their blocks.
    fn first_block(&self, k: usize) -> usize {
        k.checked_sub(1).map_or(0, |before| self.first_blocks + before * self.blocks)
    }

    /// Where `block` begins, or its interval where it is the first of one: behind the marker.
    fn begin(&self, block: usize) -> usize {
        if block < self.counted {
            (self.found[block] & !CORRUPT) as usize
        } else {
            // All that counts are whole intervals.
            let last = (block - self.first_blocks) / self.blocks;
            self.ends[last] * 8
        }
    }

    /// Finds the blocks of intervals from bit `at`, of whose interval `interval_mcus` are left; `false` if there are none.
    fn look(&mut self, feed: &Feed, at: usize, interval_mcus: usize, is_fresh: bool) -> bool {
        self.counted = 0;
        self.next = 0;
        self.first_blocks = interval_mcus.saturating_mul(self.mcu_blocks());
        if !self.rest.is_over() || self.blocks > MAX_BLOCKS || self.first_blocks > self.blocks {
            return false;
        }
        let mut room = 1 + (self.found.len() - self.first_blocks) / self.blocks;
        if !self.has_paid {
            // A little first, for if it fails.
            room = room.min(LANES.max(feed.marks().len() / 4));
        }
        self.ends.clear();
        self.ends.extend(feed.marks().take(room).map(|mark| mark.at));
        let bits = self.ends.last().map_or(0, |end| (end * 8).saturating_sub(at));
        let is_flat = bits < LEAST_BLOCK_BITS * self.first_block(self.ends.len());
        if self.ends.len() < LANES || bits < LEAST_BITS + 8 * HEADROOM_BYTES || is_flat {
            if is_fresh {
                self.rest.judge(false);
            }
            return false;
        }
        let (careful, sound) = self.run(feed.data(), at);
        self.counted = self.first_block(sound);
        // One unsound interval is enough: to look once more behind each of many would take the square of the time.
        self.has_paid = sound == self.ends.len() && careful * LEAST_CAREFUL_BITS <= bits;
        self.rest.judge(self.has_paid);
        self.counted > 0
    }

    /// Finds the blocks of all intervals; returns how often it stepped carefully, and how many intervals in front end
    /// where they should.
    fn run(&mut self, data: &Data, at: usize) -> (usize, usize) {
        let mut lanes = [Lane::idle(); LANES];
        let mut shares = [Share::default(); LANES];
        let (mut given, mut active, mut careful) = (0, 0, 0);
        let mut sound = self.ends.len();
        for (lane, share) in lanes.iter_mut().zip(&mut shares) {
            active += usize::from(self.give(&mut given, at, lane, share));
        }
        while active > 0 {
            let (i, redone) = self.machine.run(data, &mut lanes, &mut self.begins);
            careful += redone;
            let (lane, share) = (&mut lanes[i], &mut shares[i]);
            let blocks = lane.states / 2;
            let begins = self.begins[i][..lane.states].chunks_exact(2).map(|states| states[0]);
            for (found, begin) in self.found[share.to..share.to + blocks].iter_mut().zip(begins) {
                *found = begin;
            }
            share.to += blocks;
            share.left -= blocks;
            if share.left > 0 {
                lane.states = 0;
                lane.full = self.machine.full().min(2 * share.left);
                continue;
            }
            let wrong = (share.first..share.first + share.count).find(|&k| {
                let next = if k + 1 < share.first + share.count {
                    (self.found[self.first_block(k + 1)] & !CORRUPT) as usize
                } else {
                    lane.at.next_multiple_of(8)
                };
                next != self.ends[k] * 8
            });
            sound = sound.min(wrong.unwrap_or(sound));
            if !self.give(&mut given, at, lane, share) {
                active -= 1;
            }
        }
        (careful, sound)
    }

    /// Gives a lane the next intervals: one, or as many as it has room for; `false` if there are none left.
    fn give(&self, given: &mut usize, at: usize, lane: &mut Lane, share: &mut Share) -> bool {
        let first = *given;
        if first == self.ends.len() {
            *lane = Lane::idle();
            return false;
        }
        let begin = if first == 0 { at } else { self.ends[first - 1] * 8 };
        let blocks = if first == 0 { self.first_blocks } else { self.blocks };
        let full = self.machine.full();
        // Where there are few to each lane, one has no more than its part.
        let fair = (self.ends.len() - first).div_ceil(LANES);
        let count = if first == 0 || 2 * blocks > full { 1 } else { (full / (2 * blocks)).min(fair).max(1) };
        *lane = Lane::new(begin, full.min(2 * blocks), usize::MAX);
        (lane.more, lane.interval_states) = (count - 1, 2 * blocks);
        *share = Share { first, count, left: blocks * count, to: self.first_block(first) };
        *given += count;
        true
    }
}
