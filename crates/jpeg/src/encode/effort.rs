//! A smaller file for more time: values that cost more bits than they are worth become smaller, or 0, and the file is
//! progressive.

use std::ops::Range;

use super::codes::{Code, Codes};
use super::halves::both;
use super::transform::Quantiser;
use super::{Block, Layout};

/// How much time a file is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Each coefficient is rounded to the nearest step, and the file is baseline.
    #[default]
    Fast,
    /// Values are chosen by what they cost, for which they are transformed a second time, and the file is progressive. A
    /// picture of less than 32,768 pixels is that of `Fast`, because choosing does not pay there.
    Small,
}

impl Effort {
    /// Whether values of that picture are chosen.
    pub(super) fn chooses(self, layout: &Layout<'_>) -> bool {
        self == Self::Small && layout.pixels() >= LEAST_PIXELS
    }
}

/// Bits that the square of an error of one step is worth.
///
/// Bytes at the SSIMULACRA2 of [`Effort::Fast`] at quality 80, over its bytes, means of two to four camera files:
///
/// | box | 9 | 12 | 18 or 20 | 30 | mozjpeg by sharp |
/// |---|---|---|---|---|---|
/// | 256 px | | 0.979 | 0.962 | 0.969 | 1.059 |
/// | 512 px | 0.992 | 0.978 | 0.972 | | 0.989 |
/// | 1,024 px | | 0.933 | 0.935 | | 0.928 |
///
/// 256 px was measured with 20, and at 1,024 px the last two had another split of luma's scans. The weight was chosen on
/// four of the files that docs/formats.md then compares by.
///
/// Tried on two or three files at 512 and 1,024 px, and dropped: a smaller weight in blocks with much contrast, as
/// mozjpeg has it, 1.07 of the bytes, and a larger one 1.02 (both beside a weight of 12); weights that fall or rise with
/// the frequency, 1.01 and 1.00; a weight of its own for chroma, and choosing twice, 1.00.
const BITS_PER_SQUARE: f32 = 18.0;
/// From so many pixels on it pays. At 128 px it took 1.10 to 1.20 of the bytes of [`Effort::Fast`], and mozjpeg 1.28 to
/// 1.41.
const LEAST_PIXELS: usize = 1 << 15;
/// The length of a code that the file has not had yet.
const NEW_CODE_BITS: u8 = 14;

pub(super) fn encode(layout: &Layout<'_>, quantisers: &[Quantiser; 2], threads: u32) -> Vec<u8> {
    let mut blocks = layout.no_blocks();
    let codes;
    if threads > 1 {
        let (first, second) = layout.halves(quantisers, &mut blocks);
        codes = first.counts(&second).each_ref().map(Codes::fitted_to);
        both(
            || layout.choose(quantisers, &codes, first.mcus, first.blocks),
            || layout.choose(quantisers, &codes, second.mcus, second.blocks),
        );
    } else {
        let mcus = 0..layout.mcus();
        layout.quantise(quantisers, mcus.clone(), &mut blocks);
        codes = layout.count(&blocks, [0; 3]).each_ref().map(Codes::fitted_to);
        layout.choose(quantisers, &codes, mcus, &mut blocks);
    }
    layout.progressive(quantisers, &codes, &blocks, threads)
}

/// What AC values cost.
struct Prices {
    /// The bits of each symbol, those behind its code included.
    bits: [f32; 256],
}

/// A value that may be written, as the last one so far.
#[derive(Clone, Copy)]
struct Choice {
    /// In zigzag order.
    at: usize,
    value: i16,
    /// Bits and errors so far, less the errors if all so far were 0.
    price: f32,
    /// The least price of this one and those before.
    least: f32,
    /// The choice before it.
    before: usize,
}

impl Prices {
    fn new(code: &Code) -> Self {
        let bits = |symbol: usize| {
            let length = match code.length(symbol as u8) {
                0 => NEW_CODE_BITS,
                length => length,
            };
            f32::from(length + (symbol as u8 & 15))
        };
        Self { bits: std::array::from_fn(bits) }
    }

    /// The bits of a value of so many bits behind so many 0s.
    #[inline(always)]
    fn of(&self, run: usize, size: u32) -> f32 {
        (run / 16) as f32 * self.bits[0xF0] + self.bits[((run % 16) << 4) | (size as usize & 15)]
    }

    /// Chooses the AC values anew: of each that is there, whether it stays, becomes one less, or 0. `exact` has them in
    /// steps, in zigzag order.
    ///
    /// **Source:** Ramchandran and Vetterli 1994, "Rate-distortion optimal fast thresholding with complete JPEG/MPEG
    /// decoder compatibility"; mozjpeg's `quantize_trellis`.
    fn choose(&self, exact: &[f32; 64], block: &mut Block) {
        let mut choices = [Choice { at: 0, value: 0, price: 0.0, least: 0.0, before: 0 }; 64];
        let (mut count, mut all_lost) = (1, 0.0);
        for at in (1..64).filter(|&at| block[at] != 0) {
            let exact = exact[at].abs();
            let mut best = Choice { at, value: 0, price: f32::INFINITY, least: 0.0, before: 0 };
            for value in [block[at].unsigned_abs(), block[at].unsigned_abs() - 1] {
                if value == 0 {
                    continue;
                }
                let size = 16 - value.leading_zeros();
                let error = exact - f32::from(value);
                let own = all_lost + BITS_PER_SQUARE * error * error;
                for before in (0..count).rev() {
                    let choice = choices[before];
                    if own + choice.least >= best.price {
                        break;
                    }
                    let price = own + choice.price + self.of(at - choice.at - 1, size);
                    if price < best.price {
                        best = Choice { value: value.cast_signed(), price, before, ..best };
                    }
                }
            }
            all_lost += BITS_PER_SQUARE * exact * exact;
            best.price -= all_lost;
            best.least = best.price.min(choices[count - 1].least);
            choices[count] = best;
            count += 1;
        }
        let end = |choice: &Choice| choice.price + if choice.at < 63 { self.bits[0] } else { 0.0 };
        let mut last = 0;
        for choice in 1..count {
            if end(&choices[choice]) < end(&choices[last]) {
                last = choice;
            }
        }
        let mut chosen = [0; 64];
        while last > 0 {
            let Choice { at, value, before, .. } = choices[last];
            chosen[at] = if block[at] < 0 { -value } else { value };
            last = before;
        }
        chosen[0] = block[0];
        *block = chosen;
    }
}

impl Layout<'_> {
    /// Chooses the values of those MCUs anew, by what they cost with `codes`.
    fn choose(&self, quantisers: &[Quantiser; 2], codes: &[Codes; 2], mcus: Range<usize>, blocks: &mut [Block]) {
        let prices = codes.each_ref().map(|codes| Prices::new(&codes.ac));
        self.for_each_place(mcus, blocks, |component, place, block| {
            if let Some((x, y)) = place
                && block[1..] != [0; 63]
            {
                let exact = quantisers[component.class].in_steps(&component.plane, x, y);
                prices[component.class].choose(&exact, block);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes::Counts;
    use super::*;

    #[test]
    fn what_costs_more_than_it_is_worth_becomes_0_and_the_rest_stays() {
        let mut counts = Counts::default();
        let mut common = [0; 64];
        (common[1], common[2], common[3]) = (5, -3, 1);
        (0..100).for_each(|_| counts.add(&common, 0));
        let prices = Prices::new(&Codes::fitted_to(&counts).ac);
        let (mut block, mut exact) = (common, [0.0; 64]);
        (exact[1], exact[2], exact[3]) = (5.1, -3.0, 1.0);
        // A far coefficient that is hardly one step.
        (block[40], exact[40]) = (-1, -0.55);
        prices.choose(&exact, &mut block);
        assert_eq!(block, common);
        // All of them hardly: nothing is left but DC.
        let mut block = [1; 64];
        prices.choose(&[0.51; 64], &mut block);
        assert_eq!((block[0], &block[1..]), (1, &[0; 63][..]));
    }
}
