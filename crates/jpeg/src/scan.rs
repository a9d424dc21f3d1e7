//! Walking the MCUs of a scan: data in time, restart intervals, and what to do when they are damaged.

use std::io::Read;
use std::ops::Range;

use crate::bits::{Bits, Position};
use crate::error::{Error, Warning};
use crate::feed::{DATA_BYTES, End, Feed};
use crate::input::Input;

/// What a kind of scan does with its MCUs. [`walk`] calls it for every MCU, row by row.
pub(crate) trait Scan {
    /// Whether [`ahead`](Self::ahead) gains by more data at once.
    fn wants_more(&self) -> bool {
        false
    }
    /// Whether [`ahead`](Self::ahead) needs the end of a restart interval in sight.
    fn wants_marker(&self) -> bool {
        false
    }
    /// Decodes the MCU in `column` of the current row.
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize);
    /// Decodes MCUs of `columns` from `from` on as far as it finds out where they end before it reads them;
    /// `interval_mcus` are left of the restart interval.
    ///
    /// It takes and returns a position, because a reader that it could change would stay in memory for all others.
    fn ahead(&mut self, _feed: &Feed, from: Position, columns: Range<usize>, _interval_mcus: usize) -> Ahead {
        Ahead { column: columns.start, position: from, corrupt: false }
    }
    /// Takes note that the MCUs of `columns` have been decoded, which began with [`ahead`](Self::ahead) and whose bits have
    /// been loaded up to byte `end` of the data.
    fn ran(&mut self, _feed: &Feed, _columns: Range<usize>, _end: usize) {}
    /// Takes note that the MCU in `column` is lost, or that what [`mcu`](Self::mcu) made of it was no data.
    fn lose(&mut self, column: usize);
    /// Forgets predictions, at the begin of a restart interval.
    fn restart(&mut self);
    /// Ends the current row.
    fn finish_row(&mut self);
    /// Whether values were read that no samples have.
    fn is_beyond_samples(&mut self) -> bool {
        false
    }
}

/// Data that must have been used before the rest is moved to the front for no other reason than to have a marker in sight.
const LEAST_MOVE_BYTES: usize = DATA_BYTES / 2;

/// How far [`Scan::ahead`] came.
pub(crate) struct Ahead {
    /// The first column not decoded.
    pub(crate) column: usize,
    /// Behind the last that was.
    pub(crate) position: Position,
    /// Whether a code was damaged.
    pub(crate) corrupt: bool,
}

/// The size of a scan, and what may be missing from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) mcu_columns: usize,
    pub(crate) mcu_rows: usize,
    /// 0 for none.
    pub(crate) restart_interval_mcus: u32,
    /// Once the data has ended with more MCUs lost than this, the walk stops.
    pub(crate) bearable_mcus: u64,
}

/// How a walk went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Report {
    pub(crate) lost_mcus: u64,
    /// The first damage met.
    pub(crate) warning: Option<Warning>,
}

impl Report {
    fn warn(&mut self, warning: Warning) {
        self.warning.get_or_insert(warning);
    }
}

/// Decodes one scan, from the first byte behind its header.
pub(crate) fn walk<R: Read>(
    input: &mut Input<R>,
    feed: &mut Feed,
    extent: Extent,
    scan: &mut impl Scan,
) -> Result<Report, Error> {
    feed.restart();
    if scan.wants_more() {
        feed.hold_more();
    }
    let interval_mcus = match extent.restart_interval_mcus {
        0 => usize::MAX,
        mcus => mcus as usize,
    };
    let mut report = Report::default();
    let mut position = Some(Position::at(0));
    let mut interval = Interval { left_mcus: interval_mcus, number: 0 };
    for row in 0..extent.mcu_rows {
        let mut column = 0;
        while column < extent.mcu_columns {
            if interval.left_mcus == 0 {
                if feed.is_left_over() {
                    report.warn(Warning::BadRestart);
                }
                position = interval.next(input, feed, &mut report)?;
                interval.left_mcus = interval_mcus;
                scan.restart();
            }
            let stop = extent.mcu_columns.min(column.saturating_add(interval.left_mcus));
            let start = column;
            if let Some(from) = position {
                (column, position) = run(input, feed, from, column..stop, interval.left_mcus, scan, &mut report)?;
            } else {
                (column..stop).for_each(|column| scan.lose(column));
                report.lost_mcus += (stop - column) as u64;
                column = stop;
            }
            interval.left_mcus -= column - start;
            if position.is_none() && feed.end().is_some() && feed.next_mark().is_none() {
                let ahead = (extent.mcu_rows - row) as u64 * extent.mcu_columns as u64 - column as u64;
                if report.lost_mcus + ahead > extent.bearable_mcus {
                    report.lost_mcus += ahead;
                    return Ok(report);
                }
            }
        }
        scan.finish_row();
    }
    if feed.is_left_over() {
        report.warn(Warning::DataLeft);
    }
    if scan.is_beyond_samples() {
        report.warn(Warning::BeyondSamples);
    }
    Ok(report)
}

/// Decodes the MCUs of `columns` as far as the buffer reaches. Returns the first column not decoded, and the
/// position behind the last, which is `None` if the data ended inside an MCU.
fn run<R: Read>(
    input: &mut Input<R>,
    feed: &mut Feed,
    mut from: Position,
    columns: Range<usize>,
    interval_mcus: usize,
    scan: &mut impl Scan,
    report: &mut Report,
) -> Result<(usize, Option<Position>), Error> {
    let consumed = from.consumed_bytes();
    let is_short = feed.safe_until() == 0 || consumed > LEAST_MOVE_BYTES && scan.wants_marker();
    if from.byte() > feed.safe_until() || feed.boundary().is_none() && is_short {
        feed.advance(input, consumed)?;
        from = from.moved_back(consumed);
    }
    let safe_until = feed.safe_until();
    let boundary_bits = feed.boundary().map_or(usize::MAX, |bytes| bytes * 8);
    let Ahead { mut column, position, corrupt } = scan.ahead(feed, from, columns.clone(), interval_mcus);
    let mut bits = Bits::resume(feed.data(), position);
    while column < columns.end && bits.byte() <= safe_until {
        scan.mcu(&mut bits, column);
        if bits.consumed_bits() > boundary_bits {
            scan.ran(feed, columns.start..column, bits.byte());
            scan.lose(column);
            report.lost_mcus += 1;
            let end_in_sight = feed.next_mark().is_none();
            feed.note_used(usize::MAX);
            report.warn(if end_in_sight { Warning::Truncated } else { Warning::BadRestart });
            return Ok((column + 1, None));
        }
        column += 1;
    }
    if corrupt || bits.corrupt {
        report.warn(Warning::CorruptData);
    }
    let position = bits.position();
    scan.ran(feed, columns.start..column, position.byte());
    feed.note_used(position.consumed_bytes());
    Ok((column, Some(position)))
}

/// The restart interval that the walk is in.
struct Interval {
    left_mcus: usize,
    /// The number of the marker that ends it.
    number: u8,
}

impl Interval {
    /// Goes to the next interval. Returns where its data begins, `None` if it is lost.
    ///
    /// A marker one or two ahead means that this interval is missing: it stays for later. One or two behind is an
    /// old one: it is passed over. Any other is taken for the right one. **Source:** the strategy of
    /// `jpeg_resync_to_restart` in libjpeg, so that damaged files look as they do in browsers.
    fn next<R: Read>(
        &mut self,
        input: &mut Input<R>,
        feed: &mut Feed,
        report: &mut Report,
    ) -> Result<Option<Position>, Error> {
        let wanted = self.number;
        self.number = (self.number + 1) & 7;
        loop {
            let Some(mark) = feed.next_mark() else {
                match feed.end() {
                    None => feed.advance(input, usize::MAX)?,
                    Some(End::Marker(_) | End::Stream) => {
                        report.warn(Warning::Truncated);
                        return Ok(None);
                    }
                }
                continue;
            };
            let ahead = mark.number.wrapping_sub(wanted) & 7;
            if ahead != 0 {
                report.warn(Warning::BadRestart);
            }
            match ahead {
                1 | 2 => return Ok(None),
                6 | 7 => {
                    feed.take_mark();
                }
                _ => {
                    feed.take_mark();
                    return Ok(Some(Position::at(mark.at)));
                }
            }
        }
    }
}
