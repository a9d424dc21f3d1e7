//! What the tests of lanes share: scans of random bits.

use super::CORRUPT;
use super::machine::{Machine, Table};
use crate::bits::Bits;
use crate::feed::Feed;
use crate::huffman::Huffman;
use crate::input::Input;
use crate::lookup::{Differences, Skips};
use crate::standard::{AC, DC};

/// The tables of T.81 K.3, luma's and chroma's.
pub(super) struct Codes {
    dc: [Huffman; 2],
    ac: [Huffman; 2],
}

impl Codes {
    pub(super) fn new() -> Self {
        let table = |(counts, symbols)| Huffman::new(counts, symbols).unwrap();
        Self { dc: DC.map(table), ac: AC.map(table) }
    }

    /// Calls `check` with the machine of a scan, whose MCU has blocks of these tables, and what finds the blocks of an MCU
    /// one by one.
    pub(super) fn with_machine(
        &self,
        classes: [usize; 6],
        check: impl FnOnce(Machine<'_>, &dyn Fn(&mut Bits<'_>) -> Vec<u32>),
    ) {
        let differences = [0, 1].map(|i| Differences::new(&self.dc[i]));
        let skips = [0, 1].map(|i| Skips::new(&self.ac[i]));
        let tables = [0, 1].map(|i| [Table::dc(&self.dc[i]), Table::ac(&self.ac[i], &skips[i])]);
        let states: Vec<_> = classes.iter().flat_map(|&class| &tables[class]).collect();
        let mcu = |bits: &mut Bits<'_>| {
            let block = |&class: &usize| {
                let begin = bits.consumed_bits() as u32;
                differences[class].next(bits);
                bits.corrupt = false;
                skips[class].pass(bits, 1);
                begin | if bits.corrupt { CORRUPT } else { 0 }
            };
            classes.iter().map(block).collect()
        };
        check(Machine::new(&states), &mcu);
    }
}

/// The tables of the blocks of an MCU: 4:2:0, luma's and chroma's.
pub(super) const SUBSAMPLED: [usize; 6] = [0, 0, 0, 0, 1, 1];

/// Random bytes, the same for each seed; 0xFF does not occur.
pub(super) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut dice = seed;
    let mut roll = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((dice >> 33) % 255) as u8
    };
    (0..bytes).map(|_| roll()).collect()
}

pub(super) fn filled(data: &[u8]) -> (Feed, Input<&[u8]>) {
    let mut feed = Feed::new();
    feed.hold_more();
    let mut input = Input::new(data);
    // Twice, because the first time brings no more than the window in front.
    feed.advance(&mut input, 0).unwrap();
    feed.advance(&mut input, 0).unwrap();
    (feed, input)
}
