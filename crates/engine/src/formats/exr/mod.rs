//! OpenEXR through crate `exr`, block by block, each at once into the small image.
//!
//! Not through crate `image`, which takes the same crate and needs 32 bytes for a pixel of what here needs none.

mod decode;
mod forward;
mod header;

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    room::{Cost, Detail, HeaderPlace, Room, row_shrink},
    shrink::Scattered,
    source::Source,
};
use header::ExrDetail;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

impl Detail for ExrDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        let row_shrink = row_shrink(least_shrink);
        let size = (probe.width_px, probe.height_px);
        // Blocks come in any order.
        let bytes = decode::plan_bytes(probe, self) + Scattered::bytes(decode::channels(probe), size, row_shrink);
        Cost { shrink: 1, row_shrink, bytes, rows: None, small_px: None }
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
