//! The first directory of a TIFF or BigTIFF. Source: TIFF 6.0, section 2 and appendix A; Aware Systems, BigTIFF.

use std::{ops::Range, sync::Arc};

use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, exif::Order, room::Step};

/// What the strip reader and the planner need of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TiffDetail {
    pub(super) order: Order,
    pub(super) compression: u16,
    pub(super) photometric: u16,
    pub(super) samples: u16,
    /// 1: unsigned, 2: signed, 3: float.
    pub(super) sample_format: u16,
    pub(super) predictor: u16,
    /// Samples of one pixel in separate planes.
    pub(super) planar: bool,
    /// 0: unspecified, 1: premultiplied alpha, 2: straight alpha; of the first extra sample.
    pub(super) extra_sample: Option<u16>,
    /// Width and height of a strip or tile, in pixels.
    pub(super) chunk_px: (u32, u32),
    /// Whether chunks are tiles: padded to their full size at the right and the bottom.
    pub(super) tiled: bool,
    /// Where the last chunk ends, in bytes from the start of the file; 0 where its table is not known yet.
    pub(super) data_end: u64,
    /// The longest chunk as stored, in bytes.
    pub(super) longest_chunk_bytes: u64,
    /// The length of its profile; 0 for none.
    pub(super) profile_bytes: u64,
}

const FORMAT: ImageFormat = ImageFormat::Tiff;
/// More entries than any writer makes; a bound on hostile directories.
const MAX_ENTRIES: u64 = 4096;

/// One directory in a file whose leading bytes are at hand.
pub(super) struct Directory<'file> {
    bytes: &'file [u8],
    order: Order,
    /// Value fields of 8 bytes and counts of 8 bytes.
    big: bool,
    /// Where the first entry starts.
    entries_at: usize,
    entries: usize,
}

impl<'file> Directory<'file> {
    /// The first directory, or how many bytes of the file are needed to reach its end.
    pub(super) fn first(bytes: &'file [u8]) -> Result<Result<Self, u64>, EngineError> {
        let (Some(order), true) = (Order::of(bytes), bytes.len() >= 16) else { return Ok(Err(16)) };
        let big = order.u16(bytes, 2) == Some(43);
        let start = if big { order.u64(bytes, 8) } else { order.u32(bytes, 4).map(u64::from) }.unwrap_or_default();
        let (count_bytes, entry_bytes) = if big { (8, 20) } else { (2, 12) };
        let Some(at) = usize::try_from(start).ok().filter(|at| *at >= 8 && *at < usize::MAX / 2) else {
            return Err(EngineError::header(FORMAT, "directory offset", start));
        };
        let count = if big { order.u64(bytes, at) } else { order.u16(bytes, at).map(u64::from) };
        let Some(count) = count else { return Ok(Err(start + count_bytes)) };
        if count == 0 || count > MAX_ENTRIES {
            return Err(EngineError::header(FORMAT, "number of directory entries", count));
        }
        let end = start + count_bytes + count * entry_bytes;
        if end > bytes.len() as u64 {
            return Ok(Err(end));
        }
        Ok(Ok(Self { bytes, order, big, entries_at: at + count_bytes as usize, entries: count as usize }))
    }

    /// Where its last entry ends.
    const fn end(&self) -> usize {
        self.entries_at + self.entries * if self.big { 20 } else { 12 }
    }

    /// Where the values of `tag` stand in the file, at hand or not, and the bytes of one; `None` where the tag is absent.
    fn place(&self, tag: u16) -> Option<(Range<u64>, usize)> {
        let entry_bytes = if self.big { 20 } else { 12 };
        let at = (0..self.entries)
            .map(|index| self.entries_at + index * entry_bytes)
            .find(|at| self.order.u16(self.bytes, *at) == Some(tag))?;
        let kind = self.order.u16(self.bytes, at + 2)?;
        let width = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 13 => 4,
            16..=18 => 8,
            _ => return None,
        };
        let (count, value_at, inline) = if self.big {
            (self.order.u64(self.bytes, at + 4)?, at + 12, 8)
        } else {
            (u64::from(self.order.u32(self.bytes, at + 4)?), at + 8, 4)
        };
        let length = count.checked_mul(width as u64)?;
        let start = if length <= inline {
            value_at as u64
        } else if self.big {
            self.order.u64(self.bytes, value_at)?
        } else {
            u64::from(self.order.u32(self.bytes, value_at)?)
        };
        Some((start..start.checked_add(length)?, width))
    }

    /// The values of `tag`: `None` where the tag is absent; `Err` where they stand past the bytes at hand.
    pub(super) fn values(&self, tag: u16) -> Option<Result<Values<'file>, u64>> {
        let (Range { start, end }, width) = self.place(tag)?;
        let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
        Some(match self.bytes.get(range) {
            Some(bytes) => Ok(Values { bytes, width, order: self.order }),
            None => Err(end),
        })
    }

    /// How many bytes the values of `tag` have, at hand or not; 0 where the tag is absent.
    fn length(&self, tag: u16) -> u64 {
        self.place(tag).map_or(0, |(range, _)| range.end - range.start)
    }

    /// The first value of `tag`, where it is at hand.
    fn first_value(&self, tag: u16) -> Option<u64> {
        self.values(tag)?.ok()?.get(0)
    }

    fn short(&self, tag: u16, default: u16) -> u16 {
        self.first_value(tag).map_or(default, |value| u16::try_from(value).unwrap_or(u16::MAX))
    }

    fn side(&self, tag: u16) -> Option<u32> {
        self.first_value(tag).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// The bytes of `tag`, e.g. a profile or JPEG tables.
    pub(super) fn blob(&self, tag: u16) -> Option<&'file [u8]> {
        Some(self.values(tag)?.ok()?.bytes)
    }
}

/// The values of one tag, not yet converted: a strip table may have a million entries.
#[derive(Clone, Copy)]
pub(super) struct Values<'file> {
    bytes: &'file [u8],
    width: usize,
    order: Order,
}

impl Values<'_> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    pub(super) fn get(&self, index: usize) -> Option<u64> {
        let at = index.checked_mul(self.width)?;
        match self.width {
            1 => self.bytes.get(at).map(|byte| u64::from(*byte)),
            2 => self.order.u16(self.bytes, at).map(u64::from),
            4 => self.order.u32(self.bytes, at).map(u64::from),
            _ => self.order.u64(self.bytes, at),
        }
    }
}

/// Tags of the tables of strips and of tiles: offsets, then lengths.
pub(super) const CHUNK_TABLES: [(u16, u16); 2] = [(273, 279), (324, 325)];

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let directory = match Directory::first(prefix)? {
        Ok(directory) => directory,
        Err(need) => return Ok(Step::More(need)),
    };
    let (Some(width_px), Some(height_px)) = (directory.side(256), directory.side(257)) else {
        return Err(EngineError::header(FORMAT, "width or height", 0_u8));
    };
    let samples = directory.short(277, 1);
    let bits = bits_per_sample(&directory)?;
    let tiled = directory.side(322).is_some();
    let chunk_px = if tiled {
        (directory.side(322).unwrap_or_default(), directory.side(323).unwrap_or_default())
    } else {
        (width_px, directory.side(278).unwrap_or(height_px).min(height_px))
    };
    if chunk_px.0 == 0 || chunk_px.1 == 0 {
        return Err(EngineError::header(FORMAT, "strip or tile size", 0_u8));
    }
    let photometric = directory.short(262, 0);
    let colour = match photometric {
        0 | 1 => Colour::Grey,
        2 => Colour::Rgb,
        3 => Colour::Palette,
        5 => Colour::Cmyk,
        6 => Colour::YCbCr,
        8 => Colour::Lab,
        other => return Err(EngineError::unsupported(FORMAT, format!("photometric interpretation {other}"))),
    };
    let colours = match colour {
        Colour::Grey | Colour::Palette => 1,
        Colour::Cmyk => 4,
        _ => 3,
    };
    let extra_sample = (samples > colours).then(|| directory.short(338, 0));
    let (data_end, longest_chunk_bytes, need) = chunk_extent(&directory, tiled);
    let probe = Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: bits,
        colour,
        has_alpha: matches!(extra_sample, Some(1 | 2)),
        interlaced: false,
        orientation: Orientation::from_exif(directory.first_value(274).unwrap_or(1)).unwrap_or_default(),
        header_bytes: directory.end() as u64,
        detail: Arc::new(TiffDetail {
            order: directory.order,
            compression: directory.short(259, 1),
            photometric,
            samples,
            sample_format: directory.short(339, 1),
            predictor: directory.short(317, 1),
            planar: directory.short(284, 1) == 2 && samples > 1,
            extra_sample,
            chunk_px,
            tiled,
            data_end,
            longest_chunk_bytes,
            profile_bytes: directory.length(34_675),
        }),
    };
    Ok(if need > prefix.len() as u64 { Step::Known(probe, need) } else { Step::Done(probe) })
}

/// One width for all samples, as every writer has it.
fn bits_per_sample(directory: &Directory<'_>) -> Result<u8, EngineError> {
    let Some(Ok(values)) = directory.values(258) else { return Ok(1) };
    let first = values.get(0).unwrap_or(1);
    if let Some(other) = (1..values.len().min(16)).filter_map(|index| values.get(index)).find(|bits| *bits != first) {
        return Err(EngineError::unsupported(FORMAT, format!("samples of {first} and of {other} bits")));
    }
    u8::try_from(first)
        .ok()
        .filter(|bits| (1..=64).contains(bits))
        .ok_or_else(|| EngineError::header(FORMAT, "bits per sample", first))
}

/// End of the data, longest chunk, and how many bytes of the file are needed to know both.
fn chunk_extent(directory: &Directory<'_>, tiled: bool) -> (u64, u64, u64) {
    let (offsets, lengths) = CHUNK_TABLES[usize::from(tiled)];
    match (directory.values(offsets), directory.values(lengths)) {
        (Some(Ok(offsets)), Some(Ok(lengths))) => {
            let (mut end, mut longest) = (0, 0);
            for index in 0..offsets.len().min(lengths.len()) {
                let length = lengths.get(index).unwrap_or_default();
                end = end.max(offsets.get(index).unwrap_or_default().saturating_add(length));
                longest = longest.max(length);
            }
            (end, longest, 0)
        }
        (Some(Err(need)), Some(Err(other))) => (0, 0, need.max(other)),
        (Some(Err(need)), _) | (_, Some(Err(need))) => (0, 0, need),
        // Without lengths a single uncompressed strip can still be read.
        _ => (0, 0, 0),
    }
}
