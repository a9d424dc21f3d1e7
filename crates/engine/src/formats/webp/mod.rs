//! WebP through libwebp, from the whole file.

mod decode;
mod header;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, HeaderPlace, Room},
    source::Source,
};
use header::WebpDetail;

pub(super) const ROOM: Room = Room { step: header::step, header_place: HeaderPlace::Front };

impl Detail for WebpDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        decode::cost(probe, self, least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.profile_bytes
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
