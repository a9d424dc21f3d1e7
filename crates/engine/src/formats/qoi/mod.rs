//! QOI, by rows. Source: QOI specification 1.0.

mod decode;

use std::sync::Arc;

use contract::ImageFormat;

use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe,
    decoded::Decoded,
    fields::Fields,
    room::{Cost, Detail, HeaderPlace, Room, Step},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Qoi;
const HEADER_BYTES: usize = 14;

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

/// Nothing beside what every probe has.
#[derive(Clone, Copy, Debug)]
struct QoiDetail;

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let Some(header) = prefix.array::<HEADER_BYTES>(0) else { return Ok(Step::More(HEADER_BYTES as u64)) };
    Ok(Step::Done(Probe {
        format: FORMAT,
        width_px: header.be32(4).unwrap_or_default(),
        height_px: header.be32(8).unwrap_or_default(),
        bits_per_sample: 8,
        colour: Colour::Rgb,
        has_alpha: header[12] == 4,
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes: HEADER_BYTES as u64,
        detail: Arc::new(QoiDetail),
    }))
}

impl Detail for QoiDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::channels(probe), decode::plan_bytes(probe), least_shrink)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, plan)
    }
}
