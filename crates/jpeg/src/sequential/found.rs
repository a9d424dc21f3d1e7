//! The samples of blocks whose begins are known already.

use super::{Blocks, Part, low_values, reach};
use crate::bits::Bits;
use crate::feed::Data;
use crate::idct::{self, Low, Two};
use crate::lanes::CORRUPT;
use crate::lookup::Values;

/// MCUs of one row, found by [`Lanes`](crate::lanes::Lanes).
#[derive(Clone, Copy)]
pub(super) struct Found<'d> {
    pub(super) data: &'d Data,
    /// The begins of all their blocks.
    pub(super) begins: &'d [u32],
    pub(super) mcu_blocks: usize,
    /// The first block of the component in each MCU.
    pub(super) first: usize,
    /// Of the first MCU.
    pub(super) column: usize,
}

impl Part<'_> {
    /// Decodes the component's blocks; returns whether any is damaged.
    pub(super) fn found(&mut self, found: &Found<'_>) -> bool {
        match self.blocks {
            Blocks::Quarter { low, .. } => match (self.h, self.v) {
                (1, 1) => self.found_quarter::<1, 1>(found, low),
                _ => self.found_quarter::<0, 0>(found, low),
            },
            _ => match (self.h, self.v) {
                (1, 1) => self.found_eighth::<1, 1>(found),
                (2, 1) => self.found_eighth::<2, 1>(found),
                (2, 2) => self.found_eighth::<2, 2>(found),
                _ => self.found_eighth::<0, 0>(found),
            },
        }
    }

    /// `H` and `V` are the component's own, or 0 for any: in the prototype a block took half of the time where the
    /// compiler knew them.
    #[inline(never)]
    fn found_eighth<const H: usize, const V: usize>(&mut self, found: &Found<'_>) -> bool {
        let (h, v) = if H == 0 { (self.h, self.v) } else { (H, V) };
        let (step, stride) = (self.steps[0], self.stripe.stride);
        let (mut prediction, mut reached) = (self.prediction, self.reach);
        let mut corrupt = false;
        for (mcu, begins) in found.begins.chunks_exact(found.mcu_blocks).enumerate() {
            let mut begins = begins[found.first..].iter();
            for y in 0..v {
                let at = y * stride + (found.column + mcu) * h;
                for (out, &begin) in self.stripe.samples[at..at + h].iter_mut().zip(&mut begins) {
                    let mut bits = Bits::at_bit(found.data, (begin & !CORRUPT) as usize);
                    prediction = prediction.wrapping_add(self.dc.at_hand(&mut bits));
                    corrupt |= bits.corrupt | (begin & CORRUPT != 0);
                    let value = prediction.wrapping_mul(step);
                    reached |= reach(value);
                    *out = idct::sample(value);
                }
            }
        }
        (self.prediction, self.reach) = (prediction, reached);
        corrupt
    }

    #[inline(never)]
    fn found_quarter<const H: usize, const V: usize>(&mut self, found: &Found<'_>, low: &Values<'_>) -> bool {
        let (h, v) = if H == 0 { (self.h, self.v) } else { (H, V) };
        let stride = self.stripe.stride;
        let (mut prediction, mut reached) = (self.prediction, self.reach);
        let mut corrupt = false;
        for (mcu, begins) in found.begins.chunks_exact(found.mcu_blocks).enumerate() {
            for (block, &begin) in begins[found.first..][..h * v].iter().enumerate() {
                let (x, y) = (block % h, block / h);
                let mut bits = Bits::at_bit(found.data, (begin & !CORRUPT) as usize);
                prediction = prediction.wrapping_add(self.dc.at_hand(&mut bits));
                reached |= reach(prediction.wrapping_mul(self.steps[0]));
                let mut block = Two::ZERO;
                block[0] = idct::dequantise(prediction, self.steps[0]);
                low_values::<Two>(&mut bits, low, &self.steps, &mut block);
                corrupt |= bits.corrupt | (begin & CORRUPT != 0);
                let at = y * Two::N * stride + ((found.column + mcu) * h + x) * Two::N;
                Two::transform(&block, &mut self.stripe.samples[at..], stride);
            }
        }
        (self.prediction, self.reach) = (prediction, reached);
        corrupt
    }
}
