use super::super::rest::REST;
use super::super::scans::{Codes, SUBSAMPLED, filled, noise};
use super::{Anywhere, CORRUPT, LANES};
use crate::bits::{Bits, Position};
use crate::feed::Feed;

/// Random bits are rubbish of every kind: codes that do not exist, and coefficients behind the last.
#[test]
fn blocks_begin_where_one_by_one_they_begin_and_rubbish_in_front_of_them_is_forgotten() {
    let codes = Codes::new();
    let (mut joined, mut corrupt, mut rubbish) = (0, 0, 0);
    for seed in 0..20 {
        let data = noise(seed, 200_000);
        let (feed, _) = filled(&data);
        codes.with_machine(SUBSAMPLED, |machine, mcu| {
            let mut lanes = Anywhere::new(machine);
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
    codes.with_machine([0; 6], |machine, _| {
        let mut lanes = Anywhere::new(machine);
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
        assert_eq!(lanes.rest.next, REST.1);
    });
}

#[test]
fn nothing_is_looked_for_where_a_marker_or_the_end_is_in_sight() {
    let codes = Codes::new();
    let data = noise(1, 60_000);
    let marked = [&data[..30_000], &[0xFF, 0xD3], &data[..], &data[..]].concat();
    let is_tried = |feed: &Feed| {
        let mut tried = false;
        codes.with_machine(SUBSAMPLED, |machine, _| {
            let mut lanes = Anywhere::new(machine);
            tried = !lanes.take(feed, 0, 1).0.is_empty();
        });
        tried
    };
    assert!(is_tried(&filled(&[&data[..], &data[..]].concat()).0));
    assert!(!is_tried(&filled(&[&data[..], &[0xFF, 0xD9]].concat()).0), "the end");
    assert!(!is_tried(&filled(&marked).0), "a restart marker");
}
