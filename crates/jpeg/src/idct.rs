//! Inverse transforms from a block's low coefficients to 1, 2x2, 4x4 or all 8x8 samples.
//!
//! An 8x8 block seen at N samples a side is the N-point inverse transform of its N x N lowest coefficients,
//! scaled by N/8: an ideal low-pass. libjpeg's 2x2 and 4x4 average pixels instead, for which they need more coefficients.

pub(crate) mod eight;

use wide::{i16x8, i32x4, i32x8, u8x16, u64x2};

/// Dequantised coefficients are kept within these bounds, so that nothing below overflows.
/// Real ones of 8-bit samples stay below 2,048. **Source:** T.81 table F.1 (11 bits, and the sign).
const LIMIT: i32 = 4096;

/// Where each coefficient, in zigzag order, goes in an N x N block; N * N for those beyond.
///
/// The walk of T.81 figure A.6, diagonal by diagonal, odd ones downwards.
const fn low_positions(n: usize) -> [u8; 64] {
    let mut positions = [(n * n) as u8; 64];
    let (mut row, mut column, mut k) = (0_usize, 0_usize, 0);
    while k < 64 {
        if row < n && column < n {
            positions[k] = (row * n + column) as u8;
        }
        let upwards = (row + column).is_multiple_of(2);
        if upwards && column == 7 {
            row += 1;
        } else if upwards && row == 0 {
            column += 1;
        } else if upwards {
            (row, column) = (row - 1, column + 1);
        } else if row == 7 {
            column += 1;
        } else if column == 0 {
            row += 1;
        } else {
            (row, column) = (row + 1, column - 1);
        }
        k += 1;
    }
    positions
}

/// The lowest coefficients of one scale.
pub(crate) trait Low {
    /// The low coefficients, and at N * N, where there are others, whatever is of no interest.
    type Block: AsMut<[i16]> + Copy;
    /// A block of nothing.
    const ZERO: Self::Block;
    /// Samples per block side.
    const N: usize;
    /// The last coefficient needed, in zigzag order.
    const LAST: u32;
    /// Index in the block of each coefficient, in zigzag order; N * N for those that the scale does not need.
    const POSITIONS: [u8; 64];
    /// Writes `N` rows of `N` samples to `out`, `stride` apart.
    fn transform(block: &Self::Block, out: &mut [u8], stride: usize);
}

/// Writes the samples of a block that has DC alone, `side` rows of `side`.
#[inline(always)]
pub(crate) fn flat(dc: i16, side: usize, out: &mut [u8], stride: usize) {
    let flat = sample(dc.into());
    for row in 0..side {
        out[row * stride..][..side].fill(flat);
    }
}

/// 2x2 samples from 2x2 coefficients.
pub(crate) struct Two;
/// 4x4 samples from 4x4 coefficients.
pub(crate) struct Four;

impl Low for Two {
    type Block = [i16; 5];
    const ZERO: Self::Block = [0; 5];
    const N: usize = 2;
    const LAST: u32 = 4;
    const POSITIONS: [u8; 64] = low_positions(2);

    #[inline(always)]
    fn transform(block: &Self::Block, out: &mut [u8], stride: usize) {
        let [a, b, c, d, ..] = block.map(i32::from);
        let (left, right) = (a + c, b + d);
        let (top_left, top_right) = (left + right, left - right);
        let (left, right) = (a - c, b - d);
        out[..2].copy_from_slice(&[sample(top_left), sample(top_right)]);
        out[stride..stride + 2].copy_from_slice(&[sample(left + right), sample(left - right)]);
    }
}

impl Low for Four {
    type Block = [i16; 17];
    const ZERO: Self::Block = [0; 17];
    const N: usize = 4;
    const LAST: u32 = 24;
    /// Rows 0 and 2 are pairs, and rows 1 and 3; so are columns, once the rows of samples lie side by side.
    const POSITIONS: [u8; 64] = {
        const PLACES: [u8; 4] = [0, 2, 1, 3];
        let mut positions = low_positions(4);
        let mut k = 0;
        while k < 64 {
            let (row, column) = (positions[k] / 4, positions[k] % 4);
            if row < 4 {
                positions[k] = row % 2 * 8 + PLACES[column as usize] * 2 + row / 2;
            }
            k += 1;
        }
        positions
    };

    #[inline(always)]
    fn transform(block: &Self::Block, out: &mut [u8], stride: usize) {
        let (vectors, _) = block.as_chunks::<8>();
        let [a, b, c, d] = four(i16x8::new(vectors[0]), i16x8::new(vectors[1]), 1 << 10);
        // Two bits of the fraction are kept between the passes.
        let upper = pairs_of(narrow(a >> 11, b >> 11)).to_array();
        let lower = pairs_of(narrow(c >> 11, d >> 11)).to_array();
        let [even, odd] = [0, 1].map(|at| of_pairs(i32x4::new([upper[at], upper[at + 2], lower[at], lower[at + 2]])));
        // And the level shift.
        let [a, b, c, d] = four(even, odd, (1 << 17) + (128 << 18));
        let columns = u8x16::narrow_i16x8(narrow(a >> 18, b >> 18), narrow(c >> 18, d >> 18));
        // Columns 0 and 2, 1 and 3 side by side, then all.
        let columns = u8x16::unpack_low(columns, upper_half(columns));
        let rows = u8x16::unpack_low(columns, upper_half(columns)).to_array();
        for (line, row) in rows.as_chunks::<4>().0.iter().enumerate() {
            out[line * stride..][..4].copy_from_slice(row);
        }
    }
}

#[inline(always)]
fn upper_half(bytes: u8x16) -> u8x16 {
    let [.., high] = u64x2::from_ne_bytes(bytes.to_ne_bytes()).to_array();
    u8x16::from_ne_bytes(u64x2::new([high, high]).to_ne_bytes())
}

/// One dimension of the 4-point transform for four lines at once, times 2^13, and `half` more. `even` has pairs of
/// coefficients 0 and 2, `odd` of 1 and 3.
#[inline(always)]
fn four(even: i16x8, odd: i16x8, half: i32) -> [i32x4; 4] {
    // sqrt(2) cos(pi/8) and sqrt(2) cos(3 pi/8), times 2^13.
    const C1: i16 = 10703;
    const C3: i16 = 4433;
    let half = i32x4::splat(half);
    let (even_outer, even_inner) = (even.dot(twice_two([1 << 13; 2])), even.dot(twice_two([1 << 13, -1 << 13])));
    let (even_outer, even_inner) = (even_outer + half, even_inner + half);
    let (odd_outer, odd_inner) = (odd.dot(twice_two([C1, C3])), odd.dot(twice_two([C3, -C1])));
    [even_outer + odd_outer, even_inner + odd_inner, even_inner - odd_inner, even_outer - odd_outer]
}

/// The pair four times.
#[inline(always)]
pub(crate) fn twice_two([even, odd]: [i16; 2]) -> i16x8 {
    i16x8::new([even, odd, even, odd, even, odd, even, odd])
}

/// Eight sums as 16 bits, saturated.
#[inline(always)]
pub(crate) fn narrow(low: i32x4, high: i32x4) -> i16x8 {
    let ([a, b, c, d], [e, f, g, h]) = (low.to_array(), high.to_array());
    i16x8::from_i32x8_saturate(i32x8::new([a, b, c, d, e, f, g, h]))
}

/// Pairs of 16 bits as one lane.
#[inline(always)]
fn pairs_of(lanes: i16x8) -> i32x4 {
    i32x4::from_ne_bytes(lanes.to_ne_bytes())
}

#[inline(always)]
fn of_pairs(pairs: i32x4) -> i16x8 {
    i16x8::from_ne_bytes(pairs.to_ne_bytes())
}

/// A DC value times its quantisation step, within what the transforms bear: behind damage it may be anything.
#[inline(always)]
pub(crate) fn dequantise(value: i32, step: i32) -> i16 {
    bounded(value.wrapping_mul(step))
}

/// A dequantised coefficient within what the transforms bear.
#[inline(always)]
pub(crate) fn bounded(coefficient: i32) -> i16 {
    coefficient.clamp(-LIMIT, LIMIT) as i16
}

/// The sample that eight times its value, without the level shift of 128, rounds to.
#[inline(always)]
pub(crate) fn sample(eightfold: i32) -> u8 {
    ((eightfold.wrapping_add(4) >> 3) + 128).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::{Four, LIMIT, Low, Two, eight, low_positions, sample};
    use std::f64::consts::PI;

    /// The N-point inverse transform as the textbook has it.
    fn textbook(n: usize, block: &[i32]) -> Vec<u8> {
        let basis = |u: usize, x: usize| {
            let scale = if u == 0 { (1.0 / n as f64).sqrt() } else { (2.0 / n as f64).sqrt() };
            scale * (PI * (2 * x + 1) as f64 * u as f64 / (2 * n) as f64).cos()
        };
        let mut samples = Vec::new();
        for y in 0..n {
            for x in 0..n {
                let sum: f64 = (0..n * n).map(|i| f64::from(block[i]) * basis(i / n, y) * basis(i % n, x)).sum();
                samples.push((sum * n as f64 / 8.0 + 128.0).round().clamp(0.0, 255.0) as u8);
            }
        }
        samples
    }

    #[track_caller]
    fn check<L: Low>(coefficients: &[i32]) {
        let mut block = L::ZERO;
        for (&at, &place) in low_positions(L::N).iter().zip(&L::POSITIONS) {
            if usize::from(place) < L::N * L::N {
                block.as_mut()[usize::from(place)] = coefficients[usize::from(at)] as i16;
            }
        }
        let mut out = vec![0; L::N * L::N];
        L::transform(&block, &mut out, L::N);
        for (got, want) in out.iter().zip(textbook(L::N, coefficients)) {
            assert!(got.abs_diff(want) <= 1, "{out:?} for {coefficients:?}");
        }
    }

    /// The coefficients that `is_there` names by their place in zigzag order.
    #[track_caller]
    fn check_eight(coefficients: &[i32; 64], is_there: impl Fn(usize) -> bool) {
        let (mut block, mut want, mut last) = ([0; 64], [0; 64], 0);
        for k in (0..64).filter(|&k| is_there(k)) {
            block[usize::from(eight::POSITIONS[k])] = coefficients[k] as i16;
            want[usize::from(low_positions(8)[k])] = coefficients[k];
            last = k;
        }
        let mut out = vec![0; 64];
        eight::transform(&block, last as u32, &mut out, 8);
        for (got, want) in out.iter().zip(textbook(8, &want)) {
            assert!(got.abs_diff(want) <= 1, "{out:?} for {block:?}");
        }
    }

    #[test]
    fn transforms_match_the_textbook() {
        let mut seed = 1_u32;
        for _ in 0..2000 {
            let block: [i32; 64] = std::array::from_fn(|i| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let size = if i == 0 { 1024 } else { 200 };
                (seed >> 8) as i32 % (2 * size) - size
            });
            check::<Two>(&block);
            check::<Four>(&block);
            // All coefficients, few, and the lowest alone.
            check_eight(&block, |_| true);
            check_eight(&block, |k| k == 0 || k == seed as usize % 64);
            check_eight(&block, |k| k <= seed as usize % 16);
        }
        // More than the coefficients of any samples come to.
        for sign in [1, -1] {
            check::<Four>(&[sign * 2048; 64]);
            check_eight(&[sign * 512; 64], |_| true);
            check_eight(&[sign * 1024; 64], |k| k < 10);
            check::<Two>(&[sign * LIMIT; 64]);
            check_eight(&[sign * LIMIT; 64], |k| k == 0);
        }
    }

    #[test]
    fn the_zigzag_walk_visits_the_low_corner() {
        assert_eq!(Two::POSITIONS[..6], [0, 1, 2, 4, 3, 4]);
        assert_eq!(low_positions(4)[..10], [0, 1, 4, 8, 5, 2, 3, 6, 9, 12]);
        for (positions, n, last) in
            [(Two::POSITIONS, 2, Two::LAST), (Four::POSITIONS, 4, Four::LAST), (eight::POSITIONS, 8, eight::LAST)]
        {
            let needed: Vec<_> = (0..64).filter(|&k| usize::from(positions[k]) < n * n).collect();
            assert_eq!((needed.len(), *needed.last().unwrap()), (n * n, last as usize));
        }
    }

    /// A block of DC alone needs no transform.
    #[test]
    fn a_block_of_dc_alone_is_flat() {
        fn check<L: Low>() {
            for dc in -LIMIT..LIMIT {
                let mut block = L::ZERO;
                block.as_mut()[0] = dc as i16;
                let mut samples = [0; 16];
                L::transform(&block, &mut samples, L::N);
                assert!(samples[..L::N * L::N].iter().all(|&out| out == sample(dc)), "{dc}: {samples:?}");
            }
        }
        check::<Two>();
        check::<Four>();
    }
}
