//! LZW as in GIF: every code stands for a string of pixels that came before, so the decoder copies it from there.
//!
//! Source: GIF89a specification, appendix F. The table keeps for each code where its string begins and how long it is.
//! What is kept of the pixels is a window. A string that has left it is spelled by its prefixes, which the table keeps
//! too, and is then in the window again.
//!
//! The rules for odd data are those of crate `weezl`: the first code needs no clear code before it, a full table stays
//! until a clear code, and the data may end without an end code.

use std::io::Read;

use super::blocks::{Bits, Blocks};

/// Codes have up to 12 bits.
const CODES: usize = 1 << 12;
/// Strings are copied by so many bytes at once, and so much is written behind their end.
const CHUNK_BYTES: usize = 8;
/// Longer strings are left to `memmove`.
const LONG_BYTES: usize = 64;
/// The pixels begin here; before them stand the strings of one pixel, 0 to 255.
const FIRST: usize = 256 + CHUNK_BYTES;
/// Where a string begins that has left the window.
const GONE: u32 = 256;
/// How many pixels are kept for copying.
const HISTORY_BYTES: usize = 32 << 10;
/// The history, the widest row, and the longest string behind it.
const WINDOW_BYTES: usize = 128 << 10;
const _: () = assert!(FIRST + HISTORY_BYTES + u16::MAX as usize + CODES + CHUNK_BYTES <= WINDOW_BYTES);
/// So many pixels are decoded in one go.
const BATCH_BYTES: usize = 8 << 10;

/// What [`Lzw::new`] allocates, in bytes.
pub(super) const BYTES: usize = WINDOW_BYTES + CODES * (size_of::<Entry>() + 1);

/// Why there are no more pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The end code, or the empty block behind the data.
    Data,
    /// The file ends.
    File,
    /// A code that stands for nothing yet.
    Code(u16),
}

/// The string of a code.
#[derive(Clone, Copy)]
struct Entry {
    /// Where it begins in the window, or [`GONE`].
    at: u32,
    /// Its length in pixels, at least 1.
    length: u16,
    /// The code of all but its last pixel.
    prefix: u16,
}

/// Gives the pixels of a frame by rows.
pub(super) struct Lzw<R> {
    blocks: Blocks<R>,
    table: Box<[Entry; CODES]>,
    /// The last pixel of each string.
    lasts: Box<[u8; CODES]>,
    window: Box<[u8; WINDOW_BYTES]>,
    /// The first pixel in the window that was not handed out.
    taken: usize,
    /// Behind the last pixel in the window.
    end: usize,
    /// Bits in a literal.
    literal_bits: u8,
    bits: Bits,
    state: State,
    ended: Option<End>,
}

/// Where the decoder stands between two codes.
#[derive(Clone, Copy)]
struct State {
    /// Bits in the next code.
    code_bits: u32,
    /// The code that the next string makes complete.
    next: usize,
    /// Codes from here on mean nothing.
    limit: usize,
}

impl State {
    /// Behind a clear code.
    fn cleared(literal_bits: u8) -> Self {
        let first = (1 << literal_bits) + 2;
        Self { code_bits: u32::from(literal_bits) + 1, next: first, limit: first }
    }
}

impl<R: Read> Lzw<R> {
    /// `literal_bits` is 1 to 11.
    pub(super) fn new(blocks: Blocks<R>, literal_bits: u8) -> Self {
        let mut table = boxed(&[Entry { at: GONE, length: 1, prefix: 0 }; CODES]);
        for (literal, entry) in table.iter_mut().take(1 << literal_bits).enumerate() {
            entry.at = (literal % 256) as u32;
        }
        let mut window = vec![0; WINDOW_BYTES].into_boxed_slice();
        window.iter_mut().zip(0..=255).for_each(|(pixel, literal)| *pixel = literal);
        let window = window.try_into().expect("it has the length of its type");
        let state = State::cleared(literal_bits);
        let lasts = boxed(&[0; CODES]);
        Self {
            blocks,
            table,
            lasts,
            window,
            taken: FIRST,
            end: FIRST,
            literal_bits,
            bits: Bits::default(),
            state,
            ended: None,
        }
    }

    /// The next `width` pixels.
    ///
    /// # Errors
    /// Why there are none, or fewer.
    pub(super) fn row(&mut self, width: usize) -> Result<&[u8], End> {
        debug_assert!(width <= usize::from(u16::MAX));
        while self.end - self.taken < width {
            match self.ended {
                Some(end) => return Err(end),
                None => self.ended = self.decode(width.max(BATCH_BYTES)),
            }
        }
        let row = &self.window[self.taken..][..width];
        self.taken += width;
        Ok(row)
    }

    /// Passes over what is left of the frame's data; whether it has an end.
    pub(super) fn pass(mut self) -> bool {
        self.blocks.pass()
    }

    /// Decodes until `count` pixels wait to be handed out, or nothing more comes.
    fn decode(&mut self, count: usize) -> Option<End> {
        if self.taken + count + CODES + CHUNK_BYTES > WINDOW_BYTES {
            self.slide();
        }
        let goal = self.taken + count;
        let clear = 1 << self.literal_bits;
        let (table, window) = (&mut *self.table, &mut *self.window);
        let State { mut code_bits, mut next, mut limit } = self.state;
        let (mut bits, mut end) = (self.bits, self.end);
        let mut ended = None;
        while end < goal {
            let Some(code) = self.blocks.code(&mut bits, code_bits) else {
                ended = Some(if self.blocks.is_cut() { End::File } else { End::Data });
                break;
            };
            if code >= limit {
                ended = Some(End::Code(code as u16));
                break;
            }
            if code & !1 == clear {
                if code != clear {
                    ended = Some(End::Data);
                    break;
                }
                State { code_bits, next, limit } = State::cleared(self.literal_bits);
                continue;
            }
            let Entry { at, length, .. } = table[code % CODES];
            let length = usize::from(length);
            if code == next {
                // The string before, and its first pixel once more.
                copy(window, at as usize, end, length - 1);
                window[end + length - 1] = window[at as usize];
            } else if at != GONE {
                copy(window, at as usize, end, length);
            } else {
                spell(window, table, &self.lasts, code, end);
                table[code % CODES].at = end as u32;
            }
            if limit > next {
                self.lasts[next % CODES] = window[end];
                next += 1;
            }
            // Behind the first code too, where pixels have one bit: so do browsers and giflib.
            if next >= 1 << code_bits && code_bits < 12 {
                code_bits += 1;
            }
            if next < CODES {
                table[next] = Entry { at: end as u32, length: length as u16 + 1, prefix: code as u16 };
                limit = next + 1;
            } else {
                limit = next;
            }
            end += length;
        }
        self.state = State { code_bits, next, limit };
        (self.bits, self.end) = (bits, end);
        ended
    }

    /// Makes room behind the pixels: what was handed out goes, but for the history.
    fn slide(&mut self) {
        let keep = self.taken.min(self.end - (self.end - FIRST).min(HISTORY_BYTES));
        let shift = (keep - FIRST) as u32;
        self.window.copy_within(keep..self.end, FIRST);
        for entry in &mut self.table[(1 << self.literal_bits) + 2..] {
            entry.at = if entry.at as usize >= keep { entry.at - shift } else { GONE };
        }
        self.taken -= shift as usize;
        self.end -= shift as usize;
    }
}

/// Through a vector: an array this large does not go over the stack.
fn boxed<T: Clone, const N: usize>(values: &[T; N]) -> Box<[T; N]> {
    values.to_vec().into_boxed_slice().try_into().ok().expect("it has the length of its type")
}

/// Copies `length` pixels from `at` to `to`, the place behind all pixels; up to a chunk more is overwritten.
#[inline(always)]
fn copy(window: &mut [u8; WINDOW_BYTES], at: usize, to: usize, length: usize) {
    let mut chunk = |done: usize| {
        let pixels: [u8; CHUNK_BYTES] = window[at + done..][..CHUNK_BYTES].try_into().expect("a chunk is a chunk");
        window[to + done..][..CHUNK_BYTES].copy_from_slice(&pixels);
    };
    chunk(0);
    if length <= CHUNK_BYTES {
        return;
    }
    if length <= LONG_BYTES {
        (CHUNK_BYTES..length).step_by(CHUNK_BYTES).for_each(chunk);
    } else {
        window.copy_within(at..at + length, to);
    }
}

/// Writes the string of `code` to `to`, from its end, until a prefix is in the window.
#[cold]
fn spell(window: &mut [u8; WINDOW_BYTES], table: &[Entry; CODES], lasts: &[u8; CODES], mut code: usize, to: usize) {
    loop {
        let Entry { at, length, prefix } = table[code % CODES];
        if at != GONE {
            window.copy_within(at as usize..at as usize + usize::from(length), to);
            return;
        }
        window[to + usize::from(length) - 1] = lasts[code % CODES];
        code = usize::from(prefix);
    }
}

#[cfg(test)]
mod tests;
