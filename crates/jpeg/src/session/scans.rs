//! Setting up each kind of scan: its tables, its components, its extent.

use std::io::Read;

use super::Session;
use crate::coding::Coding;
use crate::error::Error;
use crate::idct::{Four, Low, Two, eight};
use crate::lanes::{self, Table};
use crate::lookup::{Differences, Skips, Symbols, Values};
use crate::outcome::USABLE_SHARE;
use crate::progressive::{AcScan, DcPart, DcScan};
use crate::relay::relay;
use crate::scale::Scale;
use crate::scan::{Extent, walk};
use crate::scan_header::{ScanComponent, ScanHeader};
use crate::sequential::{Blocks, Lookups, Part, Parts, Shared, Straight};
use crate::sink::Sink;
use crate::stripe::Stripe;

impl<R: Read, S: Sink + ?Sized> Session<'_, R, S> {
    /// Decodes a scan of samples into the sink.
    pub(super) fn straight_scan(&mut self, scan: &ScanHeader) -> Result<(), Error> {
        let progressive = self.header.coding == Coding::Progressive;
        let mut lookups = Lookups::default();
        let scales = self.plan.components.iter().map(|component| component.scale);
        let in_lanes = lanes::pay(self.header, scales, self.total_blocks);
        for part in &scan.components {
            let missing =
                |table, index: usize| Error::MissingTable { component: part.index, table, index: index as u8 };
            let dc = self.tables.dc[part.dc_table].as_deref().ok_or(missing("DC Huffman", part.dc_table))?;
            lookups.dc[part.dc_table].get_or_insert_with(|| Differences::new(dc));
            if !progressive {
                let ac = self.tables.ac[part.ac_table].as_deref().ok_or(missing("AC Huffman", part.ac_table))?;
                let scale = self.plan.components[part.index].scale;
                if scale != Scale::Full || self.beside {
                    let skips = lookups.skips[part.ac_table].get_or_insert_with(|| Skips::new(ac));
                    if in_lanes {
                        lookups.lane_dc[part.dc_table].get_or_insert_with(|| Table::dc(dc));
                        lookups.lane_ac[part.ac_table].get_or_insert_with(|| Table::ac(ac, skips));
                    }
                }
                if scale != Scale::Eighth {
                    lookups.values[part.ac_table].get_or_insert_with(|| Values::new(ac, self.total_blocks));
                }
            }
        }
        let (extent, blocks_per_mcu) = self.extent(scan);
        let interleaved = scan.components.len() > 1;
        let mcu = scan.components.iter().map(|part| {
            let component = &self.frame.components[part.index];
            (part.dc_table, part.ac_table, if interleaved { component.h * component.v } else { 1 })
        });
        let lanes = lookups.lanes(mcu, extent.restart_interval_mcus);
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
        let report = if self.beside {
            let skips = scan.components.iter().map(|part| lookups.skips[part.ac_table].as_ref().expect("built above"));
            let (skips, second) = (skips.collect(), Parts(parts.clone()));
            let (input, feed) = (&mut self.input, &mut self.feed);
            relay(self.sink, second, |outlet| walk(input, feed, extent, &mut Shared::new(parts, skips, outlet)))?
        } else {
            let mut straight = Straight { parts, sink: &mut *self.sink, lanes };
            walk(&mut self.input, &mut self.feed, extent, &mut straight)?
        };
        for part in &scan.components {
            self.states[part.index].done = true;
        }
        self.account(report, blocks_per_mcu)
    }

    /// Decodes a DC scan into the coefficients.
    pub(super) fn dc_scan(&mut self, scan: &ScanHeader) -> Result<(), Error> {
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

    /// Decodes an AC scan into the coefficients.
    pub(super) fn ac_scan(&mut self, scan: &ScanHeader, part: &ScanComponent) -> Result<(), Error> {
        let index = part.ac_table as u8;
        let missing = Error::MissingTable { component: part.index, table: "AC Huffman", index };
        let symbols = Symbols::new(self.tables.ac[part.ac_table].as_deref().ok_or(missing)?);
        let (mut extent, _) = self.extent(scan);
        extent.bearable_mcus = 0; // What is missing at the end of the data only costs sharpness: no need to go on.
        let (positions, last_kept) = match self.plan.components[part.index].scale {
            Scale::Full => (&eight::POSITIONS, eight::LAST),
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
}
