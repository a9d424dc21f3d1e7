//! PDF, and what Illustrator saves as such: a page is drawn by the caller's renderer, see `drawn.rs`.

use crate::room::{HeaderPlace, Room};

#[cfg(feature = "pdf")]
pub(super) const ROOM: Room =
    Room { step: |_, _| Ok(crate::room::Step::Drawn(vector::Kind::Pdf)), header_place: HeaderPlace::Front };

#[cfg(not(feature = "pdf"))]
pub(super) const ROOM: Room = Room {
    step: |_, _| Err(crate::EngineError::unsupported(contract::ImageFormat::Pdf, "a build without it (feature `pdf`)")),
    header_place: HeaderPlace::Front,
};
