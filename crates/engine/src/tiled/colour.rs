//! Luma and chroma to red, green and blue, and what those are. Source: ITU-T H.273, tables 2 to 4 and equations 20 to 63.

use contract::ImageFormat;
use heif::Nclx;

use crate::{EngineError, code_points::of_codes};

/// More than a profile of code points has: three curves of 1,024 entries.
pub(super) const PROFILE_BYTES: u64 = 16 << 10;

/// Whether the code points are other colours than those of sRGB, or none.
pub(super) fn has_profile(nclx: Option<Nclx>) -> bool {
    // The curves of BT.709, BT.601 and BT.2020 stand for sRGB's, as browsers and libheif take them.
    nclx.is_some_and(|nclx| !matches!(nclx.primaries, 0..=2) || !matches!(nclx.transfer, 0..=3 | 6 | 13..=15))
}

/// An ICC profile of the code points; `None` for sRGB.
pub(super) fn profile(nclx: Option<Nclx>) -> Option<Vec<u8>> {
    let Nclx { primaries, transfer, .. } = nclx.filter(|_| has_profile(nclx))?;
    let primaries = if matches!(primaries, 0 | 2) { 1 } else { primaries };
    let transfer = if matches!(transfer, 0..=3 | 6 | 13..=15) { 13 } else { transfer };
    of_codes(primaries, transfer, true, false)?.encode().ok()
}

/// Films that do not say their matrix have that of HD from 720 lines on, as players take it.
pub(super) fn assumed(format: ImageFormat, (width, height): (u32, u32), nclx: Option<Nclx>) -> Option<Nclx> {
    let is_high = width.max(height) >= 1280 || width.min(height) >= 720;
    match nclx.unwrap_or(Nclx { primaries: 2, transfer: 2, matrix: 2, full_range: false }) {
        nclx @ Nclx { matrix: 2, .. } if is_high && matches!(format, ImageFormat::Mp4 | ImageFormat::Webm) => {
            Some(Nclx { matrix: 1, ..nclx })
        }
        _ => nclx,
    }
}

/// Samples of one depth to 8 bit, in 16-bit fixed point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    luma_zero: i32,
    chroma_zero: i32,
    luma: i32,
    red_of_cr: i32,
    green_of_cb: i32,
    green_of_cr: i32,
    blue_of_cb: i32,
    /// Green, blue and red as they are.
    is_identity: bool,
}

impl Matrix {
    /// Without a word it is BT.601 in video range: what libheif takes.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for YCgCo and others that are no weights of red, green and blue.
    pub(super) fn new(format: ImageFormat, nclx: Option<Nclx>, bits: u8) -> Result<Self, EngineError> {
        let matrix = nclx.map_or(2, |nclx| nclx.matrix);
        let full_range = nclx.is_some_and(|nclx| nclx.full_range);
        let (red, blue) = match matrix {
            0 | 2 | 3 | 5 | 6 => (0.299, 0.114),
            1 => (0.2126, 0.0722),
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 | 10 => (0.2627, 0.0593),
            _ => return Err(EngineError::unsupported(format, format!("matrix coefficients {matrix}"))),
        };
        let green = 1.0 - red - blue;
        let unit = f64::from(1_u32 << (bits - 8));
        let (luma_zero, luma_range, chroma_range) = match full_range {
            true => (0.0, unit * 256.0 - 1.0, unit * 256.0 - 1.0),
            false => (16.0 * unit, 219.0 * unit, 224.0 * unit),
        };
        let fixed = |factor: f64| (factor * 65_536.0).round() as i32;
        let (luma, chroma) = (255.0 / luma_range, 255.0 / chroma_range);
        Ok(Self {
            luma_zero: luma_zero as i32,
            chroma_zero: 128 << (bits - 8),
            luma: fixed(luma),
            red_of_cr: fixed(2.0 * (1.0 - red) * chroma),
            green_of_cb: fixed(-2.0 * (1.0 - blue) * blue / green * chroma),
            green_of_cr: fixed(-2.0 * (1.0 - red) * red / green * chroma),
            blue_of_cb: fixed(2.0 * (1.0 - blue) * chroma),
            is_identity: matrix == 0,
        })
    }

    /// A row of luma and, of a picture with colours, its rows of chroma, of which one sample stands for `1 << halved`
    /// pixels: 3 bytes a pixel, or 1 without chroma, each `step` bytes behind the one before.
    pub(super) fn row(&self, luma: &[u16], chroma: Option<[&[u16]; 2]>, halved: u32, out: &mut [u8], step: usize) {
        let byte = |value: i32| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8;
        let Some([blue, red]) = chroma else {
            for (out, luma) in out.iter_mut().step_by(step).zip(luma) {
                *out = byte((i32::from(*luma) - self.luma_zero) * self.luma);
            }
            return;
        };
        // Steps that the compiler knows: a HEIC of 12 MP took 0.07 s longer with any.
        match (step, halved) {
            (3, 0) => self.pixels::<3, 1>(luma, [blue, red], out),
            (3, _) => self.pixels::<3, 2>(luma, [blue, red], out),
            (_, 0) => self.pixels::<4, 1>(luma, [blue, red], out),
            _ => self.pixels::<4, 2>(luma, [blue, red], out),
        }
    }

    /// Red, green and blue of each pixel of `STEP` bytes, of which `EACH` have the same chroma.
    fn pixels<const STEP: usize, const EACH: usize>(&self, luma: &[u16], [blue, red]: [&[u16]; 2], out: &mut [u8]) {
        let pixels = out.as_chunks_mut::<STEP>().0;
        let (pixels, rest) = pixels.as_chunks_mut::<EACH>();
        let (luma, luma_rest) = luma.as_chunks::<EACH>();
        for ((pixels, luma), (cb, cr)) in pixels.iter_mut().zip(luma).zip(blue.iter().zip(red)) {
            let chroma = self.chroma(*cb, *cr);
            for (pixel, luma) in pixels.iter_mut().zip(luma) {
                self.pixel(*luma, chroma, pixel);
            }
        }
        // The last column of an odd width.
        if let (Some(pixel), Some(luma), Some(cb), Some(cr)) =
            (rest.first_mut(), luma_rest.first(), blue.last(), red.last())
        {
            self.pixel(*luma, self.chroma(*cb, *cr), pixel);
        }
    }

    /// What chroma adds to red, green and blue, and half of a step.
    fn chroma(&self, cb: u16, cr: u16) -> [i32; 3] {
        const HALF: i32 = 1 << 15;
        let (cb, cr) = (i32::from(cb), i32::from(cr));
        if self.is_identity {
            let level = |sample: i32| (sample - self.luma_zero) * self.luma + HALF;
            return [level(cr), HALF, level(cb)];
        }
        let (cb, cr) = (cb - self.chroma_zero, cr - self.chroma_zero);
        [self.red_of_cr * cr + HALF, self.green_of_cb * cb + self.green_of_cr * cr + HALF, self.blue_of_cb * cb + HALF]
    }

    fn pixel<const STEP: usize>(&self, luma: u16, chroma: [i32; 3], pixel: &mut [u8; STEP]) {
        let luma = (i32::from(luma) - self.luma_zero) * self.luma;
        for (channel, (out, chroma)) in pixel.iter_mut().zip(chroma).enumerate() {
            // Green alone is luma, where there is no matrix.
            let luma = if self.is_identity && channel != 1 { 0 } else { luma };
            *out = ((luma + chroma) >> 16).clamp(0, 255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_black_and_red_are_themselves_at_every_depth() {
        for (full_range, bits) in [(false, 8), (true, 8), (false, 10), (true, 10), (false, 12), (true, 12)] {
            let nclx = Nclx { primaries: 1, transfer: 13, matrix: 1, full_range };
            let matrix = Matrix::new(ImageFormat::Heic, Some(nclx), bits).unwrap();
            let unit = f64::from(1_u32 << (bits - 8));
            let (zero, range, chroma) = match full_range {
                true => (0.0, 256.0 * unit - 1.0, 256.0 * unit - 1.0),
                false => (16.0 * unit, 219.0 * unit, 224.0 * unit),
            };
            let check = |rgb: [u8; 3]| {
                let [red, green, blue] = rgb.map(|level| f64::from(level) / 255.0);
                let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
                let (cb, cr) = ((blue - luma) / 1.8556, (red - luma) / 1.5748);
                let top = 256.0 * unit - 1.0;
                let sample = |value: f64| [value.round().clamp(0.0, top) as u16];
                let half = 128.0 * unit;
                let [y, cb, cr] = [zero + range * luma, half + chroma * cb, half + chroma * cr].map(sample);
                let mut out = [0; 3];
                matrix.row(&y, Some([&cb, &cr]), 0, &mut out, 3);
                assert!(out.iter().zip(rgb).all(|(is, want)| is.abs_diff(want) <= 2), "{out:?} {rgb:?} {bits}");
            };
            [[0; 3], [255; 3], [255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 120, 230]].into_iter().for_each(check);
        }
        let ycgco = Nclx { primaries: 1, transfer: 1, matrix: 8, full_range: true };
        assert!(Matrix::new(ImageFormat::Avif, Some(ycgco), 8).is_err());
    }
}
