//! Large files, of which several positions are decoded at once, against the same files decoded MCU by MCU.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod planes;

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use jpeg::{Decoder, Error, Outcome, Picture, PlaneRef, Rows, Scale, Sink, encode};
use planes::Planes;

/// So little at a time that there is never enough at hand to decode several positions.
const DRIBBLE_BYTES: usize = 500;

/// A source that gives `bytes` at a time and counts them.
struct Dribble<'d> {
    data: &'d [u8],
    bytes: usize,
    given: &'d AtomicUsize,
}

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(self.bytes);
        let count = self.data.read(&mut into[..most])?;
        self.given.fetch_add(count, Relaxed);
        Ok(count)
    }
}

fn decode(jpeg: &[u8], scales: &[Scale], bytes: usize) -> Result<(Planes, Outcome), Error> {
    let given = AtomicUsize::new(0);
    let decoder = Decoder::new(Dribble { data: jpeg, bytes, given: &given })?;
    let scales = &scales[..decoder.header().components.len()];
    let mut planes = Planes::default();
    let outcome = decoder.decode(scales, &mut planes)?;
    Ok((planes, outcome))
}

/// Asserts that both ways make the same of a file; returns whether it came without a warning.
#[track_caller]
fn check(jpeg: &[u8], what: &str) -> bool {
    let mut is_whole = true;
    for scales in [[Scale::Eighth; 3], [Scale::Eighth, Scale::Quarter, Scale::Quarter]] {
        match (decode(jpeg, &scales, usize::MAX), decode(jpeg, &scales, DRIBBLE_BYTES)) {
            (Ok((planes, outcome)), Ok((want, wanted))) => {
                assert_eq!(
                    (outcome.warning, outcome.rows_decoded_px),
                    (wanted.warning, wanted.rows_decoded_px),
                    "{what}"
                );
                assert!(planes == want, "{what}: other samples");
                is_whole &= outcome.warning.is_none();
            }
            (got, want) => {
                assert_eq!(
                    got.map(drop).map_err(|e| e.to_string()),
                    want.map(drop).map_err(|e| e.to_string()),
                    "{what}"
                );
                is_whole = false;
            }
        }
    }
    is_whole
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }
}

const WIDTH_PX: usize = 1600;
const HEIGHT_PX: usize = 1200;

/// A picture with grain of up to `grain`, more of it towards the right, and chroma subsampled by these factors.
fn picture(grain: usize, (across, down): (usize, usize), quality: u8) -> Vec<u8> {
    let mut dice = Dice(7);
    let mut plane = |width: usize, height: usize, grain: usize| -> Vec<u8> {
        let sample = |at: usize| {
            let (x, y) = (at % width, at / width);
            let slope = 60 + (x / 16 + y / 9) % 100;
            (slope + dice.roll(1 + grain * x / width)) as u8
        };
        (0..width * height).map(sample).collect()
    };
    let (width, height) = (WIDTH_PX.div_ceil(across), HEIGHT_PX.div_ceil(down));
    let planes = [plane(WIDTH_PX, HEIGHT_PX, grain), plane(width, height, grain / 4), plane(width, height, grain / 4)];
    let [y, cb, cr] = [0, 1, 2].map(|i| {
        let (width_px, height_px) = if i == 0 { (WIDTH_PX, HEIGHT_PX) } else { (width, height) };
        PlaneRef { samples: &planes[i], width_px, height_px, stride: width_px }
    });
    encode(&Picture::YCbCr { y, cb, cr }, quality).unwrap()
}

#[test]
fn whole_files_come_out_the_same_and_without_a_warning() {
    for subsampling in [(1, 1), (2, 1), (1, 2), (2, 2)] {
        for (grain, quality) in [(40, 85), (0, 80), (90, 98)] {
            assert!(check(&picture(grain, subsampling, quality), &format!("{subsampling:?} {grain} {quality}")));
        }
    }
}

#[test]
fn damaged_files_come_out_the_same() {
    let whole = picture(40, (2, 2), 85);
    let mut dice = Dice(3);
    let mut damaged = 0;
    for round in 0..80 {
        let mut jpeg = whole.clone();
        // Behind the header, which is not what this is about.
        let at = 1000 + dice.roll(jpeg.len() - 1000);
        match round % 5 {
            0 => jpeg[at] ^= 1 << dice.roll(8),
            1 => jpeg[at..(at + 2000).min(whole.len())].fill(0xFE),
            2 => drop(jpeg.drain(at..(at + 1 + dice.roll(999)).min(whole.len()))),
            3 => drop(jpeg.splice(at..at, [0xFF, [0xD3, 0xD9, 0xC4][dice.roll(3)]])),
            _ => jpeg.truncate(at),
        }
        damaged += usize::from(!check(&jpeg, &format!("round {round} at {at}")));
    }
    assert!(damaged > 40, "{damaged}");
}

#[test]
fn the_first_rows_do_not_wait_for_the_last_bytes() {
    struct First<'d> {
        given: &'d AtomicUsize,
        at: Option<usize>,
    }
    impl Sink for First<'_> {
        fn rows(&mut self, _component: usize, _rows: Rows<'_>) {
            self.at.get_or_insert(self.given.load(Relaxed));
        }
    }
    let jpeg = picture(90, (2, 2), 98);
    let given = AtomicUsize::new(0);
    let mut first = First { given: &given, at: None };
    let decoder = Decoder::new(Dribble { data: &jpeg, bytes: usize::MAX, given: &given }).unwrap();
    decoder.decode(&[Scale::Eighth; 3], &mut first).unwrap();
    // The window in front, and the buffer behind it.
    assert!(first.at.unwrap() <= 3 * 64 * 1024 && jpeg.len() > 1_000_000, "{:?} of {}", first.at, jpeg.len());
}
