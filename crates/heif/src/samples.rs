//! The tables of samples: which are key frames, when they are seen, and where they lie. Source: ISO/IEC 14496-12, 8.6.1.2,
//! 8.6.1.3, 8.6.2, 8.6.6, 8.7.3 to 8.7.5.
//!
//! Every table is read where it stands, as far as its box goes, and from its start on alone: a film of hours has millions
//! of samples.

use crate::{
    boxes::{Cursor, Fault, child},
    facts::Extent,
};

/// Key frames that are tried.
pub(crate) const MOST_FRAMES: usize = 6;
/// In the first so many seconds of what is shown.
pub(crate) const SECONDS: u64 = 10;
/// Key frames that are looked at; of a film without other frames there are thousands.
const MOST_LOOKED_AT: usize = 1 << 16;
/// Samples of a chunk whose lengths are added up.
const MOST_IN_CHUNK: u32 = 1 << 20;

/// A part of the media that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Where it starts, in units of the media.
    pub(crate) media_time: u64,
}

/// Where a film begins, and its clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Units in a second.
    pub(crate) scale: u32,
    /// The first one that is shown.
    pub(crate) start: u64,
}

/// The first part of `elst` that shows anything.
pub(crate) fn first_edit(body: &[u8]) -> Option<Edit> {
    let mut cursor = Cursor { bytes: body };
    let (version, _) = cursor.full()?;
    let width = if version == 1 { 8 } else { 4 };
    for _ in 0..cursor.u32()?.min(64) {
        cursor.take(width)?;
        let time = cursor.number(width)?;
        cursor.take(4)?;
        // -1 shows nothing.
        let is_empty = time >> (width * 8 - 1) != 0;
        if !is_empty {
            return Some(Edit { media_time: time });
        }
    }
    None
}

/// Places of key frames, the one to be tried first in front: those from the start on, a second or more apart, and lastly
/// the one before.
///
/// # Errors
/// [`Fault`] for tables that contradict each other.
pub(crate) fn key_frames(table: &[u8], times: Times) -> Result<Vec<Extent>, Fault> {
    let Some(sizes) = Sizes::read(table) else { return Ok(Vec::new()) };
    if sizes.count == 0 {
        return Ok(Vec::new());
    }
    let scale = u64::from(times.scale);
    let end = times.start.saturating_add(SECONDS * scale);
    let (mut durations, mut offsets) = (Runs::of(table, b"stts"), Runs::of(table, b"ctts"));
    let (mut chosen, mut before, mut next_time) = (Vec::new(), None, times.start);
    for sample in sync_samples(table, sizes.count).take(MOST_LOOKED_AT) {
        let Some(decoded) = durations.sum_before(sample) else { break };
        // Without the table frames are shown as they are decoded. A negative offset is one of version 1.
        let offset = i64::from(offsets.at(sample).unwrap_or_default().cast_signed());
        let time = decoded.saturating_add_signed(offset);
        if time > end {
            break;
        }
        if time < times.start {
            before = Some(sample);
        } else if time >= next_time && chosen.len() < MOST_FRAMES {
            chosen.push(sample);
            next_time = time.saturating_add(scale);
        }
    }
    chosen.extend(before);
    let places: Vec<_> = chosen.into_iter().filter_map(|sample| place(table, &sizes, sample)).collect();
    if places.is_empty() {
        return Err(Fault::Value { field: "number of samples", value: sizes.count.into() });
    }
    Ok(places)
}

/// Numbers of key frames from 0 on, rising; all where nothing is said.
fn sync_samples(table: &[u8], count: u32) -> Box<dyn Iterator<Item = u32> + '_> {
    let Some(body) = child(table, b"stss") else { return Box::new(0..count) };
    let mut cursor = Cursor { bytes: body };
    let entries = cursor.full().and_then(|_| cursor.u32()).unwrap_or_default();
    let mut last = 0;
    // In order, or the times behind them are none.
    let rising =
        move |sample: u32| (sample > std::mem::replace(&mut last, sample) && sample <= count).then(|| sample - 1);
    Box::new((0..entries).map_while(move |_| cursor.u32()).map_while(rising))
}

/// `stts` and `ctts`: a value for so many samples, then another one. Asked for rising samples.
struct Runs<'file> {
    cursor: Cursor<'file>,
    /// Samples and sum of the values of all runs before this one.
    first: u64,
    sum: u64,
    count: u32,
    value: u32,
}

impl<'file> Runs<'file> {
    fn of(table: &'file [u8], kind: &[u8; 4]) -> Self {
        // Version, flags and the number of runs, which the box says too.
        let body = child(table, kind).and_then(|body| body.get(8..)).unwrap_or_default();
        Self { cursor: Cursor { bytes: body }, first: 0, sum: 0, count: 0, value: 0 }
    }

    /// Goes to the run of `sample`; `None` behind the last one.
    fn seek(&mut self, sample: u32) -> Option<()> {
        while u64::from(sample) >= self.first + u64::from(self.count) {
            let (count, value) = (self.cursor.u32()?, self.cursor.u32()?);
            self.first += u64::from(self.count);
            self.sum = self.sum.saturating_add(u64::from(self.count) * u64::from(self.value));
            (self.count, self.value) = (count, value);
        }
        Some(())
    }

    fn at(&mut self, sample: u32) -> Option<u32> {
        self.seek(sample)?;
        Some(self.value)
    }

    fn sum_before(&mut self, sample: u32) -> Option<u64> {
        self.seek(sample)?;
        Some(self.sum.saturating_add((u64::from(sample) - self.first) * u64::from(self.value)))
    }
}

/// `stsz` or `stz2`.
struct Sizes<'file> {
    count: u32,
    /// Of every sample, where it is not 0.
    all: u32,
    /// Bits of a size.
    width: u32,
    sizes: &'file [u8],
}

impl<'file> Sizes<'file> {
    fn read(table: &'file [u8]) -> Option<Self> {
        let (body, is_compact) = match child(table, b"stsz") {
            Some(body) => (body, false),
            None => (child(table, b"stz2")?, true),
        };
        let mut cursor = Cursor { bytes: body };
        cursor.full()?;
        let word = cursor.u32()?;
        let count = cursor.u32()?;
        let (all, width) = if is_compact { (0, word & 0xFF) } else { (word, 32) };
        matches!(width, 4 | 8 | 16 | 32).then_some(Self { count, all, width, sizes: cursor.bytes })
    }

    fn of(&self, sample: u32) -> Option<u32> {
        if self.all > 0 {
            return (sample < self.count).then_some(self.all);
        }
        let bit = sample as usize * self.width as usize;
        let bytes = self.sizes.get(bit / 8..)?;
        match self.width {
            4 => bytes.first().map(|byte| u32::from(if bit.is_multiple_of(8) { byte >> 4 } else { byte & 15 })),
            width => Some(Cursor { bytes }.number(width as usize / 8)? as u32),
        }
    }
}

/// Where a sample lies: its chunk, and the samples before it there. Only those of the first sample entry.
fn place(table: &[u8], sizes: &Sizes<'_>, sample: u32) -> Option<Extent> {
    let mut runs = Cursor { bytes: child(table, b"stsc")?.get(8..)? };
    let (mut chunk, mut first) = (1_u32, 0_u64);
    let (mut start, mut per_chunk, mut entry) = (runs.u32()?, runs.u32()?, runs.u32()?);
    // Each run of chunks ends where the next one starts.
    while per_chunk > 0 {
        let next = Some(()).and_then(|()| Some((runs.u32()?, runs.u32()?, runs.u32()?)));
        if start != chunk {
            return None;
        }
        let chunks = match next {
            Some((next_start, ..)) => u64::from(next_start.checked_sub(start)?),
            None => u64::MAX,
        };
        let before = u64::from(sample) - first;
        if before / u64::from(per_chunk) < chunks {
            chunk = chunk.checked_add(u32::try_from(before / u64::from(per_chunk)).ok()?)?;
            let in_chunk = (before % u64::from(per_chunk)) as u32;
            let place = (entry == 1).then(|| chunk_place(table, chunk - 1)).flatten()?;
            return within(sizes, sample, in_chunk, place);
        }
        first += chunks * u64::from(per_chunk);
        (start, per_chunk, entry) = next?;
        chunk = start;
    }
    None
}

fn within(sizes: &Sizes<'_>, sample: u32, in_chunk: u32, place: u64) -> Option<Extent> {
    let before = if sizes.all > 0 {
        u64::from(sizes.all) * u64::from(in_chunk)
    } else if in_chunk <= MOST_IN_CHUNK {
        (sample - in_chunk..sample).try_fold(0_u64, |sum, sample| Some(sum + u64::from(sizes.of(sample)?)))?
    } else {
        return None;
    };
    let bytes = sizes.of(sample).filter(|bytes| *bytes > 0)?.into();
    let offset = place.checked_add(before)?;
    offset.checked_add(bytes)?;
    Some(Extent { offset, bytes })
}

/// `stco` or `co64`.
fn chunk_place(table: &[u8], chunk: u32) -> Option<u64> {
    let (body, width) = match child(table, b"stco") {
        Some(body) => (body, 4),
        None => (child(table, b"co64")?, 8),
    };
    let at = 8_usize.checked_add(usize::try_from(chunk).ok()?.checked_mul(width)?)?;
    Cursor { bytes: body.get(at..)? }.number(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(kind: &[u8; 4], words: &[u32]) -> Vec<u8> {
        let body: Vec<u8> = [0].iter().chain(words).flat_map(|word| word.to_be_bytes()).collect();
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, &body].concat()
    }

    /// Ten samples of 100 bytes and more, three in a chunk, one in a second; every third is a key frame.
    fn film(changes: &[(&[u8; 4], &[u32])]) -> Vec<u8> {
        let sizes: Vec<u32> = [0, 10].into_iter().chain((0..10).map(|at| 100 + at)).collect();
        let mut tables: Vec<(&[u8; 4], Vec<u32>)> = vec![
            (b"stts", vec![1, 10, 1000]),
            (b"stss", vec![4, 1, 4, 7, 10]),
            (b"stsc", vec![1, 1, 3, 1]),
            (b"stsz", sizes),
            (b"stco", vec![4, 5000, 6000, 7000, 8000]),
        ];
        for (kind, words) in changes {
            tables.retain(|(known, _)| known != kind);
            tables.push((kind, words.to_vec()));
        }
        tables.into_iter().flat_map(|(kind, words)| table(kind, &words)).collect()
    }

    fn places(film: &[u8], start: u64) -> Result<Vec<(u64, u64)>, Fault> {
        let frames = key_frames(film, Times { scale: 1000, start })?;
        Ok(frames.into_iter().map(|place| (place.offset, place.bytes)).collect())
    }

    #[test]
    fn key_frames_lie_where_chunks_do() {
        let want = [(5000, 100), (6000, 103), (7000, 106), (8000, 109)];
        assert_eq!(places(&film(&[]), 0).unwrap(), want);
        // One chunk of all.
        let one = film(&[(b"stsc", &[1, 1, 10, 1]), (b"stco", &[1, 5000])]);
        assert_eq!(places(&one, 0).unwrap()[1], (5000 + 100 + 101 + 102, 103));
        // A start between them: the one before it comes last.
        assert_eq!(places(&film(&[]), 4000).unwrap(), [want[2], want[3], want[1]]);
        // Within ten seconds.
        let slow = film(&[(b"stts", &[1, 10, 4000])]);
        assert_eq!(places(&slow, 0).unwrap(), want[..1]);
        // All are key frames: a second apart, six at the most.
        let fast = film(&[(b"stts", &[1, 10, 500]), (b"stss", &[10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]);
        assert_eq!(places(&fast, 0).unwrap().len(), 5);
    }

    #[test]
    fn tables_that_lead_nowhere_are_refused() {
        let check = |kind: &[u8; 4], words: &[u32]| {
            assert!(places(&film(&[(kind, words)]), 0).is_err(), "{} {words:?}", String::from_utf8_lossy(kind));
        };
        check(b"stco", &[0]);
        check(b"stsc", &[1, 0, 3, 1]);
        check(b"stsc", &[1, 1, 0, 1]);
        check(b"stsc", &[1, 1, 3, 2]); // Another entry.
        check(b"stsc", &[2, 5, 3, 1, 1, 3, 1]); // Backwards.
        check(b"stsz", &[0, 10]);
        check(b"stsz", &[0, u32::MAX]);
        check(b"stss", &[1, 0]);
        check(b"stts", &[1, 0, 1000]);
        // So many of one size are no work.
        let many = film(&[(b"stsz", &[7, u32::MAX]), (b"stsc", &[1, 1, u32::MAX, 1]), (b"stts", &[1, u32::MAX, 0])]);
        assert_eq!(places(&many, 0).unwrap(), [(5000, 7)]);
    }

    #[test]
    fn an_edit_that_shows_nothing_is_passed_over() {
        let list = |words: &[u32]| table(b"elst", words)[8..].to_vec();
        let one = Some(Edit { media_time: 512 });
        assert_eq!(first_edit(&list(&[1, 900, 512, 0x1_0000])), one);
        assert_eq!(first_edit(&list(&[2, 40, u32::MAX, 0x1_0000, 900, 512, 0x1_0000])), one);
        assert_eq!(first_edit(&list(&[9, 40, u32::MAX, 0x1_0000])), None);
        assert_eq!(first_edit(&list(&[])), None);
    }
}
