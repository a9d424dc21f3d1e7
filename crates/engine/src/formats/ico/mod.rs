//! The largest picture of a Windows icon or cursor: a PNG, or a BMP with its mask, through crate `image`, whole.

mod directory;

use std::io::Cursor;

use contract::ImageFormat;
use image::{
    ColorType, ImageDecoder, ImageResult,
    codecs::{ico::IcoDecoder, png::PngDecoder},
};

use crate::{
    EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    fields::Fields,
    room::{Cost, Detail, HeaderPlace, Room, Step},
    source::Source,
    whole::{self, Found},
};
use directory::Entry;

const FORMAT: ImageFormat = ImageFormat::Ico;
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(super) const ROOM: Room = Room { step: |prefix, _| step(prefix), header_place: HeaderPlace::Front };

#[derive(Debug)]
struct IcoDetail {
    entry: Entry,
    is_png: bool,
    colour: ColorType,
}

fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let entry = match directory::largest(prefix)? {
        Ok(entry) => entry,
        Err(need) => return Ok(Step::More(need)),
    };
    let picture = usize::try_from(entry.at).ok().and_then(|at| prefix.get(at..)).unwrap_or_default();
    // A BMP's header says its size; twice the height, because of the mask.
    let Some(start) = picture.first_chunk::<16>() else { return Ok(Step::More(entry.at + 16)) };
    let is_png = start.starts_with(PNG_SIGNATURE);
    let found = if is_png {
        match whole::header(FORMAT, picture, |cursor| Ok(Found::of(&PngDecoder::new(cursor)?)))? {
            Ok(found) => Found { header_bytes: entry.at + found.header_bytes, ..found },
            Err(need) => return Ok(Step::More(entry.at + need)),
        }
    } else {
        let side = |at| start.le32(at).unwrap_or_default();
        Found { size_px: (side(4), side(8) / 2), colour: ColorType::Rgba8, bits: 8, header_bytes: entry.at + 40 }
    };
    let colour = found.colour;
    Ok(Step::Done(found.probe(FORMAT, IcoDetail { entry, is_png, colour })))
}

impl Detail for IcoDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        // The file up to the picture's end, a copy of the picture, and what inflates it or a row of it.
        let beside_bytes = self.entry.at + self.entry.bytes * 2 + u64::from(probe.width_px) * 64 + (512 << 10);
        whole::cost(probe, self.colour, beside_bytes, least_shrink)
    }

    fn decode(
        &self,
        source: &mut Source<'_>,
        probe: &Probe,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Decoded, EngineError> {
        source.fill_prefix(self.entry.at + self.entry.bytes)?;
        let range = self.entry.at as usize..(self.entry.at + self.entry.bytes) as usize;
        let picture = source.prefix().get(range);
        let picture = picture.ok_or_else(|| EngineError::header(FORMAT, "length of the picture", self.entry.bytes))?;
        let decoder = self.open(picture, probe).map_err(|cause| whole::named(FORMAT, cause))?;
        whole::decode(decoder, probe, self.colour, plan, limits)
    }
}

impl IcoDetail {
    /// A PNG by itself, because the crate takes only those of 32 bits; a BMP as the only picture of an icon, because
    /// the directory of a cursor has other fields, and the crate would choose by them.
    fn open<'p>(&self, picture: &'p [u8], probe: &Probe) -> ImageResult<Box<dyn ImageDecoder + 'p>> {
        if self.is_png {
            return Ok(Box::new(PngDecoder::new(Cursor::new(picture))?));
        }
        // 0 stands for 256 and more.
        let side = |side_px: u32| u8::try_from(side_px).unwrap_or(0);
        let mut icon = vec![0, 0, 1, 0, 1, 0, side(probe.width_px), side(probe.height_px), 0, 0, 1, 0, 32, 0];
        icon.extend((picture.len() as u32).to_le_bytes());
        icon.extend(22_u32.to_le_bytes());
        icon.extend(picture);
        show(&mut icon[22..], probe.pixels());
        Ok(Box::new(IcoDecoder::new(Cursor::new(icon))?))
    }
}

/// Makes a bitmap of 32 bits opaque if all of its alpha is 0: then only its mask counts.
///
/// Windows XP brought alpha, and icons for older versions have 0 in its place. Windows and Chrome do so.
fn show(bitmap: &mut [u8], pixels: u64) {
    let (Some(40), Some(32), Some(0)) = (bitmap.le32(0), bitmap.le16(14), bitmap.le32(16)) else { return };
    // A table of colours is allowed and of no use here.
    let start = 40 + u64::from(bitmap.le32(32).unwrap_or_default()) * 4;
    let range = usize::try_from(start).ok().zip(usize::try_from(start + pixels * 4).ok());
    let Some(pixels) = range.and_then(|(start, end)| bitmap.get_mut(start..end)) else { return };
    if pixels.iter().skip(3).step_by(4).all(|alpha| *alpha == 0) {
        pixels.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
    }
}
