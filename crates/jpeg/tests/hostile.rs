//! Damaged and hostile files: no panic, no more memory than planned, bounded work, and as much image as there is.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod planes;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jpeg::{Coding, Decoder, Error, Outcome, Rows, Scale, Sink, Warning, beside_bytes, plan, read_header};
use peak_alloc::PeakAlloc;
use planes::{Planes, SCALES, decode, fixture, fixtures};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Tests of this file run one at a time, because the heap is everyone's.
static ALONE: Mutex<()> = Mutex::new(());

/// A sink that allocates nothing and only counts rows.
#[derive(Default)]
struct Count([usize; 4]);

impl Sink for Count {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        self.0[component] += rows.height_samples();
    }
}

/// Decodes while watching the heap. The peak, the planned peak, and what came of it; `None` if the header is no use.
fn watch(jpeg: &[u8], scale: Scale) -> Option<(usize, usize, Result<Outcome, Error>)> {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let decoder = Decoder::new(jpeg).ok()?;
    let scales = [scale; 4];
    let scales = &scales[..decoder.header().components.len()];
    let plan = plan(decoder.header(), scales).unwrap();
    if plan.peak_bytes > 64 << 20 {
        return None; // The engine's budget would have refused it.
    }
    let mut count = Count::default();
    let outcome = decoder.decode(scales, &mut count);
    if outcome.is_ok() {
        let delivered = count.0[..scales.len()].iter();
        let planned = plan.components.iter().map(|component| &component.height_samples);
        assert!(delivered.eq(planned), "rows are missing");
    }
    Some((HEAP.peak_usage() - before, plan.peak_bytes as usize, outcome))
}

/// A linear congruential generator: the same files in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }
}

fn mutate(jpeg: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(jpeg.len());
        match dice.roll(7) {
            0 => jpeg[at] ^= 1 << dice.roll(8),
            1 => jpeg[at] = dice.roll(256) as u8,
            2 => jpeg[at] = 0xFF,
            3 => jpeg.truncate(at.max(4)),
            4 => drop(jpeg.drain(at..(at + 1 + dice.roll(16)).min(jpeg.len()))),
            5 => jpeg.insert(at, [0xFF, 0xD0, 0xD9, 0xC4, 0xDA, 0x00][dice.roll(6)]),
            _ => {
                let copy = jpeg[at..(at + 64).min(jpeg.len())].to_vec();
                let to = dice.roll(jpeg.len());
                jpeg.splice(to..to, copy);
            }
        }
        if jpeg.len() < 4 {
            return;
        }
    }
}

#[test]
fn mutated_files_cost_no_more_than_planned() {
    let _alone = ALONE.lock();
    let mut dice = Dice(1);
    let fixtures = fixtures();
    let (mut decoded, mut damaged, mut refused) = (0, 0, 0);
    // `MUTATIONS=200000` tries as many.
    let files = std::env::var("MUTATIONS").map_or(12_000, |files| files.parse().unwrap());
    for round in 0..files {
        let fixture = &fixtures[round % fixtures.len()];
        let mut jpeg = fixture.jpeg.clone();
        mutate(&mut jpeg, &mut dice);
        let start = Instant::now();
        for scale in SCALES {
            match watch(&jpeg, scale) {
                Some((peak, planned, outcome)) => {
                    assert!(peak <= planned, "{} round {round}: {peak} bytes, planned {planned}", fixture.name);
                    match outcome {
                        Ok(Outcome { warning: None, .. }) => decoded += 1,
                        Ok(_) => damaged += 1,
                        Err(_) => refused += 1,
                    }
                }
                None => refused += 1,
            }
        }
        // Generous, for machines under load; a file takes well under a millisecond.
        assert!(start.elapsed() < Duration::from_secs(5), "{} round {round}", fixture.name);
    }
    assert!(decoded > 1000 && damaged > 1000 && refused > 1000, "{decoded} {damaged} {refused}");
}

#[test]
fn a_file_may_end_at_any_byte() {
    let _alone = ALONE.lock();
    for name in ["restart_3B", "progressive", "scans_apart"] {
        let whole = fixture(name).jpeg;
        for scale in SCALES {
            let want = decode(&whole, scale).unwrap().0;
            let mut rows_before = 0;
            for end in 0..whole.len() {
                match decode(&whole[..end], scale) {
                    Ok((planes, outcome)) => {
                        assert!(outcome.rows_decoded_px >= rows_before, "more bytes, fewer rows");
                        assert!(outcome.rows_decoded_px >= outcome.rows_px / 2);
                        rows_before = outcome.rows_decoded_px;
                        let sizes =
                            |planes: &Planes| planes.0.iter().map(|plane| plane.samples.len()).collect::<Vec<_>>();
                        assert_eq!(sizes(&planes), sizes(&want), "{name} to {end}");
                        if outcome.warning.is_none() && scale == Scale::Eighth {
                            assert_eq!(planes, want, "{name} to {end}");
                        }
                    }
                    Err(Error::TooDamaged { rows_decoded_px, rows_px, .. }) => assert!(rows_decoded_px <= rows_px / 2),
                    Err(Error::HeaderTruncated { .. }) => {}
                    Err(error) => panic!("{name} to {end}: {error}"),
                }
            }
            assert!(rows_before > 0);
        }
    }
}

#[test]
fn rows_before_the_end_are_whole_and_the_rest_is_grey() {
    let _alone = ALONE.lock();
    let whole = fixture("sampling_1x1").jpeg;
    let want = decode(&whole, Scale::Eighth).unwrap().0;
    let (got, outcome) = decode(&whole[..whole.len() * 4 / 5], Scale::Eighth).unwrap();
    assert_eq!(outcome.warning, Some(Warning::Truncated));
    for (got, want) in got.0.iter().zip(&want.0) {
        let rows = outcome.rows_decoded_px as usize / 8;
        assert!(rows >= 4);
        assert_eq!(got.samples[..rows * got.width], want.samples[..rows * got.width]);
        assert!(got.samples[(rows + 2) * got.width..].iter().all(|&sample| sample == 128));
    }
}

/// Offsets of the restart markers.
fn restart_markers(jpeg: &[u8]) -> Vec<usize> {
    (0..jpeg.len() - 1).filter(|&at| jpeg[at] == 0xFF && (0xD0..=0xD7).contains(&jpeg[at + 1])).collect()
}

#[test]
fn a_lost_restart_interval_costs_no_more_than_itself() {
    let _alone = ALONE.lock();
    let whole = fixture("restart_3B").jpeg; // 6 x 4 MCUs of 16 x 16: 8 intervals of half a row.
    let want = decode(&whole, Scale::Eighth).unwrap().0;
    let markers = restart_markers(&whole);
    assert_eq!(markers.len(), 7);
    for lost in 0..6 {
        let mut jpeg = whole.clone();
        jpeg.drain(markers[lost]..markers[lost + 1]);
        let (got, outcome) = decode(&jpeg, Scale::Eighth).unwrap();
        assert_eq!(outcome.warning, Some(Warning::BadRestart));
        for y in 0..8 {
            for x in 0..11 {
                let interval = y / 2 * 2 + x / 6;
                let got = got.0[0].samples[y * 11 + x];
                let want = if interval == lost + 1 { 128 } else { want.0[0].samples[y * 11 + x] };
                assert_eq!(got, want, "interval {lost} lost, sample {x},{y}");
            }
        }
    }
}

#[test]
fn damage_between_scans_leaves_what_came_before() {
    let _alone = ALONE.lock();
    for (name, scale) in [("scans_apart_optimised", Scale::Eighth), ("progressive", Scale::Half)] {
        let mut jpeg = fixture(name).jpeg;
        let first_scan = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
        let table = jpeg[first_scan..].windows(2).position(|marker| marker == [0xFF, 0xC4]).unwrap();
        jpeg[first_scan + table + 4] = 0x7F;
        let (_, outcome) = decode(&jpeg, scale).unwrap();
        assert_eq!(outcome.warning, Some(Warning::BadSegment), "{name}");
    }
}

#[test]
fn work_is_bounded_by_the_data() {
    let _alone = ALONE.lock();
    // 65,535 pixels a side, and nothing behind the scan header.
    let mut jpeg = fixture("sampling_2x2").jpeg;
    let sof = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    jpeg[sof + 5..sof + 9].fill(0xFF);
    let start = Instant::now();
    assert!(matches!(decode(&jpeg, Scale::Eighth), Err(Error::TooDamaged { .. })));
    assert!(start.elapsed() < Duration::from_secs(1));

    // A thousand refinement scans, a few bytes each.
    let whole = fixture("progressive").jpeg;
    let scan = whole.windows(2).rposition(|marker| marker == [0xFF, 0xDA]).unwrap();
    let mut jpeg = whole.clone();
    jpeg.truncate(whole.len() - 2);
    let repeated = whole[scan..scan + 14].repeat(1000);
    jpeg.splice(scan..scan, repeated);
    let start = Instant::now();
    let (_, outcome) = decode(&jpeg, Scale::Half).unwrap();
    assert!(outcome.warning.is_some());
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn every_refusal_has_a_name() {
    let _alone = ALONE.lock();
    let good = fixture("sampling_2x2").jpeg;
    let sof = good.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let sos = good.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    let refusal = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut jpeg = good.clone();
        edit(&mut jpeg);
        decode(&jpeg, Scale::Quarter).expect_err("refused").to_string()
    };
    type Edit<'a> = &'a dyn Fn(&mut Vec<u8>);
    let cases: [(Edit<'_>, &str); 16] = [
        (&|jpeg| jpeg[0] = b'P', "not a JPEG: it begins with [50, d8] instead of ffd8"),
        (&|jpeg| jpeg.truncate(sof), "the JPEG header is cut off after"),
        (&|jpeg| jpeg[sof + 1] = 0xC9, "arithmetic-coded JPEG with 8 bits per sample (83x61) is not decoded here"),
        (&|jpeg| jpeg[sof + 1] = 0xC3, "lossless JPEG with 8 bits"),
        (&|jpeg| jpeg[sof + 1] = 0xC5, "hierarchical JPEG with 8 bits"),
        (&|jpeg| jpeg[sof + 4] = 12, "baseline JPEG with 12 bits"),
        (&|jpeg| jpeg[sof + 5..sof + 7].fill(0), "the JPEG has no area: 83x0"),
        (&|jpeg| jpeg[sof + 9] = 5, "5 components where 1 to 4 are decoded"),
        (&|jpeg| jpeg[sof + 11] = 0x52, "bad SOF segment: sampling factor is not 1 to 4"),
        (&|jpeg| jpeg[sof + 12] = 9, "bad SOF segment: quantisation table number above 3"),
        (&|jpeg| jpeg[sof + 12] = 3, "component 0 uses quantisation table 3, which is not defined"),
        (&|jpeg| jpeg[sos + 5] = 77, "bad SOS segment: unknown component"),
        (&|jpeg| jpeg[sos + 7] = jpeg[sos + 5], "bad SOS segment: a component twice"),
        (&|jpeg| jpeg[sos + 6] = 0x30, "component 0 uses DC Huffman table 3, which is not defined"),
        (&|jpeg| jpeg[sos + 6] = 0x03, "component 0 uses AC Huffman table 3, which is not defined"),
        (&|jpeg| jpeg[sof + 11] = 0x44, "bad SOS segment: more than 10 blocks in an MCU"),
    ];
    for (edit, want) in cases {
        let got = refusal(edit);
        assert!(got.starts_with(want), "{got}\n  instead of\n{want}");
    }
    let mut arithmetic = good.clone();
    arithmetic[sof + 1] = 0xC9;
    assert_eq!(read_header(&arithmetic[..]).unwrap().coding, Coding::Arithmetic);
}

#[test]
fn the_planned_memory_is_the_real_memory() {
    let _alone = ALONE.lock();
    // What is there of these large files is their beginning: enough to make every allocation.
    let cases = [
        ("sampling_2x2", 8000, 6000),
        ("sampling_1x1", 4000, 3000),
        ("grey", 3000, 3000),
        ("progressive", 4000, 3000),
        ("restart_1", 12000, 9000),
    ];
    for (name, width, height) in cases {
        let mut jpeg = fixture(name).jpeg;
        let sof = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0] || marker == [0xFF, 0xC2]).unwrap();
        jpeg[sof + 5..sof + 7].copy_from_slice(&u16::to_be_bytes(height));
        jpeg[sof + 7..sof + 9].copy_from_slice(&u16::to_be_bytes(width));
        for scale in SCALES {
            let before = HEAP.current_usage();
            HEAP.reset_peak_usage();
            let decoder = Decoder::new(&jpeg[..]).unwrap();
            let scales = vec![scale; decoder.header().components.len()];
            let planned = plan(decoder.header(), &scales).unwrap().peak_bytes as usize;
            let _ = decoder.decode(&scales, &mut Count::default());
            let peak = HEAP.peak_usage() - before;
            assert!(peak <= planned && planned <= peak * 3 / 2, "{name} {scale:?}: {peak} bytes, planned {planned}");
            let before = HEAP.current_usage();
            HEAP.reset_peak_usage();
            let decoder = Decoder::new(&jpeg[..]).unwrap();
            let planned = planned + beside_bytes(decoder.header(), &scales) as usize;
            let _ = decoder.beside().decode(&scales, &mut Count::default());
            let peak = HEAP.peak_usage() - before;
            assert!(peak <= planned, "{name} {scale:?}, two threads: {peak} bytes, planned {planned}");
        }
    }
}
