//! A progressive file: a scan of all DC values, then scans of some AC values of one component each.
//!
//! Each scan has a code of its own, and a run of blocks without values costs one symbol. Every value is written once, with
//! all of its bits.

use std::ops::Range;

use super::codes::{BitWriter, Code, Codes, for_each_ac, magnitude, nonzero};
use super::halves::both;
use super::transform::Quantiser;
use super::{Block, Component, Layout, segment, write_scan};

/// Luma's first AC values, in a scan before chroma's; the others come last.
const FIRST: u8 = 9;
/// The most blocks of one run. **Source:** T.81 G.1.2.2.
const LONGEST_RUN: u32 = 0x7FFF;

impl Layout<'_> {
    /// The file of these blocks; `codes` fit their DC values. Of two threads each writes some of the scans.
    pub(super) fn progressive(
        &self,
        quantisers: &[Quantiser; 2],
        codes: &[Codes; 2],
        blocks: &[Block],
        threads: u32,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_frame(quantisers, 0xC2, &mut out);
        let first = |mut out| {
            self.write_dc(codes, blocks, &mut out);
            self.write_ac(0, 1..FIRST, blocks, &mut out);
            out
        };
        let rest = |mut out| {
            for chroma in 1..self.components.len() {
                self.write_ac(chroma, 1..64, blocks, &mut out);
            }
            self.write_ac(0, FIRST..64, blocks, &mut out);
            out
        };
        let mut out = if threads > 1 {
            let (mut out, more) = both(|| first(out), || rest(Vec::new()));
            out.reserve_exact(more.len() + 2);
            out.extend_from_slice(&more);
            out
        } else {
            rest(first(out))
        };
        out.extend_from_slice(&[0xFF, 0xD9]);
        out
    }

    fn write_dc(&self, codes: &[Codes; 2], blocks: &[Block], out: &mut Vec<u8>) {
        let mut body = Vec::new();
        for (class, codes) in (0..).zip(codes).take(self.components.len().min(2)) {
            codes.dc.append_table(class, &mut body);
        }
        segment(out, 0xC4, &body);
        write_scan(&self.components, 0..1, out);
        let mut bits = BitWriter::new(std::mem::take(out));
        self.for_each_block(blocks, [0; 3], |class, block, dc| {
            let (size, value) = magnitude(i32::from(block[0]) - i32::from(dc));
            codes[class].dc.write(size as u8, size, value, &mut bits);
        });
        *out = bits.finish();
    }

    fn write_ac(&self, component: usize, of: Range<u8>, blocks: &[Block], out: &mut Vec<u8>) {
        let component = &self.components[component];
        let (mut counts, mut behind) = ([0; 256], 0);
        self.for_each_symbol(component, of.clone(), blocks, |symbol, size, _| {
            counts[usize::from(symbol)] += 1;
            behind += u64::from(size);
        });
        let code = Code::fitted_to(&counts);
        let mut body = Vec::new();
        code.append_table(0x10 | component.class as u8, &mut body);
        segment(out, 0xC4, &body);
        write_scan(std::slice::from_ref(component), of.clone(), out);
        out.reserve_exact(scan_bytes(code.bits(&counts) + behind));
        let mut bits = BitWriter::new(std::mem::take(out));
        self.for_each_symbol(component, of, blocks, |symbol, size, value| code.write(symbol, size, value, &mut bits));
        *out = bits.finish();
    }

    /// Calls `visit` with each symbol of a component's AC scan, and how many further bits follow with what value.
    /// **Source:** T.81 G.1.2.2.
    #[inline(always)]
    fn for_each_symbol(
        &self,
        component: &Component<'_>,
        of: Range<u8>,
        blocks: &[Block],
        mut visit: impl FnMut(u8, u32, u32),
    ) {
        let mask = u64::MAX << of.start & u64::MAX >> (64 - of.end);
        let mut without = 0;
        self.for_each_block_of(component, blocks, |block| {
            let rest = nonzero(block) & mask;
            if rest != 0 {
                end(&mut without, &mut visit);
            }
            let last = for_each_ac(block, rest, u32::from(of.start) - 1, &mut visit);
            if last + 1 < u32::from(of.end) {
                without += 1;
                if without == LONGEST_RUN {
                    end(&mut without, &mut visit);
                }
            }
        });
        end(&mut without, &mut visit);
    }

    /// Calls `visit` for the blocks of a component row by row, those beyond its plane left out. **Source:** T.81 A.2.2.
    #[inline(always)]
    fn for_each_block_of(&self, component: &Component<'_>, blocks: &[Block], mut visit: impl FnMut(&Block)) {
        let before: usize = self.components[..component.index].iter().map(|other| other.h * other.v).sum();
        let per_mcu = self.blocks_per_mcu();
        let Component { plane, h, v, .. } = component;
        for y in 0..plane.height_px.div_ceil(8) {
            let row = &blocks[y / v * self.mcu_columns * per_mcu..][..self.mcu_columns * per_mcu];
            for x in 0..plane.width_px.div_ceil(8) {
                visit(&row[x / h * per_mcu + before + y % v * h + x % h]);
            }
        }
    }
}

/// About as many bytes as a scan of so many bits has: one in 256 of noise is stuffed.
pub(super) const fn scan_bytes(bits: u64) -> usize {
    (bits / 8 * 65 / 64) as usize + 16
}

/// Ends a run of `without` blocks that have no more values.
#[inline(always)]
fn end(without: &mut u32, visit: &mut impl FnMut(u8, u32, u32)) {
    if *without > 0 {
        let size = without.ilog2();
        visit((size << 4) as u8, size, *without - (1 << size));
        *without = 0;
    }
}
