//! Colours of the small image to sRGB: ICC profiles, inks, and YCbCr.
//!
//! The transform runs on the resized pixels of a variant, not on the source: it costs microseconds there.

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, Transform8BitExecutor, TransformOptions};
use std::sync::Arc;

use crate::{
    Colour, Warning,
    raster::{Channels, Model, Raster},
};

/// What a profile of that length holds while its transform is made and afterwards, in bytes; nothing for no profile.
///
/// Measured with moxcms 0.9.1, beside the tables of the profile, which become floating point one at a time: 2.36 MB for
/// four inks, 0.96 MB for a table of RGB, 0.13 MB for three curves and a matrix. A profile with a single table of 8 bits,
/// the worst, adds its length five times. The profile is there twice more, as its room has read it.
pub(crate) const fn transform_bytes(colour: Colour, profile_bytes: u64) -> u64 {
    if profile_bytes == 0 {
        return 0;
    }
    let own_bytes = if matches!(colour, Colour::Cmyk) { 2_500_000 } else { 1_000_000 };
    own_bytes + 7 * profile_bytes
}

/// What turns an image's samples into sRGB.
pub(crate) struct Colours {
    model: Model,
    profile: Option<Profile>,
}

/// A usable profile that is not sRGB itself.
struct Profile {
    space: DataColorSpace,
    transform: Arc<Transform8BitExecutor>,
}

impl Colours {
    /// Reads the image's profile, if it has one; one that is of no use, or longer than `most_bytes`, which were
    /// planned for, leaves a warning.
    pub(crate) fn new(
        model: Model,
        profile_bytes: Option<&[u8]>,
        most_bytes: u64,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let profile = profile_bytes.and_then(|bytes| match profile(bytes, model, most_bytes) {
            Use::Transform(profile) => Some(profile),
            Use::AlreadySrgb => None,
            Use::Nothing => {
                warnings.push(Warning::ProfileIgnored);
                None
            }
        });
        Self { model, profile }
    }

    /// What the components mean.
    pub(crate) fn model(&self) -> Model {
        self.model
    }

    /// Whether samples of YCbCr are in sRGB as they are.
    pub(crate) fn keep_samples(&self) -> bool {
        self.model == Model::YCbCr && self.profile.is_none()
    }

    /// Samples of the image's own model to grey, RGB or (with no profile in the way) YCbCr, all in sRGB; alpha, straight
    /// by now, is kept.
    pub(crate) fn to_srgb(&self, image: Raster) -> Raster {
        let image = match self.model {
            Model::CmykInverted | Model::YcckInverted => self.inks(image),
            _ => image,
        };
        match (&self.profile, image.channels) {
            (Some(profile), Channels::YCbCr) => convert(profile, ycbcr_to_rgb(image)),
            (Some(profile), _) => convert(profile, image),
            (None, Channels::Cmyk) => naive_cmyk(&image),
            (None, _) => image,
        }
    }

    /// Adobe's inverted inks, behind YCbCr or not, as plain CMYK: 255 is full.
    ///
    /// Source: libjpeg's `ycck_cmyk_convert`: behind YCbCr lie the colours' complements, and those of inverted inks are
    /// the inks.
    fn inks(&self, mut image: Raster) -> Raster {
        for [cyan, magenta, yellow, black] in image.samples.as_chunks_mut::<4>().0 {
            *black = 255 - *black;
            [*cyan, *magenta, *yellow] = match self.model {
                Model::YcckInverted => rgb_of([*cyan, *magenta, *yellow]),
                _ => [*cyan, *magenta, *yellow].map(|ink| 255 - ink),
            };
        }
        image
    }
}

enum Use {
    Transform(Profile),
    AlreadySrgb,
    Nothing,
}

fn profile(bytes: &[u8], model: Model, most_bytes: u64) -> Use {
    if bytes.len() as u64 > most_bytes {
        return Use::Nothing;
    }
    let Ok(source) = ColorProfile::new_from_slice(bytes) else { return Use::Nothing };
    let (space, layout) = match (source.color_space, model) {
        (DataColorSpace::Rgb, Model::Rgb | Model::YCbCr) => (DataColorSpace::Rgb, Layout::Rgb),
        (DataColorSpace::Gray, Model::Grey) => (DataColorSpace::Gray, Layout::Gray),
        // moxcms has no name of its own for four inks.
        (DataColorSpace::Cmyk, Model::Cmyk | Model::CmykInverted | Model::YcckInverted) => {
            (DataColorSpace::Cmyk, Layout::Rgba)
        }
        _ => return Use::Nothing,
    };
    let srgb = ColorProfile::new_srgb();
    let transform = |rendering_intent| {
        let options = TransformOptions { rendering_intent, ..Default::default() };
        source.create_transform_8bit(layout, &srgb, Layout::Rgb, options)
    };
    // A profile with one table has that of the perceptual intent, which then serves all. Source: ICC.1:2010, 8.10.2.
    let transform =
        transform(RenderingIntent::RelativeColorimetric).or_else(|_| transform(RenderingIntent::Perceptual));
    match transform {
        Ok(transform) if is_identity(transform.as_ref(), space) => Use::AlreadySrgb,
        Ok(transform) => Use::Transform(Profile { space, transform }),
        Err(_) => Use::Nothing,
    }
}

/// Most profiles are sRGB under one of its many names: the colours themselves tell, within a step of rounding.
fn is_identity(transform: &Transform8BitExecutor, space: DataColorSpace) -> bool {
    let levels = [0_u8, 20, 64, 128, 200, 255];
    let colours: Vec<u8> = match space {
        DataColorSpace::Rgb => {
            let pairs = levels.iter().flat_map(|red| levels.iter().map(move |green| (*red, *green)));
            pairs.flat_map(|(red, green)| levels.iter().flat_map(move |blue| [red, green, *blue])).collect()
        }
        DataColorSpace::Gray => levels.to_vec(),
        _ => return false,
    };
    let channels = if space == DataColorSpace::Rgb { 3 } else { 1 };
    let mut out = vec![0; colours.len() / channels * 3];
    transform.transform(&colours, &mut out).is_ok()
        && out.iter().enumerate().all(|(index, sample)| {
            let before = if channels == 3 { colours[index] } else { colours[index / 3] };
            sample.abs_diff(before) <= 2
        })
}

/// Applies the transform to the colour channels; alpha passes.
fn convert(profile: &Profile, image: Raster) -> Raster {
    let count = image.channels.count();
    let colours = if image.channels.has_alpha() { count - 1 } else { count };
    let plain: Vec<u8> = if colours == count {
        image.samples
    } else {
        let kept = image.samples.chunks_exact(count).flat_map(|pixel| pixel[..colours].iter().copied());
        let plain: Vec<u8> = kept.collect();
        return with_alpha(profile, &plain, &image, colours);
    };
    let samples = transformed(profile, &plain, colours);
    Raster { channels: Channels::Rgb, samples, ..Raster { samples: Vec::new(), ..image } }
}

fn with_alpha(profile: &Profile, plain: &[u8], image: &Raster, colours: usize) -> Raster {
    let rgb = transformed(profile, plain, colours);
    let alphas = image.samples.iter().skip(colours).step_by(colours + 1);
    let pixels = rgb.as_chunks::<3>().0.iter().zip(alphas);
    let samples = pixels.flat_map(|([red, green, blue], alpha)| [*red, *green, *blue, *alpha]).collect();
    Raster { width: image.width, height: image.height, channels: Channels::Rgba, samples }
}

fn transformed(profile: &Profile, plain: &[u8], colours: usize) -> Vec<u8> {
    let mut out = vec![0; plain.len() / colours * 3];
    debug_assert_eq!(colours == 4, profile.space == DataColorSpace::Cmyk);
    profile.transform.transform(plain, &mut out).expect("the layouts were checked when the transform was made");
    out
}

/// Ink without a profile. Source: PostScript Language Reference, 7.2.3, with the product that readers of JPEG use.
fn naive_cmyk(image: &Raster) -> Raster {
    let light = |ink: u8, black: u8| ((255 - u32::from(ink)) * (255 - u32::from(black)) + 127) / 255;
    let pixels = image.samples.as_chunks::<4>().0.iter();
    let samples = pixels.flat_map(|[c, m, y, k]| [light(*c, *k) as u8, light(*m, *k) as u8, light(*y, *k) as u8]);
    Raster { width: image.width, height: image.height, channels: Channels::Rgb, samples: samples.collect() }
}

pub(crate) fn rgb_of(pixel: [u8; 3]) -> [u8; 3] {
    rgb_of_fine(pixel.map(i16::from), 0)
}

/// The same of samples with up to 5 bits behind the point. Source: JFIF 1.02, page 3, in 16-bit fixed point.
#[inline(always)]
pub(crate) fn rgb_of_fine(pixel: [i16; 3], bits: i32) -> [u8; 3] {
    // A filter may end beyond black and white; within these bounds nothing below overflows.
    let [y, cb, cr] = pixel.map(|sample| i32::from(sample).clamp(-64 << bits, 320 << bits));
    let (y, cb, cr) = (y << 16, cb - (128 << bits), cr - (128 << bits));
    let byte = |value: i32| ((value + (1 << (15 + bits))) >> (16 + bits)).clamp(0, 255) as u8;
    [byte(y + 91_881 * cr), byte(y - 22_554 * cb - 46_802 * cr), byte(y + 116_130 * cb)]
}

/// Source: JFIF 1.02, page 3, in 16-bit fixed point.
pub(crate) fn ycbcr_of([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let (red, green, blue) = (i32::from(red), i32::from(green), i32::from(blue));
    let byte = |value: i32| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8;
    [
        byte(19_595 * red + 38_470 * green + 7_471 * blue),
        byte(-11_059 * red - 21_709 * green + 32_768 * blue + (128 << 16)),
        byte(32_768 * red - 27_439 * green - 5_329 * blue + (128 << 16)),
    ]
}

pub(crate) fn ycbcr_to_rgb(mut image: Raster) -> Raster {
    if image.channels == Channels::YCbCr {
        image.samples.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = rgb_of(*pixel));
        image.channels = Channels::Rgb;
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ycbcr_and_back_is_the_same_colour_within_two_steps() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let rgb = [red, green, blue].map(|sample: i32| sample as u8);
                    let back = rgb_of(ycbcr_of(rgb));
                    assert!(
                        rgb.iter().zip(back).all(|(before, after)| before.abs_diff(after) <= 2),
                        "{rgb:?} {back:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn full_ink_is_black_and_no_ink_is_white() {
        let image = Raster {
            width: 3,
            height: 1,
            channels: Channels::Cmyk,
            samples: vec![0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0],
        };
        assert_eq!(naive_cmyk(&image).samples, [255, 255, 255, 0, 0, 0, 0, 255, 255]);
    }

    #[test]
    fn an_srgb_profile_is_recognised_by_its_colours_and_a_wide_one_is_not() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        assert!(matches!(profile(&srgb, Model::Rgb, 4096), Use::AlreadySrgb));
        let wide = ColorProfile::new_display_p3().encode().unwrap();
        assert!(matches!(profile(&wide, Model::YCbCr, 4096), Use::Transform(_)));
        assert!(matches!(profile(&wide, Model::Grey, 4096), Use::Nothing));
        assert!(matches!(profile(&wide, Model::Rgb, 100), Use::Nothing));
        assert!(matches!(profile(b"no profile", Model::Rgb, 4096), Use::Nothing));
    }
}
