//! The thumbnail in Exif. Source: Exif 2.32, 4.5.5 and 4.6.3; ITU-T T.81, B.2.2.

use contract::ImageFormat;

use crate::{
    exif,
    fields::Fields,
    previews::{self, Found},
    room::{Embedded, Inner},
};

const EXIF: &[u8] = b"Exif\0\0";

/// Whatever coding the picture itself has, and as far as the segments before its first scan are whole.
pub(in crate::formats) fn embedded(prefix: &[u8]) -> Option<Embedded> {
    let (mut exif_at, mut whole_px) = (None, None);
    let mut at = 2;
    while let Some([0xFF, marker, high, low]) = prefix.array::<4>(at) {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
        let Some(body) = prefix.get(at + 4..end) else { break };
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => whole_px = body.be16(3).zip(body.be16(1)),
            0xE1 if body.starts_with(EXIF) => exif_at = exif_at.or(Some(at + 4 + EXIF.len()..end)),
            0xDA => break,
            _ => {}
        }
        at = end;
    }
    let (exif_at, (width, height)) = (exif_at?, whole_px?);
    let tiff = prefix.get(exif_at.clone())?;
    let Found::Previews(found) = previews::find(tiff, true) else { return None };
    let within = found.all.iter().filter(|one| one.at.saturating_add(one.bytes) <= tiff.len() as u64);
    let largest = within.max_by_key(|one| one.bytes)?;
    // A thumbnail is stored as the picture is, and turned with it.
    let orientation = exif::orientation(tiff).unwrap_or_default();
    Some(Embedded {
        format: ImageFormat::Jpeg,
        whole_px: orientation.seen((width.into(), height.into())),
        inner: Inner::Jpeg { at: exif_at.start as u64 + largest.at, bytes: largest.bytes, orientation },
    })
}
