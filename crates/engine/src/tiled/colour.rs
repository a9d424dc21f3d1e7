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
        match step {
            3 => self.pixels::<3>(luma, [blue, red], halved, out),
            _ => self.pixels::<4>(luma, [blue, red], halved, out),
        }
    }

    /// Red, green and blue of each pixel of `STEP` bytes.
    fn pixels<const STEP: usize>(&self, luma: &[u16], [blue, red]: [&[u16]; 2], halved: u32, out: &mut [u8]) {
        let byte = |value: i32| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8;
        let pixels = out.as_chunks_mut::<STEP>().0;
        for (x, (pixel, luma)) in pixels.iter_mut().zip(luma).enumerate() {
            let luma = (i32::from(*luma) - self.luma_zero) * self.luma;
            let (cb, cr) = (i32::from(blue[x >> halved]), i32::from(red[x >> halved]));
            let [r, g, b] = if self.is_identity {
                let level = |sample: i32| byte((sample - self.luma_zero) * self.luma);
                [level(cr), byte(luma), level(cb)]
            } else {
                let (cb, cr) = (cb - self.chroma_zero, cr - self.chroma_zero);
                [
                    byte(luma + self.red_of_cr * cr),
                    byte(luma + self.green_of_cb * cb + self.green_of_cr * cr),
                    byte(luma + self.blue_of_cb * cb),
                ]
            };
            (pixel[0], pixel[1], pixel[2]) = (r, g, b);
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
