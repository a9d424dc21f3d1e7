//! Pixels to files. No metadata is ever written, so none can leak.

#[cfg(feature = "avif-output")]
mod avif;
mod frames;
mod gif;
mod part;
mod planes;
mod webp;

use contract::{Effort, OutputFormat, Variant};

use crate::{
    EngineError, colour,
    error::EncodeFault,
    raster::{Channels, Raster},
    render::{self, Picture},
};
pub(crate) use frames::Moving;
pub(crate) use gif::{ENCODER_BYTES as GIF_ENCODER_BYTES, PIXEL_BYTES as GIF_PIXEL_BYTES};

/// What an encoder holds beside pixels.
pub(crate) const ENCODER_BYTES: u64 = 64 << 10;

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
    /// `jpg`, `png`, `webp`, `avif` or `gif`.
    pub extension: &'static str,
    /// `image/jpeg`, `image/png`, `image/webp`, `image/avif` or `image/gif`.
    pub content_type: &'static str,
    /// 1 of a still.
    pub frames: u32,
    /// The file: pixels in sRGB, no metadata.
    pub bytes: Vec<u8>,
}

/// Writes `picture` (never CMYK) in the variant's format; a large JPEG by so many `threads`.
///
/// # Errors
/// [`EngineError::Encode`], which would be a fault of this crate.
pub(crate) fn encode(picture: Picture, variant: &Variant, threads: u32) -> Result<Thumbnail, EngineError> {
    match picture {
        Picture::Raster(image) => encode_raster(image, variant, threads),
        Picture::Planes(planes) => {
            let [luma, blue, red] = planes;
            let size_px = (luma.width as u32, luma.height as u32);
            let (blue, red) = (planes::halved(blue, &luma), planes::halved(red, &luma));
            let result = planes_file(&luma, &blue, &red, variant, threads);
            thumbnail(size_px, ("jpg", "image/jpeg"), result, variant)
        }
    }
}

fn encode_raster(image: Raster, variant: &Variant, threads: u32) -> Result<Thumbnail, EngineError> {
    let format = match variant.format {
        OutputFormat::Auto if image.channels.has_alpha() => OutputFormat::Png,
        OutputFormat::Auto => OutputFormat::Jpeg,
        format => format,
    };
    let size_px = (image.width as u32, image.height as u32);
    let (extension, content_type, result) = match format {
        OutputFormat::Png => ("png", "image/png", png_file(&colour::ycbcr_to_rgb(image))),
        OutputFormat::Webp => {
            ("webp", "image/webp", webp_file(&render::to_rgb(colour::ycbcr_to_rgb(image)), variant.quality))
        }
        OutputFormat::Avif => ("avif", "image/avif", avif_file(&image, variant)),
        OutputFormat::Gif => ("gif", "image/gif", frames::still_gif(image)),
        OutputFormat::Jpeg | OutputFormat::Auto => ("jpg", "image/jpeg", jpeg_file(&image, variant, threads)),
    };
    thumbnail(size_px, (extension, content_type), result, variant)
}

fn thumbnail(
    (width_px, height_px): (u32, u32),
    (extension, content_type): (&'static str, &'static str),
    result: Result<Vec<u8>, EncodeFault>,
    variant: &Variant,
) -> Result<Thumbnail, EngineError> {
    let bytes = result.map_err(|cause| EngineError::Encode { variant: variant.name.clone(), extension, cause })?;
    Ok(Thumbnail { variant: variant.name.clone(), width_px, height_px, extension, content_type, frames: 1, bytes })
}

/// Chroma at half the size on each side (4:2:0), Huffman tables fitted to the image.
fn jpeg_file(image: &Raster, variant: &Variant, threads: u32) -> Result<Vec<u8>, EncodeFault> {
    let (width, height) = (image.width, image.height);
    if image.channels == Channels::Grey {
        let plane = jpeg::PlaneRef { samples: &image.samples, width_px: width, height_px: height, stride: width };
        return written(&jpeg::Picture::Grey(plane), variant, threads);
    }
    let [luma, blue, red] =
        if image.channels == Channels::YCbCr { planes::of_ycbcr(image) } else { planes::of_rgb(image) };
    planes_file(&luma, &blue, &red, variant, threads)
}

fn planes_file(
    luma: &Raster,
    blue: &Raster,
    red: &Raster,
    variant: &Variant,
    threads: u32,
) -> Result<Vec<u8>, EncodeFault> {
    let view = |plane| {
        let Raster { width, height, samples, .. }: &Raster = plane;
        jpeg::PlaneRef { samples, width_px: *width, height_px: *height, stride: *width }
    };
    let picture = jpeg::Picture::YCbCr { y: view(luma), cb: view(blue), cr: view(red) };
    written(&picture, variant, threads)
}

fn written(picture: &jpeg::Picture<'_>, variant: &Variant, threads: u32) -> Result<Vec<u8>, EncodeFault> {
    let effort = match variant.effort {
        Effort::Fast => jpeg::Effort::Fast,
        Effort::Small => jpeg::Effort::Small,
    };
    jpeg::encode_on(picture, variant.quality, effort, threads).map_err(|cause| EncodeFault(cause.into()))
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

#[cfg(feature = "avif-output")]
fn avif_file(image: &Raster, variant: &Variant) -> Result<Vec<u8>, EncodeFault> {
    avif::file(image, variant)
}

#[cfg(not(feature = "avif-output"))]
fn avif_file(_: &Raster, _: &Variant) -> Result<Vec<u8>, EncodeFault> {
    Err(EncodeFault("refused before the header was read".into()))
}

/// Whether this build writes a format; of variants in others `make` refuses every file.
#[must_use]
pub const fn writes(format: OutputFormat) -> bool {
    !matches!(format, OutputFormat::Avif) || cfg!(feature = "avif-output")
}

/// What encoding an AVIF holds, its file included, and the file alone, in bytes.
#[cfg(feature = "avif-output")]
pub(crate) fn avif_bytes(size: (u32, u32), quality: u8) -> (u64, u64) {
    avif::most_bytes(size, quality)
}

/// Nothing is encoded.
#[cfg(not(feature = "avif-output"))]
pub(crate) const fn avif_bytes(_: (u32, u32), _: u8) -> (u64, u64) {
    (0, 0)
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
