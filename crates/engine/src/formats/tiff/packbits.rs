//! Run lengths of bytes. Source: TIFF 6.0, section 9.

use std::io::{self, Read};

use super::chunk::Chunk;

/// Decodes strips or tiles, one after another.
pub(super) struct PackBits<'file> {
    input: &'file [u8],
    /// Bytes of the packet still to come: copied, or one byte repeated.
    literal: usize,
    run: Option<(u8, usize)>,
}

impl PackBits<'_> {
    pub(super) const fn new() -> Self {
        Self { input: &[], literal: 0, run: None }
    }
}

impl<'file> Chunk<'file> for PackBits<'file> {
    fn start(&mut self, input: &'file [u8]) {
        *self = Self { input, ..Self::new() };
    }
}

impl Read for PackBits<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((byte, left)) = self.run {
                let count = left.min(buffer.len());
                buffer[..count].fill(byte);
                self.run = (left > count).then_some((byte, left - count));
                return Ok(count);
            }
            if self.literal > 0 {
                let count = self.literal.min(buffer.len()).min(self.input.len());
                let (bytes, rest) = self.input.split_at(count);
                buffer[..count].copy_from_slice(bytes);
                self.input = rest;
                self.literal -= count;
                return Ok(count);
            }
            let Some((header, rest)) = self.input.split_first() else { return Ok(0) };
            self.input = rest;
            match header.cast_signed() {
                -128 => {}
                count @ 0.. => self.literal = count as usize + 1,
                count => {
                    let Some((byte, rest)) = self.input.split_first() else { return Ok(0) };
                    self.input = rest;
                    self.run = Some((*byte, 1 + usize::from(count.unsigned_abs())));
                }
            }
        }
    }
}
