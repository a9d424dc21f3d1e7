//! Radiance HDR, its header through crate `image`, its picture by rows. Source: Radiance, filefmts.pdf.
//!
//! EXPOSURE is not undone: it says how the picture was made to be seen.

mod decode;

use contract::ImageFormat;
use image::codecs::hdr::HdrDecoder;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, HeaderPlace, Room, Step},
    source::Source,
    whole::{self, Found},
};

const FORMAT: ImageFormat = ImageFormat::Hdr;

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

/// Nothing beside what every probe has.
#[derive(Clone, Copy, Debug)]
struct HdrDetail;

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let found = whole::header(FORMAT, prefix, |cursor| Ok(Found::of(&HdrDecoder::new_nonstrict(cursor)?)))?;
    Ok(match found {
        Ok(found) => Step::Done(found.probe(FORMAT, HdrDetail)),
        Err(need) => Step::More(need),
    })
}

impl Detail for HdrDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::CHANNELS, decode::plan_bytes(probe), least_shrink)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, plan)
    }
}
