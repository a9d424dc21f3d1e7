//! Gzip, member after member.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use crate::input::Input;

/// How a member starts: the magic bytes, and the only method that there is.
pub(crate) const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];

/// What the decoder holds at the most, in bytes: a window of 32 KiB, the tables of its codes, and three fields of a
/// member's header, up to 64 KiB each (`tests/memory.rs`).
pub(crate) const HELD_BYTES: u64 = 320 << 10;

/// The members of a body, one file.
///
/// What follows the last member and is none is ignored, as gzip and browsers do.
///
/// **Source:** RFC 1952, 2.2 ("File format").
pub(crate) struct Gzip<R> {
    /// `None` behind the last one.
    member: Option<GzDecoder<Input<R>>>,
    fault: Option<io::Error>,
}

impl<R: BufRead> Gzip<R> {
    pub(crate) fn new(input: Input<R>) -> Self {
        Self { member: Some(GzDecoder::new(input)), fault: None }
    }

    /// Why it ended before its end, if it did.
    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(mut member) = self.member.take() {
            match member.read(buffer) {
                Ok(0) => {
                    let mut input = member.into_inner();
                    if input.look(MAGIC.len())? == MAGIC {
                        self.member = Some(GzDecoder::new(input));
                    }
                }
                Ok(count) => {
                    self.member = Some(member);
                    return Ok(count);
                }
                Err(error) if member.get_ref().has_failed() => return Err(error),
                Err(error) => self.fault = Some(error),
            }
        }
        Ok(0)
    }
}
