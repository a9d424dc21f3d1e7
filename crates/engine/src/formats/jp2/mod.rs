//! JPEG 2000: decoded by crate `hayro-jpeg2000`, at the smallest of its resolutions that is enough.

mod decode;
mod header;
mod main_header;

use contract::ImageFormat;

use crate::room::{HeaderPlace, Room};

const FORMAT: ImageFormat = ImageFormat::Jp2;

pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };
