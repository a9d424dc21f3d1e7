//! The store of a progressive decode: the low coefficients of every block and, for refinement, which others are nonzero.

use crate::frame::Frame;
use crate::idct::{self, Low, eight};
use crate::scale::Scale;
use crate::stripe::Stripe;
use crate::tables::Quantisation;

/// The coefficients of one component.
pub(crate) struct Coefficients {
    /// Blocks per row, MCU padding included.
    pub(crate) columns: usize,
    /// Low coefficients per block: 1, 4, 16 or 64.
    pub(crate) per_block: usize,
    /// Row by row of blocks, each block row by row of coefficients.
    pub(crate) low: Vec<i16>,
    /// For each block one bit per coefficient, in zigzag order: whether it is known to be nonzero.
    /// Empty below 1/2: only from there on refinement is read.
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
            nonzero: if scale >= Scale::Half { vec![0; blocks] } else { Vec::new() },
        }
    }
}

/// Heap bytes of the stores of a frame; 0 at 1/8, where the DC scan goes straight to the sink.
pub(crate) fn coefficient_bytes(frame: &Frame, scales: &[Scale]) -> u64 {
    if scales.iter().all(|&scale| scale == Scale::Eighth) {
        return 0;
    }
    let per_block = |scale: Scale| {
        let low_bytes = scale.samples() * scale.samples() * size_of::<i16>();
        low_bytes + if scale >= Scale::Half { size_of::<u64>() } else { 0 }
    };
    (0..).zip(scales).map(|(index, &scale)| frame.component_blocks(index) * per_block(scale) as u64).sum()
}

/// Turns one row of blocks into samples, `stripe` being as wide as the component.
///
/// `known_to` tells how many bits of each coefficient are still missing.
pub(crate) fn render<L: Low>(
    store: &Coefficients,
    row: usize,
    steps: &Quantisation,
    known_to: &[Option<u8>; 64],
    stripe: &mut Stripe,
) {
    let stride = stripe.stride;
    let first = row * store.columns;
    let blocks = store.low[first * store.per_block..].chunks_exact(store.per_block);
    let (mut low_steps, mut halves) = ([0; 64], [0; 64]);
    for ((&at, &step), &known_to) in L::POSITIONS.iter().zip(steps).zip(known_to) {
        if usize::from(at) < L::N * L::N {
            low_steps[usize::from(at)] = i32::from(step);
            halves[usize::from(at)] = half_of_missing(step, known_to);
        }
    }
    for (column, low) in blocks.take(stride / L::N).enumerate() {
        let mut block = L::ZERO;
        dequantise(low, &low_steps, &halves, block.as_mut());
        L::transform(&block, &mut stripe.samples[column * L::N..], stride);
    }
}

/// Coefficients from values, each with what its missing bits are worth.
#[inline(always)]
fn dequantise(low: &[i16], steps: &[i32; 64], halves: &[i32; 64], block: &mut [i16]) {
    if *halves == [0; 64] {
        for ((into, &value), &step) in block.iter_mut().zip(low).zip(steps) {
            // Beyond 16 bits is damage.
            *into = value.wrapping_mul(step as i16);
        }
    } else {
        for (((into, &value), &step), &half) in block.iter_mut().zip(low).zip(steps).zip(halves) {
            // AC values were cut towards zero; those that became zero most likely were.
            *into = idct::bounded((i32::from(value) * step).saturating_add(i32::from(value.signum()) * half));
        }
    }
    // DC was cut downwards.
    block[0] = idct::bounded((i32::from(low[0]) * steps[0]).saturating_add(halves[0]));
}

/// The same with all samples.
pub(crate) fn render_full(
    store: &Coefficients,
    row: usize,
    steps: &Quantisation,
    known_to: &[Option<u8>; 64],
    stripe: &mut Stripe,
) {
    let stride = stripe.stride;
    let first = row * store.columns;
    let (blocks, _) = store.low.as_chunks::<64>();
    let (mut steps_in_place, mut halves) = ([0; 64], [0; 64]);
    for (k, &at) in eight::POSITIONS.iter().enumerate() {
        steps_in_place[usize::from(at)] = i32::from(steps[k]);
        halves[usize::from(at)] = half_of_missing(steps[k], known_to[k]);
    }
    for ((column, low), nonzero) in (0..stride / 8).zip(&blocks[first..]).zip(&store.nonzero[first..]) {
        let mut block = [0; 64];
        dequantise(low, &steps_in_place, &halves, &mut block);
        let last = 63 - (nonzero | 1).leading_zeros();
        eight::transform(&block, last, &mut stripe.samples[column * 8..], stride);
    }
}

/// The same with one sample per block.
pub(crate) fn render_dc(
    store: &Coefficients,
    row: usize,
    steps: &Quantisation,
    known_to: &[Option<u8>; 64],
    stripe: &mut Stripe,
) {
    let half = half_of_missing(steps[0], known_to[0]);
    for (out, &dc) in stripe.samples.iter_mut().zip(&store.low[row * store.columns..]) {
        *out = idct::sample(i32::from(idct::dequantise(i32::from(dc), i32::from(steps[0]))) + half);
    }
}

/// What the bits that have not come are worth on average.
fn half_of_missing(step: u16, known_to: Option<u8>) -> i32 {
    ((1 << known_to.unwrap_or(0)) - 1) * i32::from(step) / 2
}
