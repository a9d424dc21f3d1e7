//! The composite of a Photoshop document, which stands behind all of its layers: they are read and dropped.

mod decode;
mod header;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, HeaderPlace, Room},
    source::Source,
};
pub(super) use header::embedded;
use header::{Mode, PsdDetail};

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for PsdDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        decode::cost(probe, self, least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        let profile = self.profile.as_ref().filter(|_| self.mode != Mode::Lab);
        profile.map_or(0, |profile| profile.len() as u64)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
