//! The picture of a TIFF, by strips or tiles; its directory may stand anywhere.

mod chunk;
mod decode;
mod depth;
mod directory;
mod fax;
mod header;
mod inflate;
mod inks;
mod jpeg;
mod lzw;
mod packbits;
mod predict;
mod rows;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, HeaderPlace, Room},
    source::Source,
};
use header::TiffDetail;

pub(super) const ROOM: Room = Room { step: header::step, header_place: HeaderPlace::Anywhere };

impl Detail for TiffDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::channels(probe), decode::plan_bytes(probe, self), least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.profile_bytes
    }

    fn decode(
        &self,
        source: &mut Source<'_>,
        probe: &Probe,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan, limits)
    }
}
