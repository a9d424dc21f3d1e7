//! Pixels to files. No metadata is ever written, so none can leak.
//!
//! AVIF is left out: `ravif` 0.13 without assembly takes 20 ms of CPU for one of 128x96 at its fastest, 37 at speed 9 and
//! 82 at speed 8, where a JPEG of 12 MP costs 13.5 ms from the first byte to the last.

use contract::{OutputFormat, Variant};

use crate::{
    EngineError, colour,
    error::EncodeFault,
    raster::{Channels, Raster},
    render,
};

/// One finished thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thumbnail {
    /// The variant's name.
    pub variant: String,
    /// Width of the file, upright.
    pub width_px: u32,
    /// Height of the file, upright.
    pub height_px: u32,
    /// `jpg`, `png` or `webp`.
    pub extension: &'static str,
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub content_type: &'static str,
    /// The file: pixels in sRGB, no metadata.
    pub bytes: Vec<u8>,
}

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
    let (width_px, height_px) = (image.width as u32, image.height as u32);
    let (extension, content_type, result) = match format {
        OutputFormat::Png => ("png", "image/png", png_file(&colour::ycbcr_to_rgb(image))),
        OutputFormat::Webp => {
            ("webp", "image/webp", webp_file(&render::to_rgb(colour::ycbcr_to_rgb(image)), variant.quality))
        }
        OutputFormat::Jpeg | OutputFormat::Auto => {
            ("jpg", "image/jpeg", jpeg_file(&colour::rgb_to_ycbcr(image), variant.quality))
        }
    };
    let bytes = result.map_err(|cause| EngineError::Encode { variant: variant.name.clone(), extension, cause })?;
    Ok(Thumbnail { variant: variant.name.clone(), width_px, height_px, extension, content_type, bytes })
}

/// Chroma at half the size on each side (4:2:0), Huffman tables fitted to the image.
fn jpeg_file(image: &Raster, quality: u8) -> Result<Vec<u8>, EncodeFault> {
    let (width, height) = (image.width, image.height);
    if image.channels == Channels::Grey {
        let plane = jpeg::PlaneRef { samples: &image.samples, width_px: width, height_px: height, stride: width };
        return jpeg::encode(&jpeg::Picture::Grey(plane), quality).map_err(|cause| EncodeFault(cause.into()));
    }
    let luma: Vec<u8> = image.samples.iter().step_by(3).copied().collect();
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let chroma = |channel: usize| -> Vec<u8> {
        let at = |x: usize, y: usize| {
            // The last column or row of an odd side counts twice.
            let (x, y) = (x.min(width - 1), y.min(height - 1));
            u32::from(image.samples[(y * width + x) * 3 + channel])
        };
        let rows = (0..half_height).map(|y| y * 2);
        let blocks = rows.flat_map(|y| (0..half_width).map(move |x| (x * 2, y)));
        blocks.map(|(x, y)| ((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) / 4) as u8).collect()
    };
    let (blue, red) = (chroma(1), chroma(2));
    let half = |samples| jpeg::PlaneRef { samples, width_px: half_width, height_px: half_height, stride: half_width };
    let picture = jpeg::Picture::YCbCr {
        y: jpeg::PlaneRef { samples: &luma, width_px: width, height_px: height, stride: width },
        cb: half(&blue),
        cr: half(&red),
    };
    jpeg::encode(&picture, quality).map_err(|cause| EncodeFault(cause.into()))
}

fn png_file(image: &Raster) -> Result<Vec<u8>, EncodeFault> {
    let colour = match image.channels {
        Channels::Grey => png::ColorType::Grayscale,
        Channels::GreyAlpha => png::ColorType::GrayscaleAlpha,
        Channels::Rgb | Channels::YCbCr => png::ColorType::Rgb,
        Channels::Rgba | Channels::Cmyk => png::ColorType::Rgba,
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width as u32, image.height as u32);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&image.samples)?;
        writer.finish()
    });
    written.map_err(|cause| EncodeFault(cause.into()))?;
    Ok(bytes)
}

fn webp_file(image: &Raster, quality: u8) -> Result<Vec<u8>, EncodeFault> {
    let (width, height) = (image.width as u32, image.height as u32);
    let encoder = match image.channels {
        Channels::Rgba | Channels::Cmyk => webpx::Encoder::new_rgba(&image.samples, width, height),
        _ => webpx::Encoder::new_rgb(&image.samples, width, height),
    };
    let file = encoder.quality(f32::from(quality)).encode(webpx::Unstoppable);
    file.map_err(|cause| EncodeFault(cause.to_string().into()))
}
