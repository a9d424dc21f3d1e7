//! Pixels to AVIF: AV1 by `rav1e`, in boxes of our own.

mod boxes;

use contract::{Effort, Variant};
use rav1e::{
    config::{PredictionModesSetting, SceneDetectionSpeed, SpeedSettings},
    prelude::{
        ChromaSampling, ColorDescription, ColorPrimaries, Config, Context, EncoderConfig, EncoderStatus,
        MatrixCoefficients, PixelRange, Rational, TransferCharacteristics,
    },
};

use self::boxes::Coded;
use super::planes;
use crate::{
    error::EncodeFault,
    raster::{Channels, Raster},
};

/// Grey, RGB or YCbCr, each with alpha or without.
///
/// # Errors
/// Of the encoder.
pub(super) fn file(image: Raster, variant: &Variant) -> Result<Vec<u8>, EncodeFault> {
    let alpha = image.channels.has_alpha().then(|| alpha_of(&image));
    let image = image.without_alpha();
    match image.channels {
        Channels::Grey => planes_file(&[&image], alpha.as_ref(), variant),
        Channels::YCbCr => {
            let planes = planes::of_ycbcr(&image);
            drop(image);
            planes_file(&planes.each_ref(), alpha.as_ref(), variant)
        }
        _ => {
            let planes = planes::of_rgb(&image);
            drop(image);
            planes_file(&planes.each_ref(), alpha.as_ref(), variant)
        }
    }
}

/// Luma, and chroma of half its size on each side.
///
/// # Errors
/// Of the encoder.
pub(super) fn planes_file(
    planes: &[&Raster],
    alpha: Option<&Raster>,
    variant: &Variant,
) -> Result<Vec<u8>, EncodeFault> {
    let size_px = (planes[0].width as u32, planes[0].height as u32);
    let alpha = alpha.map(|alpha| coded(&[alpha], ALPHA_STEP, variant.effort)).transpose()?;
    let picture = coded(planes, step(variant.quality), variant.effort)?;
    Ok(boxes::file(size_px, &picture, alpha.as_ref()))
}

fn alpha_of(image: &Raster) -> Raster {
    let count = image.channels.count();
    let samples = image.samples.chunks_exact(count).map(|pixel| pixel[count - 1]).collect();
    Raster { width: image.width, height: image.height, channels: Channels::Grey, samples }
}
