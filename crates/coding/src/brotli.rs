//! Brotli.

use std::io::{self, BufRead, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use crate::error::CodingError;
use crate::input::Input;

/// The largest window of RFC 7932, in bytes.
const MAX_WINDOW_BYTES: u64 = 1 << 24;

/// What the decoder holds beside its window at the most, in bytes: three groups of up to 256 trees of 1,080 codes of
/// 4 bytes, 3,317,760 together, and what is around them (`tests/memory.rs`).
const TABLES_BYTES: u64 = 3400 << 10;

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// The one stream of a body. What follows it is ignored.
pub(crate) struct Brotli<R> {
    input: Input<R>,
    state: Box<State>,
    window_bytes: u64,
    is_over: bool,
    fault: Option<io::Error>,
}

impl<R: BufRead> Brotli<R> {
    /// Of a body that starts with the byte `first`.
    ///
    /// # Errors
    /// [`CodingError::LargeWindow`].
    pub(crate) fn new(input: Input<R>, first: u8) -> Result<Self, CodingError> {
        let Some(window_bytes) = window_bytes(first) else {
            return Err(CodingError::LargeWindow { limit_bytes: MAX_WINDOW_BYTES });
        };
        let [one, two, three] = [(); 3].map(|()| StandardAlloc::default());
        // Strict: `BrotliState::new` takes large windows too.
        let state = Box::new(State::new_strict(one, two, three));
        Ok(Self { input, state, window_bytes, is_over: false, fault: None })
    }

    /// What it holds at the most, in bytes.
    pub(crate) const fn held_bytes(&self) -> u64 {
        self.window_bytes + TABLES_BYTES
    }

    /// Why it ended before its end, if it did.
    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }
}

impl<R: BufRead> Read for Brotli<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut given = 0;
        while given == 0 && !self.is_over && !buffer.is_empty() {
            let chunk = self.input.fill_buf()?;
            let is_at_end = chunk.is_empty();
            let (mut unread, mut taken, mut room, mut total) = (chunk.len(), 0, buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut unread,
                &mut taken,
                chunk,
                &mut room,
                &mut given,
                buffer,
                &mut total,
                &mut self.state,
            );
            self.input.consume(taken);
            let fault = match result {
                BrotliResult::NeedsMoreOutput => continue,
                // Output may be left at the end of the input.
                BrotliResult::NeedsMoreInput if !is_at_end || given > 0 => continue,
                BrotliResult::NeedsMoreInput => {
                    Some(io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete brotli stream"))
                }
                BrotliResult::ResultFailure => {
                    Some(io::Error::new(io::ErrorKind::InvalidData, "corrupt brotli stream"))
                }
                BrotliResult::ResultSuccess => None,
            };
            (self.is_over, self.fault) = (true, fault);
        }
        Ok(given)
    }
}

/// The window that a stream's first byte names; `None` for a large one.
///
/// **Source:** RFC 7932, 9.1 ("Format of the Stream Header"); its one unused pattern is that of large windows in
/// `c/dec/decode.c` of google/brotli.
const fn window_bytes(first: u8) -> Option<u64> {
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, ..) => 16,
        (_, 0, 0) => 17,
        (_, 0, 1) => return None,
        (_, 0, high) => 8 + high,
        (_, low, _) => 17 + low,
    };
    Some(1 << bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_names_the_window() {
        // The table of RFC 7932, 9.1, its bits from right to left.
        let check = |pattern: u8, bits: Option<u32>| {
            assert_eq!(window_bytes(pattern), bits.map(|bits| 1_u64 << bits), "{pattern:b}");
        };
        for (pattern, bits) in [(0b010_0001, 10), (0b011_0001, 11), (0b111_0001, 15), (0, 16), (1, 17)] {
            check(pattern, Some(bits));
        }
        for (pattern, bits) in [(0b0011, 18), (0b0101, 19), (0b1001, 21), (0b1101, 23), (0b1111, 24)] {
            check(pattern, Some(bits));
            check(pattern | 0b1101_0000, Some(bits));
        }
        check(0b001_0001, None);
        check(0b1001_0001, None);
    }
}
