//! JPEG XL: decoded by crate `jxl`, up to an eighth of its size where a thumbnail needs no more.

mod bits;
mod boxes;
mod decode;
mod frame;
mod header;

use contract::ImageFormat;

use crate::room::{HeaderPlace, Room};

const FORMAT: ImageFormat = ImageFormat::Jxl;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };
