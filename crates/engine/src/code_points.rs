//! Colours by the code points of ITU-T H.273, as PNG's cICP and HEIF's nclx have them, as an ICC profile.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients, ToneReprCurve,
    TransferCharacteristics,
};

/// With the primaries of sRGB.
pub(crate) fn with_curve(curve: ToneReprCurve, is_grey: bool) -> ColorProfile {
    if is_grey {
        let mut made = ColorProfile::new_gray_with_gamma(1.0);
        made.gray_trc = Some(curve);
        return made;
    }
    let mut made = ColorProfile::new_srgb();
    made.cicp = None;
    (made.red_trc, made.green_trc, made.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
    made
}

/// A profile of samples with these ColourPrimaries and TransferCharacteristics; `None` for codes that are reserved,
/// unspecified or not those of RGB.
///
/// Source: ITU-T H.273, tables 2 to 4.
pub(crate) fn of_codes(primaries: u8, transfer: u8, is_full_range: bool, is_grey: bool) -> Option<ColorProfile> {
    let color_primaries = CicpColorPrimaries::try_from(primaries).ok()?;
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
    let curve = curve(transfer_characteristics, is_full_range)?;
    ColorPrimaries::try_from(color_primaries).ok()?;
    let mut made = if is_grey {
        with_curve(curve, true)
    } else {
        let (matrix_coefficients, full_range) = (MatrixCoefficients::Identity, true);
        let codes = CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients, full_range };
        let mut made = ColorProfile::new_from_cicp(codes);
        (made.red_trc, made.green_trc, made.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
        made
    };
    // The curve says it all, and more than the codes do.
    made.cicp = None;
    Some(made)
}

/// Entries of a curve, between which readers interpolate.
const CURVE_ENTRIES: u16 = 1024;
/// The light of white paper in cd/m². Source: ITU-R BT.2408, section 2.1.
const WHITE: f64 = 203.0;

/// Samples to light, of which 1 is white.
///
/// PQ and HLG reach far above the white of paper. That light is clamped as everywhere in this crate: white stays where
/// an SDR picture has it, and only highlights lose. The samples themselves are 8 bit by now.
fn curve(transfer: TransferCharacteristics, is_full_range: bool) -> Option<ToneReprCurve> {
    let to_light = ToneReprCurve::make_cicp_linear_evaluator(transfer).ok()?;
    let light = |sample: u16| {
        let sample = f32::from(sample) / f32::from(CURVE_ENTRIES - 1);
        // Source: ITU-T H.273, equations 20 to 22: in 8 bits black is 16 and white is 235.
        let sample = if is_full_range { sample } else { ((sample * 255.0 - 16.0) / 219.0).clamp(0.0, 1.0) };
        let light = f64::from(to_light.evaluate_value(sample));
        match transfer {
            // Source: ITU-R BT.2100, table 4: the brightest is 10,000 cd/m².
            TransferCharacteristics::Smpte2084 => light * 10_000.0 / WHITE,
            // Source: ITU-R BT.2100, table 5, for a display of 1,000 cd/m². Its gamma of 1.2 goes by the luminance of a
            // pixel; the crate applies it to each channel, which is the same for greys.
            TransferCharacteristics::Hlg => light * 1000.0 / WHITE,
            _ => light,
        }
    };
    // In range: clamped.
    let entry = |sample| (light(sample).clamp(0.0, 1.0) * 65_535.0).round() as u16;
    Some(ToneReprCurve::Lut((0..CURVE_ENTRIES).map(entry).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(transfer: TransferCharacteristics, is_full_range: bool, sample: f32) -> f32 {
        curve(transfer, is_full_range).unwrap().make_linear_evaluator().unwrap().evaluate_value(sample)
    }

    #[test]
    fn white_of_paper_is_white() {
        let check = |transfer, is_full_range, sample, want: f32| {
            let got = at(transfer, is_full_range, sample);
            assert!((got - want).abs() < 0.02, "{transfer:?} {sample}: {got}, not {want}");
        };
        for full in [true, false] {
            let stored = |sample: f32| if full { sample } else { (sample * 219.0 + 16.0) / 255.0 };
            // ITU-R BT.2408, table 1: 58 % in PQ and 75 % in HLG; grey of 18 % in 38 % of both.
            check(TransferCharacteristics::Smpte2084, full, stored(0.58), 1.0);
            check(TransferCharacteristics::Smpte2084, full, stored(0.38), 26.0 / 203.0);
            check(TransferCharacteristics::Hlg, full, stored(0.75), 1.0);
            check(TransferCharacteristics::Hlg, full, stored(0.38), 26.0 / 203.0);
            check(TransferCharacteristics::Srgb, full, stored(0.5), 0.214);
            check(TransferCharacteristics::Linear, full, stored(0.5), 0.5);
        }
        assert_eq!(at(TransferCharacteristics::Smpte2084, true, 1.0), 1.0);
        assert!(curve(TransferCharacteristics::Unspecified, true).is_none());
    }
}
