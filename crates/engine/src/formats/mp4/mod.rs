//! MP4, MOV and their relatives: `videos/` reads them.

use crate::room::{HeaderPlace, Room, Step};

pub(super) const ROOM: Room = Room { step: |_, _| Ok(Step::Film), header_place: HeaderPlace::Front };
