//! HEIC and other HEIF: `tiled/` reads it.

use contract::ImageFormat;

use crate::{
    room::{HeaderPlace, Room},
    tiled,
};

pub(super) const ROOM: Room =
    Room { step: |prefix, _| tiled::step(ImageFormat::Heic, prefix), header_place: HeaderPlace::Front };
