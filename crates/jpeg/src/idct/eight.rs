//! All 8x8 samples of a block from all of its coefficients.
//!
//! In single precision, because the compiler makes vectors of it on every processor and all of them round alike.
//! Coefficients lie column by column: then the columns of the first pass are vectors, and the block is turned only once.

use super::low_positions;

/// The last coefficient, in zigzag order.
pub(crate) const LAST: u32 = 63;

/// Index in the block of each coefficient, in zigzag order.
pub(crate) const POSITIONS: [u8; 64] = {
    let mut positions = low_positions(8);
    let mut k = 0;
    while k < 64 {
        positions[k] = positions[k] % 8 * 8 + positions[k] / 8;
        k += 1;
    }
    positions
};

/// Up to this coefficient, in zigzag order, all lie among the lowest 4x4.
const LAST_OF_CORNER: u32 = 9;

/// What [`transform`] wants each quantised coefficient multiplied with, in zigzag order as `steps`.
pub(crate) fn factors(steps: &[u16; 64]) -> [f32; 64] {
    std::array::from_fn(|k| {
        let (x, y) = (usize::from(POSITIONS[k]) / 8, usize::from(POSITIONS[k]) % 8);
        f32::from(steps[k]) * (SCALES[x] * SCALES[y] / 8.0)
    })
}

/// What [`pass`] leaves out: 1, then sqrt(2) cos(k pi / 16).
const SCALES: [f32; 8] = [1.0, 1.387_039_8, 1.306_563, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];

/// Writes 8 rows of 8 samples to `out`, `stride` apart. `last` is the last coefficient that may be other than 0, in
/// zigzag order.
#[inline(always)]
pub(crate) fn transform(block: &[f32; 64], last: u32, out: &mut [u8], stride: usize) {
    let (columns, _) = block.as_chunks::<8>();
    let columns: &[[f32; 8]; 8] = columns.try_into().expect("64 are 8 times 8");
    if last == 0 {
        let [flat, ..] = samples(&[block[0]; 8]);
        out.chunks_mut(stride).take(8).for_each(|row| row[..8].fill(flat));
    } else if last <= LAST_OF_CORNER {
        let mut corner = [[0.0; 4]; 4];
        for x in 0..4 {
            for y in 0..4 {
                corner[x][y] = columns[x][y];
            }
        }
        write(&low_pass(&turned(&low_pass(&corner))), out, stride);
    } else {
        write(&pass(&turned(&pass(columns))), out, stride);
    }
}

// Loops from here on, and no `map` of arrays: not all of those became part of their callers, and none a vector.

#[inline(always)]
fn write(rows: &[[f32; 8]; 8], out: &mut [u8], stride: usize) {
    for (line, row) in out.chunks_mut(stride).zip(rows) {
        if let Some(line) = line.first_chunk_mut::<8>() {
            *line = samples(row);
        }
    }
}

/// Level shift, bounds and rounding.
///
/// 2^23 has no bits behind the point: what is added to it is rounded, and stands in its lowest byte. A cast of 8 values
/// takes 8 scalar ones, because it also has to know what to make of infinity.
#[inline(always)]
fn samples(row: &[f32; 8]) -> [u8; 8] {
    const SHIFT: f32 = 8_388_608.0;
    let mut samples = [0; 8];
    for x in 0..8 {
        let value = row[x] + 128.0;
        let value = if value > 0.0 { value } else { 0.0 };
        let value = if value < 255.0 { value } else { 255.0 };
        samples[x] = (value + SHIFT).to_bits() as u8;
    }
    samples
}

#[inline(always)]
fn turned<const N: usize, const M: usize>(lines: &[[f32; N]; M]) -> [[f32; M]; N] {
    let mut turned = [[0.0; M]; N];
    for at in 0..N {
        for line in 0..M {
            turned[at][line] = lines[line][at];
        }
    }
    turned
}

/// One dimension of the 8-point transform for eight lanes at once, in 5 multiplications.
///
/// **Source:** Arai, Agui, Nakajima 1988, as in libjpeg's `jidctflt.c`.
#[expect(clippy::needless_range_loop, reason = "a lane is a column of all rows")]
#[inline(always)]
fn pass(f: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    use std::f32::consts::SQRT_2;
    let mut out = [[0.0; 8]; 8];
    for x in 0..8 {
        let (sum04, difference04) = (f[0][x] + f[4][x], f[0][x] - f[4][x]);
        let sum26 = f[2][x] + f[6][x];
        let difference26 = (f[2][x] - f[6][x]) * SQRT_2 - sum26;
        let even = [sum04 + sum26, difference04 + difference26, difference04 - difference26, sum04 - sum26];

        let (sum53, difference53) = (f[5][x] + f[3][x], f[5][x] - f[3][x]);
        let (sum17, difference17) = (f[1][x] + f[7][x], f[1][x] - f[7][x]);
        let odd7 = sum17 + sum53;
        let odd11 = (sum17 - sum53) * SQRT_2;
        let both = (difference53 + difference17) * 1.847_759;
        let odd6 = both - difference53 * 2.613_126 - odd7;
        let odd5 = odd11 - odd6;
        let odd4 = both - difference17 * 1.082_392_2 - odd5;
        join(&mut out, x, even, [odd7, odd6, odd5, odd4]);
    }
    out
}

/// The same with the upper four coefficients 0.
#[expect(clippy::needless_range_loop, reason = "a lane is a column of all rows")]
#[inline(always)]
fn low_pass<const N: usize>(f: &[[f32; N]; 4]) -> [[f32; N]; 8] {
    use std::f32::consts::SQRT_2;
    let mut out = [[0.0; N]; 8];
    for x in 0..N {
        let [f0, f1, f2, f3] = [f[0][x], f[1][x], f[2][x], f[3][x]];
        let difference26 = f2 * (SQRT_2 - 1.0);
        let even = [f0 + f2, f0 + difference26, f0 - difference26, f0 - f2];

        let odd7 = f1 + f3;
        let both = (f1 - f3) * 1.847_759;
        let odd6 = both + f3 * 2.613_126 - odd7;
        let odd5 = (f1 - f3) * SQRT_2 - odd6;
        let odd4 = both - f1 * 1.082_392_2 - odd5;
        join(&mut out, x, even, [odd7, odd6, odd5, odd4]);
    }
    out
}

/// The even and the odd half of the transform, put together in lane `x`.
#[inline(always)]
fn join<const N: usize>(out: &mut [[f32; N]; 8], x: usize, even: [f32; 4], odd: [f32; 4]) {
    for at in 0..4 {
        (out[at][x], out[7 - at][x]) = (even[at] + odd[at], even[at] - odd[at]);
    }
}
