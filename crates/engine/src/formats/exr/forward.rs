//! A stream that can be sought forward, by reading.

use std::io::{self, Read, Seek, SeekFrom};

/// Crate `exr` sorts the blocks by their place in the file and seeks to each.
pub(super) struct Forward<R> {
    inner: R,
    at: u64,
}

impl<R> Forward<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, at: 0 }
    }
}

impl<R: Read> Read for Forward<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read> Seek for Forward<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(to) = position else { return Err(io::ErrorKind::Unsupported.into()) };
        let missing = to.checked_sub(self.at).ok_or(io::ErrorKind::Unsupported)?;
        io::copy(&mut self.take(missing), &mut io::sink())?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward_only() {
        let mut stream = Forward::new([1_u8, 2, 3, 4].as_slice());
        let mut byte = [0];
        stream.seek(SeekFrom::Start(2)).unwrap();
        stream.read_exact(&mut byte).unwrap();
        assert_eq!((byte, stream.at), ([3], 3));
        assert!(stream.seek(SeekFrom::Start(2)).is_err());
        assert_eq!(stream.seek(SeekFrom::Start(u64::MAX)).unwrap(), 4); // The end; the next read says so.
    }
}
