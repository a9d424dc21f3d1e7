//! Coefficients of a block, as they are coded. Source: 7.3.8.11, 9.3.4.2.4 to 9.3.4.2.7, 9.3.3.11 and 8.6.4.2.

use crate::{
    cabac::Cabac,
    contexts::{CODED_SUB_BLOCK, GREATER_1, GREATER_2, LAST_X, LAST_Y, SIGNIFICANT, TRANSFORM_SKIP},
    scan::Order,
    transform::MOST,
};

/// `levelScale`.
const LEVEL_SCALES: [i64; 6] = [40, 45, 51, 57, 64, 72];
/// `ctxIdxMap` of blocks of 4 by 4 (table 9-50), by row.
const SMALL: [u8; 16] = [0, 1, 4, 5, 2, 3, 4, 5, 6, 6, 8, 8, 7, 7, 8, 8];
/// `sigCtx` within a sub-block, by row: where no neighbour on the right or below is coded, that on the right, that below,
/// both (9.3.4.2.5).
const NEAR: [[u8; 16]; 4] = [
    [2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    [2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0],
    [2; 16],
];
/// Flags of levels above 1 that a sub-block has at the most.
const MOST_FLAGS: usize = 8;

/// What is known of a block before its coefficients are read.
pub(crate) struct Block<'tables> {
    pub(crate) log2: u32,
    pub(crate) is_chroma: bool,
    pub(crate) order: Order,
    /// Whether `transform_skip_flag` is there.
    pub(crate) may_skip: bool,
    /// `cu_transquant_bypass_flag`.
    pub(crate) is_bypass: bool,
    pub(crate) hides_signs: bool,
    /// Whether a skipped transform's residuals are summed up in one direction: then no sign is hidden.
    pub(crate) sums_if_skipped: bool,
    pub(crate) has_skip_context: bool,
    pub(crate) adapts_rice: bool,
    /// By row, where they are not all 16.
    pub(crate) factors: Option<&'tables [u8]>,
    /// `qP`.
    pub(crate) quantiser: i32,
    pub(crate) depth: u32,
}

/// Scaled coefficients.
pub(crate) struct Coefficients {
    /// By row.
    pub(crate) values: [i16; MOST],
    /// The last column and row that are not all 0.
    pub(crate) last: (usize, usize),
    pub(crate) is_skipped: bool,
}

impl Coefficients {
    pub(crate) const fn new() -> Self {
        Self { values: [0; MOST], last: (0, 0), is_skipped: false }
    }

    /// `residual_coding()`.
    pub(crate) fn read(&mut self, cabac: &mut Cabac<'_>, block: &Block<'_>) {
        let log2 = block.log2;
        let chroma = usize::from(block.is_chroma);
        self.values[..1 << (2 * log2)].fill(0);
        self.last = (0, 0);
        self.is_skipped = block.may_skip && cabac.bin(TRANSFORM_SKIP + chroma);
        let scale = Scale::new(block, self.is_skipped);
        let hides_signs = block.hides_signs && !block.is_bypass && !(self.is_skipped && block.sums_if_skipped);
        let rice_kind = 2 * (1 - chroma) + usize::from(self.is_skipped || block.is_bypass);
        let last = last_place(cabac, block);
        let (places, sub_blocks) = (block.order.places(), block.order.sub_blocks(log2));
        let find = |scan: &[(u8, u8)], place: (u8, u8)| scan.iter().position(|at| *at == place).unwrap_or_default();
        let last_sub_block = find(sub_blocks, (last.0 >> 2, last.1 >> 2));
        let last_in_it = find(places, (last.0 & 3, last.1 & 3));
        // A bit of each column of sub-blocks, by rows.
        let mut coded = [0_u16; 9];
        let mut had_greater = false;
        for index in (0..=last_sub_block).rev() {
            let (x, y) = (usize::from(sub_blocks[index].0), usize::from(sub_blocks[index].1));
            let (right, below) = (usize::from(coded[y] >> (x + 1) & 1), usize::from(coded[y + 1] >> x & 1));
            let is_between = index < last_sub_block && index > 0;
            if is_between && !cabac.bin(CODED_SUB_BLOCK + (right | below) + 2 * chroma) {
                continue;
            }
            coded[y] |= 1 << x;
            let contexts = Significance::new(block, self.is_skipped, (x, y), right | below << 1);
            let mut found = [0_u8; 16];
            let mut count = 0;
            let mut from = 16;
            if index == last_sub_block {
                (found[0], count, from) = (last_in_it as u8, 1, last_in_it);
            }
            for place in (1..from).rev() {
                let (x, y) = places[place];
                found[count] = place as u8;
                count += usize::from(cabac.bin(contexts.of(x, y)));
            }
            if from > 0 && ((is_between && count == 0) || cabac.bin(contexts.of(0, 0))) {
                found[count] = 0;
                count += 1;
            }
            let found = &found[..count];
            if found.is_empty() {
                continue;
            }
            let set = if index == 0 || block.is_chroma { 0 } else { 2 } + usize::from(had_greater);
            let levels = Levels { set, chroma, hides_signs, rice: block.adapts_rice.then_some(rice_kind) };
            let (levels, has_greater) = levels.read(cabac, found);
            had_greater = has_greater;
            for (place, level) in found.iter().zip(levels) {
                let (inner_x, inner_y) = places[usize::from(*place)];
                let (x, y) = (4 * x + usize::from(inner_x), 4 * y + usize::from(inner_y));
                let at = (y << log2) + x;
                self.values[at] = scale.of(level, at);
                self.last = (self.last.0.max(x), self.last.1.max(y));
            }
        }
    }
}

/// `last_sig_coeff_x_prefix` and those behind it.
fn last_place(cabac: &mut Cabac<'_>, block: &Block<'_>) -> (u8, u8) {
    let log2 = block.log2;
    let (offset, shift) = match block.is_chroma {
        true => (15, log2 - 2),
        false => (3 * (log2 - 2) + ((log2 - 1) >> 2), (log2 + 1) >> 2),
    };
    let mut prefix = |first: usize| {
        let mut prefix = 0;
        while prefix < 2 * log2 - 1 && cabac.bin(first + (offset + (prefix >> shift)) as usize) {
            prefix += 1;
        }
        prefix
    };
    let prefixes = [prefix(LAST_X), prefix(LAST_Y)];
    let [x, y] = prefixes.map(|prefix| match prefix {
        0..4 => prefix as u8,
        _ => ((2 + (prefix & 1)) << (prefix / 2 - 1)) as u8 + cabac.bypasses(prefix / 2 - 1) as u8,
    });
    if block.order == Order::Vertical { (y, x) } else { (x, y) }
}

/// The contexts of `sig_coeff_flag` in a sub-block.
struct Significance {
    table: &'static [u8; 16],
    base: usize,
    /// That of the constant coefficient, which has one of its own.
    first: usize,
}

impl Significance {
    fn new(block: &Block<'_>, is_skipped: bool, sub_block: (usize, usize), pattern: usize) -> Self {
        static ALL: [u8; 16] = [0; 16];
        static SMALL_TABLE: [u8; 16] = SMALL;
        static NEAR_TABLES: [[u8; 16]; 4] = NEAR;
        let chroma = if block.is_chroma { 27 } else { 0 };
        if block.has_skip_context && (is_skipped || block.is_bypass) {
            let one = SIGNIFICANT + if block.is_chroma { 43 } else { 42 };
            return Self { table: &ALL, base: one, first: one };
        }
        if block.log2 == 2 {
            let base = SIGNIFICANT + chroma;
            return Self { table: &SMALL_TABLE, base, first: base };
        }
        let beyond = match (block.is_chroma, block.log2, block.order) {
            (true, 3, _) => 9,
            (true, ..) => 12,
            (false, 3, Order::Diagonal) => 9,
            (false, 3, _) => 15,
            (false, ..) => 21,
        };
        let is_first = sub_block == (0, 0);
        let base = SIGNIFICANT + chroma + beyond + if is_first || block.is_chroma { 0 } else { 3 };
        let table = &NEAR_TABLES[pattern];
        Self { table, base, first: if is_first { SIGNIFICANT + chroma } else { base + usize::from(table[0]) } }
    }

    #[inline]
    fn of(&self, x: u8, y: u8) -> usize {
        let at = usize::from(y) << 2 | usize::from(x);
        if at == 0 { self.first } else { self.base + usize::from(self.table[at]) }
    }
}

/// How levels of a sub-block are read.
struct Levels {
    set: usize,
    chroma: usize,
    hides_signs: bool,
    /// The statistics that Rice codes adapt to, where they do.
    rice: Option<usize>,
}

impl Levels {
    /// Levels with their signs at the places `found`, the last in the scan first; and whether a flag said "above 1".
    #[inline]
    fn read(&self, cabac: &mut Cabac<'_>, found: &[u8]) -> ([i32; 16], bool) {
        let mut levels = [1_i32; 16];
        let mut greater = None;
        let mut state = 1;
        for (index, level) in levels[..found.len().min(MOST_FLAGS)].iter_mut().enumerate() {
            let is_greater = cabac.bin(GREATER_1 + 16 * self.chroma + 4 * self.set + state);
            if is_greater {
                *level = 2;
                state = 0;
                greater = greater.or(Some(index));
            } else if state > 0 {
                state = 3.min(state + 1);
            }
        }
        if let Some(first) = greater {
            levels[first] += i32::from(cabac.bin(GREATER_2 + 4 * self.chroma + self.set));
        }
        let count = found.len();
        let is_hidden = self.hides_signs && found[0] - found[count - 1] > 3;
        let coded = count - usize::from(is_hidden);
        let signs = cabac.bypasses(coded as u32) << usize::from(is_hidden);
        let mut rice = self.rice.map_or(0, |kind| u32::from(cabac.contexts.rice[kind] / 4));
        let mut is_first = true;
        for (index, level) in levels[..count].iter_mut().enumerate() {
            let most = match index {
                MOST_FLAGS.. => 1,
                _ if greater == Some(index) => 3,
                _ => 2,
            };
            if *level != most {
                continue;
            }
            let rest = remaining(cabac, rice);
            if let Some(kind) = self.rice.filter(|_| is_first) {
                adapt(&mut cabac.contexts.rice[kind], rest);
            }
            is_first = false;
            let whole = u64::from(most.unsigned_abs()) + rest;
            if whole > 3 << rice {
                rice = if self.rice.is_some() { rice + 1 } else { 4.min(rice + 1) };
            }
            *level = whole.min(32768) as i32;
        }
        let sum: i32 = levels[..count].iter().sum();
        for (index, level) in levels[..count].iter_mut().enumerate() {
            if signs >> (count - 1 - index) & 1 != 0 {
                *level = -*level;
            }
        }
        if is_hidden && sum & 1 != 0 {
            levels[count - 1] = -levels[count - 1];
        }
        (levels, greater.is_some())
    }
}

/// `coeff_abs_level_remaining`.
fn remaining(cabac: &mut Cabac<'_>, rice: u32) -> u64 {
    let mut prefix = 0;
    while prefix < 32 && cabac.bypass() {
        prefix += 1;
    }
    let mut bits = |mut count: u32| {
        let mut value = 0_u64;
        while count > 0 {
            let part = count.min(16);
            value = value << part | u64::from(cabac.bypasses(part));
            count -= part;
        }
        value
    };
    if prefix <= 3 {
        (u64::from(prefix) << rice) + bits(rice)
    } else {
        (((1 << (prefix - 3)) + 2) << rice) + bits(prefix - 3 + rice)
    }
}

/// `StatCoeff` behind the first remaining level of a sub-block.
fn adapt(statistic: &mut u8, rest: u64) {
    let rice = *statistic / 4;
    if rest >= 3 << rice {
        // No level reaches 2^25.
        *statistic = 100.min(*statistic + 1);
    } else if 2 * rest < 1 << rice && *statistic > 0 {
        *statistic -= 1;
    }
}

/// 8.6.4.2: from levels to coefficients.
struct Scale<'tables> {
    /// 0 where levels are coefficients already.
    shift: u32,
    factor: i64,
    factors: Option<&'tables [u8]>,
}

impl<'tables> Scale<'tables> {
    fn new(block: &Block<'tables>, is_skipped: bool) -> Self {
        if block.is_bypass {
            return Self { shift: 0, factor: 1, factors: None };
        }
        let factors = block.factors.filter(|_| !(is_skipped && block.log2 > 2));
        let factor = LEVEL_SCALES[block.quantiser.rem_euclid(6) as usize] << block.quantiser.div_euclid(6);
        let factor = if factors.is_some() { factor } else { 16 * factor };
        Self { shift: block.depth + block.log2 - 5, factor, factors }
    }

    #[inline]
    fn of(&self, level: i32, at: usize) -> i16 {
        // A level is 16 bits too (7.4.9.11).
        let level = i64::from(level.clamp(-32768, 32767));
        if self.shift == 0 {
            return level as i16;
        }
        let factor = self.factors.map_or(self.factor, |factors| self.factor * i64::from(factors[at]));
        ((level * factor + (1 << (self.shift - 1))) >> self.shift).clamp(-32768, 32767) as i16
    }
}
