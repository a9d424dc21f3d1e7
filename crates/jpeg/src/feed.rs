//! Entropy-coded data with the byte stuffing taken out, restart markers kept on the side.
//!
//! Undoing the stuffing in a pass of its own, 16 bytes at a time, lets the bit reader refill without looking
//! for 0xFF. **Source:** T.81 F.1.2.3 (stuffing), E.1.4 (restart markers).

use std::collections::VecDeque;
use std::io::Read;

use crate::error::Error;
use crate::input::Input;
use crate::markers::{RST0, RST7};

/// Data bytes that there is room for: with more at once, [`Lanes`](crate::lanes::Lanes) lose less at both ends.
pub(crate) const DATA_BYTES: usize = 68 * 1024;

/// Data bytes held otherwise. Few, so that they stay in the L1 or L2 cache beside the tables.
const USUAL_BYTES: usize = 16 * 1024;

/// Zero bytes behind the data, so that a refill never needs to ask where the data ends.
pub(crate) const PAD_BYTES: usize = 16;

/// More than any MCU takes: 10 blocks of 64 codes of 16 bits with values of 15 are 2,480 bytes.
pub(crate) const HEADROOM_BYTES: usize = 4096;

/// A source that brings less at a time is slow: what there is, is decoded first.
const LITTLE_BYTES: usize = 4096;

/// Restart markers remembered at once. A bound, because hostile data may consist of nothing else.
pub(crate) const MARKS: usize = 512;

/// The buffer that bits are read from.
pub(crate) type Data = [u8; DATA_BYTES + PAD_BYTES];

/// A restart marker found in the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// Offset in the data of the first byte behind the marker.
    pub(crate) at: usize,
    /// The marker's number, 0 to 7.
    pub(crate) number: u8,
}

/// What ended the entropy-coded data of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Marker(u8),
    Stream,
}

/// The data of one scan, a buffer at a time.
pub(crate) struct Feed {
    data: Box<Data>,
    length: usize,
    marks: VecDeque<Mark>,
    end: Option<End>,
    /// Where the last MCU that was read ended.
    used: usize,
    /// Data bytes to hold, and with how many the source is asked for no more at once.
    capacity: usize,
    enough: usize,
    /// Data bytes that may not be zero.
    written: usize,
    /// How often the data has changed.
    moves: u64,
}

/// Heap bytes of a [`Feed`].
pub(crate) const FEED_BYTES: usize = size_of::<Data>() + MARKS * size_of::<Mark>();

impl Feed {
    pub(crate) fn new() -> Self {
        let data = vec![0; DATA_BYTES + PAD_BYTES].into_boxed_slice();
        let data = data.try_into().expect("the length is the array's");
        Self {
            data,
            length: 0,
            marks: VecDeque::with_capacity(MARKS),
            end: None,
            used: 0,
            capacity: USUAL_BYTES,
            enough: 2 * HEADROOM_BYTES,
            written: 0,
            moves: 0,
        }
    }

    /// Starts another scan.
    pub(crate) fn restart(&mut self) {
        self.length = 0;
        self.marks.clear();
        self.end = None;
        self.used = 0;
        self.capacity = USUAL_BYTES;
        self.enough = 2 * HEADROOM_BYTES;
        self.moves += 1;
    }

    /// Holds as much data as there is room for, until the next scan.
    pub(crate) fn hold_more(&mut self) {
        self.capacity = DATA_BYTES;
        self.enough = DATA_BYTES / 2;
    }

    /// A number that changes whenever offsets in the data do.
    pub(crate) fn moves(&self) -> u64 {
        self.moves
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    /// The first restart marker not yet taken.
    pub(crate) fn next_mark(&self) -> Option<Mark> {
        self.marks.front().copied()
    }

    /// The restart markers in the buffer that have not been taken, as far as there is room to remember them.
    pub(crate) fn marks(&self) -> impl ExactSizeIterator<Item = Mark> {
        self.marks.iter().copied()
    }

    pub(crate) fn take_mark(&mut self) -> Option<Mark> {
        self.marks.pop_front()
    }

    /// What ended the scan's data, once that has been seen.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// Where the data before the next restart marker ends, if that is in the buffer.
    pub(crate) fn boundary(&self) -> Option<usize> {
        self.next_mark().map(|mark| mark.at).or(self.end.map(|_| self.length))
    }

    /// Takes note of where the last MCU that was read ended, in whole bytes.
    pub(crate) fn note_used(&mut self, bytes: usize) {
        self.used = bytes;
    }

    /// Whether there is more data at hand behind the last MCU than the padding of a byte.
    ///
    /// Behind a damaged code nearly all bits make codes again, so wrong MCUs are known only by their number: they take more
    /// data than there is, or less. libjpeg warns of it too. Nothing is read for it.
    /// The place is kept here, because a loop that kept the position itself for it took 7 % more instructions.
    pub(crate) fn is_left_over(&self) -> bool {
        self.boundary().unwrap_or(self.length) > self.used.saturating_add(1)
    }

    /// Up to where an MCU may begin and still have all its bytes in the buffer.
    pub(crate) fn safe_until(&self) -> usize {
        if self.boundary().is_some() { usize::MAX } else { self.length.saturating_sub(HEADROOM_BYTES) }
    }

    /// Drops the data before `from` and reads more behind it; offsets then count from `from`.
    ///
    /// Returns with a boundary in sight or with at least [`HEADROOM_BYTES`] of data.
    pub(crate) fn advance<R: Read>(&mut self, input: &mut Input<R>, from: usize) -> Result<(), Error> {
        let from = from.min(self.length);
        self.moves += 1;
        self.data.copy_within(from..self.length, 0);
        self.length -= from;
        self.used = self.used.saturating_sub(from);
        for mark in &mut self.marks {
            // A mark that was passed over lies before `from`; its number still counts.
            mark.at = mark.at.saturating_sub(from);
        }
        let mut brought = usize::MAX;
        while self.end.is_none() && self.marks.len() < MARKS && self.length < self.capacity {
            let (used, stored, stop) = unstuff(input.available(), &mut self.data[self.length..self.capacity]);
            input.consume(used);
            self.length += stored;
            match stop {
                Stop::Full => break,
                Stop::Marker(marker @ RST0..=RST7) => {
                    self.marks.push_back(Mark { at: self.length, number: marker - RST0 });
                }
                Stop::Marker(marker) => self.end = Some(End::Marker(marker)),
                // Waiting for a full buffer would wait for the network.
                Stop::NeedsInput if self.length >= self.enough => break,
                Stop::NeedsInput if self.length >= 2 * HEADROOM_BYTES && brought < LITTLE_BYTES => break,
                Stop::NeedsInput => {
                    let before = input.available().len();
                    if !input.fill()? {
                        self.end = Some(End::Stream);
                    }
                    brought = input.available().len() - before;
                }
            }
        }
        // What was copied in whole pieces may reach a little further than what counts.
        let reached = (self.length + PAD_BYTES).max(self.written);
        self.data[self.length..reached.min(DATA_BYTES + PAD_BYTES)].fill(0);
        self.written = self.length;
        Ok(())
    }

    /// Passes over the rest of the scan's data and returns what ended it.
    pub(crate) fn finish<R: Read>(&mut self, input: &mut Input<R>) -> Result<End, Error> {
        loop {
            if let Some(end) = self.end {
                return Ok(end);
            }
            self.marks.clear();
            self.advance(input, self.length)?;
        }
    }
}

/// Why [`unstuff`] stopped.
enum Stop {
    Full,
    NeedsInput,
    Marker(u8),
}

/// Copies `raw` to `clean` until a marker, one of the two ends, or a 0xFF whose successor is not there yet.
/// Returns the bytes used, the bytes stored, and why it stopped; a marker is used up.
fn unstuff(raw: &[u8], clean: &mut [u8]) -> (usize, usize, Stop) {
    let (mut used, mut stored) = (0, 0);
    loop {
        while let Some(from) = raw[used..].first_chunk::<16>()
            && let Some(to) = clean[stored..].first_chunk_mut::<16>()
        {
            *to = *from;
            let plain = bytes_before_ff(*from);
            used += plain;
            stored += plain;
            if plain < 16 {
                break;
            }
        }
        let Some(&byte) = raw.get(used) else { return (used, stored, Stop::NeedsInput) };
        if stored == clean.len() {
            return (used, stored, Stop::Full);
        }
        if byte != 0xFF {
            clean[stored] = byte;
            (used, stored) = (used + 1, stored + 1);
            continue;
        }
        match raw.get(used + 1) {
            None => return (used, stored, Stop::NeedsInput),
            Some(0) => {
                clean[stored] = 0xFF;
                (used, stored) = (used + 2, stored + 1);
            }
            Some(0xFF) => used += 1, // A fill byte.
            Some(&marker) => return (used + 2, stored, Stop::Marker(marker)),
        }
    }
}

/// How many of the bytes stand in front of the first 0xFF.
#[inline(always)]
fn bytes_before_ff(bytes: [u8; 16]) -> usize {
    const ONES: u128 = u128::from_ne_bytes([0x01; 16]);
    const HIGHS: u128 = u128::from_ne_bytes([0x80; 16]);
    let word = u128::from_le_bytes(bytes);
    // Marks the lowest 0xFF exactly: a borrow can only mark bytes above it.
    let marked = (!word).wrapping_sub(ONES) & word & HIGHS;
    (marked.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::{End, Feed};
    use crate::input::Input;

    #[track_caller]
    fn check(raw: &[u8], data: &[u8], marks: &[(usize, u8)], end: End) {
        for lead in 0..40 {
            let mut raw_led = vec![0x55; lead];
            raw_led.extend_from_slice(raw);
            let mut feed = Feed::new();
            feed.advance(&mut Input::new(&raw_led[..]), 0).unwrap();
            assert_eq!(&feed.data()[lead..feed.length], data, "led by {lead}");
            let found: Vec<_> = feed.marks.iter().map(|mark| (mark.at - lead, mark.number)).collect();
            assert_eq!((found.as_slice(), feed.end()), (marks, Some(end)), "led by {lead}");
        }
    }

    #[test]
    fn stuffing_is_undone_and_markers_are_set_aside() {
        check(b"ab", b"ab", &[], End::Stream);
        check(b"a\xFF\x00b\xFF\xD9c", b"a\xFFb", &[], End::Marker(0xD9));
        check(b"\xFF\x00\xFF\x00\xFF\xD3z\xFF\xD4", b"\xFF\xFFz", &[(2, 3), (3, 4)], End::Stream);
        check(b"a\xFF\xFF\xFF\x00b\xFF\xFF\xD9", b"a\xFFb", &[], End::Marker(0xD9)); // Fill bytes.
        check(b"a\xFF", b"a", &[], End::Stream);
    }
}
