//! CCITT fax: T.4 in one and two dimensions, T.6, and TIFF's run lengths. Source: ITU-T T.4 and T.6; TIFF 6.0,
//! sections 10 and 11.
//!
//! The code tables are those of crate `fax`. Its row decoders are not used: they know neither two dimensions in T.4
//! nor rows on whole bytes, and take a row that does not fill the width for a whole one.

use std::{
    convert::Infallible,
    io::{self, Read},
    mem,
};

use fax::{
    BitReader,
    maps::{Mode, black, mode, white},
};

use super::{
    chunk::Chunk,
    header::{TiffDetail, compression},
};

/// How rows follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Runs only, each row from a multiple of so many bits.
    Runs { align: usize },
    /// Line ends in front of rows; in two dimensions a bit behind each says which kind the row is.
    LineEnds { two_dimensions: bool },
    /// Each row by the one above.
    TwoDimensions,
}

/// Decodes strips or tiles, one after another, to rows of bits: 1 is black.
pub(super) struct Fax<'file> {
    bits: Bits<'file>,
    layout: Layout,
    /// In pixels.
    width: usize,
    /// Where the colour of the row above changes, white first, and of this one.
    above: Vec<u32>,
    changes: Vec<u32>,
    row: Vec<u8>,
    /// How much of `row` has been read.
    taken: usize,
    ended: bool,
    /// Whether a line end was seen in this strip or tile.
    has_line_ends: bool,
    damaged: bool,
}

/// A code that there is not, or the end of the data in a row.
struct BadCode;

impl Fax<'_> {
    pub(super) fn new(width_px: u32, detail: &TiffDetail) -> Self {
        let layout = match detail.compression {
            compression::FAX_RUNS => Layout::Runs { align: 8 },
            compression::FAX_WORDS => Layout::Runs { align: 16 },
            compression::FAX_3 => Layout::LineEnds { two_dimensions: detail.fax_options & 1 == 1 },
            _ => Layout::TwoDimensions,
        };
        let width = width_px as usize;
        let row_bytes = width.div_ceil(8);
        let changes = || Vec::with_capacity(Self::most_changes(width));
        Self {
            bits: Bits { input: &[], position: 0 },
            layout,
            width,
            above: changes(),
            changes: changes(),
            row: vec![0; row_bytes],
            taken: row_bytes,
            ended: true,
            has_line_ends: false,
            damaged: false,
        }
    }

    /// What [`Fax::new`] allocates, in bytes.
    pub(super) fn bytes(width_px: u32) -> u64 {
        let width = width_px as usize;
        (2 * size_of::<u32>() * Self::most_changes(width) + width.div_ceil(8)) as u64
    }

    /// One at each pixel, and runs of no pixel at both ends.
    const fn most_changes(width: usize) -> usize {
        width + 4
    }

    /// Decodes a row; false at the end of the data.
    fn decode_row(&mut self) -> Result<bool, BadCode> {
        mem::swap(&mut self.above, &mut self.changes);
        self.changes.clear();
        match self.layout {
            Layout::Runs { align } => {
                self.bits.position = self.bits.position.next_multiple_of(align);
                if self.bits.is_at_end() {
                    return Ok(false);
                }
                self.runs()?;
            }
            Layout::LineEnds { two_dimensions } => {
                let Some(is_in_runs) = self.line_end(two_dimensions) else { return Ok(false) };
                let row = if is_in_runs { self.runs() } else { self.by_the_row_above().map(|_| ()) };
                if row.is_err() {
                    self.damaged = true;
                    // What was decoded of the row stays, and the next line end is a new beginning.
                    self.bits.skip_to_line_end().ok_or(BadCode)?;
                }
            }
            Layout::TwoDimensions => {
                if self.bits.is_at_end() || !self.by_the_row_above()? {
                    return Ok(false);
                }
            }
        }
        self.paint();
        Ok(true)
    }

    /// Reads line ends; whether a row of runs follows, or `None` where no row does.
    ///
    /// Six in a row are the end of a page, behind which there is nothing; two to five are damage, of which libtiff makes
    /// empty rows.
    fn line_end(&mut self, two_dimensions: bool) -> Option<bool> {
        let (mut is_in_runs, mut count) = (true, 0);
        // Some writers leave line ends out where every row is of runs; where there was one, each row has one.
        if self.has_line_ends && self.bits.peek_word() >> 5 != 0 {
            self.damaged = true;
            self.bits.skip_to_line_end()?;
        }
        while self.bits.peek_word() >> 5 == 0 {
            self.bits.skip_to_line_end()?;
            self.bits.skip_line_end();
            self.has_line_ends = true;
            count += 1;
            if two_dimensions {
                is_in_runs = self.bits.peek_word() >> 15 == 1;
                self.bits.position += 1;
            }
        }
        let has_row = !self.bits.is_at_end();
        self.damaged |= has_row && count > 1;
        has_row.then_some(is_in_runs)
    }

    /// The length of a run: codes of multiples of 64, then one below.
    fn run(&mut self, is_black: bool) -> Result<usize, BadCode> {
        let mut length = 0;
        loop {
            let code = if is_black { black::decode(&mut self.bits) } else { white::decode(&mut self.bits) };
            let code = usize::from(code.ok_or(BadCode)?);
            // The sum of two such runs and a place in a row is a number yet.
            length = (length + code).min(self.width + 1);
            if code < 64 {
                return Ok(length);
            }
        }
    }

    fn change(&mut self, at: usize) -> Result<(), BadCode> {
        if self.changes.len() == Self::most_changes(self.width) {
            return Err(BadCode);
        }
        // A run that goes on behind the row is cut, as libtiff does.
        self.damaged |= at > self.width;
        self.changes.push(at.min(self.width) as u32);
        Ok(())
    }

    fn runs(&mut self) -> Result<(), BadCode> {
        let (mut at, mut is_black) = (0, false);
        while at < self.width {
            at += self.run(is_black)?;
            self.change(at)?;
            is_black = !is_black;
        }
        Ok(())
    }

    /// A row in two dimensions; false where the end of the page stands in its place. Source: T.6, 2.2.
    fn by_the_row_above(&mut self) -> Result<bool, BadCode> {
        // `start` is a0: before the row at first, so that a change at its first pixel is to the right of it.
        let (mut start, mut is_black, mut index) = (None, false, 0);
        loop {
            let from = start.unwrap_or_default();
            // b1: the first change above to the right of a0 that is to the other colour.
            let is_right = |change: u32| start.is_none_or(|start: usize| change as usize > start);
            while index > 0 && is_right(self.above[index - 1]) {
                index -= 1;
            }
            while let Some(change) = self.above.get(index)
                && (!is_right(*change) || (index % 2 == 1) != is_black)
            {
                index += 1;
            }
            let above = |index: usize| self.above.get(index).map_or(self.width, |change| *change as usize);
            match mode::decode(&mut self.bits) {
                Some(Mode::Pass) => start = Some(above(index + 1)),
                Some(Mode::Vertical(right)) => {
                    let at = above(index).checked_add_signed(right.into()).filter(|at| *at >= from).ok_or(BadCode)?;
                    self.change(at)?;
                    (start, is_black) = (Some(at), !is_black);
                }
                Some(Mode::Horizontal) => {
                    let first = from + self.run(is_black)?;
                    let second = first + self.run(!is_black)?;
                    self.change(first)?;
                    self.change(second)?;
                    start = Some(second);
                }
                Some(Mode::EOF) if start.is_none() => return Ok(false),
                Some(Mode::EOF | Mode::Extension) | None => return Err(BadCode),
            }
            if start >= Some(self.width) {
                return Ok(true);
            }
        }
    }

    /// Runs to bits.
    fn paint(&mut self) {
        self.row.fill(0);
        for run in self.changes.chunks(2) {
            let (start, end) = (run[0] as usize, run.get(1).map_or(self.width, |end| *end as usize));
            if start >= end {
                continue;
            }
            let (first, last) = (start / 8, (end - 1) / 8);
            let (from, to) = (0xFF_u8 >> (start % 8), 0xFF_u8 << (7 - (end - 1) % 8));
            if first == last {
                self.row[first] |= from & to;
            } else {
                self.row[first] |= from;
                self.row[first + 1..last].fill(0xFF);
                self.row[last] |= to;
            }
        }
    }
}

impl<'file> Chunk<'file> for Fax<'file> {
    fn start(&mut self, input: &'file [u8]) {
        self.bits = Bits { input, position: 0 };
        // The row above the first one is white.
        self.changes.clear();
        (self.taken, self.ended, self.has_line_ends) = (self.row.len(), false, false);
    }

    fn is_damaged(&self) -> bool {
        self.damaged
    }
}

impl Read for Fax<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.row.len() {
            if self.ended {
                return Ok(0);
            }
            match self.decode_row() {
                Ok(true) => self.taken = 0,
                Ok(false) => {
                    self.ended = true;
                    return Ok(0);
                }
                Err(BadCode) => {
                    self.ended = true;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "fax: no such code"));
                }
            }
        }
        let rest = &self.row[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

/// The code stream, the most significant bit first; behind its end it is zeros, which are no code.
struct Bits<'file> {
    input: &'file [u8],
    /// In bits.
    position: usize,
}

impl Bits<'_> {
    const fn is_at_end(&self) -> bool {
        self.position >= self.input.len() * 8
    }

    /// The next 16 bits.
    fn peek_word(&self) -> u16 {
        let byte = |at: usize| self.input.get(self.position / 8 + at).map_or(0, |byte| u32::from(*byte));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        (word << (self.position % 8) >> 8) as u16
    }

    /// Goes to the next eleven zeros; `None` where the data ends before the one behind them.
    fn skip_to_line_end(&mut self) -> Option<()> {
        while self.peek_word() >> 5 != 0 {
            self.position += 1;
        }
        (!self.is_at_end()).then_some(())
    }

    /// Goes behind the one that ends these zeros.
    fn skip_line_end(&mut self) {
        while !self.is_at_end() && self.peek_word() >> 15 == 0 {
            self.position += 1;
        }
        self.position += 1;
    }
}

impl BitReader for Bits<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        self.peek_word().checked_shr(16 - u32::from(bits))
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.position += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        ((8 - self.position % 8) % 8) as u8
    }
}
