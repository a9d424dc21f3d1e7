//! BMP, by rows.

mod decode;
mod header;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, HeaderPlace, Room},
    source::Source,
};
use header::BmpDetail;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for BmpDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::channels(probe), decode::plan_bytes(probe), least_shrink)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
