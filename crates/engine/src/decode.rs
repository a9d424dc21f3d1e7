//! From the stream to the small image.

use std::io::{Cursor, Read};

use contract::ImageFormat;

use crate::{
    EngineError, Limits, Orientation, Plan, Probe, Warning,
    geometry::Window,
    raster::{Channels, Raster},
    source::Source,
};

/// What a decoder hands on.
pub(crate) struct Decoded {
    /// Alpha premultiplied.
    pub(crate) raster: Raster,
    /// Where the whole image lies on the raster; its last column and row may count in part only.
    pub(crate) extent: Window,
    /// Orientation found behind the pixels.
    pub(crate) orientation: Option<Orientation>,
    pub(crate) warnings: Vec<Warning>,
}

pub(crate) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    _plan: &Plan,
    _limits: &Limits,
) -> Result<Decoded, EngineError> {
    let mut bytes = source.take_prefix();
    source.read_to_end(&mut bytes).map_err(|cause| EngineError::decoder(probe.format, cause))?;
    let raster = match probe.format {
        ImageFormat::Jpeg => jpeg(&bytes)?,
        ImageFormat::Png => with_image(&bytes, probe, image::ImageFormat::Png)?,
        ImageFormat::Webp => with_image(&bytes, probe, image::ImageFormat::WebP)?,
        ImageFormat::Gif => with_image(&bytes, probe, image::ImageFormat::Gif)?,
        ImageFormat::Bmp => with_image(&bytes, probe, image::ImageFormat::Bmp)?,
        ImageFormat::Tiff => with_image(&bytes, probe, image::ImageFormat::Tiff)?,
    };
    let extent = Window { left: 0.0, top: 0.0, width: raster.width as f64, height: raster.height as f64 };
    Ok(Decoded { raster, extent, orientation: None, warnings: Vec::new() })
}

fn jpeg(bytes: &[u8]) -> Result<Raster, EngineError> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(|cause| EngineError::decoder(ImageFormat::Jpeg, cause))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    Ok(Raster { width, height, channels: Channels::Rgb, samples })
}

fn with_image(bytes: &[u8], probe: &Probe, format: image::ImageFormat) -> Result<Raster, EngineError> {
    let fault = |cause| EngineError::decoder(probe.format, cause);
    let image = image::load(Cursor::new(bytes), format).map_err(fault)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (channels, samples) = if image.color().has_alpha() {
        (Channels::Rgba, image.into_rgba8().into_raw())
    } else {
        (Channels::Rgb, image.into_rgb8().into_raw())
    };
    let mut raster = Raster { width, height, channels, samples };
    raster.premultiply();
    Ok(raster)
}
