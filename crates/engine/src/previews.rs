//! The JPEG files in a camera's file that is built as TIFF: DNG, NEF, ARW, CR2, ORF, RW2. Source: DNG 1.7; TIFF/EP; ExifTool's
//! tables of tags for what makers do not document.

use crate::{
    Orientation,
    exif::Order,
    room::{Preview, Previews},
};

/// Directories that are further on are not waited for: cameras write them first.
const MOST_BYTES: u64 = 1 << 20;
/// A file has a handful.
const MOST_DIRECTORIES: usize = 32;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const MAKE: u16 = 271;
const STRIPS: u16 = 273;
const ORIENTATION: u16 = 274;
const STRIP_BYTES: u16 = 279;
const SUB_DIRECTORIES: u16 = 330;
const JPEG_AT: u16 = 513;
const JPEG_BYTES: u16 = 514;
const EXIF: u16 = 34_665;
const MAKER_NOTE: u16 = 37_500;
const DNG_VERSION: u16 = 50_706;
/// Panasonic's JPEG, as the value of a tag.
const JPEG_FROM_RAW: u16 = 46;
/// Olympus's directory of camera settings, and the preview in it.
const CAMERA_SETTINGS: u16 = 0x2020;
const PREVIEW_AT: u16 = 0x101;
const PREVIEW_BYTES: u16 = 0x102;

/// What was found.
pub(crate) enum Found {
    /// A camera's file.
    Previews(Previews),
    /// A camera's file, as far as that many bytes will tell.
    More(u64),
    /// Any other TIFF, or a camera's without a JPEG.
    Nothing,
}

/// Walks the directories of a TIFF structure in the first bytes of a file. `is_raw` where its signature says that it is a
/// camera's; else samples of a sensor, or DNG's version, must.
pub(crate) fn find(prefix: &[u8], is_raw: bool) -> Found {
    let Some(order) = Order::of(prefix) else { return Found::Nothing };
    // BigTIFF has directories of another form, and cameras do not write it.
    if !is_raw && order.u16(prefix, 2) != Some(42) {
        return Found::Nothing;
    }
    let mut walk = Walk { order, prefix, is_raw, is_candidate: is_raw, all: Vec::new(), orientation: None, need: 0 };
    let mut waiting: Vec<u64> = order.u32(prefix, 4).map(u64::from).into_iter().collect();
    for _ in 0..MOST_DIRECTORIES {
        let Some(at) = waiting.pop() else { break };
        walk.directory(at, &mut waiting);
    }
    // Others have their directories anywhere.
    let is_more = walk.need > prefix.len() as u64 && walk.need <= MOST_BYTES;
    match walk {
        Walk { is_candidate: true, need, .. } if is_more => Found::More(need),
        Walk { is_raw: true, all, orientation, .. } if !all.is_empty() => {
            Found::Previews(Previews { all, orientation })
        }
        _ => Found::Nothing,
    }
}

struct Walk<'file> {
    order: Order,
    prefix: &'file [u8],
    is_raw: bool,
    /// A camera, and directories beside the first one, which may be further on.
    is_candidate: bool,
    all: Vec<Preview>,
    orientation: Option<Orientation>,
    /// Bytes that a directory needs.
    need: u64,
}

/// An entry: type, count, and where its value stands in the file.
#[derive(Clone, Copy)]
struct Entry {
    kind: u16,
    count: u64,
    value: u64,
    at: usize,
}

impl Walk<'_> {
    fn u16(&self, at: u64) -> Option<u16> {
        self.order.u16(self.prefix, usize::try_from(at).ok()?)
    }

    fn u32(&self, at: u64) -> Option<u64> {
        self.order.u32(self.prefix, usize::try_from(at).ok()?).map(u64::from)
    }

    /// The entry of `tag` in the directory at `at`.
    fn entry(&self, at: u64, tag: u16) -> Option<Entry> {
        let count = u64::from(self.u16(at)?);
        (0..count).map(|index| at + 2 + index * 12).find_map(|at| {
            let entry = || {
                Some(Entry {
                    kind: self.u16(at + 2)?,
                    count: self.u32(at + 4)?,
                    value: self.u32(at + 8)?,
                    at: at as usize + 8,
                })
            };
            (self.u16(at)? == tag).then(entry).flatten()
        })
    }

    /// Its one number.
    fn number(&self, at: u64, tag: u16) -> Option<u64> {
        let entry = self.entry(at, tag).filter(|entry| entry.count == 1)?;
        match entry.kind {
            3 => self.order.u16(self.prefix, entry.at).map(u64::from),
            4 | 13 => Some(entry.value),
            _ => None,
        }
    }

    fn directory(&mut self, at: u64, waiting: &mut Vec<u64>) {
        let Some(count) = self.u16(at) else {
            self.wait_for(at + 2);
            return;
        };
        let end = at + 2 + u64::from(count) * 12;
        let Some(next) = self.u32(end) else {
            self.wait_for(end + 4);
            return;
        };
        let photometric = self.number(at, PHOTOMETRIC);
        let compression = self.number(at, COMPRESSION);
        // A sensor's samples: a colour filter array, or all colours in linear light; Nikon's and Sony's compression.
        let is_sensor = matches!(photometric, Some(32_803 | 34_892)) || matches!(compression, Some(34_713 | 32_767));
        self.is_raw |= is_sensor || self.entry(at, DNG_VERSION).is_some();
        self.is_candidate |=
            self.is_raw || (self.entry(at, MAKE).is_some() && self.entry(at, SUB_DIRECTORIES).is_some());
        let orientation = self.number(at, ORIENTATION).and_then(Orientation::from_exif);
        self.orientation = self.orientation.or(orientation);
        if !is_sensor {
            self.add(at, compression);
        }
        if let Some(entry) = self.entry(at, JPEG_FROM_RAW).filter(|entry| entry.kind == 7) {
            self.preview(entry.value, entry.count, None);
        }
        if let Some(note) = self.entry(at, EXIF).and_then(|exif| self.entry(exif.value, MAKER_NOTE)) {
            self.olympus(note.value);
        }
        if next > 0 {
            waiting.push(next);
        }
        match self.entry(at, SUB_DIRECTORIES) {
            Some(Entry { count: 1, value, .. }) => waiting.push(value),
            Some(Entry { count: count @ 2..=8, value, .. }) => {
                match (0..count).map(|index| self.u32(value + index * 4)).collect::<Option<Vec<_>>>() {
                    Some(all) => waiting.extend(all),
                    None => self.wait_for(value + count * 4),
                }
            }
            _ => {}
        }
    }

    fn wait_for(&mut self, need: u64) {
        if need <= MOST_BYTES {
            self.need = self.need.max(need);
        }
    }

    /// The JPEG of a directory, if it has one.
    fn add(&mut self, at: u64, compression: Option<u64>) {
        let size = self.number(at, WIDTH).zip(self.number(at, HEIGHT));
        let size = size.and_then(|(width, height)| u32::try_from(width).ok().zip(u32::try_from(height).ok()));
        let pair = |one, other| self.number(at, one).zip(self.number(at, other));
        match (pair(JPEG_AT, JPEG_BYTES), compression) {
            // The sides are those of the directory's own picture, which may be another one.
            (Some((at, bytes)), _) => self.preview(at, bytes, None),
            (None, Some(6 | 7)) => {
                if let Some((at, bytes)) = pair(STRIPS, STRIP_BYTES) {
                    self.preview(at, bytes, size);
                }
            }
            _ => {}
        }
    }

    /// Where the note of Olympus, or of its heir, has a preview.
    fn olympus(&mut self, note: u64) {
        let bytes = usize::try_from(note).ok().and_then(|at| self.prefix.get(at..)).unwrap_or_default();
        let first = match bytes {
            bytes if bytes.starts_with(b"OLYMPUS\0") => 12,
            bytes if bytes.starts_with(b"OM SYSTEM\0") => 16,
            _ => return,
        };
        let Some(settings) = self.entry(note + first, CAMERA_SETTINGS) else { return };
        let settings = note + settings.value;
        if let (Some(at), Some(bytes)) = (self.number(settings, PREVIEW_AT), self.number(settings, PREVIEW_BYTES)) {
            self.preview(note + at, bytes, None);
        }
    }

    fn preview(&mut self, at: u64, bytes: u64, size_px: Option<(u32, u32)>) {
        add(&mut self.all, self.prefix, Preview { at, bytes, size_px });
    }
}

/// Adds a preview that may be a JPEG; its own header knows its size best, where that is at hand.
pub(crate) fn add(all: &mut Vec<Preview>, prefix: &[u8], preview: Preview) {
    let start = usize::try_from(preview.at).ok().and_then(|at| prefix.get(at..)).unwrap_or_default();
    let is_jpeg = start.len() < 3 || start.starts_with(&[0xFF, 0xD8, 0xFF]);
    let is_known = all.iter().any(|known| known.at == preview.at);
    // Less than that is no picture.
    if !is_jpeg || is_known || preview.bytes < 128 || preview.at == 0 {
        return;
    }
    let size_px = size(start).or(preview.size_px).filter(|size| size.0 > 0 && size.1 > 0);
    all.push(Preview { size_px, ..preview });
}

/// The sides in a JPEG's frame header, if it is at hand. Source: ITU-T T.81, B.2.2.
fn size(jpeg: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [0xFF, marker, high, low] = *jpeg.get(at..)?.first_chunk::<4>()? else { return None };
        if matches!(marker, 0xC0..=0xC2) {
            let [height_high, height_low, width_high, width_low] = *jpeg.get(at + 5..)?.first_chunk::<4>()?;
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            return Some((side(width_high, width_low), side(height_high, height_low)));
        }
        if marker == 0xDA {
            return None;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_that_of_the_frame_header() {
        let jpeg = b"\xFF\xD8\xFF\xE0\0\x04ab\xFF\xC0\0\x11\x08\0\x3C\0\x5A\x03";
        assert_eq!(size(jpeg), Some((90, 60)));
        for end in 0..jpeg.len() - 1 {
            assert_eq!(size(&jpeg[..end]), None, "{end} bytes");
        }
        assert_eq!(size(b"\xFF\xD8\xFF\xDA\0\x04ab\xFF\xC0\0\x11\x08\0\x3C\0\x5A\x03"), None);
    }

    #[test]
    fn what_is_no_jpeg_or_known_is_not_added() {
        let mut all = Vec::new();
        let preview = |at, bytes| Preview { at, bytes, size_px: None };
        add(&mut all, b"....no JPEG", preview(4, 1000));
        add(&mut all, b"", preview(9_000, 100)); // Too short.
        add(&mut all, b"", preview(9_000, 1000));
        add(&mut all, b"", preview(9_000, 2000));
        assert_eq!(all, [preview(9_000, 1000)]);
    }
}
