//! The store of a progressive decode: the low coefficients of every block and, for refinement, which others are nonzero.

use crate::frame::Frame;
use crate::idct::{self, BEYOND, Low};
use crate::plan::Scale;
use crate::sequential::Stripe;
use crate::tables::Quantisation;

/// The coefficients of one component.
pub(crate) struct Coefficients {
    /// Blocks per row, MCU padding included.
    pub(crate) columns: usize,
    /// Low coefficients per block: 1, 4 or 16.
    pub(crate) per_block: usize,
    /// Row by row of blocks, each block row by row of coefficients.
    pub(crate) low: Vec<i16>,
    /// For each block one bit per coefficient, in zigzag order: whether it is known to be nonzero.
    /// Empty at 1/8, where no AC scan is read.
    pub(crate) nonzero: Vec<u64>,
}

impl Coefficients {
    pub(crate) fn new(frame: &Frame, index: usize, scale: Scale) -> Self {
        let blocks = usize::try_from(frame.component_blocks(index)).expect("the image fits the address space");
        let per_block = scale.samples() * scale.samples();
        Self {
            columns: frame.mcu_columns * frame.components[index].h,
            per_block,
            low: vec![0; blocks * per_block],
            nonzero: if scale == Scale::Eighth { Vec::new() } else { vec![0; blocks] },
        }
    }
}

/// Heap bytes of the stores of a frame; 0 at 1/8, where the DC scan goes straight to the sink.
pub(crate) fn coefficient_bytes(frame: &Frame, scales: &[Scale]) -> u64 {
    if scales.iter().all(|&scale| scale == Scale::Eighth) {
        return 0;
    }
    let per_block = |scale: Scale| match scale {
        Scale::Eighth => size_of::<i16>(),
        scale => scale.samples() * scale.samples() * size_of::<i16>() + size_of::<u64>(),
    };
    (0..).zip(scales).map(|(index, &scale)| frame.component_blocks(index) * per_block(scale) as u64).sum()
}

/// Turns one row of blocks into samples, `stripe` being as wide as the component.
///
/// `missing_bits` of the DC values have not come: they count half of their range.
pub(crate) fn render<L: Low>(
    store: &Coefficients,
    row: usize,
    steps: &Quantisation,
    missing_bits: u8,
    stripe: &mut Stripe,
) {
    let bias = dc_bias(steps, missing_bits);
    let columns = stripe.stride() / L::N;
    let first = row * store.columns;
    let blocks = store.low[first * store.per_block..].chunks_exact(store.per_block);
    let mut low_steps = [0; 16];
    for (&at, &step) in L::POSITIONS.iter().zip(steps) {
        if at != BEYOND {
            low_steps[usize::from(at)] = i32::from(step);
        }
    }
    let stride = stripe.stride();
    for (column, low) in blocks.take(columns).enumerate() {
        let mut block = [0; 17];
        for ((into, &value), &step) in block.iter_mut().zip(low).zip(&low_steps) {
            *into = idct::dequantise(i32::from(value), step);
        }
        block[0] += bias;
        L::transform(&block, &mut stripe.samples[column * L::N..], stride);
    }
}

/// The same with one sample per block.
pub(crate) fn render_dc(store: &Coefficients, row: usize, steps: &Quantisation, missing_bits: u8, stripe: &mut Stripe) {
    let bias = dc_bias(steps, missing_bits);
    for (out, &dc) in stripe.samples.iter_mut().zip(&store.low[row * store.columns..]) {
        *out = idct::sample(idct::dequantise(i32::from(dc), i32::from(steps[0])) + bias);
    }
}

fn dc_bias(steps: &Quantisation, missing_bits: u8) -> i32 {
    ((1 << missing_bits) - 1) * i32::from(steps[0]) / 2
}
