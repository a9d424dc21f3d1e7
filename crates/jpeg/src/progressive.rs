//! The scans of a progressive file into the coefficient store. **Source:** T.81 annex G.
//!
//! Correction bits exist for every coefficient known to be nonzero, so a refinement scan can only be read if that is
//! known of all 63, not just of the low ones. One bit each remembers it: 8 bytes per block instead of 128.
//! Only decodes at 1/2 and full size read refinement; the smaller scales do without.

use crate::bits::Bits;
use crate::coefficients::Coefficients;
use crate::huffman::extend;
use crate::lookup::{Differences, Symbols};
use crate::scan::Scan;

/// Scans read at most. libjpeg's own scripts have 10, the longest in use about 20; each may cost a pass over
/// all blocks, however few bytes it has.
pub(crate) const MAX_SCANS: u32 = 100;

/// One component of a DC scan.
pub(crate) struct DcPart<'t> {
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Not needed for refinement.
    pub(crate) dc: Option<&'t Differences<'t>>,
    pub(crate) prediction: i32,
    pub(crate) store: Coefficients,
}

/// A DC scan, of one component or several.
pub(crate) struct DcScan<'t> {
    pub(crate) parts: Vec<DcPart<'t>>,
    /// The bit of the coefficients that this scan brings, the lowest one.
    pub(crate) low_bit: u32,
    pub(crate) row: usize,
}

impl Scan for DcScan<'_> {
    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize) {
        for part in &mut self.parts {
            for y in 0..part.v {
                let first = (self.row * part.v + y) * part.store.columns + column * part.h;
                for block in first..first + part.h {
                    let dc = &mut part.store.low[block * part.store.per_block];
                    if let Some(lookup) = part.dc {
                        part.prediction = part.prediction.wrapping_add(lookup.next(bits));
                        *dc = part.prediction.wrapping_shl(self.low_bit) as i16;
                    } else {
                        bits.refill();
                        *dc |= (bits.take(1) << self.low_bit) as i16;
                    }
                }
            }
        }
    }

    fn lose(&mut self, column: usize) {
        for part in self.parts.iter_mut().filter(|part| part.dc.is_some()) {
            for y in 0..part.v {
                let first = (self.row * part.v + y) * part.store.columns + column * part.h;
                for block in first..first + part.h {
                    part.store.low[block * part.store.per_block] = 0;
                }
            }
        }
    }

    fn restart(&mut self) {
        for part in &mut self.parts {
            part.prediction = 0;
        }
    }

    fn finish_row(&mut self) {
        self.row += 1;
    }
}

/// An AC scan, which always has one component.
pub(crate) struct AcScan<'t> {
    pub(crate) store: &'t mut Coefficients,
    pub(crate) symbols: Symbols<'t>,
    /// Index in the block of each coefficient; beyond the block's end for those not kept.
    pub(crate) positions: &'t [u8; 64],
    /// The last coefficient kept.
    pub(crate) last_kept: u32,
    /// The band of coefficients, both ends included.
    pub(crate) band: (u32, u32),
    pub(crate) low_bit: u32,
    /// Whether the band has been coded before, at a higher bit.
    pub(crate) refines: bool,
    /// Blocks, the current one included, that have no more new coefficients.
    pub(crate) end_run_blocks: u32,
    pub(crate) row: usize,
}

impl Scan for AcScan<'_> {
    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, column: usize) {
        let block = self.row * self.store.columns + column;
        if self.refines {
            self.refine(bits, block);
        } else if self.end_run_blocks > 0 {
            self.end_run_blocks -= 1;
        } else {
            self.first(bits, block);
        }
    }

    fn lose(&mut self, _column: usize) {
        self.end_run_blocks = 0;
    }

    fn restart(&mut self) {
        self.end_run_blocks = 0;
    }

    fn finish_row(&mut self) {
        self.row += 1;
    }
}

impl AcScan<'_> {
    /// The first scan of a band. **Source:** T.81 G.1.2.2.
    #[inline(always)]
    fn first(&mut self, bits: &mut Bits<'_>, block: usize) {
        let (mut k, last) = self.band;
        let mut nonzero = 0;
        while k <= last {
            bits.refill();
            let symbol = self.symbols.next(bits);
            let (run, size) = (symbol >> 4, symbol & 15);
            if size == 0 && run < 15 {
                self.end_run_blocks = (1 << run) - 1 + bits.take(run);
                break;
            }
            k += run;
            let value = extend(bits.take(size), size);
            if k > 63 {
                bits.corrupt = true;
                break;
            }
            if size > 0 {
                nonzero |= 1 << k;
                self.keep(block, k, value << self.low_bit);
            }
            k += 1;
        }
        if let Some(known) = self.store.nonzero.get_mut(block) {
            *known |= nonzero;
        }
    }

    /// A further scan of a band. **Source:** T.81 G.1.2.3.
    #[inline(always)]
    fn refine(&mut self, bits: &mut Bits<'_>, block: usize) {
        let (mut k, last) = self.band;
        let known = self.store.nonzero[block];
        while self.end_run_blocks == 0 && k <= last {
            bits.refill();
            let symbol = self.symbols.next(bits);
            let (mut run, size) = (symbol >> 4, symbol & 15);
            if size == 0 && run < 15 {
                self.end_run_blocks = (1 << run) + bits.take(run);
                break;
            }
            let new = match size {
                0 => 0,
                _ if bits.take(1) == 1 => 1,
                _ => -1,
            };
            // The run counts coefficients that are still zero; the others take their correction bits on the way.
            while k <= last {
                if known >> k & 1 != 0 {
                    self.correct(bits, block, k);
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                k += 1;
            }
            if new != 0 && k <= last {
                self.store.nonzero[block] |= 1 << k;
                self.keep(block, k, new << self.low_bit);
            }
            k += 1;
        }
        if self.end_run_blocks > 0 {
            self.end_run_blocks -= 1;
            let mut rest = if k <= last { known >> k << k & (u64::MAX >> (63 - last)) } else { 0 };
            while rest != 0 {
                let k = rest.trailing_zeros();
                if k > self.last_kept {
                    pass_over(bits, rest.count_ones());
                    break;
                }
                self.correct(bits, block, k);
                rest &= rest - 1;
            }
        }
    }

    /// Reads the correction bit of a nonzero coefficient.
    #[inline(always)]
    fn correct(&mut self, bits: &mut Bits<'_>, block: usize, k: u32) {
        bits.refill();
        let bit = bits.take(1);
        let at = usize::from(self.positions[k as usize & 63]);
        if bit == 1 && at < self.store.per_block {
            let value = &mut self.store.low[block * self.store.per_block + at];
            *value = value.wrapping_add((i32::from(value.signum()) << self.low_bit) as i16);
        }
    }

    #[inline(always)]
    fn keep(&mut self, block: usize, k: u32, value: i32) {
        let at = usize::from(self.positions[k as usize & 63]);
        if at < self.store.per_block {
            self.store.low[block * self.store.per_block + at] = value as i16;
        }
    }
}

/// Drops up to 63 bits.
fn pass_over(bits: &mut Bits<'_>, count: u32) {
    bits.refill();
    let first = count.min(48);
    bits.consume(first);
    bits.refill();
    bits.consume(count - first);
}
