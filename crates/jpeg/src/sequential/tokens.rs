//! Blocks of a scan as their codes have them, to be transformed by a second thread.

use std::ops::Range;

use super::{Blocks, Part, reach};
use crate::bits::{Bits, Position};
use crate::feed::Feed;
use crate::idct::{self, Four, Low, Two, eight};
use crate::lookup::{Skips, Values};
use crate::relay::Outlet;
use crate::scale::Scale;
use crate::scan::{Ahead, Scan};
use crate::stripe::Stripe;

/// A row of MCUs of one component.
///
/// A block is its DC value, the number of its AC values, and these: the coefficient above the lower 16 bits, its value
/// in them. Instead of their number stands [`LOST`] for an MCU that is grey.
pub(crate) struct Tokens {
    words: Vec<u32>,
    /// Words written.
    length: usize,
    /// Where the last MCU that was read begins, and its column.
    last: Option<(usize, usize)>,
}

const LOST: u32 = u32::MAX;

/// At least the words that any block takes.
const BLOCK_WORDS: usize = 66;

/// The most words that a block of that scale takes.
const fn block_words(scale: Scale) -> usize {
    2 + match scale {
        Scale::Eighth => 0,
        Scale::Quarter => Two::LAST,
        Scale::Half => Four::LAST,
        Scale::Full => eight::LAST,
    } as usize
}

impl Tokens {
    /// With room for `blocks` blocks.
    pub(crate) fn new(scale: Scale, blocks: usize) -> Self {
        Self { words: vec![0; blocks * block_words(scale) + BLOCK_WORDS], length: 0, last: None }
    }

    /// Heap bytes of such.
    pub(crate) fn bytes(scale: Scale, blocks: usize) -> usize {
        (blocks * block_words(scale) + BLOCK_WORDS) * size_of::<u32>()
    }

    /// Room for a block.
    #[inline(always)]
    fn room(&mut self) -> &mut [u32; BLOCK_WORDS] {
        self.words[self.length..].first_chunk_mut().expect("there is room for every block of the row and one more")
    }

    fn clear(&mut self) {
        (self.length, self.last) = (0, None);
    }

    /// Makes the MCU in `column` grey: the one that was read last, or the next.
    fn lose(&mut self, column: usize) {
        if let Some((begin, _)) = self.last.take_if(|(_, last)| *last == column) {
            self.length = begin;
        }
        self.room()[1] = LOST;
        self.length += 2;
    }
}

/// What becomes of the tokens of one component.
pub(crate) struct Transform {
    scale: Scale,
    steps: [i32; 64],
    factors: [f32; 64],
}

impl Transform {
    /// Of the component of `part`.
    pub(crate) fn new(part: &Part<'_>) -> Self {
        Self { scale: part.scale(), steps: part.steps, factors: part.factors }
    }

    /// A row of MCUs.
    pub(crate) fn row(&self, tokens: &Tokens, stripe: &mut Stripe) {
        match self.scale {
            Scale::Eighth => unreachable!("a row of one sample for each block is not worth a second thread"),
            Scale::Quarter => {
                self.blocks(tokens, stripe, 2, |block, samples, stride| self.low::<Two>(block, samples, stride))
            }
            Scale::Half => {
                self.blocks(tokens, stripe, 4, |block, samples, stride| self.low::<Four>(block, samples, stride))
            }
            Scale::Full => self.blocks(tokens, stripe, 8, |block, samples, stride| self.full(block, samples, stride)),
        }
    }

    #[inline(always)]
    fn blocks(&self, tokens: &Tokens, stripe: &mut Stripe, n: usize, transform: impl Fn(&[u32], &mut [u8], usize)) {
        let (h, v, stride) = (stripe.h, stripe.v, stripe.stride);
        let mut words = &tokens.words[..tokens.length];
        for column in 0..stride / (h * n) {
            if words[1] == LOST {
                stripe.grey(column);
                words = &words[2..];
                continue;
            }
            for y in 0..v {
                for x in 0..h {
                    let (block, rest) = words.split_at(2 + words[1] as usize);
                    words = rest;
                    transform(block, &mut stripe.samples[y * n * stride + (column * h + x) * n..], stride);
                }
            }
        }
    }

    #[inline(always)]
    fn full(&self, words: &[u32], samples: &mut [u8], stride: usize) {
        let mut block = [0.0; 64];
        block[0] = words[0].cast_signed() as f32 * self.factors[0];
        let mut last = 0;
        for &word in &words[2..] {
            last = word >> 16;
            let at = last as usize & 63;
            block[usize::from(eight::POSITIONS[at]) & 63] = f32::from(word as i16) * self.factors[at];
        }
        eight::transform(&block, last, samples, stride);
    }

    #[inline(always)]
    fn low<L: Low>(&self, words: &[u32], samples: &mut [u8], stride: usize) {
        let mut block = L::ZERO;
        block.as_mut()[0] = idct::dequantise(words[0].cast_signed(), self.steps[0]);
        for &word in &words[2..] {
            let at = (word >> 16) as usize & 63;
            block.as_mut()[usize::from(L::POSITIONS[at])] = idct::dequantise(i32::from(word as i16), self.steps[at]);
        }
        L::transform(&block, samples, stride);
    }
}

impl Part<'_> {
    pub(crate) fn scale(&self) -> Scale {
        match self.blocks {
            Blocks::DcOnly { .. } | Blocks::Eighth { .. } => Scale::Eighth,
            Blocks::Quarter { .. } => Scale::Quarter,
            Blocks::Half { .. } => Scale::Half,
            Blocks::Full { .. } => Scale::Full,
        }
    }

    /// As [`Part::full`](super::full), without the transform.
    #[inline(never)]
    fn full_tokens<'d>(&mut self, mut bits: Bits<'d>, all: &Values<'_>, tokens: &mut Tokens) -> Bits<'d> {
        let mut reached = 0;
        for _ in 0..self.h * self.v {
            let out = tokens.room();
            out[0] = self.dc(&mut bits).cast_unsigned();
            let (mut k, mut count) = (0, 0);
            'block: loop {
                for _ in 0..3 {
                    let (value, passed) = all.next(&mut bits);
                    k += passed;
                    if k > eight::LAST {
                        bits.corrupt |= value != 0;
                        break 'block;
                    }
                    reached |= reach(value.wrapping_mul(self.steps[k as usize & 63]));
                    out[2 + (count & 63)] = k << 16 | value.cast_unsigned() & 0xFFFF;
                    count += 1;
                    if k == eight::LAST {
                        break 'block;
                    }
                }
                bits.refill();
            }
            out[1] = count as u32;
            tokens.length += 2 + count;
        }
        self.reach |= reached;
        bits
    }

    /// As [`Part::low`], without the transform.
    #[inline(always)]
    fn low_tokens<L: Low>(&mut self, bits: &mut Bits<'_>, low: &Values<'_>, rest: &Skips<'_>, tokens: &mut Tokens) {
        for _ in 0..self.h * self.v {
            let out = tokens.room();
            out[0] = self.dc(bits).cast_unsigned();
            let (mut k, mut count) = (0, 0);
            let last = 'block: loop {
                for _ in 0..3 {
                    let (value, passed) = low.next(bits);
                    k += passed;
                    if k >= 63 {
                        break 'block None;
                    }
                    // Those of no interest too, because each counts for the next refill.
                    if k <= L::LAST {
                        out[2 + (count & 63)] = k << 16 | value.cast_unsigned() & 0xFFFF;
                        count += 1;
                    }
                    if k >= L::LAST {
                        break 'block Some(k);
                    }
                }
                bits.refill();
            };
            if let Some(last) = last {
                bits.refill();
                rest.pass(bits, last + 1);
            }
            out[1] = count as u32;
            tokens.length += 2 + count;
        }
    }
}

/// A scan of one or more components whose blocks go to a second thread.
pub(crate) struct Relayed<'t, 'o> {
    pub(crate) parts: Vec<Part<'t>>,
    pub(crate) row: Vec<Tokens>,
    pub(crate) outlet: Outlet<'o, Vec<Tokens>>,
    /// A row of empty tokens.
    pub(crate) blank: &'t dyn Fn() -> Vec<Tokens>,
}

impl Scan for Relayed<'_, '_> {
    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize) {
        for (part, tokens) in self.parts.iter_mut().zip(&mut self.row) {
            tokens.last = Some((tokens.length, column));
            match part.blocks {
                Blocks::Quarter { low, ac } => part.low_tokens::<Two>(bits, low, ac, tokens),
                Blocks::Half { low, ac } => part.low_tokens::<Four>(bits, low, ac, tokens),
                Blocks::Full { all } => *bits = part.full_tokens(*bits, all, tokens),
                Blocks::Eighth { .. } | Blocks::DcOnly { .. } => unreachable!("not worth a second thread"),
            }
        }
    }

    fn ahead(&mut self, _: &Feed, from: Position, columns: Range<usize>) -> Ahead {
        Ahead { column: columns.start, position: from, corrupt: false }
    }

    fn lose(&mut self, column: usize) {
        self.row.iter_mut().for_each(|tokens| tokens.lose(column));
    }

    fn restart(&mut self) {
        for part in &mut self.parts {
            part.prediction = 0;
        }
    }

    fn finish_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        self.row = self.outlet.row(row).unwrap_or_else(self.blank);
        self.row.iter_mut().for_each(Tokens::clear);
    }

    fn is_beyond_samples(&self) -> bool {
        self.parts.iter().any(Part::is_beyond_samples)
    }
}
