//! JPEG through crate `jpeg`, at the smallest scale that the variants allow.
//!
//! There is one plane for each component, and they are never interleaved: each is resized on its own.

use ::jpeg::{Rows, Scale, Sink};
use contract::ImageFormat;
use resample::Kernel;

use super::{
    header::{JpegDetail, named},
    plan::{coarser, component_shrink, scale, scales},
};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::{Decoded, Pixels, Plane},
    error::Damage,
    geometry::Window,
    raster::Channels,
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
    if detail.header.is_none() {
        let cause = Damage::HeaderEnds { bytes: probe.header_bytes };
        return Err(EngineError::Corrupt { format: FORMAT, cause });
    }
    let scale = scale(plan.shrink);
    let decoder = ::jpeg::Decoder::new(source).map_err(named)?;
    let header = decoder.header();
    let is_coarser = coarser(header);
    let scales = scales(header, detail.coding, scale);
    let planned = ::jpeg::plan(header, &scales).map_err(named)?;
    let profile = header.icc.clone();
    let mut warnings = profile_warning(header);
    let shrinks = planned.components.iter().map(|component| component_shrink(component, probe, scale, plan.row_shrink));
    let shrinks: Vec<u32> = shrinks.collect();
    let shrinkers = planned.components.iter().zip(&shrinks).map(|(component, shrink)| {
        let size = (component.width_samples as u32, component.height_samples as u32);
        Shrinker::new(Channels::Grey, size, *shrink, RowOrder::TopDown)
    });
    let mut planes = Planes(shrinkers.collect());
    let outcome = decoder.decode(&scales, &mut planes).map_err(named)?;
    warnings.extend(warning(&outcome));
    let planes = planes.0.into_iter().zip(&planned.components).zip(shrinks).zip(is_coarser);
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

struct Planes(Vec<Shrinker>);

impl Sink for Planes {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        if let Some(plane) = self.0.get_mut(component) {
            rows.iter().for_each(|row| plane.push(row));
        }
    }
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
