//! `moof`: the samples of a film that was written, or is sent, part by part. Source: ISO/IEC 14496-12, 8.8.

use crate::{
    boxes::{Cursor, Fault, boxes, child, cut},
    facts::Extent,
};

/// Samples of a fragment that are looked at.
const MOST_SAMPLES: u32 = 1 << 16;
/// In flags of a sample: others are needed to decode it.
const NO_KEY_FRAME: u32 = 1 << 16;

/// What `moov` says of samples in `moof` boxes, unless these say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Fragments {
    track: u32,
    bytes: u32,
    flags: u32,
}

impl Fragments {
    /// Of the body of `trex`, if it is that of the track.
    pub(crate) fn read(body: &[u8], track: u32) -> Option<Self> {
        let mut cursor = Cursor { bytes: body };
        cursor.full()?;
        let is_own = cursor.u32()? == track;
        cursor.take(8)?;
        is_own.then_some(Self { track, bytes: cursor.u32()?, flags: cursor.u32()? })
    }

    /// The first key frame in the body of a `moof` box that starts at `at`; `None` where there is none.
    ///
    /// # Errors
    /// Boxes that end early.
    pub fn key_frame(&self, body: &[u8], at: u64) -> Result<Option<Extent>, Fault> {
        for (_, run) in boxes(body).filter(|(kind, _)| kind == b"traf") {
            let header = child(run, b"tfhd").unwrap_or_default();
            let Some(track) = self.track(header) else { return Err(cut("length of tfhd", header)) };
            let Track { is_own: true, base, bytes, flags } = track else { continue };
            let base = base.unwrap_or(at);
            // The next run goes on where the one before ended, unless it says where it starts.
            let mut next = base;
            for (_, samples) in boxes(run).filter(|(kind, _)| kind == b"trun") {
                let fault = cut("length of trun", samples);
                if let Some(frame) = key_frame(samples, base, &mut next, (bytes, flags)).ok_or(fault)? {
                    return Ok(Some(frame));
                }
            }
        }
        Ok(None)
    }

    /// `tfhd`.
    fn track(&self, body: &[u8]) -> Option<Track> {
        let mut cursor = Cursor { bytes: body };
        let (_, own) = cursor.full()?;
        let is_own = cursor.u32()? == self.track;
        let base = if own & 1 != 0 { Some(cursor.number(8)?) } else { None };
        cursor.take(if own & 2 != 0 { 4 } else { 0 } + if own & 8 != 0 { 4 } else { 0 })?;
        let bytes = if own & 0x10 != 0 { cursor.u32()? } else { self.bytes };
        let flags = if own & 0x20 != 0 { cursor.u32()? } else { self.flags };
        Some(Track { is_own, base, bytes, flags })
    }
}

struct Track {
    is_own: bool,
    base: Option<u64>,
    bytes: u32,
    flags: u32,
}

/// The first key frame of `trun`; the outer `None` where it ends early or leads nowhere.
fn key_frame(body: &[u8], base: u64, next: &mut u64, (bytes, flags): (u32, u32)) -> Option<Option<Extent>> {
    let mut cursor = Cursor { bytes: body };
    let (_, own) = cursor.full()?;
    let count = cursor.u32()?;
    if own & 1 != 0 {
        *next = base.checked_add_signed(cursor.u32()?.cast_signed().into())?;
    }
    let first_flags = if own & 4 != 0 { Some(cursor.u32()?) } else { None };
    for sample in 0..count.min(MOST_SAMPLES) {
        if own & 0x100 != 0 {
            cursor.u32()?;
        }
        let bytes = u64::from(if own & 0x200 != 0 { cursor.u32()? } else { bytes });
        let own_flags = if own & 0x400 != 0 { cursor.u32()? } else { flags };
        if own & 0x800 != 0 {
            cursor.u32()?;
        }
        let flags = if sample == 0 { first_flags.unwrap_or(own_flags) } else { own_flags };
        let offset = *next;
        *next = offset.checked_add(bytes)?;
        if flags & NO_KEY_FRAME == 0 && bytes > 0 {
            return Some(Some(Extent { offset, bytes }));
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(kind: &[u8; 4], flags: u32, words: &[u32]) -> Vec<u8> {
        let body: Vec<u8> = [flags].iter().chain(words).flat_map(|word| word.to_be_bytes()).collect();
        boxed(kind, &body)
    }

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    #[test]
    fn the_first_key_frame_of_the_track_is_found() {
        let extends = full(b"trex", 0, &[1, 1, 40, 500, NO_KEY_FRAME]);
        let fragments = Fragments::read(&extends[8..], 1).unwrap();
        assert!(Fragments::read(&extends[8..], 2).is_none());
        let check = |boxes: &[Vec<u8>], want: Option<(u64, u64)>| {
            let frame = fragments.key_frame(&boxed(b"traf", &boxes.concat()), 9000);
            assert_eq!(frame.unwrap().map(|frame| (frame.offset, frame.bytes)), want);
        };
        let header = full(b"tfhd", 0x2_0000, &[1]);
        // The flags of the first sample are its own.
        check(&[header.clone(), full(b"trun", 0x205, &[2, 100, 0, 700, 30])], Some((9100, 700)));
        check(&[header.clone(), full(b"trun", 1, &[3, 100])], None);
        // The second sample, then that of a second run.
        check(&[header.clone(), full(b"trun", 0x601, &[2, 100, 30, NO_KEY_FRAME, 70, 0])], Some((9130, 70)));
        let second = full(b"trun", 4, &[1, 0]);
        check(&[header, full(b"trun", 1, &[3, 100]), second], Some((9100 + 3 * 500, 500)));
        // Another track's.
        check(&[full(b"tfhd", 0, &[2]), full(b"trun", 0x205, &[1, 100, 0, 700])], None);
        assert!(fragments.key_frame(&boxed(b"traf", &[]), 0).is_err());
    }
}
