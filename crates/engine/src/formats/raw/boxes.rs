//! CR3: boxes of ISO/IEC 14496-12, with previews in two of Canon's own. Source: Laurent Clévy, Canon CR3.

use crate::{
    exif,
    fields::Fields,
    previews::{self, Found},
    room::{Preview, Previews},
};

/// Of Canon's box in `moov`, and of the one with the preview.
const IN_MOVIE: [u8; 16] = *b"\x85\xC0\xB6\x87\x82\x0F\x11\xE0\x81\x11\xF4\xCE\x46\x2B\x6A\x48";
const WITH_PREVIEW: [u8; 16] = *b"\xEA\xF4\x2B\x5E\x1C\x98\x4B\x88\xB9\xFB\xB7\xDC\x40\x6E\x4D\x16";
/// Boxes before the sensor's samples; cameras write six.
const MOST_BOXES: usize = 64;

/// A box: type, where its body starts and where it ends.
type Found3 = ([u8; 4], u64, u64);

fn next(prefix: &[u8], at: u64) -> Option<Found3> {
    let start = prefix.get(usize::try_from(at).ok()?..)?;
    let kind = start.array::<4>(4)?;
    let (header, bytes) = match start.be32(0)? {
        1 => (16, start.array::<8>(8).map(u64::from_be_bytes)?),
        bytes => (8, u64::from(bytes)),
    };
    (bytes >= header).then_some((kind, at + header, at.checked_add(bytes)?))
}

pub(super) fn find(prefix: &[u8]) -> Found {
    let mut previews = Previews { all: Vec::new(), orientation: None };
    let (mut at, mut need) = (0, 0);
    for _ in 0..MOST_BOXES {
        let Some((kind, body, end)) = next(prefix, at) else {
            need = at + 64;
            break;
        };
        match &kind {
            b"moov" => {
                need = need.max(end.min(1 << 20));
                movie(prefix, (body, end), &mut previews);
            }
            b"uuid" if prefix.array::<16>(body as usize) == Some(WITH_PREVIEW) => {
                // 8 bytes, then the box.
                canon(prefix, body + 16 + 8, &mut previews);
            }
            // The sensor's samples; what stands behind them is not waited for.
            b"mdat" => break,
            _ => {}
        }
        at = end;
    }
    match previews.all.is_empty() || need > prefix.len() as u64 {
        true if need > prefix.len() as u64 && need <= 1 << 20 => Found::More(need),
        true if previews.all.is_empty() => Found::Nothing,
        _ => Found::Previews(previews),
    }
}

fn movie(prefix: &[u8], (body, end): (u64, u64), previews: &mut Previews) {
    let mut at = body;
    while let Some((kind, body, next_at)) = next(prefix, at).filter(|_| at < end) {
        if kind == *b"uuid" && prefix.array::<16>(body as usize) == Some(IN_MOVIE) {
            let mut inner = body + 16;
            while let Some((_, _, next_inner)) = next(prefix, inner).filter(|_| inner < next_at) {
                canon(prefix, inner, previews);
                inner = next_inner;
            }
        }
        at = next_at;
    }
}

/// Of the box at `at`: the Exif of the picture, its thumbnail or its preview.
fn canon(prefix: &[u8], at: u64, previews: &mut Previews) {
    let Some((kind, body, end)) = next(prefix, at) else { return };
    let start = body as usize;
    match &kind {
        b"CMT1" => {
            let tiff = prefix.get(start..).map(|tiff| &tiff[..tiff.len().min((end - body) as usize)]);
            previews.orientation = tiff.and_then(exif::orientation);
        }
        b"THMB" | b"PRVW" => {
            // Version and flags, two numbers before the sides in one and behind them in the other.
            let (sides, bytes) = if kind == *b"THMB" { (4, 8) } else { (6, 12) };
            let side = |at: usize| prefix.be16(start + at).map(u32::from);
            if let (Some(width), Some(height), Some(bytes)) = (side(sides), side(sides + 2), prefix.be32(start + bytes))
            {
                let preview = Preview { at: body + 16, bytes: bytes.into(), size_px: Some((width, height)) };
                previews::add(&mut previews.all, prefix, preview);
            }
        }
        _ => {}
    }
}
