//! WebP through libwebp, from the whole file; the frames of an animation on a canvas.

mod decode;
mod frames;
mod header;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, Frames, HeaderPlace, Room},
    source::Source,
};
use header::WebpDetail;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for WebpDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        decode::cost(probe, self, least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.profile_bytes
    }

    fn frames(&self) -> Option<&dyn Frames> {
        self.animated.then_some(self as &dyn Frames)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
