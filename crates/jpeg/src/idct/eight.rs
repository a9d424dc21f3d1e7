//! All 8x8 samples of a block from all of its coefficients.
//!
//! In 16 bit lanes, whose products are added up by pairs in 32 bits: two coefficients that are multiplied together lie
//! side by side in the block as it is read, and so do, behind the first pass, those of the second.

use wide::{i16x8, i32x4, u8x16};

use super::{flat, low_positions, narrow, of_pairs, pairs_of, twice_two};

/// A block of coefficients times their steps, each at its place of [`POSITIONS`].
pub(crate) type Block = [i16; 64];

/// The last coefficient, in zigzag order.
pub(crate) const LAST: u32 = 63;

/// The place of each frequency of a side: 0 and 4, 6 and 2, 7 and 1, 3 and 5 are pairs. Of the lower and of the upper
/// half no two places are both taken where only the lowest four frequencies are there.
const PLACES: [u8; 8] = [0, 5, 3, 6, 1, 7, 2, 4];

/// Index in the block of each coefficient, in zigzag order: by pair of columns, then by row, then by column of the pair.
pub(crate) const POSITIONS: [u8; 64] = {
    let mut positions = low_positions(8);
    let mut k = 0;
    while k < 64 {
        let (column, row) = (PLACES[positions[k] as usize % 8], PLACES[positions[k] as usize / 8]);
        positions[k] = column / 2 * 16 + row * 2 + column % 2;
        k += 1;
    }
    positions
};

/// Up to this coefficient, in zigzag order, all lie among the lowest 4x4.
const LAST_OF_CORNER: u32 = 9;

/// Bits behind the point that are kept between the passes.
const BETWEEN_BITS: i32 = 2;
/// Bits behind the point of the constants.
const ONE_BITS: i32 = 13;
const FIRST_SHIFT: i32 = ONE_BITS - BETWEEN_BITS;
/// Each pass multiplies with the square root of 8.
const SECOND_SHIFT: i32 = ONE_BITS + BETWEEN_BITS + 3;
const FIRST_HALF: i32 = 1 << (FIRST_SHIFT - 1);
/// And the level shift.
const SECOND_HALF: i32 = (1 << (SECOND_SHIFT - 1)) + (128 << SECOND_SHIFT);

/// Writes 8 rows of 8 samples to `out`, `stride` apart. `last` is the last coefficient that may be other than 0, in
/// zigzag order.
///
/// Coefficients that no samples have may overflow: what comes of them is of no use, but the same everywhere.
#[inline(always)]
pub(crate) fn transform(block: &Block, last: u32, out: &mut [u8], stride: usize) {
    if last == 0 {
        return flat(block[0], 8, out, stride);
    }
    let (vectors, _) = block.as_chunks::<8>();
    let mut lines = [i16x8::splat(0); 8];
    for (line, vector) in lines.iter_mut().zip(vectors) {
        *line = i16x8::new(*vector);
    }
    let rows = if last <= LAST_OF_CORNER { corner(&lines) } else { all(&lines) };
    let (pairs, _) = rows.as_chunks::<2>();
    for (pair, [upper, lower]) in pairs.iter().enumerate() {
        let samples = u8x16::narrow_i16x8(*upper, *lower).to_array();
        let (upper, lower) = samples.split_at(8);
        let lines = &mut out[2 * pair * stride..][..stride + 8];
        lines[..8].copy_from_slice(upper);
        lines[stride..].copy_from_slice(lower);
    }
}

/// Sums of the left and of the right half of a line.
type Sums = [i32x4; 2];

/// Rows of samples, not yet within bounds.
#[inline(always)]
fn all(lines: &[i16x8; 8]) -> [i16x8; 8] {
    let sums = pass(lines, FIRST_HALF);
    let mut columns = [i32x4::splat(0); 8];
    for (column, [low, high]) in columns.iter_mut().zip(sums) {
        *column = pairs_of(narrow(low >> FIRST_SHIFT, high >> FIRST_SHIFT));
    }
    let [a, b, c, d, e, f, g, h] = columns;
    let (left, right) = (i32x4::transpose([a, b, c, d]), i32x4::transpose([e, f, g, h]));
    let mut turned = [i16x8::splat(0); 8];
    for pair in 0..4 {
        (turned[2 * pair], turned[2 * pair + 1]) = (of_pairs(left[pair]), of_pairs(right[pair]));
    }
    rows(pass(&turned, SECOND_HALF))
}

/// The same where only the lowest 4x4 coefficients are other than 0.
#[inline(always)]
fn corner(lines: &[i16x8; 8]) -> [i16x8; 8] {
    // Of each pair one is 0, and of each row either the lower or the upper half.
    let even = lines[0] | lines[1] | lines[2] | lines[3];
    let odd = lines[4] | lines[5] | lines[6] | lines[7];
    let [a, b, c, d, e, f, g, h] = low_pass(even, odd, FIRST_HALF).map(|sum| sum >> FIRST_SHIFT);
    let mut sums = [[i32x4::splat(0); 2]; 8];
    for (side, columns) in [[a, b, c, d], [e, f, g, h]].into_iter().enumerate() {
        // In the order of their places.
        let [row0, row1, row3, row2] = i32x4::transpose(columns);
        let side_sums = low_pass(both(row0, row2), both(row3, row1), SECOND_HALF);
        for (sums, sum) in sums.iter_mut().zip(side_sums) {
            sums[side] = sum;
        }
    }
    rows(sums)
}

#[inline(always)]
fn rows(sums: [Sums; 8]) -> [i16x8; 8] {
    let mut rows = [i16x8::splat(0); 8];
    for (row, [left, right]) in rows.iter_mut().zip(sums) {
        *row = narrow(left >> SECOND_SHIFT, right >> SECOND_SHIFT);
    }
    rows
}

/// The low 16 bits of each, as pairs.
#[inline(always)]
fn both(first: i32x4, second: i32x4) -> i16x8 {
    of_pairs(first & i32x4::splat(0xFFFF) | second << 16)
}

/// The cosines, times 2^13.
///
/// **Source:** Loeffler, Ligtenberg, Moschytz 1989, in 12 multiplications, as in libjpeg's `jidctint.c`; by pairs as in
/// libjpeg-turbo's `jidctint-sse2.asm`.
mod cosines {
    pub(super) const C0_298: i16 = 2446;
    pub(super) const C0_390: i16 = 3196;
    pub(super) const C0_541: i16 = 4433;
    pub(super) const C0_765: i16 = 6270;
    pub(super) const C0_899: i16 = 7373;
    pub(super) const C1_175: i16 = 9633;
    pub(super) const C1_501: i16 = 12299;
    pub(super) const C1_847: i16 = 15137;
    pub(super) const C1_961: i16 = 16069;
    pub(super) const C2_053: i16 = 16819;
    pub(super) const C2_562: i16 = 20995;
    pub(super) const C3_072: i16 = 25172;
}

/// One dimension of the 8-point transform for eight lines at once; `lines` has each pair for the first four, then for
/// the others.
#[inline(always)]
fn pass(lines: &[i16x8; 8], half: i32) -> [Sums; 8] {
    use cosines::*;
    const ONE: i16 = 1 << ONE_BITS;
    let mut out = [[i32x4::splat(0); 2]; 8];
    for side in 0..2 {
        let [f04, f62, f71, f35] = [lines[side], lines[2 + side], lines[4 + side], lines[6 + side]];
        let half = i32x4::splat(half);
        let sum04 = f04.dot(twice_two([ONE, ONE])) + half;
        let difference04 = f04.dot(twice_two([ONE, -ONE])) + half;
        let inner = f62.dot(twice_two([C0_541 - C1_847, C0_541]));
        let outer = f62.dot(twice_two([C0_541, C0_541 + C0_765]));
        let even = [sum04 + outer, difference04 + inner, difference04 - inner, sum04 - outer];

        let sums = f71 + f35;
        let z3 = sums.dot(twice_two([C1_175 - C1_961, C1_175]));
        let z4 = sums.dot(twice_two([C1_175, C1_175 - C0_390]));
        let odd = [
            f71.dot(twice_two([-C0_899, C1_501 - C0_899])) + z4,
            f35.dot(twice_two([C3_072 - C2_562, -C2_562])) + z3,
            f35.dot(twice_two([-C2_562, C2_053 - C2_562])) + z4,
            f71.dot(twice_two([C0_298 - C0_899, -C0_899])) + z3,
        ];
        for at in 0..4 {
            (out[at][side], out[7 - at][side]) = (even[at] + odd[at], even[at] - odd[at]);
        }
    }
    out
}

/// The same for four lines with the upper four coefficients 0: 0 and 2 are the pairs of `even`, 3 and 1 those of `odd`.
#[inline(always)]
fn low_pass(even: i16x8, odd: i16x8, half: i32) -> [i32x4; 8] {
    use cosines::*;
    const ONE: i16 = 1 << ONE_BITS;
    const C0_275: i16 = 2260;
    const C0_785: i16 = 6436;
    const C1_306: i16 = C0_541 + C0_765;
    const C1_387: i16 = 11363;
    let half = i32x4::splat(half);
    let even = [C1_306, C0_541, -C0_541, -C1_306].map(|cosine| even.dot(twice_two([ONE, cosine])) + half);
    let odd = [[C1_175, C1_387], [-C0_275, C1_175], [-C1_387, C0_785], [-C0_785, C0_275]]
        .map(|cosines| odd.dot(twice_two(cosines)));
    let mut out = [i32x4::splat(0); 8];
    for at in 0..4 {
        (out[at], out[7 - at]) = (even[at] + odd[at], even[at] - odd[at]);
    }
    out
}
