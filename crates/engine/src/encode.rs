//! Pixels to files. No metadata is ever written, so none can leak.

use std::io::Cursor;

use contract::{OutputFormat, Variant};
use image::{ExtendedColorType, ImageEncoder, codecs};

use crate::{
    EngineError, Thumbnail,
    error::EncodeFault,
    raster::{Channels, Raster},
};

/// Writes `image` (straight alpha, never CMYK) in the variant's format.
///
/// # Errors
/// [`EngineError::Encode`], which would be a fault of this crate.
pub(crate) fn encode(image: Raster, variant: &Variant) -> Result<Thumbnail, EngineError> {
    let format = match variant.format {
        OutputFormat::Auto if image.channels.has_alpha() => OutputFormat::Png,
        OutputFormat::Auto => OutputFormat::Jpeg,
        format => format,
    };
    let (extension, content_type) = match format {
        OutputFormat::Png => ("png", "image/png"),
        OutputFormat::Webp => ("webp", "image/webp"),
        OutputFormat::Jpeg | OutputFormat::Auto => ("jpg", "image/jpeg"),
    };
    let (width_px, height_px) = (image.width as u32, image.height as u32);
    let colour = match image.channels {
        Channels::Grey => ExtendedColorType::L8,
        Channels::GreyAlpha => ExtendedColorType::La8,
        Channels::Rgb => ExtendedColorType::Rgb8,
        Channels::Rgba | Channels::Cmyk => ExtendedColorType::Rgba8,
    };
    let mut bytes = Vec::new();
    let out = Cursor::new(&mut bytes);
    let result = match format {
        OutputFormat::Png => codecs::png::PngEncoder::new(out).write_image(&image.samples, width_px, height_px, colour),
        OutputFormat::Webp => {
            codecs::webp::WebPEncoder::new_lossless(out).write_image(&image.samples, width_px, height_px, colour)
        }
        OutputFormat::Jpeg | OutputFormat::Auto => codecs::jpeg::JpegEncoder::new_with_quality(out, variant.quality)
            .write_image(&image.samples, width_px, height_px, colour),
    };
    result.map_err(|cause| EngineError::Encode {
        variant: variant.name.clone(),
        extension,
        cause: EncodeFault(cause.into()),
    })?;
    Ok(Thumbnail { variant: variant.name.clone(), width_px, height_px, extension, content_type, bytes })
}
