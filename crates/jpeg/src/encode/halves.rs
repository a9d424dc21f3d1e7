//! The same file by two threads, each of which has half of the MCUs.

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use super::codes::{BitWriter, Codes, Counts, Part};
use super::transform::Quantiser;
use super::{Block, Layout, end, file_bytes};

/// Pixels from which on a second thread pays: they take 0.6 ms, and starting it twice 0.1.
const LEAST_PIXELS: usize = 1 << 16;

impl Layout<'_> {
    /// Whether two threads pay.
    pub(super) fn is_large(&self) -> bool {
        self.mcus() > 1 && self.pixels() >= LEAST_PIXELS
    }

    /// Quantises both halves of the MCUs, into `blocks` that are 0.
    pub(super) fn halves<'b>(&self, quantisers: &[Quantiser; 2], blocks: &'b mut [Block]) -> (Half<'b>, Half<'b>) {
        let (middle, mcus) = (self.mcus() / 2, self.mcus());
        let (first, second) = blocks.split_at_mut(middle * self.blocks_per_mcu());
        both(|| self.half(quantisers, 0..middle, first), || self.half(quantisers, middle..mcus, second))
    }

    /// Some MCUs, and how often their symbols occur.
    fn half<'b>(&self, quantisers: &[Quantiser; 2], mcus: Range<usize>, blocks: &'b mut [Block]) -> Half<'b> {
        let mut dc_before = [0; 3];
        if mcus.start > 0 {
            let mut last = vec![[0; 64]; self.blocks_per_mcu()];
            self.quantise(quantisers, mcus.start - 1..mcus.start, &mut last);
            dc_before = self.for_each_block(&last, dc_before, |_, _, _| {});
        }
        self.quantise(quantisers, mcus.clone(), blocks);
        let counts = self.count(blocks, dc_before);
        Half { mcus, blocks, dc_before, counts }
    }
}

/// Some MCUs.
pub(super) struct Half<'b> {
    pub(super) mcus: Range<usize>,
    pub(super) blocks: &'b mut [Block],
    dc_before: [i16; 3],
    counts: [Counts; 2],
}

impl Half<'_> {
    /// How often the symbols of both occur.
    pub(super) fn counts(&self, other: &Self) -> [Counts; 2] {
        let mut counts = self.counts.clone();
        counts.iter_mut().zip(&other.counts).for_each(|(counts, more)| counts.merge(more));
        counts
    }
}

/// Does both, the second one on a thread of its own.
pub(super) fn both<T, U: Send>(first: impl FnOnce() -> T, second: impl FnOnce() -> U + Send) -> (T, U) {
    thread::scope(|scope| {
        let second = scope.spawn(second);
        let first = first();
        (first, second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

pub(super) fn encode(layout: &Layout<'_>, quantisers: &[Quantiser; 2]) -> Vec<u8> {
    let mut blocks = layout.no_blocks();
    let (first, second) = layout.halves(quantisers, &mut blocks);
    let counts = first.counts(&second);
    let codes = counts.each_ref().map(Codes::fitted_to);

    let mut out = Vec::with_capacity(file_bytes(&codes, &counts));
    layout.write_headers(quantisers, &codes, &mut out);
    let mut bits = BitWriter::new(out);
    let (_, rest) = both(
        || layout.for_each_block(first.blocks, [0; 3], |class, block, dc| codes[class].write(block, dc, &mut bits)),
        || {
            let mut rest = Part::new(Vec::with_capacity(file_bytes(&codes, &second.counts)));
            let write = |class: usize, block: &Block, dc| codes[class].write(block, dc, &mut rest);
            layout.for_each_block(second.blocks, second.dc_before, write);
            rest
        },
    );
    bits.append(&rest);
    end(bits)
}
