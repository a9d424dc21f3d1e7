//! JPEG through crate `jpeg`, at the smallest scale that the variants allow.
//!
//! There is one plane for each component, and each is resized on its own, as its rows come.

use ::jpeg::{Rows, Sink};
use contract::ImageFormat;

use super::{
    header::{JpegDetail, named},
    plan::{components, is_large},
};
use crate::{
    EngineError, Plan, Probe, Warning,
    colour::Colours,
    decoded::{Decoded, Elsewhere},
    error::Damage,
    room::Detail,
    source::Source,
    streams::Streams,
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
    let decoder = ::jpeg::Decoder::new(source).map_err(named)?;
    let header = decoder.header();
    let (scales, components) = components(header, detail.coding, plan.shrink).map_err(named)?;
    let mut warnings = profile_warning(header);
    let mut profile_warnings = Vec::new();
    let colours = Colours::new(detail.model, header.icc.as_deref(), detail.profile_bytes(), &mut profile_warnings);
    let mut planes = Planes(Streams::new(probe, plan, &components, colours));
    let decoder = if plan.threads > 1 && is_large(probe) { decoder.beside() } else { decoder };
    let outcome = decoder.decode(&scales, &mut planes).map_err(named)?;
    warnings.extend(warning(&outcome).into_iter().chain(profile_warnings));
    Ok(Decoded {
        pixels: planes.0.finish(),
        orientation: None,
        profile: None,
        warnings,
        elsewhere: Elsewhere::default(),
    })
}

struct Planes(Streams);

impl Sink for Planes {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        rows.iter().for_each(|row| self.0.push(component, row));
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
