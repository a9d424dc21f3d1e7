//! The data sub-blocks of a frame as one stream of codes. Source: GIF89a specification, section 15.

use std::io::Read;

/// Data of many sub-blocks.
const DATA_BYTES: usize = 16 << 10;
/// A sub-block with its length.
const BLOCK_BYTES: usize = 256;

/// What [`Blocks::new`] allocates, in bytes.
pub(super) const BYTES: usize = DATA_BYTES;

/// Bits of the stream that are read, but not used.
#[derive(Clone, Copy, Default)]
pub(super) struct Bits {
    /// The next one lowest. Above the counted ones may stand more of the stream.
    waiting: u64,
    count: u32,
}

/// Reads the data of a frame.
pub(super) struct Blocks<R> {
    reader: R,
    /// Data without the lengths of sub-blocks.
    data: Box<[u8]>,
    /// The next byte in it.
    at: usize,
    end: usize,
    state: State,
}

/// Whether more data may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    More,
    /// The empty sub-block was there.
    Ended,
    /// The file ended before it.
    Cut,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R) -> Self {
        let data = vec![0; DATA_BYTES].into_boxed_slice();
        Self { reader, data, at: 0, end: 0, state: State::More }
    }

    /// Passes over what is left of the data; whether it has an end.
    pub(super) fn pass(&mut self) -> bool {
        while self.state == State::More {
            (self.at, self.end) = (0, 0);
            self.read();
        }
        self.state == State::Ended
    }

    /// Whether the file ends within the data.
    pub(super) fn is_cut(&self) -> bool {
        self.state == State::Cut
    }

    /// The next code, of up to 12 bits; `None` at the end of the data.
    ///
    /// `bits` belongs to the caller, who keeps it in registers.
    #[inline(always)]
    pub(super) fn code(&mut self, bits: &mut Bits, code_bits: u32) -> Option<usize> {
        if bits.count < code_bits {
            *bits = match self.data[..self.end].get(self.at..self.at + 8) {
                Some(next) => {
                    let next = u64::from_le_bytes(next.try_into().expect("eight bytes"));
                    self.at += (63 - bits.count as usize) / 8;
                    Bits { waiting: bits.waiting | next << bits.count, count: bits.count | 56 }
                }
                None => self.fill(*bits),
            };
            if bits.count < code_bits {
                return None;
            }
        }
        let code = bits.waiting & ((1 << code_bits) - 1);
        *bits = Bits { waiting: bits.waiting >> code_bits, count: bits.count - code_bits };
        Some(code as usize)
    }

    /// More bits where less than eight bytes of data are at hand; no more at the end of the data.
    #[cold]
    fn fill(&mut self, mut bits: Bits) -> Bits {
        self.read();
        bits.waiting &= (1 << bits.count) - 1;
        while bits.count <= 56 && self.at < self.end {
            bits.waiting |= u64::from(self.data[self.at]) << bits.count;
            bits.count += 8;
            self.at += 1;
        }
        bits
    }

    /// Reads sub-blocks behind the data at hand, as many as there is room for.
    fn read(&mut self) {
        self.data.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        while self.state == State::More && self.end + BLOCK_BYTES <= self.data.len() {
            let mut length = [0];
            if self.reader.read_exact(&mut length).is_err() {
                self.state = State::Cut;
            } else if length == [0] {
                self.state = State::Ended;
            } else {
                let end = self.end + usize::from(length[0]);
                while self.end < end && self.state == State::More {
                    // What kept the stream from going on is kept by the source.
                    match self.reader.read(&mut self.data[self.end..end]) {
                        Ok(count) if count > 0 => self.end += count,
                        _ => self.state = State::Cut,
                    }
                }
            }
        }
    }
}
