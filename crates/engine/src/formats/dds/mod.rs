//! The first surface of a DDS, its header through crate `image`, its picture by rows of blocks. Source: Microsoft,
//! programming guide for DDS.

mod decode;

use contract::ImageFormat;
use image::{ColorType, codecs::dds::DdsDecoder};

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    fields::Fields,
    room::{Cost, Detail, HeaderPlace, Room, Step},
    source::Source,
    whole::{self, Found},
};
use decode::Blocks;

const FORMAT: ImageFormat = ImageFormat::Dds;

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

#[derive(Clone, Copy, Debug)]
struct DdsDetail {
    blocks: Blocks,
}

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (Some(height), Some(width)) = (prefix.le32(12), prefix.le32(16)) else { return Ok(Step::More(128)) };
    if !width.is_multiple_of(4) || !height.is_multiple_of(4) {
        return Err(EngineError::unsupported(FORMAT, format!("{width}x{height}, no multiples of 4")));
    }
    // The crate refuses all other pixel formats; it does not tell DXT3 from DXT5.
    let found = whole::header(FORMAT, prefix, |cursor| Ok(Found::of(&DdsDecoder::new(cursor)?)))?;
    let blocks = match (prefix.array::<4>(84).as_ref(), prefix.le32(128)) {
        (Some(b"DXT1"), _) | (Some(b"DX10"), Some(70..=72)) => Blocks::Dxt1,
        (Some(b"DXT3"), _) | (Some(b"DX10"), Some(73..=75)) => Blocks::Dxt3,
        _ => Blocks::Dxt5,
    };
    Ok(match found {
        Ok(found) => Step::Done(Found { colour: ColorType::Rgba8, ..found }.probe(FORMAT, DdsDetail { blocks })),
        Err(need) => Step::More(need),
    })
}

impl Detail for DdsDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        Cost::of_rows(probe, decode::CHANNELS, decode::plan_bytes(probe), least_shrink)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self.blocks, plan)
    }
}
