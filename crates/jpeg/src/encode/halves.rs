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
        let luma = &self.components[0].plane;
        self.mcus() > 1 && luma.width_px * luma.height_px >= LEAST_PIXELS
    }

    /// Some MCUs, and how often their symbols occur.
    fn half(&self, quantisers: &[Quantiser; 2], mcus: Range<usize>) -> Half {
        let mut dc_before = [0; 3];
        if mcus.start > 0 {
            let last = self.coefficients(quantisers, mcus.start - 1..mcus.start);
            dc_before = self.for_each_block(&last, dc_before, |_, _, _| {});
        }
        let blocks = self.coefficients(quantisers, mcus);
        let mut counts = [Counts::default(), Counts::default()];
        self.for_each_block(&blocks, dc_before, |class, block, dc| counts[class].add(block, dc));
        Half { blocks, dc_before, counts }
    }
}

struct Half {
    blocks: Vec<Block>,
    dc_before: [i16; 3],
    counts: [Counts; 2],
}

/// Does both, the second one on a thread of its own.
fn both<T, U: Send>(first: impl FnOnce() -> T, second: impl FnOnce() -> U + Send) -> (T, U) {
    thread::scope(|scope| {
        let second = scope.spawn(second);
        let first = first();
        (first, second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

pub(super) fn encode(layout: &Layout<'_>, quantisers: &[Quantiser; 2]) -> Vec<u8> {
    let (middle, mcus) = (layout.mcus() / 2, layout.mcus());
    let (mut first, second) = both(|| layout.half(quantisers, 0..middle), || layout.half(quantisers, middle..mcus));
    first.counts.iter_mut().zip(&second.counts).for_each(|(counts, more)| counts.merge(more));
    let codes = first.counts.each_ref().map(Codes::fitted_to);

    let mut out = Vec::with_capacity(file_bytes(&codes, &first.counts));
    layout.write_headers(quantisers, &codes, &mut out);
    let mut bits = BitWriter::new(out);
    let (_, rest) = both(
        || layout.for_each_block(&first.blocks, [0; 3], |class, block, dc| codes[class].write(block, dc, &mut bits)),
        || {
            let mut rest = Part::new(Vec::with_capacity(file_bytes(&codes, &second.counts)));
            let write = |class: usize, block: &Block, dc| codes[class].write(block, dc, &mut rest);
            layout.for_each_block(&second.blocks, second.dc_before, write);
            rest
        },
    );
    bits.append(&rest);
    end(bits)
}
