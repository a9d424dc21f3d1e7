//! JPEG, at every scale through crate `jpeg`.

mod decode;
mod embedded;
mod header;
mod plan;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::{Component, Decoded},
    room::{Cost, Detail, HeaderPlace, Room},
    source::Source,
};
pub(super) use embedded::embedded;
use header::JpegDetail;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for JpegDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        plan::cost(probe, self, least_shrink)
    }

    fn components(&self, _: &Probe, cost: &Cost) -> Vec<Component> {
        let header = self.header.as_ref();
        let planned = header.and_then(|header| plan::components(header, self.coding, cost.shrink).ok());
        planned.map_or_else(Vec::new, |(_, components)| components)
    }

    fn beside_bytes(&self, probe: &Probe, cost: &Cost) -> u64 {
        plan::beside_bytes(probe, self, cost.shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.header.as_ref().and_then(|header| header.icc.as_ref()).map_or(0, |profile| profile.len() as u64)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
