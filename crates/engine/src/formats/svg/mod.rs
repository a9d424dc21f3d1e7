//! SVG and SVGZ: drawn by the caller's renderer, see `drawn.rs`.

use contract::ImageFormat;

use crate::room::{HeaderPlace, Room};

#[cfg(feature = "svg")]
mod header;

const FORMAT: ImageFormat = ImageFormat::Svg;

#[cfg(feature = "svg")]
pub(super) const ROOM: Room = Room { step: |prefix, _| header::step(prefix), header_place: HeaderPlace::Front };

#[cfg(not(feature = "svg"))]
pub(super) const ROOM: Room = Room {
    step: |_, _| Err(crate::EngineError::unsupported(FORMAT, "a build without it (feature `svg`)")),
    header_place: HeaderPlace::Front,
};
