//! The first frame of a GIF, by rows; all of them on a canvas.

mod blocks;
mod decode;
mod frames;
mod header;
mod lzw;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, Frames, HeaderPlace, Room},
    source::Source,
};
use header::GifDetail;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for GifDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::channels(probe), decode::plan_bytes(probe), least_shrink)
    }

    fn frames(&self) -> Option<&dyn Frames> {
        Some(self)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
