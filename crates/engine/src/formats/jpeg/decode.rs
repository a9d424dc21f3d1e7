//! JPEG: small through crate `jpeg` wherever the variants allow, at full size through `zune-jpeg` where not.
//!
//! The small way keeps one plane for each component and never interleaves them: each is resized on its own.

use std::io::Read;

use ::jpeg::{Rows, Scale, Sink};
use contract::ImageFormat;
use resample::Kernel;

use super::{
    header::{Coding, JpegDetail, named},
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
    // What is not read yet may decide the colours.
    let Some(header) = &detail.header else {
        let cause = Damage::HeaderEnds { bytes: probe.header_bytes };
        return Err(EngineError::Corrupt { format: FORMAT, cause });
    };
    match scale(detail, plan.shrink) {
        Some(scale) => small(source, probe, detail, scale, plan.row_shrink),
        None => full(source, probe, detail, header),
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
    let mut warnings = profile_warning(header);
    let shrinks = plan.components.iter().map(|plan| component_shrink(plan, probe, Some(scale), row_shrink));
    let shrinks: Vec<u32> = shrinks.collect();
    let shrinkers = plan.components.iter().zip(&shrinks).map(|(component, shrink)| {
        let size = (component.width_samples as u32, component.height_samples as u32);
        Shrinker::new(Channels::Grey, size, *shrink, RowOrder::TopDown)
    });
    let mut planes = Planes(shrinkers.collect());
    let outcome = decoder.decode(&scales, &mut planes).map_err(named)?;
    warnings.extend(warning(&outcome));
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

/// The whole image through `zune-jpeg`, components as stored.
fn full(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &JpegDetail,
    header: &::jpeg::Header,
) -> Result<Decoded, EngineError> {
    let mut bytes = source.take_prefix();
    let limit_bytes = whole_file_bytes(probe, detail).saturating_sub(bytes.len() as u64);
    bytes.reserve_exact(usize::try_from(source.expected_rest(limit_bytes)).unwrap_or_default());
    source.take(limit_bytes).read_to_end(&mut bytes).map_err(|cause| EngineError::decoder(FORMAT, cause))?;
    let channels = match detail.model {
        Model::Grey => Channels::Grey,
        Model::YCbCr => Channels::YCbCr,
        Model::Rgb => Channels::Rgb,
        Model::Cmyk | Model::CmykInverted | Model::YcckInverted => Channels::Cmyk,
    };
    // The decoder goes on behind damage without a word unless it is told not to.
    let (samples, is_damaged) = match stored(&bytes, channels, true) {
        Some(samples) => (samples, false),
        None => match stored(&bytes, channels, false) {
            Some(samples) => (samples, true),
            // What one decoder gives up the other may still save.
            None => return small(bytes.as_slice(), probe, detail, Scale::Full, 1),
        },
    };
    let mut warnings = profile_warning(header);
    // A progressive file that is cut between two scans is whole for both decoders.
    let data = bytes.get(probe.header_bytes as usize..).unwrap_or_default();
    let is_cut = detail.coding == Coding::Progressive && !data.windows(2).any(|pair| pair == [0xFF, 0xD9]);
    let damage = damage(&bytes)?.or((is_damaged || is_cut).then_some(Warning::Damaged));
    warnings.extend(damage);
    let (width, height) = (probe.width_px as usize, probe.height_px as usize);
    let extent = Window { left: 0.0, top: 0.0, width: width as f64, height: height as f64 };
    let raster = Raster { width, height, channels, samples };
    let pixels = Pixels::Raster(raster, extent, detail.model);
    Ok(Decoded { pixels, orientation: None, profile: header.icc.clone(), warnings })
}

/// All samples as they are stored, whatever `zune-jpeg` takes them for: it asks the Adobe segment only, and RGB that it
/// is asked for as RGB it leaves as it is. `None` if it gives up.
fn stored(bytes: &[u8], channels: Channels, is_strict: bool) -> Option<Vec<u8>> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(is_strict);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let as_stored = match (channels, decoder.input_colorspace()?) {
        (Channels::Grey, _) => ColorSpace::Luma,
        (Channels::Cmyk, ColorSpace::YCCK) => ColorSpace::YCCK,
        (Channels::Cmyk, _) => ColorSpace::CMYK,
        // Three components with a transform of 0 are called CMYK until they are decoded.
        (_, ColorSpace::RGB | ColorSpace::CMYK) => ColorSpace::RGB,
        (_, _) => ColorSpace::YCbCr,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(as_stored));
    let samples = decoder.decode().ok()?;
    let (width, height) = decoder.dimensions()?;
    let is_as_stored = decoder.output_colorspace() == Some(as_stored);
    (is_as_stored && samples.len() == width * height * channels.count()).then_some(samples)
}

/// What is wrong with a file that `zune-jpeg` has decoded: it fills up what is missing, and takes wrong codes for right
/// ones. The 1/8 decode reads all codes of a sequential file, and the first scan of a progressive one.
fn damage(bytes: &[u8]) -> Result<Option<Warning>, EngineError> {
    let decoder = ::jpeg::Decoder::new(bytes).map_err(named)?;
    let scales = vec![Scale::Eighth; decoder.header().components.len()];
    decoder.decode(&scales, &mut Planes(Vec::new())).map(|outcome| warning(&outcome)).map_err(named)
}

fn warning(outcome: &::jpeg::Outcome) -> Option<Warning> {
    outcome.warning.map(|_| match (outcome.rows_decoded_px, outcome.rows_px) {
        (rows, rows_expected) if rows >= rows_expected => Warning::Damaged,
        (rows, rows_expected) => Warning::Truncated { rows, rows_expected },
    })
}

fn profile_warning(header: &::jpeg::Header) -> Vec<Warning> {
    if header.icc_damaged { vec![Warning::ProfileIgnored] } else { Vec::new() }
}
