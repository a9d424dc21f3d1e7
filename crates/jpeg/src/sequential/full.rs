//! Blocks at full size: all coefficients.

use super::{Part, reach};
use crate::bits::Bits;
use crate::idct::{self, eight};
use crate::lookup::Values;

impl Part<'_> {
    /// Not inlined, and the reader by value: within the loop of all kinds it cost the 1/8 decode 2 %.
    #[inline(never)]
    pub(super) fn full<'d>(&mut self, mut bits: Bits<'d>, column: usize, all: &Values<'_>) -> Bits<'d> {
        let mut reached = 0;
        for y in 0..self.v {
            for x in 0..self.h {
                let mut block = [0; 64];
                block[0] = idct::dequantise(self.dc(&mut bits), self.steps[0]);
                let steps = &self.steps;
                let (last, _) = all.block(&mut bits, eight::LAST, |at, value| {
                    let at = at & 63;
                    let coefficient = value.wrapping_mul(steps[at]);
                    reached |= reach(coefficient);
                    block[usize::from(eight::POSITIONS[at]) & 63] = coefficient as i16;
                });
                let at = y * 8 * self.stripe.stride + (column * self.h + x) * 8;
                eight::transform(&block, last, &mut self.stripe.samples[at..], self.stripe.stride);
            }
        }
        self.reach |= reached;
        bits
    }
}
