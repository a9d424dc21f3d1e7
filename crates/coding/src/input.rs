//! What a decoder reads: a body, of which the next few bytes can be looked at.

use std::io::{self, BufRead, Read};

/// A reader with a look ahead, that remembers whether it failed: decoders pass its errors on among their own.
pub(crate) struct Input<R> {
    reader: R,
    /// Taken from the reader for a look, and not read yet.
    ahead: Vec<u8>,
    has_failed: bool,
}

impl<R: BufRead> Input<R> {
    pub(crate) const fn new(reader: R) -> Self {
        Self { reader, ahead: Vec::new(), has_failed: false }
    }

    /// Whether the reader failed; else an error is the decoder's.
    pub(crate) const fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// The next `bytes` bytes, fewer at the end; they stay where they are.
    ///
    /// # Errors
    /// The reader's.
    pub(crate) fn look(&mut self, bytes: usize) -> io::Result<&[u8]> {
        while self.ahead.len() < bytes {
            let chunk = match self.reader.fill_buf() {
                Ok([]) => break,
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.has_failed = true;
                    return Err(error);
                }
            };
            let taken = chunk.len().min(bytes - self.ahead.len());
            self.ahead.extend_from_slice(&chunk[..taken]);
            self.reader.consume(taken);
        }
        Ok(&self.ahead[..bytes.min(self.ahead.len())])
    }
}

impl<R: BufRead> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.ahead.is_empty() {
            return Ok(&self.ahead);
        }
        let filled = self.reader.fill_buf();
        self.has_failed |= filled.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        filled
    }

    fn consume(&mut self, bytes: usize) {
        if self.ahead.is_empty() {
            self.reader.consume(bytes);
        } else {
            self.ahead.drain(..bytes);
        }
    }
}

impl<R: BufRead> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_read_again() {
        // Chunks of one byte: a look goes over their ends.
        let mut input = Input::new(io::BufReader::with_capacity(1, &b"abcdef"[..]));
        assert_eq!(input.look(3).unwrap(), b"abc");
        assert_eq!(input.look(2).unwrap(), b"ab");
        let mut two = [0; 2];
        input.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"ab");
        assert_eq!(input.look(9).unwrap(), b"cdef");
        let mut rest = Vec::new();
        input.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"cdef");
        assert_eq!(input.look(1).unwrap(), b"");
    }
}
