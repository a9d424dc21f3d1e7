//! PNG, by rows through the `png` crate; the frames of APNG on a canvas.

mod colour;
mod decode;
mod frames;
mod header;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, Frames, HeaderPlace, Room},
    source::Source,
};
use header::PngDetail;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for PngDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::channels(probe), decode::plan_bytes(probe, self), least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.profile_bytes
    }

    fn may_turn(&self) -> bool {
        !self.has_exif
    }

    fn frames(&self) -> Option<&dyn Frames> {
        (self.frames > 1).then_some(self as &dyn Frames)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
