//! An object, read by ranges wherever it is wanted.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use engine::PREFIX_BYTES;

/// No range is longer, in bytes.
const MOST_BYTES: u64 = 8 << 20;

/// Reads what `fetch` gets, a range at a time; what is not asked for is not paid for.
///
/// A header is in the first range. Whoever reads on reads much, so each range behind another is twice as long.
pub(super) struct Ranged<F> {
    fetch: F,
    /// The object's size.
    bytes: u64,
    at: u64,
    range: Bytes,
    /// Where the range begins.
    range_at: u64,
    next_bytes: u64,
}

impl<F: FnMut(u64, u64) -> io::Result<Bytes>> Ranged<F> {
    /// An object of `bytes`, of which `fetch` gets those from the first offset to the second one, which is not included.
    pub(super) const fn new(bytes: u64, fetch: F) -> Self {
        Self { fetch, bytes, at: 0, range: Bytes::new(), range_at: 0, next_bytes: PREFIX_BYTES as u64 }
    }

    /// What is there of the range from here on.
    fn rest(&self) -> &[u8] {
        let offset = self.at.checked_sub(self.range_at).and_then(|offset| usize::try_from(offset).ok());
        offset.and_then(|offset| self.range.get(offset..)).unwrap_or_default()
    }
}

impl<F: FnMut(u64, u64) -> io::Result<Bytes>> Read for Ranged<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() && self.at < self.bytes && !buffer.is_empty() {
            let is_next = self.at == self.range_at + self.range.len() as u64;
            self.next_bytes =
                if is_next && self.at > 0 { MOST_BYTES.min(2 * self.next_bytes) } else { PREFIX_BYTES as u64 };
            self.range = (self.fetch)(self.at, self.bytes.min(self.at + self.next_bytes))?;
            self.range_at = self.at;
        }
        let taken = self.rest().read(buffer)?;
        self.at += taken as u64;
        Ok(taken)
    }
}

impl<F> Seek for Ranged<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const RANGE: u64 = PREFIX_BYTES as u64;

    fn object(bytes: u64) -> Vec<u8> {
        (0..bytes).map(|at| (at / 7 % 251) as u8).collect()
    }

    /// What `read` makes of an object of `bytes`, and the ranges that it took.
    fn ranges_of<T>(bytes: u64, read: impl FnOnce(&mut dyn ReadSeek, &[u8]) -> T) -> (T, Vec<(u64, u64)>) {
        let object = Bytes::from(object(bytes));
        let ranges = RefCell::new(Vec::new());
        let mut ranged = Ranged::new(bytes, |from, to| {
            ranges.borrow_mut().push((from, to));
            Ok(object.slice(usize::try_from(from).unwrap()..usize::try_from(to).unwrap()))
        });
        let result = read(&mut ranged, &object);
        (result, ranges.into_inner())
    }

    trait ReadSeek: Read + Seek {}
    impl<R: Read + Seek> ReadSeek for R {}

    #[test]
    fn a_header_takes_one_range_however_often_it_is_read() {
        let ((), ranges) = ranges_of(10 * RANGE, |ranged, object| {
            let mut header = [0; 1000];
            for _ in 0..2 {
                ranged.seek(SeekFrom::Start(0)).unwrap();
                ranged.read_exact(&mut header).unwrap();
                assert_eq!(header, object[..1000]);
            }
        });
        assert_eq!(ranges, [(0, RANGE)]);
    }

    #[test]
    fn nothing_is_fetched_of_what_is_passed_over() {
        let far = 40 * RANGE + 5;
        let ((), ranges) = ranges_of(50 * RANGE, |ranged, object| {
            ranged.read_exact(&mut [0; 16]).unwrap();
            ranged.seek(SeekFrom::Current((far - 16).cast_signed())).unwrap();
            let mut index = [0; 100];
            ranged.read_exact(&mut index).unwrap();
            assert_eq!(index, object[usize::try_from(far).unwrap()..][..100]);
        });
        assert_eq!(ranges, [(0, RANGE), (far, far + RANGE)]);
    }

    #[test]
    fn whoever_reads_on_gets_longer_ranges_and_the_whole_object() {
        let bytes = 12 * RANGE + 3;
        let ((), ranges) = ranges_of(bytes, |ranged, object| {
            let mut all = Vec::new();
            ranged.read_to_end(&mut all).unwrap();
            assert_eq!(all, object);
        });
        assert_eq!(ranges, [(0, RANGE), (RANGE, 3 * RANGE), (3 * RANGE, 7 * RANGE), (7 * RANGE, bytes)]);
    }

    #[test]
    fn behind_the_end_there_is_nothing_and_before_the_start_no_place() {
        let ((), ranges) = ranges_of(100, |ranged, _| {
            assert_eq!(ranged.seek(SeekFrom::End(5)).unwrap(), 105);
            assert_eq!(ranged.read(&mut [0; 4]).unwrap(), 0);
            assert_eq!(ranged.seek(SeekFrom::Current(-106)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        });
        assert_eq!(ranges, []);
    }
}
