//! The decoder: from segment to segment, each scan to its kind, and an account of what was lost.

use std::io::Read;

use crate::coefficients::{Coefficients, render, render_dc};
use crate::error::{Error, Warning};
use crate::feed::{End, Feed};
use crate::frame::Frame;
use crate::header::{self, Coding, Header};
use crate::idct::{Four, Low, Two};
use crate::input::Input;
use crate::lookup::{Differences, Skips, Symbols, Values};
use crate::markers::{self, DHT, DQT, DRI, EOI, SOF0, SOF15, SOS};
use crate::plan::{Plan, Scale, plan};
use crate::progressive::{AcScan, DcPart, DcScan, MAX_SCANS};
use crate::scan::{Extent, Report, walk};
use crate::sequential::{Blocks, Lookups, Part, Straight, Stripe};
use crate::sink::Sink;
use crate::tables::{Quantisation, Tables};

/// The share of an image that must have arrived for it to be worth anything.
///
/// Below it a decode ends in [`Error::TooDamaged`]; above it the rest comes out grey, as browsers show it.
pub const USABLE_SHARE: f64 = 0.5;

/// A JPEG whose header has been read.
pub struct Decoder<R> {
    input: Input<R>,
    header: Header,
    tables: Tables,
}

/// How a decode went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Bytes taken from the reader: up to 64 KiB more than were needed.
    pub bytes_read: u64,
    /// Rows of the image.
    pub rows_px: u32,
    /// Rows that could be decoded, at least half of them. Parts of rows count as such.
    pub rows_decoded_px: u32,
    /// The first damage met.
    pub warning: Option<Warning>,
}

impl<R: Read> Decoder<R> {
    /// Reads the header, up to the first scan.
    ///
    /// # Errors
    /// [`Error::Unsupported`], with the size of the image, if another decoder must do it; that one needs the file from
    /// its beginning. Every other kind if the header is no use, or [`Error::Read`].
    pub fn new(reader: R) -> Result<Self, Error> {
        let mut input = Input::new(reader);
        let (header, tables) = header::read(&mut input)?;
        header.check_supported()?;
        Ok(Self { input, header, tables })
    }

    /// What the file says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Decodes the image into `sink`, each component at its scale of `scales`.
    ///
    /// The sink gets every row of every component, unless an error ends the decode.
    /// Reading stops with the last byte needed; in a progressive file that may be far from its end.
    ///
    /// # Errors
    /// [`Error::Scales`] unless there is one scale per component; [`Error::Read`]; [`Error::TooDamaged`] below
    /// [`USABLE_SHARE`]; [`Error::Segment`] and [`Error::MissingTable`] if the first scan is no use.
    pub fn decode<S: Sink + ?Sized>(self, scales: &[Scale], sink: &mut S) -> Result<Outcome, Error> {
        let Self { input, header, tables } = self;
        let plan = plan(&header, scales)?;
        let frame = Frame::new(&header);
        let progressive = header.coding == Coding::Progressive;
        let straight = !progressive || scales.iter().all(|&scale| scale == Scale::Eighth);
        let states = scales.iter().enumerate().map(|(index, &scale)| ComponentState {
            done: false,
            steps: None,
            known_to: [None; 64],
            store: (!straight).then(|| Coefficients::new(&frame, index, scale)),
        });
        let states = states.collect();
        let feed = Feed::new();
        let total_blocks = frame.blocks();
        let mut session = Session {
            input,
            tables,
            feed,
            header: &header,
            frame,
            plan,
            sink,
            straight,
            states,
            total_blocks,
            lost_blocks: 0,
            warning: None,
        };
        session.decode()
    }
}

/// What is known of one component.
struct ComponentState {
    /// Its rows are with the sink.
    done: bool,
    /// Its quantisation steps, which its first scan settles.
    steps: Option<Box<Quantisation>>,
    /// For each coefficient the lowest bit that a progressive scan has brought.
    known_to: [Option<u8>; 64],
    /// Its coefficients, if they do not go straight to the sink.
    store: Option<Coefficients>,
}

struct Session<'a, R, S: ?Sized> {
    input: Input<R>,
    tables: Tables,
    feed: Feed,
    header: &'a Header,
    frame: Frame,
    plan: Plan,
    sink: &'a mut S,
    /// Samples go to the sink as they are decoded; no coefficients are stored.
    straight: bool,
    states: Vec<ComponentState>,
    total_blocks: u64,
    lost_blocks: u64,
    warning: Option<Warning>,
}

/// A scan header. **Source:** T.81 B.2.3.
struct ScanHeader {
    components: Vec<ScanComponent>,
    /// The first and the last coefficient.
    band: (u8, u8),
    /// The lowest bit already known, and the one this scan brings; 0 and 0 if it brings all.
    high_bit: u8,
    low_bit: u8,
}

struct ScanComponent {
    index: usize,
    dc_table: usize,
    ac_table: usize,
}

impl<R: Read, S: Sink + ?Sized> Session<'_, R, S> {
    fn decode(&mut self) -> Result<Outcome, Error> {
        let mut scans = 0;
        let mut marker = Some(SOS);
        while let Some(current) = marker {
            let step = self.segment(current, &mut scans);
            marker = match step {
                Ok(next) => next,
                // Before any scan has been decoded there is nothing to save.
                Err(error @ (Error::Read(_) | Error::TooDamaged { .. })) => return Err(error),
                Err(error) if scans <= 1 => return Err(error),
                Err(_) => {
                    self.warn(Warning::BadSegment);
                    None
                }
            };
        }
        self.finish()?;
        Ok(Outcome {
            bytes_read: self.input.bytes_read(),
            rows_px: self.header.height_px,
            rows_decoded_px: self.rows_decoded_px(),
            warning: self.warning,
        })
    }

    /// Takes one segment; returns the next marker, `None` if no more is needed or there is no more.
    fn segment(&mut self, marker: u8, scans: &mut u32) -> Result<Option<u8>, Error> {
        match marker {
            SOS => {
                *scans += 1;
                if *scans > MAX_SCANS {
                    self.warn(Warning::ExcessScans);
                    return Ok(None);
                }
                let Some(body) = markers::body(&mut self.input, marker)? else { return Ok(None) };
                let scan = self.scan_header(&body)?;
                self.feed.restart();
                self.scan(&scan)?;
                if self.is_complete() {
                    return Ok(None);
                }
                return Ok(match self.feed.finish(&mut self.input)? {
                    End::Marker(marker) => Some(marker),
                    End::Stream => None,
                });
            }
            EOI => return Ok(None),
            DHT | DQT | DRI => {
                let Some(body) = markers::body(&mut self.input, marker)? else { return Ok(None) };
                match marker {
                    DHT => self.tables.define_huffman(&body)?,
                    DQT => self.tables.define_quantisation(&body)?,
                    _ => self.tables.define_restart_interval(&body)?,
                }
            }
            SOF0..=SOF15 => return Err(Error::Marker { marker }),
            _ if markers::stands_alone(marker) => {}
            _ => {
                let Some(length) = markers::body_length(&mut self.input)? else { return Ok(None) };
                self.input.skip(length)?;
            }
        }
        markers::next_marker(&mut self.input)
    }

    fn scan_header(&self, body: &[u8]) -> Result<ScanHeader, Error> {
        let bad = |problem| Error::Segment { segment: "SOS", problem };
        let (&count, rest) = body.split_first().ok_or(bad("too short"))?;
        let (specs, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(bad("too short"))?;
        let &[first, last, bits] = rest.first_chunk().ok_or(bad("too short"))?;
        if !(1..=4).contains(&count) {
            return Err(bad("number of components is not 1 to 4"));
        }
        let mut components: Vec<ScanComponent> = Vec::with_capacity(usize::from(count));
        for spec in specs.chunks_exact(2) {
            let index = self.header.components.iter().position(|component| component.id == spec[0]);
            let index = index.ok_or(bad("unknown component"))?;
            if components.iter().any(|earlier| earlier.index == index) {
                return Err(bad("a component twice"));
            }
            let (dc_table, ac_table) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
            if dc_table > 3 || ac_table > 3 {
                return Err(bad("table number above 3"));
            }
            components.push(ScanComponent { index, dc_table, ac_table });
        }
        let blocks: usize = components.iter().map(|part| self.frame.components[part.index]).map(|c| c.h * c.v).sum();
        if components.len() > 1 && blocks > 10 {
            return Err(bad("more than 10 blocks in an MCU"));
        }
        let scan = ScanHeader { components, band: (first, last), high_bit: bits >> 4, low_bit: bits & 15 };
        if self.header.coding == Coding::Progressive {
            let ordered = first <= last && last < 64 && (first > 0 || last == 0);
            if !ordered || (first > 0 && count > 1) {
                return Err(bad("a band that no progressive scan may have"));
            }
            if scan.low_bit > 13 || (scan.high_bit != 0 && scan.high_bit != scan.low_bit + 1) {
                return Err(bad("bits that no progressive scan may have"));
            }
        }
        Ok(scan)
    }

    /// Decodes a scan, or leaves its data to be passed over.
    fn scan(&mut self, scan: &ScanHeader) -> Result<(), Error> {
        self.settle_steps(scan)?;
        if self.straight {
            let first_dc = scan.band.0 == 0 && scan.high_bit == 0;
            if self.header.coding == Coding::Progressive && !first_dc {
                return Ok(());
            }
            if scan.components.iter().any(|part| self.states[part.index].done) {
                self.warn(Warning::ExcessScans);
                return Ok(());
            }
            return self.straight_scan(scan);
        }
        let (first, last) = (usize::from(scan.band.0), usize::from(scan.band.1));
        let expected = (scan.high_bit > 0).then_some(scan.high_bit);
        let continues = |part: &ScanComponent| {
            self.states[part.index].known_to[first..=last].iter().all(|&known| known == expected)
        };
        if !scan.components.iter().all(continues) {
            self.warn(Warning::ExcessScans);
            return Ok(());
        }
        for part in &scan.components {
            self.states[part.index].known_to[first..=last].fill(Some(scan.low_bit));
        }
        match (first, &scan.components[..]) {
            (0, _) => self.dc_scan(scan),
            (_, [part]) if self.plan.components[part.index].scale != Scale::Eighth => self.ac_scan(scan, part),
            _ => Ok(()),
        }
    }

    /// Keeps the quantisation steps of components that come for the first time; later tables are not theirs.
    fn settle_steps(&mut self, scan: &ScanHeader) -> Result<(), Error> {
        for part in &scan.components {
            let index = self.header.components[part.index].quantisation;
            let state = &mut self.states[part.index];
            if state.steps.is_none() {
                let missing = Error::MissingTable { component: part.index, table: "quantisation", index };
                state.steps = Some(self.tables.quantisation[usize::from(index)].clone().ok_or(missing)?);
            }
        }
        Ok(())
    }

    /// Decodes a scan of samples into the sink.
    fn straight_scan(&mut self, scan: &ScanHeader) -> Result<(), Error> {
        let progressive = self.header.coding == Coding::Progressive;
        let mut lookups = Lookups { dc: [const { None }; 4], skips: [const { None }; 4], values: [const { None }; 4] };
        for part in &scan.components {
            let missing = |table, index: usize| Error::MissingTable { component: part.index, table, index: index as u8 };
            let dc = self.tables.dc[part.dc_table].as_deref().ok_or(missing("DC Huffman", part.dc_table))?;
            lookups.dc[part.dc_table].get_or_insert_with(|| Differences::new(dc));
            if !progressive {
                let ac = self.tables.ac[part.ac_table].as_deref().ok_or(missing("AC Huffman", part.ac_table))?;
                lookups.skips[part.ac_table].get_or_insert_with(|| Skips::new(ac));
                if self.plan.components[part.index].scale != Scale::Eighth {
                    lookups.values[part.ac_table].get_or_insert_with(|| Values::new(ac));
                }
            }
        }
        let interleaved = scan.components.len() > 1;
        let mut parts = Vec::with_capacity(scan.components.len());
        for part in &scan.components {
            let plan = &self.plan.components[part.index];
            let stripe = Stripe::new(&self.frame, &self.frame.components[part.index], plan, interleaved);
            let steps = self.states[part.index].steps.as_deref().expect("settled before");
            let dc = lookups.dc[part.dc_table].as_ref().expect("built above");
            let blocks = if progressive {
                Blocks::DcOnly { low_bits: u32::from(scan.low_bit) }
            } else {
                lookups.blocks(plan.scale, part.ac_table).expect("built above")
            };
            parts.push(Part::new(part.index, stripe, dc, blocks, steps));
        }
        let (extent, blocks_per_mcu) = self.extent(scan);
        let mut straight = Straight { parts, sink: &mut *self.sink };
        let report = walk(&mut self.input, &mut self.feed, extent, &mut straight)?;
        for part in &scan.components {
            self.states[part.index].done = true;
        }
        self.account(report, blocks_per_mcu)
    }

    fn dc_scan(&mut self, scan: &ScanHeader) -> Result<(), Error> {
        let first = scan.high_bit == 0;
        let mut lookups = [const { None }; 4];
        if first {
            for part in &scan.components {
                let index = part.dc_table as u8;
                let missing = Error::MissingTable { component: part.index, table: "DC Huffman", index };
                let dc = self.tables.dc[part.dc_table].as_deref().ok_or(missing)?;
                lookups[part.dc_table].get_or_insert_with(|| Differences::new(dc));
            }
        }
        let interleaved = scan.components.len() > 1;
        let mut parts = Vec::with_capacity(scan.components.len());
        for part in &scan.components {
            let component = &self.frame.components[part.index];
            let (h, v) = if interleaved { (component.h, component.v) } else { (1, 1) };
            let store = self.states[part.index].store.take().expect("every component has a store");
            parts.push(DcPart { h, v, dc: lookups[part.dc_table].as_ref(), prediction: 0, store });
        }
        let (extent, blocks_per_mcu) = self.extent(scan);
        let mut dc_scan = DcScan { parts, low_bit: u32::from(scan.low_bit), row: 0 };
        let report = walk(&mut self.input, &mut self.feed, extent, &mut dc_scan);
        for (part, done) in scan.components.iter().zip(dc_scan.parts) {
            self.states[part.index].store = Some(done.store);
        }
        let report = report?;
        if first { self.account(report, blocks_per_mcu) } else { self.note(report) }
    }

    fn ac_scan(&mut self, scan: &ScanHeader, part: &ScanComponent) -> Result<(), Error> {
        let index = part.ac_table as u8;
        let missing = Error::MissingTable { component: part.index, table: "AC Huffman", index };
        let symbols = Symbols::new(self.tables.ac[part.ac_table].as_deref().ok_or(missing)?);
        let (mut extent, _) = self.extent(scan);
        extent.bearable_mcus = 0; // What is missing at the end of the data only costs sharpness: no need to go on.
        let (positions, last_kept) = match self.plan.components[part.index].scale {
            Scale::Half => (&Four::POSITIONS, Four::LAST),
            Scale::Quarter | Scale::Eighth => (&Two::POSITIONS, Two::LAST),
        };
        let mut ac_scan = AcScan {
            store: self.states[part.index].store.as_mut().expect("every component has a store"),
            symbols,
            positions,
            last_kept,
            band: (u32::from(scan.band.0), u32::from(scan.band.1)),
            low_bit: u32::from(scan.low_bit),
            refines: scan.high_bit > 0,
            end_run_blocks: 0,
            row: 0,
        };
        let report = walk(&mut self.input, &mut self.feed, extent, &mut ac_scan)?;
        self.note(report)
    }

    /// The MCUs of a scan, and how many blocks each has.
    fn extent(&self, scan: &ScanHeader) -> (Extent, u64) {
        let (mcu_columns, mcu_rows, blocks) = match &scan.components[..] {
            [part] => {
                let component = &self.frame.components[part.index];
                (component.block_columns, component.block_rows, 1)
            }
            parts => {
                let blocks = parts.iter().map(|part| self.frame.components[part.index]).map(|c| c.h * c.v).sum();
                (self.frame.mcu_columns, self.frame.mcu_rows, blocks)
            }
        };
        let blocks = blocks as u64;
        let bearable_blocks = (self.total_blocks as f64 * (1.0 - USABLE_SHARE)) as u64;
        let bearable_mcus = bearable_blocks.saturating_sub(self.lost_blocks) / blocks;
        let restart_interval_mcus = self.tables.restart_interval_mcus;
        (Extent { mcu_columns, mcu_rows, restart_interval_mcus, bearable_mcus }, blocks)
    }

    /// Whether all that the scales need is there.
    fn is_complete(&self) -> bool {
        if self.straight {
            return self.states.iter().all(|state| state.done);
        }
        self.states.iter().zip(&self.plan.components).all(|(state, plan)| {
            let last = match plan.scale {
                Scale::Eighth => 0,
                Scale::Quarter => Two::LAST as usize,
                Scale::Half => Four::LAST as usize,
            };
            state.known_to[..=last].iter().all(|&known| known == Some(0))
        })
    }

    fn warn(&mut self, warning: Warning) {
        self.warning.get_or_insert(warning);
    }

    fn note(&mut self, report: Report) -> Result<(), Error> {
        if let Some(warning) = report.warning {
            self.warn(warning);
        }
        Ok(())
    }

    /// Adds up what a scan has lost, and gives up if it is too much.
    fn account(&mut self, report: Report, blocks_per_mcu: u64) -> Result<(), Error> {
        self.note(report)?;
        self.lost_blocks += report.lost_mcus * blocks_per_mcu;
        self.check_usable()
    }

    fn check_usable(&self) -> Result<(), Error> {
        if self.lost_blocks as f64 <= self.total_blocks as f64 * (1.0 - USABLE_SHARE) {
            return Ok(());
        }
        Err(Error::TooDamaged {
            rows_decoded_px: self.rows_decoded_px(),
            rows_px: self.header.height_px,
            warning: self.warning.unwrap_or(Warning::Truncated),
        })
    }

    fn rows_decoded_px(&self) -> u32 {
        let arrived = self.total_blocks.saturating_sub(self.lost_blocks);
        (u64::from(self.header.height_px) * arrived / self.total_blocks) as u32
    }

    /// Gives the sink the rows it has not got: from the coefficients, or grey.
    fn finish(&mut self) -> Result<(), Error> {
        for (index, state) in self.states.iter().enumerate() {
            let came = if self.straight { state.done } else { state.known_to[0].is_some() };
            if !came {
                self.lost_blocks += self.frame.component_blocks(index);
                self.warning.get_or_insert(Warning::Truncated);
            }
        }
        self.check_usable()?;
        for (index, state) in self.states.iter_mut().enumerate().filter(|(_, state)| !state.done) {
            let mut stripe = Stripe::new(&self.frame, &self.frame.components[index], &self.plan.components[index], false);
            match (state.store.take(), state.steps.take()) {
                (Some(store), Some(steps)) => {
                    let transform = match self.plan.components[index].scale {
                        Scale::Eighth => render_dc,
                        Scale::Quarter => render::<Two>,
                        Scale::Half => render::<Four>,
                    };
                    for row in 0..self.frame.components[index].block_rows {
                        transform(&store, row, &steps, state.known_to[0].unwrap_or(0), &mut stripe);
                        stripe.deliver(index, self.sink);
                    }
                }
                _ => stripe.deliver_grey(index, self.sink),
            }
        }
        Ok(())
    }
}
