//! The compressed stream through a window of bounded size, and nothing of it kept.

use std::io::{ErrorKind, Read};

use crate::error::Error;

/// Size of the window. Also the most that is read beyond what was needed.
pub(crate) const WINDOW_BYTES: usize = 64 * 1024;

/// A reader with a window in front of it.
pub(crate) struct Input<R> {
    reader: R,
    window: Box<[u8]>,
    start: usize,
    end: usize,
    bytes_read: u64,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, window: vec![0; WINDOW_BYTES].into_boxed_slice(), start: 0, end: 0, bytes_read: 0 }
    }

    /// Bytes taken from the reader so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The bytes at hand, possibly none.
    pub(crate) fn available(&self) -> &[u8] {
        &self.window[self.start..self.end]
    }

    /// Drops the first `count` of the [`available`](Self::available) bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads once; `false` at the end of the stream. The unread rest must be shorter than the window.
    pub(crate) fn fill(&mut self) -> Result<bool, Error> {
        self.window.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.reader.read(&mut self.window[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    self.bytes_read += count as u64;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Read(error)),
            }
        }
    }

    /// The next byte, or `None` at the end.
    pub(crate) fn byte(&mut self) -> Result<Option<u8>, Error> {
        while self.start == self.end {
            if !self.fill()? {
                return Ok(None);
            }
        }
        let byte = self.window[self.start];
        self.start += 1;
        Ok(Some(byte))
    }

    /// The next `count` bytes, appended to `into`; `false` if the stream ends before.
    ///
    /// Memory grows with the bytes that arrive, not with the `count` that a hostile header claims.
    pub(crate) fn append(&mut self, mut count: usize, into: &mut Vec<u8>) -> Result<bool, Error> {
        while count > 0 {
            if self.start == self.end && !self.fill()? {
                return Ok(false);
            }
            let take = count.min(self.end - self.start);
            into.extend_from_slice(&self.window[self.start..self.start + take]);
            self.start += take;
            count -= take;
        }
        Ok(true)
    }

    /// Passes over `count` bytes; `false` if the stream ends before.
    pub(crate) fn skip(&mut self, mut count: usize) -> Result<bool, Error> {
        while count > 0 {
            if self.start == self.end && !self.fill()? {
                return Ok(false);
            }
            let take = count.min(self.end - self.start);
            self.start += take;
            count -= take;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::Input;

    #[test]
    fn bytes_come_in_order_and_the_end_is_no_error() {
        let mut input = Input::new(&b"abcdef"[..]);
        let mut taken = Vec::new();
        assert_eq!(input.byte().unwrap(), Some(b'a'));
        assert!(input.append(2, &mut taken).unwrap());
        assert!(input.skip(2).unwrap());
        assert_eq!((taken.as_slice(), input.bytes_read()), (&b"bc"[..], 6));
        assert!(!input.append(2, &mut taken).unwrap());
        assert_eq!(taken, b"bcf");
        assert_eq!(input.byte().unwrap(), None);
    }
}
