//! Raw files of cameras: one of the JPEG files in them. Sensor samples are not developed.

mod boxes;

use contract::ImageFormat;

use crate::{
    EngineError,
    fields::Fields,
    previews::{self, Found},
    room::{HeaderPlace, Preview, Previews, Room, Step},
};

const FORMAT: ImageFormat = ImageFormat::Raw;

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let found = if prefix.starts_with(b"FUJIFILM") {
        fuji(prefix)
    } else if prefix.get(4..8) == Some(b"ftyp") {
        boxes::find(prefix)
    } else {
        previews::find(prefix, true)
    };
    match found {
        Found::Previews(previews) => Ok(Step::Previews(previews)),
        Found::More(need) => Ok(Step::More(need)),
        Found::Nothing => Err(EngineError::unsupported(FORMAT, "no JPEG preview")),
    }
}

/// Where RAF has its JPEG stands in its header. Source: ExifTool, FujiFilm.pm.
fn fuji(prefix: &[u8]) -> Found {
    let (Some(at), Some(bytes)) = (prefix.be32(84), prefix.be32(88)) else { return Found::More(92) };
    let mut all = Vec::new();
    previews::add(&mut all, prefix, Preview { at: at.into(), bytes: bytes.into(), size_px: None });
    match all.is_empty() {
        true => Found::Nothing,
        false => Found::Previews(Previews { all, orientation: None }),
    }
}
