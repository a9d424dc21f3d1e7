//! What the colours of a PNG mean: the first of cICP, iCCP, sRGB and gAMA with cHRM that is there and can be used.
//!
//! Source: W3C PNG, third edition, section 4.3. A chunk that is not understood leaves its place to the next one.

use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, DataColorSpace, curve_from_gamma};

use super::header::PngDetail;
use crate::{
    Warning,
    code_points::{of_codes, with_curve},
    raster::Channels,
};

/// An ICC profile of the samples; `None` for sRGB, which is also what nothing at all means.
///
/// A profile that cannot be inflated and code points with a matrix are not in `info`; `detail` says that they were there.
pub(super) fn profile(
    info: &png::Info<'_>,
    channels: Channels,
    (embedded, detail): (Option<Vec<u8>>, &PngDetail),
    warnings: &mut Vec<Warning>,
) -> Option<Vec<u8>> {
    let is_grey = matches!(channels, Channels::Grey | Channels::GreyAlpha);
    if let Some(coded) = info.coding_independent_code_points.and_then(|codes| {
        of_codes(codes.color_primaries, codes.transfer_function, codes.is_video_full_range_image, is_grey)
    }) {
        return coded.encode().ok();
    }
    // Of damaged chunks that is said already.
    let mut is_ignored = detail.has_cicp && !detail.is_damaged;
    if detail.iccp.is_some() {
        let space = if is_grey { DataColorSpace::Gray } else { DataColorSpace::Rgb };
        let suits = |profile: &Vec<u8>| ColorProfile::new_from_slice(profile).is_ok_and(|it| it.color_space == space);
        match embedded.filter(suits) {
            Some(profile) => return Some(profile),
            None => is_ignored = true,
        }
    }
    if is_ignored {
        warnings.push(Warning::ProfileIgnored);
    }
    if info.srgb.is_some() { None } else { of_gamma(info, is_grey)?.encode().ok() }
}

/// The profile in the iCCP of `prefix`; `None` for one that is longer than what is planned for, and for damage.
///
/// Crate `png` would inflate any profile up to the limit of a whole header: 15 MB out of 15 kB.
pub(super) fn inflated(prefix: &[u8], detail: &PngDetail) -> Option<Vec<u8>> {
    let (at, end) = detail.iccp?;
    let chunk = prefix.get(at..end)?;
    // A name of up to 79 bytes, and the one method of compression.
    let name_bytes = chunk.iter().take(80).position(|byte| *byte == 0)?;
    let [0, deflated @ ..] = &chunk[name_bytes + 1..] else { return None };
    fdeflate::decompress_to_vec_bounded(deflated, usize::try_from(detail.profile_bytes).ok()?).ok()
}

/// A missing cHRM is that of sRGB.
fn of_gamma(info: &png::Info<'_>, is_grey: bool) -> Option<ColorProfile> {
    let gamma = info.gama_chunk?.into_value();
    // 1 / 2.2, written as 45,455, is how sRGB is approximated; a zero is nonsense.
    if !(0.05..=5.0).contains(&gamma) || ((gamma - 0.454_55).abs() < 0.01 && info.chrm_chunk.is_none()) {
        return None;
    }
    let mut made = with_curve(curve_from_gamma(1.0 / gamma), is_grey);
    if let (Some(primaries), false) = (&info.chrm_chunk, is_grey) {
        let at = |(x, y): (png::ScaledFloat, png::ScaledFloat)| Chromaticity::new(x.into_value(), y.into_value());
        let white = at(primaries.white).to_xyyb();
        let (red, green, blue) = (at(primaries.red), at(primaries.green), at(primaries.blue));
        made.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
    }
    Some(made)
}
