//! Scans whose samples go straight to the sink: sequential ones, and the first DC scan of a progressive file.

mod found;
mod full;
mod shared;

use std::ops::Range;

use crate::bits::{Bits, Position};
use crate::feed::Feed;
use crate::idct::{self, Four, Low, Two};
use crate::lanes::{Lanes, Table};
use crate::lookup::{Differences, Skips, Values};
use crate::scale::Scale;
use crate::scan::{Ahead, Scan};
use crate::sink::Sink;
use crate::stripe::Stripe;
use crate::tables::Quantisation;
use found::Found;

pub(crate) use shared::{Parts, Passed, Shared};

/// What a component's blocks hold and what becomes of them.
#[derive(Clone)]
pub(crate) enum Blocks<'t> {
    /// A DC difference and nothing else, `low_bits` of its value left out: the first DC scan of a progressive file.
    DcOnly { low_bits: u32 },
    /// DC, and AC codes to pass over.
    Eighth { ac: &'t Skips<'t> },
    /// DC, low AC values, and AC codes to pass over.
    Quarter { low: &'t Values<'t>, ac: &'t Skips<'t> },
    /// As `Quarter`.
    Half { low: &'t Values<'t>, ac: &'t Skips<'t> },
    /// DC and all AC values.
    Full { all: &'t Values<'t> },
}

/// One component of a scan.
#[derive(Clone)]
pub(crate) struct Part<'t> {
    /// Index in the frame.
    component: usize,
    /// Blocks of one MCU.
    h: usize,
    v: usize,
    dc: &'t Differences<'t>,
    blocks: Blocks<'t>,
    /// Quantisation steps, in zigzag order.
    steps: [i32; 64],
    prediction: i32,
    /// All bits that any DC value, and at full size any AC value, had: below twice the furthest from 0.
    reach: i32,
    stripe: Stripe,
}

/// What no value of samples of 8 bits comes near in [`Part::reach`]: DC is within 1,024 and AC within 930, and what is
/// rounded to a step is at the most twice that. DC differences add up, so behind a damaged code they soon are.
const BEYOND_ALL: i32 = 4096;

/// The bits of a value that say how far from 0 it is.
const fn reach(value: i32) -> i32 {
    value ^ (value >> 31)
}

impl<'t> Part<'t> {
    pub(crate) fn new(
        component: usize,
        stripe: Stripe,
        dc: &'t Differences<'t>,
        blocks: Blocks<'t>,
        steps: &Quantisation,
    ) -> Self {
        let (h, v) = (stripe.h, stripe.v);
        let steps = steps.map(i32::from);
        Self { component, h, v, dc, blocks, steps, prediction: 0, reach: 0, stripe }
    }

    fn is_beyond_samples(&self) -> bool {
        self.reach > BEYOND_ALL
    }

    /// The next DC value, in quantisation steps.
    #[inline(always)]
    fn dc(&mut self, bits: &mut Bits<'_>) -> i32 {
        self.prediction = self.prediction.wrapping_add(self.dc.next(bits));
        self.reach |= reach(self.prediction.wrapping_mul(self.steps[0]));
        self.prediction
    }

    #[inline(always)]
    fn eighth(&mut self, bits: &mut Bits<'_>, column: usize, ac: &Skips<'_>) {
        let step = self.steps[0];
        for y in 0..self.v {
            let at = y * self.stripe.stride + column * self.h;
            for out in &mut self.stripe.samples[at..at + self.h] {
                self.prediction = self.prediction.wrapping_add(self.dc.next(bits));
                let value = self.prediction.wrapping_mul(step);
                self.reach |= reach(value);
                ac.pass(bits, 1);
                *out = idct::sample(value);
            }
        }
    }

    #[inline(always)]
    fn dc_only(&mut self, bits: &mut Bits<'_>, column: usize, low_bits: u32) {
        let step = self.steps[0].wrapping_shl(low_bits);
        // The missing bits are worth half of their range on average.
        let bias = (step - self.steps[0]) / 2;
        for y in 0..self.v {
            let at = y * self.stripe.stride + column * self.h;
            for x in at..at + self.h {
                let dc = self.dc(bits);
                self.stripe.samples[x] = idct::sample(dc.wrapping_mul(step).wrapping_add(bias));
            }
        }
    }

    #[inline(always)]
    fn low<L: Low>(&mut self, bits: &mut Bits<'_>, column: usize, low: &Values<'_>, rest: &Skips<'_>) {
        for y in 0..self.v {
            for x in 0..self.h {
                let mut block = L::ZERO;
                block.as_mut()[0] = idct::dequantise(self.dc(bits), self.steps[0]);
                let (last, is_over) = low_values::<L>(bits, low, &self.steps, &mut block);
                if !is_over {
                    bits.refill();
                    rest.pass(bits, last + 1);
                }
                let at = y * L::N * self.stripe.stride + (column * self.h + x) * L::N;
                let out = &mut self.stripe.samples[at..];
                if last == 0 {
                    idct::flat(block.as_mut()[0], L::N, out, self.stripe.stride);
                } else {
                    L::transform(&block, out, self.stripe.stride);
                }
            }
        }
    }
}

/// Reads the AC values that `L` needs into `block`; returns the last coefficient, and whether the block is over.
///
/// Needs 36 bits.
#[inline(always)]
fn low_values<L: Low>(bits: &mut Bits<'_>, low: &Values<'_>, steps: &[i32; 64], block: &mut L::Block) -> (u32, bool) {
    low.block(bits, L::LAST, |at, value| {
        let at = at & 63;
        // Beyond 16 bits is damage.
        block.as_mut()[usize::from(L::POSITIONS[at])] = value.wrapping_mul(steps[at]) as i16;
    })
}

/// A scan of one or more components into a sink.
pub(crate) struct Straight<'t, 's, S: ?Sized> {
    pub(crate) parts: Vec<Part<'t>>,
    pub(crate) sink: &'s mut S,
    /// For a large scan at 1/8.
    pub(crate) lanes: Option<Lanes<'t>>,
}

impl<S: Sink + ?Sized> Straight<'_, '_, S> {
    /// Decodes the MCUs up to column `end` that the lanes find; `interval_mcus` are left of the restart interval.
    #[inline(never)]
    fn in_lanes(&mut self, feed: &Feed, mut ahead: Ahead, end: usize, interval_mcus: usize) -> Ahead {
        let Some(lanes) = &mut self.lanes else { return ahead };
        let (mcu_blocks, start) = (lanes.mcu_blocks(), ahead.column);
        let mut at = ahead.position.consumed_bits();
        while ahead.column < end {
            let (begins, next) = lanes.take(feed, at, end - ahead.column, interval_mcus - (ahead.column - start));
            if begins.is_empty() {
                break;
            }
            let mut found = Found { data: feed.data(), begins, mcu_blocks, first: 0, column: ahead.column };
            for part in &mut self.parts {
                ahead.corrupt |= part.found(&found);
                found.first += part.h * part.v;
            }
            ahead.column += begins.len() / mcu_blocks;
            at = next;
            ahead.position = Bits::at_bit(feed.data(), at).position();
        }
        ahead
    }
}

impl<S: Sink + ?Sized> Scan for Straight<'_, '_, S> {
    fn wants_more(&self) -> bool {
        self.lanes.is_some()
    }

    fn wants_marker(&self) -> bool {
        self.lanes.as_ref().is_some_and(Lanes::wants_marker)
    }

    fn ahead(&mut self, feed: &Feed, from: Position, columns: Range<usize>, interval_mcus: usize) -> Ahead {
        let ahead = Ahead { column: columns.start, position: from, corrupt: false };
        if self.lanes.is_some() { self.in_lanes(feed, ahead, columns.end, interval_mcus) } else { ahead }
    }

    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize) {
        for part in &mut self.parts {
            match part.blocks {
                Blocks::Eighth { ac } => part.eighth(bits, column, ac),
                Blocks::DcOnly { low_bits } => part.dc_only(bits, column, low_bits),
                Blocks::Quarter { low, ac } => part.low::<Two>(bits, column, low, ac),
                Blocks::Half { low, ac } => part.low::<Four>(bits, column, low, ac),
                Blocks::Full { all } => *bits = part.full(*bits, column, all),
            }
        }
    }

    fn lose(&mut self, column: usize) {
        for part in &mut self.parts {
            part.stripe.grey(column);
        }
    }

    fn restart(&mut self) {
        for part in &mut self.parts {
            part.prediction = 0;
        }
    }

    fn finish_row(&mut self) {
        for part in &mut self.parts {
            part.stripe.deliver(part.component, self.sink);
        }
    }

    fn is_beyond_samples(&mut self) -> bool {
        self.parts.iter().any(Part::is_beyond_samples)
    }
}

/// The lookup tables of one scan, each built once however many components share it.
#[derive(Default)]
pub(crate) struct Lookups<'t> {
    pub(crate) dc: [Option<Differences<'t>>; 4],
    pub(crate) skips: [Option<Skips<'t>>; 4],
    pub(crate) values: [Option<Values<'t>>; 4],
    /// For [`Lanes`], if there are to be any.
    pub(crate) lane_dc: [Option<Table<'t>>; 4],
    pub(crate) lane_ac: [Option<Table<'t>>; 4],
}

impl<'t> Lookups<'t> {
    /// What a component of `scale` makes of its blocks with AC table `index`; `None` if that is not defined.
    pub(crate) fn blocks(&'t self, scale: Scale, index: usize) -> Option<Blocks<'t>> {
        let (ac, low) = (self.skips[index].as_ref(), self.values[index].as_ref());
        Some(match scale {
            Scale::Eighth => Blocks::Eighth { ac: ac? },
            Scale::Quarter => Blocks::Quarter { low: low?, ac: ac? },
            Scale::Half => Blocks::Half { low: low?, ac: ac? },
            Scale::Full => Blocks::Full { all: low? },
        })
    }

    /// The lanes of a scan: `mcu` has, of each component, the DC table, the AC table and the blocks of an MCU.
    /// `None` if their tables have not been built.
    pub(crate) fn lanes(
        &'t self,
        mcu: impl Iterator<Item = (usize, usize, usize)>,
        restart_interval_mcus: u32,
    ) -> Option<Lanes<'t>> {
        let mut states = Vec::new();
        for (dc, ac, blocks) in mcu {
            let block = [self.lane_dc[dc].as_ref()?, self.lane_ac[ac].as_ref()?];
            states.extend(std::iter::repeat_n(block, blocks).flatten());
        }
        Some(Lanes::new(&states, restart_interval_mcus))
    }
}
