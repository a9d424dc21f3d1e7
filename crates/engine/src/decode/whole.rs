//! The first cut: formats that are still decoded at full size.

use std::io::{Cursor, Read};

use contract::ImageFormat;

use super::{Decoded, Pixels};
use crate::{
    EngineError, Probe,
    geometry::Window,
    probe::Model,
    raster::{Channels, Raster},
    source::Source,
};

pub(crate) fn decode(source: &mut Source<'_>, probe: &Probe) -> Result<Decoded, EngineError> {
    let mut bytes = source.take_prefix();
    source.read_to_end(&mut bytes).map_err(|cause| EngineError::decoder(probe.format, cause))?;
    let raster = match probe.format {
        ImageFormat::Webp => with_image(&bytes, probe, image::ImageFormat::WebP)?,
        _ => with_image(&bytes, probe, image::ImageFormat::Tiff)?,
    };
    let extent = Window { left: 0.0, top: 0.0, width: raster.width as f64, height: raster.height as f64 };
    Ok(Decoded { pixels: Pixels::Raster(raster, extent, Model::Rgb), orientation: None, profile: None, warnings: Vec::new() })
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
