//! Samples to quantised coefficients.

use super::{Block, PlaneRef};

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

/// Quantisation steps, and their inverses to multiply with.
pub(super) struct Quantiser {
    /// Row by row.
    steps: [u8; 64],
    /// Column by column, as the transform leaves its coefficients.
    inverses: [f32; 64],
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
        Self { steps, inverses: std::array::from_fn(|at| 1.0 / f32::from(steps[at % 8 * 8 + at / 8])) }
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

    /// Transforms and quantises the 8x8 samples at column `x`, row `y`; beyond the plane its edge goes on.
    pub(super) fn block(&self, plane: &PlaneRef<'_>, x: usize, y: usize) -> Block {
        let mut rows = [[0.0; 8]; 8];
        for (dy, row) in rows.iter_mut().enumerate() {
            let from = (y + dy).min(plane.height_px - 1) * plane.stride;
            let line = &plane.samples[from..from + plane.width_px];
            let mut samples = [0; 8];
            if let Some(inner) = line[x..].first_chunk::<8>() {
                samples = *inner;
            } else {
                for (dx, sample) in samples.iter_mut().enumerate() {
                    *sample = line[(x + dx).min(line.len() - 1)];
                }
            }
            for dx in 0..8 {
                row[dx] = f32::from(samples[dx]) - 128.0;
            }
        }
        // Columns first, all eight at once; then the same on the transpose, whose result is transposed too.
        let coefficients = transform(&transpose(&transform(&rows)));
        let mut quantised = [0_i16; 64];
        for at in 0..64 {
            // 1.5 times 2^23 has no bits behind the point: what is added to it is rounded, and stands in its lowest
            // bits. A cast takes eight scalar ones, because it also has to know what to make of infinity.
            let shifted = coefficients[at / 8][at % 8] * self.inverses[at] + 12_582_912.0;
            quantised[at] = shifted.to_bits() as i16;
        }
        let mut block = [0; 64];
        for (to, &at) in block.iter_mut().zip(&ZIGZAG) {
            let at = usize::from(at);
            *to = quantised[at % 8 * 8 + at / 8];
        }
        block
    }
}

type Lanes = [f32; 8];

/// The forward transform down the columns. **Source:** T.81 A.3.3, with the even half factored.
#[inline(always)]
fn transform(rows: &[Lanes; 8]) -> [Lanes; 8] {
    // cos(k pi / 16) / 2.
    const C1: f32 = 0.490_392_64;
    const C2: f32 = 0.461_939_77;
    const C3: f32 = 0.415_734_8;
    const C4: f32 = 0.353_553_4;
    const C5: f32 = 0.277_785_12;
    const C6: f32 = 0.191_341_72;
    const C7: f32 = 0.097_545_16;
    let mut out = [[0.0; 8]; 8];
    for lane in 0..8 {
        let mut x = [0.0; 8];
        for row in 0..8 {
            x[row] = rows[row][lane];
        }
        let [s0, s1, s2, s3] = [x[0] + x[7], x[1] + x[6], x[2] + x[5], x[3] + x[4]];
        let [d0, d1, d2, d3] = [x[0] - x[7], x[1] - x[6], x[2] - x[5], x[3] - x[4]];
        let [sum_outer, sum_inner, difference_outer, difference_inner] = [s0 + s3, s1 + s2, s0 - s3, s1 - s2];
        out[0][lane] = C4 * (sum_outer + sum_inner);
        out[4][lane] = C4 * (sum_outer - sum_inner);
        out[2][lane] = C2 * difference_outer + C6 * difference_inner;
        out[6][lane] = C6 * difference_outer - C2 * difference_inner;
        out[1][lane] = C1 * d0 + C3 * d1 + C5 * d2 + C7 * d3;
        out[3][lane] = C3 * d0 - C7 * d1 - C1 * d2 - C5 * d3;
        out[5][lane] = C5 * d0 - C1 * d1 + C7 * d2 + C3 * d3;
        out[7][lane] = C7 * d0 - C5 * d1 + C3 * d2 - C1 * d3;
    }
    out
}

// Loops here and above, and no `map` of arrays: not all of those became part of their callers, and none a vector.
#[inline(always)]
fn transpose(rows: &[Lanes; 8]) -> [Lanes; 8] {
    let mut out = [[0.0; 8]; 8];
    for row in 0..8 {
        for column in 0..8 {
            out[row][column] = rows[column][row];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Lanes, ZIGZAG, transform};

    #[test]
    fn the_transform_matches_its_definition() {
        let rows: [Lanes; 8] =
            std::array::from_fn(|row| std::array::from_fn(|lane| ((row * 37 + lane * 11) % 50) as f32));
        let got = transform(&rows);
        for (u, line) in got.iter().enumerate() {
            for (lane, &value) in line.iter().enumerate() {
                let scale = if u == 0 { 0.125_f64.sqrt() } else { 0.5 };
                let basis = |x: usize| (std::f64::consts::PI * (2 * x + 1) as f64 * u as f64 / 16.0).cos();
                let want: f64 = (0..8).map(|x| f64::from(rows[x][lane]) * basis(x)).sum::<f64>() * scale;
                assert!((f64::from(value) - want).abs() < 1e-4, "{value} instead of {want}");
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
