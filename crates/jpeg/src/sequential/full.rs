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
                // Behind the last coefficient there is no code for the end of the block.
                let (mut k, mut last) = (0, 0);
                'block: loop {
                    // The DC code and three of these are at most 48 of 56 bits.
                    for _ in 0..3 {
                        let (value, passed) = all.next(&mut bits);
                        k += passed;
                        if k > eight::LAST {
                            // A coefficient behind the last one: libjpeg drops it without a word, but no encoder writes it.
                            bits.corrupt |= value != 0;
                            break 'block;
                        }
                        last = k;
                        let at = k as usize & 63;
                        let coefficient = value.wrapping_mul(self.steps[at]);
                        reached |= reach(coefficient);
                        block[usize::from(eight::POSITIONS[at]) & 63] = coefficient as i16;
                        if k == eight::LAST {
                            break 'block;
                        }
                    }
                    bits.refill();
                }
                let at = y * 8 * self.stripe.stride + (column * self.h + x) * 8;
                eight::transform(&block, last, &mut self.stripe.samples[at..], self.stripe.stride);
            }
        }
        self.reach |= reached;
        bits
    }
}
