//! The directory of an icon or cursor. Source: Microsoft, ICONDIR and ICONDIRENTRY.

use contract::ImageFormat;

use crate::{EngineError, fields::Fields};

const ENTRY_BYTES: usize = 16;

/// One picture of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it starts, in bytes from the start of the file.
    pub(super) at: u64,
    /// Its length, in bytes.
    pub(super) bytes: u64,
}

/// The largest picture, of several the one with most bits, then with most bytes; `Err` of a number where the directory
/// needs more bytes.
pub(super) fn largest(prefix: &[u8]) -> Result<Result<Entry, u64>, EngineError> {
    let Some(count) = prefix.le16(4).map(usize::from) else { return Ok(Err(6)) };
    let end = 6 + count * ENTRY_BYTES;
    let Some(entries) = prefix.get(6..end) else { return Ok(Err(end as u64)) };
    let is_cursor = prefix[2] == 2;
    let size = |side: u8| if side == 0 { 256 } else { u32::from(side) };
    let best = entries.as_chunks::<ENTRY_BYTES>().0.iter().max_by_key(|entry| {
        // A cursor has its hot spot where an icon has its bits.
        let bits = if is_cursor { 0 } else { entry.le16(6).unwrap_or_default() };
        (size(entry[0]) * size(entry[1]), bits, entry.le32(8))
    });
    let field = |at| best.and_then(|entry| entry.le32(at)).map(u64::from).unwrap_or_default();
    let entry = Entry { at: field(12), bytes: field(8) };
    if entry.at < end as u64 {
        return Err(EngineError::header(ImageFormat::Ico, "offset of the picture", entry.at));
    }
    Ok(Ok(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(side: u8, bits: u8, bytes: u8) -> [u8; ENTRY_BYTES] {
        [side, side, 0, 0, 1, 0, bits, 0, bytes, 0, 0, 0, 200, 0, 0, 0]
    }

    #[test]
    fn the_largest_picture_wins_and_then_the_one_with_most_bits() {
        let check = |kind: u8, entries: &[[u8; ENTRY_BYTES]], want: u64| {
            let file = [&[0, 0, kind, 0, entries.len() as u8, 0], entries.as_flattened()].concat();
            assert_eq!(largest(&file).unwrap(), Ok(Entry { at: 200, bytes: want }));
            assert_eq!(largest(&file[..file.len() - 1]).unwrap(), Err(file.len() as u64));
        };
        check(1, &[entry(16, 32, 1), entry(0, 8, 2), entry(48, 32, 3)], 2); // 0 is 256.
        check(1, &[entry(32, 4, 1), entry(32, 32, 2), entry(32, 8, 3)], 2);
        check(2, &[entry(32, 200, 1), entry(32, 3, 2)], 2); // Hot spots do not count.
    }

    #[test]
    fn a_picture_inside_the_directory_is_refused() {
        let mut file = [&[0, 0, 1, 0, 1, 0], entry(16, 32, 9).as_slice()].concat();
        file[18] = 21;
        assert!(largest(&file).is_err());
    }
}
