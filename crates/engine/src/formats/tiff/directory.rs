//! A directory of a TIFF or BigTIFF and the values of its tags. Source: TIFF 6.0, section 2; Aware Systems, BigTIFF.
//!
//! A value that is not read yet is not a missing value: [`Directory::values`] tells the two apart, and nothing here
//! puts a default in the place of bytes that are still to come.

use contract::ImageFormat;

use crate::{EngineError, exif::Order};

const FORMAT: ImageFormat = ImageFormat::Tiff;
/// More entries than any writer makes; a bound on hostile directories.
const MAX_ENTRIES: u64 = 4096;
/// How many directories are looked at for the page; those before it are read again with each block of the file.
const MAX_DIRECTORIES: usize = 64;

const NEW_SUBFILE_TYPE: u16 = 254;
const SUBFILE_TYPE: u16 = 255;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Gap {
    /// The answer stands in the file before this place, in bytes from its start, and past the bytes at hand.
    Beyond(u64),
    Fault(EngineError),
}

impl From<EngineError> for Gap {
    fn from(fault: EngineError) -> Self {
        Self::Fault(fault)
    }
}

/// One directory in a file whose leading bytes are at hand.
#[derive(Clone, Copy)]
pub(super) struct Directory<'file> {
    bytes: &'file [u8],
    pub(super) order: Order,
    /// Value fields of 8 bytes and counts of 8 bytes.
    big: bool,
    /// Where the number of entries stands.
    pub(super) at: u64,
    /// Where the first entry starts.
    entries_at: usize,
    entries: usize,
}

impl<'file> Directory<'file> {
    /// The directory of a page, from 1 on. What is a reduced copy or a mask of another one is no page, unless every
    /// directory is: then the first is the only page.
    ///
    /// Writers of thumbnails put them in front (NewSubfileType 1), as some scanners and cameras do.
    ///
    /// # Errors
    /// [`Gap::Beyond`] where more of the file is needed; [`EngineError::Unsupported`] for a page that is not there, or not
    /// in the first 64 directories.
    pub(super) fn of_page(bytes: &'file [u8], page: u32) -> Result<Self, Gap> {
        let (Some(order), true) = (Order::of(bytes), bytes.len() >= 16) else { return Err(Gap::Beyond(16)) };
        let big = order.u16(bytes, 2) == Some(43);
        let start = if big { order.u64(bytes, 8) } else { order.u32(bytes, 4).map(u64::from) }.unwrap_or_default();
        let first = Self::at(bytes, start)?;
        let mut directory = first;
        let mut pages = 0;
        // Where each stands: they may point to each other.
        let mut seen = vec![start];
        let missing = loop {
            if !directory.is_copy()? {
                pages += 1;
                if pages == page {
                    return Ok(directory);
                }
            }
            let next = directory.next()?;
            if next == 0 || seen.contains(&next) {
                break format!("no page {page}, but {} in all", pages.max(1));
            }
            if seen.len() == MAX_DIRECTORIES {
                break format!("page {page}: only {MAX_DIRECTORIES} directories are looked at");
            }
            directory = Self::at(bytes, next)?;
            seen.push(next);
        };
        if page == 1 { Ok(first) } else { Err(EngineError::unsupported(FORMAT, missing).into()) }
    }

    /// The directory at `start`, in bytes from the start of the file.
    pub(super) fn at(bytes: &'file [u8], start: u64) -> Result<Self, Gap> {
        let Some(order) = Order::of(bytes) else { return Err(Gap::Beyond(16)) };
        let big = order.u16(bytes, 2) == Some(43);
        let (count_bytes, entry_bytes) = if big { (8, 20) } else { (2, 12) };
        let Some(at) = usize::try_from(start).ok().filter(|at| *at >= 8 && *at < usize::MAX / 2) else {
            return Err(EngineError::header(FORMAT, "directory offset", start).into());
        };
        let count = if big { order.u64(bytes, at) } else { order.u16(bytes, at).map(u64::from) };
        let Some(count) = count else { return Err(Gap::Beyond(start + count_bytes)) };
        if count == 0 || count > MAX_ENTRIES {
            return Err(EngineError::header(FORMAT, "number of directory entries", count).into());
        }
        let end = start + count_bytes + count * entry_bytes;
        if end > bytes.len() as u64 {
            return Err(Gap::Beyond(end));
        }
        let (entries_at, entries) = (at + count_bytes as usize, count as usize);
        Ok(Self { bytes, order, big, at: start, entries_at, entries })
    }

    /// Where its last entry ends.
    pub(super) const fn end(&self) -> usize {
        self.entries_at + self.entries * if self.big { 20 } else { 12 }
    }

    /// Where the next directory starts; 0 where there is none.
    fn next(&self) -> Result<u64, Gap> {
        let at = self.end();
        let next =
            if self.big { self.order.u64(self.bytes, at) } else { self.order.u32(self.bytes, at).map(u64::from) };
        next.ok_or(Gap::Beyond(at as u64 + 8))
    }

    /// Whether it is of a smaller copy of another picture, or of its mask. Source: TIFF 6.0, section 8.
    fn is_copy(&self) -> Result<bool, Gap> {
        let kind = self.value(NEW_SUBFILE_TYPE)?.unwrap_or_default();
        Ok(kind & 0b101 != 0 || self.value(SUBFILE_TYPE)? == Some(2))
    }

    /// Type of `tag` and where its values stand: width of one, start and end in bytes from the start of the file.
    ///
    /// # Errors
    /// A type that TIFF does not know is a fault: a default in the place of the values would be a guess.
    fn extent(&self, tag: u16) -> Result<Option<(u64, u64, u64)>, EngineError> {
        let entry_bytes = if self.big { 20 } else { 12 };
        let mut entries = (0..self.entries).map(|index| self.entries_at + index * entry_bytes);
        let Some(at) = entries.find(|at| self.order.u16(self.bytes, *at) == Some(tag)) else { return Ok(None) };
        // The whole entry is at hand, as `end` was.
        let kind = self.order.u16(self.bytes, at + 2).unwrap_or_default();
        let width = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return Err(EngineError::header(FORMAT, "type of a tag", kind)),
        };
        let field = |at| {
            let value =
                if self.big { self.order.u64(self.bytes, at) } else { self.order.u32(self.bytes, at).map(u64::from) };
            value.unwrap_or_default()
        };
        let (value_at, inline) = if self.big { (at + 12, 8) } else { (at + 8, 4) };
        let count = field(at + 4);
        let too_long = || EngineError::header(FORMAT, "number of values of a tag", count);
        let length = count.checked_mul(width).ok_or_else(too_long)?;
        let start = if length <= inline { value_at as u64 } else { field(value_at) };
        let end = start.checked_add(length).ok_or_else(too_long)?;
        Ok((count > 0).then_some((width, start, end)))
    }

    /// How long the values of `tag` are, in bytes.
    pub(super) fn length_of(&self, tag: u16) -> Result<u64, EngineError> {
        Ok(self.extent(tag)?.map_or(0, |(_, start, end)| end - start))
    }

    /// Where the values of `tag` end, in bytes from the start of the file; 0 where there are none.
    pub(super) fn end_of(&self, tag: u16) -> Result<u64, EngineError> {
        Ok(self.extent(tag)?.map_or(0, |(_, _, end)| end))
    }

    /// The values of `tag`; `None` where the directory does not have it, or has no value for it.
    ///
    /// # Errors
    /// [`Gap::Beyond`] where they are not at hand yet.
    pub(super) fn values(&self, tag: u16) -> Result<Option<Values<'file>>, Gap> {
        let Some((width, start, end)) = self.extent(tag)? else { return Ok(None) };
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        match range.and_then(|(start, end)| self.bytes.get(start..end)) {
            Some(bytes) => Ok(Some(Values { bytes, width: width as usize, order: self.order })),
            None => Err(Gap::Beyond(end)),
        }
    }

    /// The first value of `tag`.
    pub(super) fn value(&self, tag: u16) -> Result<Option<u64>, Gap> {
        Ok(self.values(tag)?.and_then(|values| values.get(0)))
    }

    /// The same in 16 bits; `default` where the tag is absent.
    pub(super) fn short(&self, tag: u16, default: u16) -> Result<u16, Gap> {
        Ok(self.value(tag)?.map_or(default, |value| u16::try_from(value).unwrap_or(u16::MAX)))
    }

    /// The same in 32 bits.
    pub(super) fn side(&self, tag: u16) -> Result<Option<u32>, Gap> {
        Ok(self.value(tag)?.map(|value| u32::try_from(value).unwrap_or(u32::MAX)))
    }

    /// The bytes of `tag`, e.g. a profile or JPEG tables.
    pub(super) fn blob(&self, tag: u16) -> Result<Option<&'file [u8]>, Gap> {
        Ok(self.values(tag)?.map(|values| values.bytes))
    }
}

/// The values of one tag, not yet converted: a strip table may have a million entries.
#[derive(Clone, Copy)]
pub(super) struct Values<'file> {
    pub(super) bytes: &'file [u8],
    pub(super) width: usize,
    order: Order,
}

impl Values<'_> {
    pub(super) const fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// An integer; of a rational its two halves as they are stored.
    pub(super) fn get(&self, index: usize) -> Option<u64> {
        let at = index.checked_mul(self.width)?;
        match self.width {
            1 => self.bytes.get(at).map(|byte| u64::from(*byte)),
            2 => self.order.u16(self.bytes, at).map(u64::from),
            4 => self.order.u32(self.bytes, at).map(u64::from),
            _ => self.order.u64(self.bytes, at),
        }
    }

    /// A rational, or an integer in its place.
    pub(super) fn rational(&self, index: usize) -> Option<f32> {
        if self.width != 8 {
            return self.get(index).map(|value| value as f32);
        }
        let (over, under) = (self.order.u32(self.bytes, index * 8)?, self.order.u32(self.bytes, index * 8 + 4)?);
        (under != 0).then(|| over as f32 / under as f32)
    }
}
