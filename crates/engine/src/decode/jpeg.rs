//! JPEG: small through crate `jpeg` wherever the variants allow, at full size through `zune-jpeg` where not.
//!
//! The small way keeps one plane for each component and never interleaves them: each is resized on its own.

use std::io::Read;

use ::jpeg::{Rows, Scale, Sink};
use contract::ImageFormat;
use resample::Kernel;

use super::{Decoded, Pixels, Plane};
use crate::{
    EngineError, Plan, Probe, Warning,
    error::Damage,
    geometry::Window,
    probe::{Coding, Detail, JpegDetail, Model},
    raster::{Channels, Raster},
    shrink::{RowOrder, Shrinker},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Jpeg;

/// Decoded pixels that must be left to one target pixel, on each side, for a scale to be taken: the factor, its scale,
/// and the least that is left.
///
/// SSIMULACRA2 against Lanczos3 from full resolution, three camera photographs (iPhone, Olympus, Nokia) brought to
/// 384 to 4608 px wide, 4:2:0, to 128 px; sharp in brackets:
///
/// | left at 1/8 | 1/8 | 1/4 |
/// |---|---|---|
/// | 1.5 | 92.8 91.4 86.4 (93.2 91.4 80.2) | 94.8 95.1 89.3 |
/// | 2.0 | 94.1 93.8 87.7 (87.3 78.1 88.2) | 94.9 95.4 89.3 |
/// | 2.25 | 94.5 94.3 88.4 (95.2 95.0 83.6) | 95.0 95.5 89.4 |
/// | 3.1 | 94.8 94.6 89.1 (95.7 95.4 85.8) | 94.7 94.6 89.5 |
///
/// 1/4 with 1.25 left scores 91.2 90.8 84.8, with 1.5 left 93.2 92.5 86.8 (93.7 91.6 85.9).
///
/// | left at 1/2 | 1/2 | full size |
/// |---|---|---|
/// | 1.5 | 92.4 92.9 87.3 (89.5 91.0 76.0) | 94.1 94.6 88.9 |
/// | 1.75 | 93.5 93.9 87.9 (91.7 92.7 88.7) | 94.2 94.7 88.7 |
/// | 2.0 | 94.0 94.2 87.5 (92.8 93.7 90.2) | 94.3 94.9 88.0 |
/// | 2.5 | 94.2 94.6 88.6 (91.3 88.7 51.5) | 94.6 95.1 89.2 |
const LEAST_LEFT: [(Scale, u32, f64); 3] = [(Scale::Eighth, 8, 2.25), (Scale::Quarter, 4, 1.5), (Scale::Half, 2, 2.0)];

/// The same for 1/8 in a progressive file with subsampled chroma, which then comes at 1/16.
///
/// 2.25 left scores 88.3 91.1 75.7, 3.1 left 93.6 93.2 83.1, 4 left 94.7 and 86.5 (sharp 96.3 and 90.5). 1/4 scores 95
/// and 89 but reads the whole file: 74 ms against 3 at 12 MP. So 1/8 only where its gain is largest.
///
/// What it costs at 12 MP, where a baseline file scores 95.3 and this 93.4 (sharp 96.2): with exact block means in place
/// of DC without its last bit, chroma at 1/16 scores 94.1 and at 1/8 94.6. So no chroma of the first scans reaches 95.2:
/// the last bit stands behind 40 to 79 % of the file. Tried on the means and dropped: chroma sharpened by 3 to 10 % 94.2
/// to 92.9, guided by luma (a local linear model over 3x3 or 5x5 blocks) 92.1 to 92.4, bilinear 90.6. The first AC scan
/// of chroma takes 16 ms, against 2.5 for all of this.
const PROGRESSIVE_LEFT: f64 = 3.75;

/// Whether `zune-jpeg` 0.5.15 takes these components as they are meant. In a sequential file it does not where a scan
/// lacks some of them (4:2:0 so comes out as rubbish, 4:4:0 as a panic), nor where one has more samples than the first.
fn is_plain(detail: &JpegDetail, header: &::jpeg::Header) -> bool {
    let Some(first) = header.components.first() else { return false };
    let is_largest = header.components.iter().all(|component| component.h <= first.h && component.v <= first.v);
    detail.coding != Coding::Sequential || (is_largest && detail.first_scan_components == detail.components)
}

/// The smallest scale that is good enough, and its factor; `None` is full size through `zune-jpeg`.
///
/// `least_shrink` is source over target, in pixels per pixel, for the variant that needs most.
pub(crate) fn scale(probe: &Probe, least_shrink: f64) -> Option<(Scale, u32)> {
    let Detail::Jpeg(detail @ JpegDetail { coding, header: Some(header), .. }) = &probe.detail else { return None };
    if *coding == Coding::Arithmetic {
        return None;
    }
    let subsampled = header.components.windows(2).any(|pair| (pair[0].h, pair[0].v) != (pair[1].h, pair[1].v));
    let least_left = |scale, left| match (scale, coding) {
        (Scale::Eighth, Coding::Progressive) if subsampled => PROGRESSIVE_LEFT,
        _ => left,
    };
    LEAST_LEFT
        .iter()
        .find(|(scale, factor, left)| least_shrink >= f64::from(*factor) * least_left(*scale, *left))
        .map(|(scale, factor, _)| (*scale, *factor))
        .or_else(|| (!is_plain(detail, header)).then_some((Scale::Full, 1)))
}

/// The scale of each component. Chroma that is subsampled is decoded one step finer, so that it does not end up coarser
/// than luma; but not in a progressive file at 1/8, where that would need its AC scans and so half of the file.
pub(crate) fn scales(header: &::jpeg::Header, coding: Coding, luma: Scale) -> Vec<Scale> {
    let of = |(narrower, lower): (bool, bool)| match (coding, luma) {
        (Coding::Progressive, Scale::Eighth) => luma,
        _ if !narrower && !lower => luma,
        (_, Scale::Eighth) => Scale::Quarter,
        (_, Scale::Quarter) => Scale::Half,
        // 4:2:2 has one side at luma's size already: 94.4 in 1.8 ms at 0.3 MP, against 93.6 in 2.2 at full size.
        (_, Scale::Half) if !(narrower && lower) => luma,
        (_, Scale::Half | Scale::Full) => Scale::Full,
    };
    coarser(header).into_iter().map(of).collect()
}

/// Whether each component is narrower, and whether it is lower, than the largest.
fn coarser(header: &::jpeg::Header) -> Vec<(bool, bool)> {
    let widest = header.components.iter().map(|component| component.h).max().unwrap_or(1);
    let tallest = header.components.iter().map(|component| component.v).max().unwrap_or(1);
    header.components.iter().map(|component| (component.h < widest, component.v < tallest)).collect()
}

/// What decoding holds, the small planes included, in bytes.
pub(crate) fn plan_bytes(probe: &Probe, scale: Option<Scale>, row_shrink: u32) -> u64 {
    let Detail::Jpeg(detail) = &probe.detail else { return 0 };
    let planned = match (&detail.header, scale) {
        (Some(header), Some(scale)) => {
            let scales = scales(header, detail.coding, scale);
            ::jpeg::plan(header, &scales).ok()
        }
        _ => None,
    };
    match planned {
        Some(plan) => {
            let planes = plan.components.iter().map(|component| {
                let size = (component.width_samples as u32, component.height_samples as u32);
                Shrinker::bytes(Channels::Grey, size, component_shrink(component, probe, scale, row_shrink))
            });
            plan.peak_bytes + planes.sum::<u64>() + probe.header_bytes
        }
        None => {
            let components = u64::from(detail.components);
            // zune-jpeg holds a progressive file's coefficients in 16 bits.
            let coefficients = if probe.interlaced { 2 * components } else { 0 };
            whole_file_bytes(probe) + probe.pixels() * (coefficients + components) + (1 << 20)
        }
    }
}

/// What is read of a file that is decoded at full size: small files may take two bytes for a sample,
/// large ones one: only noise at quality 100 takes more, and is then cut there.
fn whole_file_bytes(probe: &Probe) -> u64 {
    let Detail::Jpeg(detail) = &probe.detail else { return 0 };
    let samples = probe.pixels() * u64::from(detail.components);
    probe.header_bytes + (samples * 2).min(samples + (512 << 10)) + (64 << 10)
}

/// How far a plane's own rows are averaged: as far as luma's, less what it is coarser already.
fn component_shrink(plan: &::jpeg::ComponentPlan, probe: &Probe, scale: Option<Scale>, row_shrink: u32) -> u32 {
    let factor = 8 / scale.map_or(8, Scale::samples) as u32;
    let luma = f64::from(probe.width_px) / f64::from(factor);
    ((f64::from(row_shrink) * plan.extent_width_samples / luma + 1e-9) as u32).clamp(1, row_shrink)
}

pub(crate) fn decode(source: &mut Source<'_>, probe: &Probe, plan: &Plan) -> Result<Decoded, EngineError> {
    let Detail::Jpeg(detail) = &probe.detail else { return Err(EngineError::header(FORMAT, "detail", 0_u8)) };
    match plan.jpeg_scale {
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
    let limit_bytes = whole_file_bytes(probe).saturating_sub(bytes.len() as u64);
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
