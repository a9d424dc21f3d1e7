//! Samples to quantised coefficients.

use wide::{f32x4, i16x8, i32x4, u8x16};

use super::{Block, PlaneRef};
use crate::idct::{narrow, twice_two};

/// Steps at quality 50 of luma, row by row: 19.2 (r / 16) to the power of 0.8, where r are N. Robidoux's steps, after
/// Klein, Silverstein and Carney 1992, "Relevance of human vision to JPEG-DCT compression". ImageMagick's forum published
/// his, and they are table 3 of mozjpeg; with 19.2 for 16 a file of the same quality has about the same bytes.
///
/// At equal SSIMULACRA2 (that of his table for all components at quality 80), files of eight cameras have with these two
/// tables 0.89 of the bytes at 128 pixels, 0.95 at 256, 0.99 at 512 and 1.00 at 1,024; mozjpeg by sharp has 1.05, 0.97 and
/// 0.96 at 128, 512 and 1,024. Halved chroma is most of what is lost at 128 pixels, so its steps are finer than luma's.
#[rustfmt::skip]
const LUMA_STEPS: [u16; 64] = [
     19,  19,  19,  21,  27,  38,  52,  73,
     19,  20,  23,  29,  35,  40,  50,  66,
     19,  23,  27,  33,  42,  57,  77, 106,
     21,  29,  33,  40,  50,  65,  87, 119,
     27,  35,  42,  50,  62,  79, 103, 138,
     38,  40,  57,  65,  79,  99, 127, 166,
     52,  50,  77,  87, 103, 127, 160, 206,
     73,  66, 106, 119, 138, 166, 206, 261,
];

/// Those of chroma: 0.7 of luma's.
#[rustfmt::skip]
const CHROMA_STEPS: [u16; 64] = [
     13,  13,  13,  15,  19,  26,  37,  51,
     13,  14,  16,  20,  25,  28,  35,  46,
     13,  16,  19,  23,  30,  40,  54,  74,
     15,  20,  23,  28,  35,  46,  61,  83,
     19,  25,  30,  35,  43,  55,  72,  97,
     26,  28,  40,  46,  55,  69,  89, 117,
     37,  35,  54,  61,  72,  89, 112, 144,
     51,  46,  74,  83,  97, 117, 144, 183,
];

/// The place of each coefficient, in zigzag order, in a block read row by row. **Source:** T.81 figure A.6.
#[rustfmt::skip]
const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Quantisation steps, and what coefficients are multiplied with.
pub(super) struct Quantiser {
    /// Row by row.
    steps: [u8; 64],
    /// Column by column, as the transform leaves its coefficients.
    factors: [f32x4; 16],
}

impl Quantiser {
    /// That of luma and that of chroma. Scales the steps as libjpeg does, so that a quality means what people expect of it.
    pub(super) fn both(quality: u8) -> [Self; 2] {
        [LUMA_STEPS, CHROMA_STEPS].map(|steps| Self::new(steps, quality))
    }

    fn new(steps: [u16; 64], quality: u8) -> Self {
        let quality = u32::from(quality.clamp(1, 100));
        let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let steps = steps.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8);
        let factor = |at: usize| SCALE / f32::from(steps[at % 8 * 8 + at / 8]);
        let four = |at: usize| f32x4::new(std::array::from_fn(|lane| factor(4 * at + lane)));
        Self { steps, factors: std::array::from_fn(four) }
    }

    /// The steps as a DQT segment has them.
    pub(super) fn steps_zigzag(&self) -> [u8; 64] {
        ZIGZAG.map(|at| self.steps[usize::from(at)])
    }

    /// The most bits that a block takes on average, if samples are what they like.
    ///
    /// The transform keeps the sum of squares, at most 128² a sample. Nothing of that power has more entropy than normal
    /// noise in all coefficients alike, log2(σ/q) + 2.05 bits each where σ/q is large. A bit is added for a Huffman code
    /// that all coefficients share.
    pub(super) fn most_bits(&self) -> u64 {
        let bits = |step: &u8| (1.0 + 128.0 * 4.2 / f64::from(*step)).log2() + 1.0;
        self.steps.iter().map(bits).sum::<f64>() as u64 + 1
    }

    /// The coefficients of the 8x8 samples at column `x`, row `y`, in steps, column by column; beyond the plane its edge
    /// goes on.
    #[inline(always)]
    fn coefficients(&self, plane: &PlaneRef<'_>, x: usize, y: usize) -> [[f32x4; 2]; 8] {
        let mut rows = [i16x8::splat(0); 8];
        for (dy, row) in rows.iter_mut().enumerate() {
            let from = (y + dy).min(plane.height_px - 1) * plane.stride;
            let line = &plane.samples[from..from + plane.width_px];
            let mut samples = [0; 16];
            if let Some(inner) = line[x..].first_chunk::<8>() {
                samples[..8].copy_from_slice(inner);
            } else {
                for (dx, sample) in samples[..8].iter_mut().enumerate() {
                    *sample = line[(x + dx).min(line.len() - 1)];
                }
            }
            *row = i16x8::from_u8x16_low(u8x16::new(samples)) - i16x8::splat(128);
        }
        // Down the columns, all eight at once; then the same on the transpose, whose result is transposed too.
        let half = i32x4::splat(1 << (BETWEEN_SHIFT - 1));
        let mut columns = [i16x8::splat(0); 8];
        for (column, [low, high]) in columns.iter_mut().zip(transform(&rows)) {
            *column = narrow((low + half) >> BETWEEN_SHIFT, (high + half) >> BETWEEN_SHIFT);
        }
        let mut in_steps = [[f32x4::splat(0.0); 2]; 8];
        for (at, (eight, sums)) in in_steps.iter_mut().zip(transform(&i16x8::transpose(columns))).enumerate() {
            *eight = [0, 1].map(|half| sums[half].round_float() * self.factors[2 * at + half]);
        }
        in_steps
    }

    /// The same in zigzag order.
    pub(super) fn in_steps(&self, plane: &PlaneRef<'_>, x: usize, y: usize) -> [f32; 64] {
        let mut zigzag = [0.0; 64];
        let column_by_column = self.coefficients(plane, x, y).map(|halves| halves.map(f32x4::to_array));
        for (&place, &value) in PLACES.iter().zip(column_by_column.as_flattened().as_flattened()) {
            zigzag[usize::from(place) & 63] = value;
        }
        zigzag
    }

    /// The same, rounded, into a block of 0s.
    pub(super) fn block(&self, plane: &PlaneRef<'_>, x: usize, y: usize, block: &mut Block) {
        let mut quantised = [[0; 8]; 8];
        let mut nonzero = 0;
        for (at, (line, [low, high])) in quantised.iter_mut().zip(self.coefficients(plane, x, y)).enumerate() {
            let values = narrow(low.fast_round_int(), high.fast_round_int());
            *line = values.to_array();
            nonzero |= u64::from(!values.simd_eq(i16x8::splat(0)).to_bitmask() & 0xFF) << (8 * at);
        }
        // Most are 0: going through those that are not takes less than moving all.
        while nonzero != 0 {
            let at = nonzero.trailing_zeros() as usize & 63;
            nonzero &= nonzero - 1;
            block[usize::from(PLACES[at]) & 63] = quantised.as_flattened()[at];
        }
    }
}

/// The place in zigzag order of each coefficient, column by column.
const PLACES: [u8; 64] = {
    let mut places = [0; 64];
    let mut k = 0;
    while k < 64 {
        places[ZIGZAG[k] as usize % 8 * 8 + ZIGZAG[k] as usize / 8] = k as u8;
        k += 1;
    }
    places
};

/// Bits behind the point of the constants.
const ONE_BITS: i32 = 13;
/// Two bits of the fraction are kept between the passes.
const BETWEEN_SHIFT: i32 = ONE_BITS - 2;
/// Each pass multiplies with the square root of 8.
const SCALE: f32 = 1.0 / (8 << 2 << ONE_BITS) as f32;

/// The forward transform down the columns, times 2^13 and the square root of 8: the left and the right half of each row.
///
/// **Source:** T.81 A.3.3, with the even half factored.
#[inline(always)]
fn transform(x: &[i16x8; 8]) -> [[i32x4; 2]; 8] {
    const ONE: i16 = 1 << ONE_BITS;
    // sqrt(2) cos(k pi / 16), times 2^13.
    const C1: i16 = 11363;
    const C2: i16 = 10703;
    const C3: i16 = 9633;
    const C5: i16 = 6437;
    const C6: i16 = 4433;
    const C7: i16 = 2260;
    let [s0, s1, s2, s3] = [x[0] + x[7], x[1] + x[6], x[2] + x[5], x[3] + x[4]];
    let [d0, d1, d2, d3] = [x[0] - x[7], x[1] - x[6], x[2] - x[5], x[3] - x[4]];
    let (sums, differences) = (woven(s0 + s3, s1 + s2), woven(s0 - s3, s1 - s2));
    let (first, last) = (woven(d0, d1), woven(d2, d3));
    let mut out = [[i32x4::splat(0); 2]; 8];
    for side in 0..2 {
        out[0][side] = sums[side].dot(twice_two([ONE, ONE]));
        out[4][side] = sums[side].dot(twice_two([ONE, -ONE]));
        out[2][side] = differences[side].dot(twice_two([C2, C6]));
        out[6][side] = differences[side].dot(twice_two([C6, -C2]));
        let odd = |first_two, last_two| first[side].dot(twice_two(first_two)) + last[side].dot(twice_two(last_two));
        out[1][side] = odd([C1, C3], [C5, C7]);
        out[3][side] = odd([C3, -C7], [-C1, -C5]);
        out[5][side] = odd([C5, -C1], [C7, C3]);
        out[7][side] = odd([C7, -C5], [C3, -C1]);
    }
    out
}

/// Pairs of a lane of each: those of the left and of the right half.
#[inline(always)]
fn woven(a: i16x8, b: i16x8) -> [i16x8; 2] {
    let (a, b) = (a.to_array(), b.to_array());
    [
        i16x8::new([a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]]),
        i16x8::new([a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]]),
    ]
}

#[cfg(test)]
mod tests {
    use wide::i16x8;

    use super::{ONE_BITS, ZIGZAG, transform};

    #[test]
    fn the_transform_matches_its_definition() {
        let rows: [[i16; 8]; 8] =
            std::array::from_fn(|row| std::array::from_fn(|lane| ((row * 37 + lane * 11) % 250) as i16 - 128));
        let got = transform(&rows.map(i16x8::new));
        for (u, line) in got.iter().enumerate() {
            for lane in 0..8 {
                let value = f64::from(line[lane / 4].to_array()[lane % 4]) / f64::from(1 << ONE_BITS) / 8_f64.sqrt();
                let scale = if u == 0 { 0.125_f64.sqrt() } else { 0.5 };
                let basis = |x: usize| (std::f64::consts::PI * (2 * x + 1) as f64 * u as f64 / 16.0).cos();
                let want: f64 = (0..8).map(|x| f64::from(rows[x][lane]) * basis(x)).sum::<f64>() * scale;
                assert!((value - want).abs() < 0.05, "{value} instead of {want}");
            }
        }
    }

    #[test]
    fn the_zigzag_names_every_place_once() {
        let mut places = ZIGZAG;
        places.sort_unstable();
        assert!(places.into_iter().eq(0..64));
    }
}
