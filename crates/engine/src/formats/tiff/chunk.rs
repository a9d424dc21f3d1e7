//! Strips and tiles: where they stand in the file, and what their decompressors have in common.

use std::io::Read;

use super::directory::{Directory, Gap, Values};

/// Tags of the tables of strips and of tiles: offsets, then lengths.
pub(super) const TABLES: [(u16, u16); 2] = [(273, 279), (324, 325)];

/// What decompresses strips or tiles, one after another, with buffers that are made once.
pub(super) trait Chunk<'file>: Read {
    /// Goes on with the stored bytes of another strip or tile.
    fn start(&mut self, stored: &'file [u8]);

    /// Whether something was damaged that did not end the data.
    fn is_damaged(&self) -> bool {
        false
    }
}

impl<'file> Chunk<'file> for &'file [u8] {
    fn start(&mut self, stored: &'file [u8]) {
        *self = stored;
    }
}

/// The tables of strips or tiles as the directory has them.
pub(super) struct ChunkTables<'file> {
    offsets: Values<'file>,
    lengths: Option<Values<'file>>,
    /// What a chunk holds when it is decoded, in bytes.
    decoded_bytes: u64,
    is_compressed: bool,
}

impl<'file> ChunkTables<'file> {
    /// `None` where there is no table of offsets.
    pub(super) fn of(
        directory: &Directory<'file>,
        tiled: bool,
        decoded_bytes: u64,
        is_compressed: bool,
    ) -> Result<Option<Self>, Gap> {
        let (offsets, lengths) = TABLES[usize::from(tiled)];
        // Some old writers keep the tables of tiles in the tags of strips.
        let (offsets, lengths) = match directory.values(offsets)? {
            Some(table) => (Some(table), lengths),
            None => (directory.values(TABLES[0].0)?, TABLES[0].1),
        };
        let Some(offsets) = offsets else { return Ok(None) };
        Ok(Some(Self { offsets, lengths: directory.values(lengths)?, decoded_bytes, is_compressed }))
    }

    pub(super) const fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Where chunk `index` starts and ends, in bytes from the start of the file; empty for a chunk that was never
    /// written (offset 0).
    ///
    /// A length that is missing or 0 is made up, as libtiff does (`EstimateStripByteCounts`): a chunk that is not
    /// compressed has its own length; another ends where the next one starts, or after the most that a compression
    /// makes of it. The same for a single chunk that is not compressed and too short.
    pub(super) fn range(&self, index: usize) -> (u64, u64) {
        let offset = |index| self.offsets.get(index).unwrap_or_default();
        let start = offset(index);
        if start == 0 {
            return (0, 0);
        }
        let length = self.lengths.and_then(|lengths| lengths.get(index)).unwrap_or_default();
        let is_short = !self.is_compressed && self.len() == 1 && length < self.decoded_bytes;
        let length = match length {
            0 if self.is_compressed => {
                // Deflate, LZW and run lengths make noise longer by less than half.
                let most = self.decoded_bytes + self.decoded_bytes / 2 + 1024;
                offset(index + 1).checked_sub(start).filter(|length| *length > 0).map_or(most, |gap| gap.min(most))
            }
            0 => self.decoded_bytes,
            _ if is_short => self.decoded_bytes,
            length if self.is_compressed => length,
            // More than there can be is not worth reading.
            length => length.min(self.decoded_bytes),
        };
        (start, start.saturating_add(length))
    }

    /// Every range, as it is.
    pub(super) fn ranges(&self) -> Vec<(u64, u64)> {
        (0..self.len()).map(|index| self.range(index)).collect()
    }
}
