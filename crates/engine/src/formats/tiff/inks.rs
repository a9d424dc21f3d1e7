//! YCbCr and CIE L*a*b* to sRGB.

use super::{
    directory::{Directory, Gap},
    header::{LUMA_COEFFICIENTS, REFERENCE_LEVELS},
};
use crate::samples::Light;

/// YCbCr that no JPEG decoder has converted. Source: TIFF 6.0, section 21.
pub(super) struct YCbCr {
    /// Shares of red, green and blue in luma.
    luma: [f32; 3],
    /// Black and white of luma, then of either chroma.
    levels: [f32; 6],
}

impl YCbCr {
    pub(super) fn new(directory: &Directory<'_>, bits: u8) -> Result<Self, Gap> {
        let mut luma = [0.299, 0.587, 0.114];
        if let Some(values) = directory.values(LUMA_COEFFICIENTS)? {
            let given = [0, 1, 2].map(|index| values.rational(index).unwrap_or_default());
            // Green is divided by.
            luma = if given[1] > 0.0 { given } else { luma };
        }
        let mut levels = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];
        // Levels of other depths are already brought to eight bits.
        if let (Some(values), 8) = (directory.values(REFERENCE_LEVELS)?, bits) {
            let given = [0, 1, 2, 3, 4, 5].map(|index| values.rational(index).unwrap_or_default());
            let is_usable = given.as_chunks::<2>().0.iter().all(|[black, white]| white > black);
            levels = if is_usable { given } else { levels };
        }
        Ok(Self { luma, levels })
    }

    pub(super) fn to_rgb(&self, sample: [u8; 3]) -> [u8; 3] {
        let part = |index: usize, range: f32| {
            let (black, white) = (self.levels[index * 2], self.levels[index * 2 + 1]);
            (f32::from(sample[index]) - black) * range / (white - black)
        };
        let (y, cb, cr) = (part(0, 255.0), part(1, 127.0), part(2, 127.0));
        let [red_share, green_share, blue_share] = self.luma;
        let red = y + cr * (2.0 - 2.0 * red_share);
        let blue = y + cb * (2.0 - 2.0 * blue_share);
        let green = (y - blue_share * blue - red_share * red) / green_share;
        [red, green, blue].map(|sample| sample.round() as u8)
    }
}

/// CIE L*a*b* of D50, as ICC profiles and Photoshop have it.
///
/// Source: TIFF 6.0, section 23; the supplement of Photoshop (2002) for 16 bits and for ICC's form; CIE 15.
pub(super) struct Lab {
    light: Light,
    /// Chroma is unsigned with its zero in the middle (photometric interpretation 9).
    is_icc: bool,
}

impl Lab {
    pub(super) fn new(is_icc: bool) -> Self {
        Self { light: Light::new(), is_icc }
    }

    /// `sample` as stored in 8 or, if `is_wide`, 16 bits.
    pub(super) fn to_rgb(&self, sample: [u16; 3], is_wide: bool) -> [u8; 3] {
        let [lightness, a, b] = sample;
        let white = match (is_wide, self.is_icc) {
            (false, _) => 255.0,
            (true, false) => 65_535.0,
            (true, true) => 65_280.0,
        };
        let chroma = |sample: u16| {
            let unit = if is_wide { 256.0 } else { 1.0 };
            match (self.is_icc, is_wide) {
                (true, _) => f32::from(sample) / unit - 128.0,
                (false, true) => f32::from(sample.cast_signed()) / unit,
                (false, false) => f32::from((sample as u8).cast_signed()),
            }
        };
        let y = (f32::from(lightness) / white * 100.0 + 16.0) / 116.0;
        let linear = |t: f32| if t > 6.0 / 29.0 { t * t * t } else { (t - 4.0 / 29.0) * (108.0 / 841.0) };
        let x = linear(y + chroma(a) / 500.0) * 0.964_22;
        let z = linear(y - chroma(b) / 200.0) * 0.825_21;
        let y = linear(y);
        // XYZ of D50 to linear sRGB through Bradford's adaptation.
        let rows = [
            [3.133_856, -1.616_867, -0.490_615],
            [-0.978_768, 1.916_142, 0.033_454],
            [0.071_945, -0.228_991, 1.405_243],
        ];
        rows.map(|[of_x, of_y, of_z]: [f32; 3]| self.light.to_srgb(of_x * x + of_y * y + of_z * z))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_in_all_four_forms_is_the_colour_that_icc_makes_of_it() {
        // L 54.29, a 80.80, b 69.89 is sRGB's red in D50. Source: Lindbloom's calculator.
        let near = |got: [u8; 3], want: [u8; 3]| got.iter().zip(want).all(|(got, want)| got.abs_diff(want) <= 4);
        let signed = Lab::new(false);
        assert!(near(signed.to_rgb([138, 81, 70], false), [255, 0, 0]));
        assert!(near(signed.to_rgb([35_579, 20_685, 17_892], true), [255, 0, 0]));
        let icc = Lab::new(true);
        assert!(near(icc.to_rgb([138, 209, 198], false), [255, 0, 0]));
        assert!(near(icc.to_rgb([35_440, 53_453, 50_660], true), [255, 0, 0]));
        for (lab, sample) in [(&signed, [255, 0, 0]), (&icc, [255, 128, 128])] {
            assert!(near(lab.to_rgb(sample, false), [255; 3]));
        }
        // Blue is on the negative side.
        assert!(near(signed.to_rgb([75, 68, (-112_i16) as u16 & 0xFF], false), [0, 0, 255]));
    }
}
