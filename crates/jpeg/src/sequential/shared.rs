//! A scan that two threads decode: the first one finds out where a row ends and leaves it to the second, or decodes it.
//!
//! Passing over a row takes a third of the time of decoding it, and only the rows of the second thread are passed over.

use std::ops::Range;

use super::{Blocks, Part};
use crate::bits::{Bits, Position};
use crate::feed::{DATA_BYTES, Data, Feed, PAD_BYTES};
use crate::idct::{Four, Two};
use crate::lookup::Skips;
use crate::relay::{Hands, Outlet};
use crate::scan::{Ahead, Scan};
use crate::stripe::Stripe;

/// A row of MCUs that the second thread decodes.
#[derive(Default)]
pub(crate) struct Passed {
    /// Entropy-coded data; only the first `chunks` are in use, and of the last one `bytes`.
    data: Vec<Box<Data>>,
    chunks: usize,
    bytes: usize,
    pieces: Vec<Piece>,
    /// Columns that are grey.
    lost: Vec<usize>,
    /// [`Part::reach`] of what was decoded.
    reach: [i32; 4],
}

/// MCUs whose data lies together.
struct Piece {
    chunk: usize,
    /// Where they begin in it, in bits.
    at: usize,
    columns: Range<usize>,
    /// DC of the block before them, of each part.
    predictions: [i32; 4],
}

impl Passed {
    /// The most heap bytes of a row of `blocks` blocks in `columns` MCUs.
    pub(crate) fn bytes(blocks: usize, columns: usize) -> usize {
        // 64 codes of 16 bits with a value of 16; of each MCU what was loaded behind its last bit.
        let most_bytes = blocks * 64 * 4 + columns * 16;
        // A piece that does not fit what is left of a chunk begins another; none is longer than what a feed holds.
        let chunks = most_bytes.div_ceil(DATA_BYTES * 3 / 4) + 1;
        // A vector doubles while it grows.
        chunks * (size_of::<Data>() + 2 * size_of::<Box<Data>>())
            + 3 * columns * (size_of::<Piece>() + size_of::<usize>())
    }

    fn clear(&mut self) {
        (self.chunks, self.bytes) = (0, 0);
        self.pieces.clear();
        self.lost.clear();
    }

    /// Adds the MCUs of `columns`, which the data has from bit `from` to byte `end`.
    fn add(&mut self, feed: &Feed, from: usize, end: usize, columns: Range<usize>, predictions: [i32; 4]) {
        let first = from / 8;
        // Behind the end of the data a reader loads zeros without end.
        let end = end.min(DATA_BYTES);
        let data = &feed.data()[first.min(end)..end];
        if self.chunks == 0 || self.bytes + data.len() > DATA_BYTES {
            if self.data.len() == self.chunks {
                let chunk = vec![0; DATA_BYTES + PAD_BYTES].into_boxed_slice();
                self.data.push(chunk.try_into().expect("the length is the array's"));
            }
            (self.chunks, self.bytes) = (self.chunks + 1, 0);
        }
        let chunk = self.chunks - 1;
        self.data[chunk][self.bytes..self.bytes + data.len()].copy_from_slice(data);
        self.pieces.push(Piece { chunk, at: self.bytes * 8 + from % 8, columns, predictions });
        self.bytes += data.len();
    }
}

/// The parts of one thread.
pub(crate) struct Parts<'t>(pub(crate) Vec<Part<'t>>);

impl Parts<'_> {
    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize) {
        for part in &mut self.0 {
            match part.blocks {
                Blocks::Quarter { low, ac } => part.low::<Two>(bits, column, low, ac),
                Blocks::Half { low, ac } => part.low::<Four>(bits, column, low, ac),
                Blocks::Full { all } => *bits = part.full(*bits, column, all),
                Blocks::Eighth { .. } | Blocks::DcOnly { .. } => unreachable!("not worth a second thread"),
            }
        }
    }

    fn lose(&mut self, column: usize) {
        self.0.iter_mut().for_each(|part| part.stripe.grey(column));
    }

    /// Takes over what the other thread saw until it had decoded that row.
    fn note_reach(&mut self, passed: &Passed) {
        for (part, reach) in self.0.iter_mut().zip(passed.reach) {
            part.reach |= reach;
        }
    }
}

impl Hands<Passed> for Parts<'_> {
    fn decode(&mut self, row: &mut Passed) {
        for piece in &row.pieces {
            let mut bits = Bits::at_bit(&row.data[piece.chunk], piece.at);
            for (part, prediction) in self.0.iter_mut().zip(piece.predictions) {
                part.prediction = prediction;
            }
            piece.columns.clone().for_each(|column| self.mcu(&mut bits, column));
        }
        row.lost.iter().for_each(|&column| self.lose(column));
        for (reach, part) in row.reach.iter_mut().zip(&self.0) {
            *reach = part.reach;
        }
    }

    fn stripes(&mut self) -> impl Iterator<Item = (usize, &mut Stripe)> {
        self.0.iter_mut().map(|part| (part.component, &mut part.stripe))
    }
}

/// A scan of one or more components by two threads.
pub(crate) struct Shared<'t> {
    parts: Parts<'t>,
    skips: Vec<&'t Skips<'t>>,
    outlet: Outlet<Passed>,
    /// The row, if the second thread is to decode it.
    passed: Option<Passed>,
    /// Where the MCUs that are being passed over begin, in bits, and the DC before them.
    begin: (usize, [i32; 4]),
}

impl<'t> Shared<'t> {
    /// `skips` has the AC codes of each part.
    pub(crate) fn new(parts: Vec<Part<'t>>, skips: Vec<&'t Skips<'t>>, outlet: Outlet<Passed>) -> Self {
        let passed = Some(Passed::default());
        Self { parts: Parts(parts), skips, outlet, passed, begin: (0, [0; 4]) }
    }

    fn predictions(&self) -> [i32; 4] {
        let mut predictions = [0; 4];
        predictions.iter_mut().zip(&self.parts.0).for_each(|(to, part)| *to = part.prediction);
        predictions
    }
}

impl Scan for Shared<'_> {
    fn ahead(&mut self, _: &Feed, from: Position, columns: Range<usize>, _: usize) -> Ahead {
        self.begin = (from.consumed_bits(), self.predictions());
        Ahead { column: columns.start, position: from, corrupt: false }
    }

    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize) {
        if self.passed.is_none() {
            return self.parts.mcu(bits, column);
        }
        for (part, ac) in self.parts.0.iter_mut().zip(&self.skips) {
            for _ in 0..part.h * part.v {
                part.dc(bits);
                ac.pass(bits, 1);
            }
        }
    }

    fn ran(&mut self, feed: &Feed, columns: Range<usize>, end: usize) {
        let (from, predictions) = self.begin;
        if let Some(passed) = &mut self.passed
            && !columns.is_empty()
        {
            passed.add(feed, from, end, columns, predictions);
        }
    }

    fn lose(&mut self, column: usize) {
        match &mut self.passed {
            Some(passed) => passed.lost.push(column),
            None => self.parts.lose(column),
        }
    }

    fn restart(&mut self) {
        for part in &mut self.parts.0 {
            part.prediction = 0;
        }
    }

    fn finish_row(&mut self) {
        match self.passed.take() {
            Some(passed) => self.outlet.decode(passed),
            None => self.outlet.deliver(&mut self.parts),
        }
        if self.outlet.is_hungry() {
            let mut passed = self.outlet.decoded().unwrap_or_default();
            self.parts.note_reach(&passed);
            passed.clear();
            self.passed = Some(passed);
        }
    }

    fn is_beyond_samples(&mut self) -> bool {
        self.outlet.wait();
        while let Some(passed) = self.outlet.decoded() {
            self.parts.note_reach(&passed);
        }
        self.parts.0.iter().any(Part::is_beyond_samples)
    }
}
