use super::{CORRUPT, LANES, Lanes, REST, Table};
use crate::bits::{Bits, Position};
use crate::feed::Feed;
use crate::huffman::Huffman;
use crate::input::Input;
use crate::lookup::{Differences, Skips};
use crate::standard::{AC, DC};

/// The tables of T.81 K.3, luma's and chroma's.
struct Codes {
    dc: [Huffman; 2],
    ac: [Huffman; 2],
}

impl Codes {
    fn new() -> Self {
        let table = |(counts, symbols)| Huffman::new(counts, symbols).unwrap();
        Self { dc: DC.map(table), ac: AC.map(table) }
    }

    /// Calls `check` with the lanes of a scan, whose MCU has blocks of these tables, and what finds the blocks of an MCU one by one.
    fn with_lanes(&self, classes: [usize; 6], check: impl FnOnce(&mut Lanes<'_>, &dyn Fn(&mut Bits<'_>) -> Vec<u32>)) {
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
        check(&mut Lanes::new(&states), &mcu);
    }
}

/// The tables of the blocks of an MCU: 4:2:0, luma's and chroma's.
const SUBSAMPLED: [usize; 6] = [0, 0, 0, 0, 1, 1];

/// Random bytes, the same for each seed; 0xFF does not occur.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut dice = seed;
    let mut roll = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((dice >> 33) % 255) as u8
    };
    (0..bytes).map(|_| roll()).collect()
}

fn filled(data: &[u8]) -> (Feed, Input<&[u8]>) {
    let mut feed = Feed::new();
    feed.hold_more();
    let mut input = Input::new(data);
    // Twice, because the first time brings no more than the window in front.
    feed.advance(&mut input, 0).unwrap();
    feed.advance(&mut input, 0).unwrap();
    (feed, input)
}

/// Random bits are rubbish of every kind: codes that do not exist, and coefficients behind the last.
#[test]
fn blocks_begin_where_one_by_one_they_begin_and_rubbish_in_front_of_them_is_forgotten() {
    let codes = Codes::new();
    let (mut joined, mut corrupt, mut rubbish) = (0, 0, 0);
    for seed in 0..20 {
        let data = noise(seed, 200_000);
        let (feed, _) = filled(&data);
        codes.with_lanes(SUBSAMPLED, |lanes, mcu| {
            let mut bits = Bits::resume(feed.data(), Position::at(0));
            loop {
                let (begins, end) = lanes.take(&feed, bits.consumed_bits(), 7);
                if begins.is_empty() {
                    break;
                }
                for found in begins.chunks_exact(6) {
                    assert_eq!(found, mcu(&mut bits), "seed {seed}");
                    corrupt += found.iter().filter(|&begin| begin & CORRUPT != 0).count();
                }
                assert_eq!(end, bits.consumed_bits());
                if lanes.lane == 0 {
                    let dropped = (1..LANES).flat_map(|i| &lanes.found[i][..lanes.next[i]]);
                    rubbish += dropped.filter(|&begin| begin & CORRUPT != 0).count();
                }
            }
            joined += usize::from(bits.consumed_bits() > 12_000 * 8);
        });
    }
    assert!(joined > 10 && corrupt > 1000 && rubbish > 10, "{joined} {corrupt} {rubbish}");
}

/// Where luma and chroma have the same tables, a lane mostly takes other blocks for the first of an MCU for ever.
#[test]
fn lanes_that_do_not_fall_in_step_rest_longer_and_longer() {
    let data = noise(1, 2_000_000);
    let codes = Codes::new();
    codes.with_lanes([0; 6], |lanes, _| {
        let (mut feed, mut input) = filled(&data);
        let mut tried = Vec::new();
        for buffer in 0..25 {
            let mut at = 0;
            while let (begins @ [_, ..], end) = lanes.take(&feed, at, 50) {
                assert_eq!(begins.len() % 6, 0);
                at = end;
            }
            if at > 0 {
                tried.push(buffer);
            }
            feed.advance(&mut input, 60_000).unwrap();
        }
        assert_eq!(tried, [0, REST.0, REST.0 + 4 * REST.0]);
        assert_eq!(lanes.rest, REST.1);
    });
}

#[test]
fn nothing_is_looked_for_where_a_marker_or_the_end_is_in_sight_or_little_is_at_hand() {
    let codes = Codes::new();
    let data = noise(1, 60_000);
    let marked = [&data[..30_000], &[0xFF, 0xD3], &data[..], &data[..]].concat();
    let is_tried = |feed: &Feed| {
        let mut tried = false;
        codes.with_lanes(SUBSAMPLED, |lanes, _| {
            tried = !lanes.take(feed, 0, 1).0.is_empty();
        });
        tried
    };
    assert!(is_tried(&filled(&[&data[..], &data[..]].concat()).0));
    assert!(!is_tried(&filled(&[&data[..], &[0xFF, 0xD9]].concat()).0), "the end");
    assert!(!is_tried(&filled(&marked).0), "a restart marker");
    struct Slow<'d>(&'d [u8]);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let most = into.len().min(500);
            self.0.read(&mut into[..most])
        }
    }
    let mut feed = Feed::new();
    feed.hold_more();
    feed.advance(&mut Input::new(Slow(&data)), 0).unwrap();
    assert!(!is_tried(&feed), "a slow source");
}
