//! CIE L*a*b* to sRGB.

use crate::samples::Light;

/// CIE L*a*b* of D50, as ICC profiles and Photoshop have it.
///
/// Source: TIFF 6.0, section 23; the supplement of Photoshop (2002) for 16 bits and for ICC's form; CIE 15.
pub(crate) struct Lab {
    light: Light,
    /// Chroma is unsigned with its zero in the middle (photometric interpretation 9).
    is_icc: bool,
}

impl Lab {
    pub(crate) fn new(is_icc: bool) -> Self {
        Self { light: Light::new(), is_icc }
    }

    /// `sample` as stored in 8 or, if `is_wide`, 16 bits.
    pub(crate) fn to_rgb(&self, sample: [u16; 3], is_wide: bool) -> [u8; 3] {
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
