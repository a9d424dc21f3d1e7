//! JPEG: small through crate `jpeg` wherever the variants allow, at full size through `zune-jpeg` where not.
//!
//! The small way keeps one plane for each component and never interleaves them: each is resized on its own.

use std::io::Read;

use ::jpeg::{Rows, Scale, Sink};
use contract::ImageFormat;
use resample::Kernel;

use super::{
    header::JpegDetail,
    plan::{coarser, component_shrink, scale, scales, whole_file_bytes},
};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::{Decoded, Model, Pixels, Plane},
    error::Damage,
    geometry::Window,
    raster::{Channels, Raster},
    shrink::{RowOrder, Shrinker},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Jpeg;

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &JpegDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    match scale(detail, plan.shrink) {
        Some(scale) => small(source, probe, detail, scale, plan.row_shrink),
        None => full(source, probe, detail),
    }
}

struct Planes(Vec<Shrinker>);

impl Sink for Planes {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        if let Some(plane) = self.0.get_mut(component) {
            rows.iter().for_each(|row| plane.push(row));
        }
    }
}

fn small(
    source: impl Read,
    probe: &Probe,
    detail: &JpegDetail,
    scale: Scale,
    row_shrink: u32,
) -> Result<Decoded, EngineError> {
    let decoder = ::jpeg::Decoder::new(source).map_err(named)?;
    let header = decoder.header();
    let is_coarser = coarser(header);
    let scales = scales(header, detail.coding, scale);
    let plan = ::jpeg::plan(header, &scales).map_err(named)?;
    let profile = header.icc.clone();
    let shrinks = plan.components.iter().map(|plan| component_shrink(plan, probe, Some(scale), row_shrink));
    let shrinks: Vec<u32> = shrinks.collect();
    let shrinkers = plan.components.iter().zip(&shrinks).map(|(component, shrink)| {
        let size = (component.width_samples as u32, component.height_samples as u32);
        Shrinker::new(Channels::Grey, size, *shrink, RowOrder::TopDown)
    });
    let mut planes = Planes(shrinkers.collect());
    let outcome = decoder.decode(&scales, &mut planes).map_err(named)?;
    let warnings = warnings(&outcome);
    let planes = planes.0.into_iter().zip(&plan.components).zip(shrinks).zip(is_coarser);
    let planes = planes.map(|(((shrinker, component), shrink), is_coarser)| {
        let extent = Window {
            left: 0.0,
            top: 0.0,
            // The exact, fractional extent: worth 5 to 10 points of SSIMULACRA2 where sides are no multiples of 8.
            width: component.extent_width_samples / f64::from(shrink),
            height: component.extent_height_samples / f64::from(shrink),
        };
        // Full decoders blur subsampled chroma on its way to luma's size, and one that does not looks too sharp beside
        // them: at 1/2 with 1.5 left 92.4 instead of 89.6, with 2.5 left 94.2 instead of 93.6.
        let is_blurred = component.scale == Scale::Full && is_coarser.0 | is_coarser.1;
        let kernel = if is_blurred { Kernel::CatmullRom } else { Kernel::Lanczos3 };
        Plane { raster: shrinker.finish().0, extent, kernel }
    });
    let pixels = Pixels::Planes(planes.collect(), detail.model);
    Ok(Decoded { pixels, orientation: None, profile, warnings })
}

/// An error of crate `jpeg` in this crate's words.
fn named(error: ::jpeg::Error) -> EngineError {
    match error {
        ::jpeg::Error::Unsupported { coding, precision_bits, .. } => {
            EngineError::unsupported(FORMAT, format!("{coding} coding and {precision_bits} bits per sample"))
        }
        ::jpeg::Error::TooDamaged { rows_decoded_px: rows, rows_px: rows_expected, .. } => {
            EngineError::Corrupt { format: FORMAT, cause: Damage::TooFewRows { rows, rows_expected } }
        }
        error => EngineError::decoder(FORMAT, error),
    }
}

/// The whole image through `zune-jpeg`, components as stored.
fn full(source: &mut Source<'_>, probe: &Probe, detail: &JpegDetail) -> Result<Decoded, EngineError> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let fault = |cause: zune_jpeg::errors::DecodeErrors| EngineError::decoder(FORMAT, cause);
    let mut bytes = source.take_prefix();
    let limit_bytes = whole_file_bytes(probe, detail).saturating_sub(bytes.len() as u64);
    bytes.reserve_exact(usize::try_from(source.expected_rest(limit_bytes)).unwrap_or_default());
    source.take(limit_bytes).read_to_end(&mut bytes).map_err(|cause| EngineError::decoder(FORMAT, cause))?;
    let (wanted, channels) = match detail.model {
        Model::Grey => (ColorSpace::Luma, Channels::Grey),
        Model::YCbCr => (ColorSpace::YCbCr, Channels::YCbCr),
        Model::Rgb => (ColorSpace::RGB, Channels::Rgb),
        Model::Cmyk | Model::CmykInverted => (ColorSpace::CMYK, Channels::Cmyk),
        Model::YcckInverted => (ColorSpace::YCCK, Channels::Cmyk),
    };
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(false)
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options);
    let samples = match decoder.decode() {
        Ok(samples) => samples,
        // What one decoder gives up the other may still save, at half the size.
        Err(cause) if detail.header.is_none() => return Err(fault(cause)),
        Err(_) => return small(bytes.as_slice(), probe, detail, Scale::Half, 1),
    };
    let warnings = if detail.header.is_some() { damage(&bytes)? } else { Vec::new() };
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let got = decoder.output_colorspace().unwrap_or(wanted);
    if got != wanted || samples.len() != width * height * channels.count() {
        return Err(EngineError::unsupported(FORMAT, format!("components that come out as {got:?}")));
    }
    let profile = decoder.icc_profile();
    let extent = Window { left: 0.0, top: 0.0, width: width as f64, height: height as f64 };
    let raster = Raster { width, height, channels, samples };
    let pixels = Pixels::Raster(raster, extent, detail.model);
    Ok(Decoded { pixels, orientation: None, profile, warnings })
}

/// How much of a file without an end marker is there: `zune-jpeg` fills up what is missing and does not say so.
fn damage(bytes: &[u8]) -> Result<Vec<Warning>, EngineError> {
    // Some cameras pad behind the marker.
    let tail = &bytes[bytes.len().saturating_sub(64)..];
    if tail.windows(2).any(|pair| pair == [0xFF, 0xD9]) {
        return Ok(Vec::new());
    }
    let decoder = ::jpeg::Decoder::new(bytes).map_err(named)?;
    let scales = vec![Scale::Eighth; decoder.header().components.len()];
    decoder.decode(&scales, &mut Planes(Vec::new())).map(|outcome| warnings(&outcome)).map_err(named)
}

fn warnings(outcome: &::jpeg::Outcome) -> Vec<Warning> {
    match outcome.warning {
        None => Vec::new(),
        Some(_) if outcome.rows_decoded_px >= outcome.rows_px => vec![Warning::Damaged],
        Some(_) => vec![Warning::Truncated { rows: outcome.rows_decoded_px, rows_expected: outcome.rows_px }],
    }
}
