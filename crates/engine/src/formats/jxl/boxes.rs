//! The codestream of a file: the file itself, or the boxes of ISO base media that hold it.
//!
//! Source: ISO/IEC 18181-2, 9.1 to 9.9. Boxes of other kinds are passed over: Exif says nothing that the codestream does
//! not, and what a JPEG is rebuilt with is of no use here.

use std::io::{self, Read};

use super::FORMAT;
use crate::{EngineError, error::Damage, source::Source};

/// Bytes that can be passed over.
pub(super) trait Bytes: Read {
    /// Passes over `bytes`, or all that there are.
    ///
    /// # Errors
    /// As [`Read::read`].
    fn pass(&mut self, bytes: u64) -> io::Result<()>;
}

impl Bytes for Source<'_> {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        Source::pass(self, bytes)
    }
}

impl Bytes for &[u8] {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let most = self.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
        *self = &self[most..];
        Ok(())
    }
}

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// A box starts here.
    Box,
    /// So much of the codestream follows; `None` up to the end of the file.
    Codestream(Option<u64>),
    End,
}

/// Gives the codestream and nothing else.
pub(super) struct Codestream<'bytes> {
    bytes: &'bytes mut dyn Bytes,
    place: Place,
    /// Where it is in the file.
    at: u64,
    /// The number of the next part, and whether the part at hand is the last one.
    next_part: u32,
    is_last: bool,
}

impl<'bytes> Codestream<'bytes> {
    pub(super) fn new(bytes: &'bytes mut dyn Bytes) -> Self {
        Self { bytes, place: Place::Start, at: 0, next_part: 0, is_last: false }
    }

    /// Where the next byte of the codestream stands in the file, or the box that is not whole.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Reads until `out` has `most` bytes or there are no more.
    ///
    /// # Errors
    /// [`EngineError::Corrupt`] for boxes that do not follow one another.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, most: usize) -> Result<(), EngineError> {
        let fault = |cause: io::Error| EngineError::decoder(FORMAT, cause);
        while out.len() < most {
            match self.place {
                Place::Start => {
                    let mut signature = [0; 2];
                    if self.array(&mut signature)? < 2 {
                        return Ok(());
                    }
                    if signature == [0xFF, 0x0A] {
                        self.place = Place::Codestream(None);
                        out.extend(signature);
                    } else {
                        // The rest of the signature box, which `from_bytes` has seen.
                        self.bytes.pass(10).map_err(fault)?;
                        self.at += 10;
                        self.place = Place::Box;
                    }
                }
                Place::Box => {
                    if !self.enter()? {
                        return Ok(());
                    }
                }
                Place::Codestream(left) => {
                    let wanted = (most - out.len()) as u64;
                    let taken = left.map_or(wanted, |left| left.min(wanted));
                    let read = (&mut *self.bytes).take(taken).read_to_end(out).map_err(fault)? as u64;
                    self.at += read;
                    let left = left.map(|left| left - read);
                    self.place = match left {
                        Some(0) if self.is_last => Place::End,
                        Some(0) => Place::Box,
                        _ => Place::Codestream(left),
                    };
                    if read < taken {
                        return Ok(());
                    }
                }
                Place::End => return Ok(()),
            }
        }
        Ok(())
    }

    /// Reads the header of a box, and passes over it where it holds no codestream; false where the file ends.
    fn enter(&mut self) -> Result<bool, EngineError> {
        let from = self.at;
        let mut head = [0; 8];
        if self.array(&mut head)? < 8 {
            self.at = from + 8;
            return Ok(false);
        }
        let [a, b, c, d, kind @ ..] = head;
        let (mut size, mut header) = (u64::from(u32::from_be_bytes([a, b, c, d])), 8);
        if size == 1 {
            let mut long = [0; 8];
            if self.array(&mut long)? < 8 {
                self.at = from + 16;
                return Ok(false);
            }
            (size, header) = (u64::from_be_bytes(long), 16);
        }
        if &kind == b"jxlp" {
            header += 4;
        }
        let left = match size {
            0 => None,
            size if size < header => return Err(EngineError::header(FORMAT, "size of a box", size)),
            size => Some(size - header),
        };
        match &kind {
            b"jxlc" => self.is_last = true,
            b"jxlp" => {
                let mut part = [0; 4];
                if self.array(&mut part)? < 4 {
                    self.at = from + header;
                    return Ok(false);
                }
                let part = u32::from_be_bytes(part);
                if part & 0x7FFF_FFFF != self.next_part {
                    return Err(EngineError::header(FORMAT, "number of a part", part & 0x7FFF_FFFF));
                }
                self.next_part += 1;
                self.is_last = part >> 31 == 1;
            }
            _ => {
                let Some(left) = left else {
                    self.place = Place::End;
                    return Ok(true);
                };
                self.bytes.pass(left).map_err(|cause| EngineError::decoder(FORMAT, cause))?;
                self.at = self.at.saturating_add(left);
                return Ok(true);
            }
        }
        self.place = match left {
            Some(0) if self.is_last => Place::End,
            Some(0) => Place::Box,
            left => Place::Codestream(left),
        };
        Ok(true)
    }

    /// How much of `out` there was.
    fn array(&mut self, out: &mut [u8]) -> Result<usize, EngineError> {
        let mut filled = 0;
        while filled < out.len() {
            match self.bytes.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(cause) => {
                    return Err(EngineError::Corrupt { format: FORMAT, cause: Damage::Decoder(cause.into()) });
                }
            }
        }
        self.at += filled as u64;
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codestream in `file`, read in pieces of `step` bytes.
    fn read(mut file: &[u8], step: usize) -> Result<Vec<u8>, EngineError> {
        let mut codestream = Codestream::new(&mut file);
        let mut out = Vec::new();
        loop {
            let before = out.len();
            codestream.fill(&mut out, before + step)?;
            if out.len() == before {
                return Ok(out);
            }
        }
    }

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
    }

    const SIGNATURE: &[u8] = b"\0\0\0\x0CJXL \r\n\x87\n";

    #[test]
    fn parts_become_one_codestream_and_other_boxes_are_passed_over() {
        let file = [
            SIGNATURE,
            &boxed(b"ftyp", b"jxl \0\0\0\0jxl "),
            &boxed(b"jxlp", b"\0\0\0\0\xFF\x0Aab"),
            &boxed(b"Exif", b"x"),
            &boxed(b"jxlp", b"\0\0\0\x01"),
            b"\0\0\0\x01jxlp\0\0\0\0\0\0\0\x16\x80\0\0\x02cd",
            &boxed(b"xml ", b"<x/>"),
        ]
        .concat();
        for step in [1, 3, 100] {
            assert_eq!(read(&file, step).unwrap(), b"\xFF\x0Aabcd");
        }
        let whole = [SIGNATURE, b"\0\0\0\0jxlc\xFF\x0Aabc"].concat();
        assert_eq!(read(&whole, 2).unwrap(), b"\xFF\x0Aabc");
        assert_eq!(read(b"\xFF\x0Aabc", 2).unwrap(), b"\xFF\x0Aabc");
        for end in 0..file.len() {
            assert!(read(&file[..end], 4).is_ok());
        }
    }

    #[test]
    fn boxes_that_lie_are_refused() {
        let check = |file: &[u8]| assert!(read(&[SIGNATURE, file].concat(), 9).is_err());
        check(b"\0\0\0\x07jxlc");
        check(b"\0\0\0\x01jxlc\0\0\0\0\0\0\0\x0F");
        check(&boxed(b"jxlp", b"\0\0\0\x01\xFF\x0A"));
        check(&[boxed(b"jxlp", b"\0\0\0\0\xFF\x0A"), boxed(b"jxlp", b"\0\0\0\x02a")].concat());
    }
}
