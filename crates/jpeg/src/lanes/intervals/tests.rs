use super::super::rest::REST;
use super::super::scans::{Codes, SUBSAMPLED, filled, noise};
use super::{CORRUPT, Intervals};
use std::io::Read;

use crate::bits::{Bits, Position};
use crate::standard::{AC, DC};
use crate::{Decoder, Rows, Scale, Sink};

/// Intervals of `mcus` random MCUs each, and a marker behind each; `spoil` changes the bytes of one.
fn scan(
    mcu: &dyn Fn(&mut Bits<'_>) -> Vec<u32>,
    mcus: usize,
    intervals: usize,
    spoil: impl Fn(usize, &mut Vec<u8>),
) -> Vec<u8> {
    let mut scan = Vec::new();
    for interval in 0..intervals {
        let data = noise(interval as u64, 60_000);
        let (feed, _) = filled(&data);
        let mut bits = Bits::resume(feed.data(), Position::at(0));
        for _ in 0..mcus {
            mcu(&mut bits);
        }
        let end = bits.consumed_bits();
        let mut bytes = data[..end.div_ceil(8)].to_vec();
        if !end.is_multiple_of(8) {
            *bytes.last_mut().unwrap() |= 0xFF >> (end % 8);
        }
        spoil(interval, &mut bytes);
        for byte in bytes {
            scan.extend_from_slice(if byte == 0xFF { &[0xFF, 0] } else { std::slice::from_ref(&byte) });
        }
        scan.extend([0xFF, 0xD0 + (interval % 8) as u8]);
    }
    scan
}

/// Takes the blocks of a scan's intervals, `at_once` MCUs at the most at a time; returns those that were found, each
/// interval's begin subtracted, and how many intervals were not.
fn take(lanes: &mut Intervals<'_>, scan: &[u8], mcus: usize, at_once: usize) -> (Vec<Vec<u32>>, usize) {
    let (mut feed, mut input) = filled(scan);
    let (mut found, mut missed, mut at) = (Vec::new(), 0, 0);
    loop {
        if feed.next_mark().is_none() {
            if feed.end().is_some() {
                return (found, missed);
            }
            feed.advance(&mut input, at / 8).unwrap();
            at = 0;
            continue;
        }
        let (begin, mut left, mut blocks) = (at, mcus, Vec::new());
        while left > 0 {
            let (begins, end) = lanes.take(&feed, at, at_once.min(left), left);
            if begins.is_empty() {
                break;
            }
            blocks.extend(begins.iter().map(|found| found - begin as u32));
            left -= begins.len() / 6;
            at = end;
        }
        assert!(left == 0 || left == mcus, "half of an interval");
        let mark = feed.take_mark().unwrap();
        if left == 0 {
            assert_eq!(at, mark.at * 8);
            found.push(blocks);
        } else {
            missed += 1;
        }
        at = mark.at * 8;
    }
}

/// The blocks of the intervals of [`scan`], one by one.
fn expected(mcu: &dyn Fn(&mut Bits<'_>) -> Vec<u32>, mcus: usize, intervals: usize) -> Vec<Vec<u32>> {
    let interval = |seed: usize| {
        let data = noise(seed as u64, 60_000);
        let (feed, _) = filled(&data);
        let mut bits = Bits::resume(feed.data(), Position::at(0));
        (0..mcus).flat_map(|_| mcu(&mut bits)).collect()
    };
    (0..intervals).map(interval).collect()
}

/// Small intervals, of which a lane has several at once, and such as it must be emptied in the middle of.
#[test]
fn blocks_begin_where_one_by_one_they_begin() {
    let codes = Codes::new();
    for (mcus, intervals, at_once) in [(2, 2000, 1), (4, 900, 3), (33, 120, 33), (200, 24, 70)] {
        codes.with_machine(SUBSAMPLED, |machine, mcu| {
            let (found, missed) =
                take(&mut Intervals::new(machine, mcus), &scan(mcu, mcus, intervals, |_, _| {}), mcus, at_once);
            let expected = expected(mcu, mcus, intervals);
            // At the end too little is at hand.
            assert!(missed * 4 < intervals, "{missed} of {intervals} with {mcus} MCUs");
            let mut all = expected.iter();
            assert!(found.iter().all(|blocks| all.any(|other| other == blocks)), "{mcus} MCUs");
            assert!(found.iter().flatten().any(|begin| begin & CORRUPT != 0));
        });
    }
}

#[test]
fn intervals_behind_one_that_does_not_end_at_its_marker_are_left_to_others_and_then_lanes_rest() {
    let codes = Codes::new();
    for spoil in [|bytes: &mut Vec<u8>| bytes.push(0x55), |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2)] {
        codes.with_machine(SUBSAMPLED, |machine, mcu| {
            let mut lanes = Intervals::new(machine, 4);
            let spoilt = |interval, bytes: &mut Vec<u8>| {
                if interval % 40 == 39 {
                    spoil(bytes);
                }
            };
            let (found, missed) = take(&mut lanes, &scan(mcu, 4, 900, spoilt), 4, 4);
            let expected = expected(mcu, 4, 900);
            assert_eq!(found[..39], expected[..39]);
            assert!(
                found.iter().all(|blocks| expected.iter().enumerate().any(|(i, other)| i % 40 < 39 && other == blocks))
            );
            assert!(missed > 400 && lanes.rest.next > REST.0, "{missed}");
        });
    }
}

#[test]
fn nothing_is_found_without_three_markers_or_in_an_interval_that_is_too_long() {
    let codes = Codes::new();
    codes.with_machine(SUBSAMPLED, |machine, mcu| {
        let scan = scan(mcu, 100, 2, |_, _| {});
        assert_eq!(take(&mut Intervals::new(machine, 100), &scan, 100, 100), (Vec::new(), 2));
    });
    for mcus in [1366, 1 << 40, usize::MAX] {
        codes.with_machine(SUBSAMPLED, |machine, _| {
            let (feed, _) = filled(&noise(1, 60_000));
            assert!(Intervals::new(machine, mcus).take(&feed, 0, 1, mcus).0.is_empty(), "{mcus}");
        });
    }
}

const COLUMNS: usize = 100;
const ROWS: usize = 75;

/// A JPEG of 4:2:0 with these codes and intervals.
fn file(scan: &[u8], mcus: usize) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    let mut segment = |marker: u8, body: &[u8]| {
        file.extend([0xFF, marker]);
        file.extend((body.len() as u16 + 2).to_be_bytes());
        file.extend_from_slice(body);
    };
    segment(0xDB, &[&[0][..], &[1; 64]].concat());
    let [height, width] = [ROWS * 16, COLUMNS * 16].map(|side| (side as u16).to_be_bytes());
    let components = [3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
    segment(0xC0, &[&[8][..], &height, &width, &components].concat());
    for (class, tables) in [(0, DC), (0x10, AC)] {
        for (index, (counts, symbols)) in (0..).zip(tables) {
            segment(0xC4, &[&[class | index][..], &counts[..], symbols].concat());
        }
    }
    segment(0xDD, &(mcus as u16).to_be_bytes());
    segment(0xDA, &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
    file.extend_from_slice(scan);
    file.extend([0xFF, 0xD9]);
    file
}

/// So little at a time that there is never enough at hand for lanes.
struct Dribble<'d>(&'d [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(500);
        self.0.read(&mut into[..most])
    }
}

#[derive(Default, PartialEq)]
struct Samples([Vec<u8>; 3]);

impl Sink for Samples {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        rows.iter().for_each(|row| self.0[component].extend_from_slice(row));
    }
}

fn decode(source: impl Read, scales: [Scale; 3]) -> (Samples, String) {
    let mut samples = Samples::default();
    let outcome = Decoder::new(source).unwrap().decode(&scales, &mut samples);
    let told = outcome.map(|outcome| (outcome.warning, outcome.rows_decoded_px));
    (samples, format!("{told:?}"))
}

/// Intervals shorter and longer than a row, whole and damaged.
#[test]
fn files_come_out_as_they_do_mcu_by_mcu() {
    let codes = Codes::new();
    type Spoil = fn(&mut Vec<u8>);
    let spoilers: [(&str, Spoil); 6] = [
        ("nothing", |_| {}),
        ("a byte more", |bytes| bytes.push(0x55)),
        ("half an interval", |bytes| bytes.truncate(bytes.len() / 2)),
        ("an empty interval", Vec::clear),
        ("a changed byte", |bytes| bytes[0] ^= 0x40),
        ("ones", |bytes| bytes.fill(0xFE)),
    ];
    for mcus in [3, 4, 37, 100, 250] {
        for (what, spoil) in spoilers {
            codes.with_machine(SUBSAMPLED, |_, mcu| {
                let intervals = (COLUMNS * ROWS).div_ceil(mcus);
                let spoilt = |interval, bytes: &mut Vec<u8>| {
                    if interval * mcus % 2500 < mcus {
                        spoil(bytes);
                    }
                };
                let mut file = file(&scan(mcu, mcus, intervals, spoilt), mcus);
                for scales in [[Scale::Eighth; 3], [Scale::Eighth, Scale::Quarter, Scale::Quarter]] {
                    let (got, want) = (decode(&file[..], scales), decode(Dribble(&file), scales));
                    assert_eq!(got.1, want.1, "{mcus} MCUs, {what}");
                    assert!(got.0 == want.0, "{mcus} MCUs, {what}: other samples");
                }
                // Markers with a wrong number, and one that is missing.
                for at in [file.len() / 3, file.len() / 2] {
                    let marker = at + file[at..].windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0).unwrap();
                    file[marker + 1] = if at.is_multiple_of(2) { 0 } else { 0xD0 + (file[marker + 1] + 3) % 8 };
                }
                let (got, want) = (decode(&file[..], [Scale::Eighth; 3]), decode(Dribble(&file), [Scale::Eighth; 3]));
                assert_eq!(got.1, want.1, "{mcus} MCUs, markers");
                assert!(got.0 == want.0, "{mcus} MCUs, markers: other samples");
            });
        }
    }
}
