//! Files that break the standard in ways that other decoders bear, and damage that leaves valid codes.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod planes;

use jpeg::{ColourModel, Scale, Warning, read_header};
use planes::{SCALES, decode, fixture, fixtures};

/// The offsets of each segment with this marker, up to the first scan, and its length with the marker.
fn segments(jpeg: &[u8], marker: u8) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 2;
    while jpeg[at + 1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] == marker {
            found.push((at, length));
        }
        at += length;
    }
    found
}

fn without(jpeg: &[u8], marker: u8) -> Vec<u8> {
    let mut jpeg = jpeg.to_vec();
    for (at, length) in segments(&jpeg, marker).into_iter().rev() {
        jpeg.drain(at..at + length);
    }
    jpeg
}

#[test]
fn without_huffman_tables_the_standards_are_taken() {
    // cjpeg codes with those tables unless it is told to optimise.
    let whole = fixture("sampling_2x2").jpeg;
    let bare = without(&whole, 0xC4);
    assert!(bare.len() + 400 < whole.len());
    assert!(read_header(&whole[..]).unwrap().brings_huffman && !read_header(&bare[..]).unwrap().brings_huffman);
    for scale in SCALES {
        assert_eq!(decode(&bare, scale).unwrap().0, decode(&whole, scale).unwrap().0, "{scale:?}");
    }
}

#[test]
fn one_lost_huffman_table_is_not_replaced() {
    let mut jpeg = fixture("sampling_2x2").jpeg;
    let (at, length) = segments(&jpeg, 0xC4)[0];
    jpeg.drain(at..at + length);
    let refusal = decode(&jpeg, Scale::Eighth).unwrap_err().to_string();
    assert!(refusal.ends_with("which is not defined"), "{refusal}");
}

#[test]
fn progressive_files_must_bring_their_tables() {
    let jpeg = without(&fixture("progressive").jpeg, 0xC4);
    assert!(decode(&jpeg, Scale::Eighth).unwrap_err().to_string().ends_with("which is not defined"));
}

#[test]
fn components_of_one_identifier_are_taken_in_their_order() {
    let whole = fixture("sampling_2x2").jpeg;
    let mut jpeg = without(&whole, 0xE0);
    let sof = segments(&jpeg, 0xC0)[0].0;
    let sos = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    for component in 0..3 {
        jpeg[sof + 10 + 3 * component] = 1;
        jpeg[sos + 5 + 2 * component] = 1;
    }
    assert_eq!(read_header(&jpeg[..]).unwrap().colour_model, ColourModel::YCbCr);
    for scale in SCALES {
        let (planes, outcome) = decode(&jpeg, scale).unwrap();
        assert_eq!((planes, outcome.warning), (decode(&whole, scale).unwrap().0, None));
    }
}

#[test]
fn a_profile_behind_the_frame_header_or_sent_twice_is_used() {
    let jpeg = fixture("exif_and_icc").jpeg;
    let profile = read_header(&jpeg[..]).unwrap().icc.unwrap();
    let chunks: Vec<u8> =
        segments(&jpeg, 0xE2).iter().flat_map(|(at, length)| &jpeg[*at..at + length]).copied().collect();
    let bare = without(&jpeg, 0xE2);
    let sos = bare.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    for times in [1, 2] {
        let moved = [&bare[..sos], &chunks.repeat(times), &bare[sos..]].concat();
        assert_eq!(read_header(&moved[..]).unwrap().icc.as_ref(), Some(&profile), "{times} times");
    }
    let mut other = chunks.clone();
    *other.last_mut().unwrap() ^= 1;
    let header = read_header(&[&bare[..sos], &chunks, &other, &bare[sos..]].concat()[..]).unwrap();
    assert_eq!((header.icc, header.icc_damaged), (None, true));
}

#[test]
fn whole_files_leave_no_data_and_no_warning() {
    for fixture in fixtures() {
        for scale in SCALES {
            if let Ok((_, outcome)) = decode(&fixture.jpeg, scale) {
                assert_eq!(outcome.warning, None, "{} {scale:?}", fixture.name);
            }
        }
    }
}

#[test]
fn a_progressive_file_that_is_cut_between_scans_is_told_where_the_rest_is_needed() {
    let jpeg = fixture("progressive").jpeg;
    let scans: Vec<usize> = (0..jpeg.len() - 1).filter(|at| jpeg[*at..*at + 2] == [0xFF, 0xDA]).collect();
    let cut = &jpeg[..scans[1]];
    let warning = |scale| decode(cut, scale).unwrap().1.warning;
    assert_eq!(
        SCALES.map(warning),
        [None, Some(Warning::Truncated), Some(Warning::Truncated), Some(Warning::Truncated)]
    );
}

#[test]
fn data_behind_the_last_block_is_a_warning() {
    for name in ["sampling_2x2", "grey"] {
        let mut jpeg = fixture(name).jpeg;
        let end = jpeg.len() - 2;
        jpeg.splice(end..end, *b"left over");
        let (planes, outcome) = decode(&jpeg, Scale::Eighth).unwrap();
        assert_eq!(outcome.warning, Some(Warning::DataLeft));
        assert_eq!(planes, decode(&fixture(name).jpeg, Scale::Eighth).unwrap().0);
    }
}

#[test]
fn data_in_front_of_a_restart_marker_is_a_warning() {
    let mut jpeg = fixture("restart_3B").jpeg;
    let sos = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    let mark = sos + jpeg[sos..].windows(2).position(|marker| marker == [0xFF, 0xD0]).unwrap();
    jpeg.splice(mark..mark, *b"left over");
    assert_eq!(decode(&jpeg, Scale::Eighth).unwrap().1.warning, Some(Warning::BadRestart));
}

/// A flipped bit in a value makes another valid picture, which nothing can tell. One in a code mostly ends a block in
/// the wrong place, and then the number of blocks is wrong.
#[test]
fn about_half_of_the_flipped_bits_that_show_are_told() {
    let whole = fixture("sampling_2x2").jpeg;
    let sos = whole.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    let good = decode(&whole, Scale::Eighth).unwrap().0;
    let (mut wrong, mut silent) = (0, 0);
    for at in sos + 14..whole.len() - 2 {
        let mut jpeg = whole.clone();
        jpeg[at] ^= 0x10;
        if let Ok((planes, outcome)) = decode(&jpeg, Scale::Eighth) {
            let pairs = planes.0.iter().zip(&good.0).flat_map(|(got, want)| got.samples.iter().zip(&want.samples));
            if pairs.filter(|(got, want)| got.abs_diff(**want) > 16).count() > 8 {
                wrong += 1;
                silent += u32::from(outcome.warning.is_none());
            }
        }
    }
    assert!(wrong > 100 && silent * 5 < wrong * 3, "{wrong} wrong, {silent} without a word");
}

#[test]
fn values_that_no_samples_have_are_a_warning() {
    for name in ["sampling_2x2", "progressive"] {
        let whole = fixture(name).jpeg;
        let (tables, _) = segments(&whole, 0xDB)[0];
        // The first step is that of DC.
        let with_steps = |steps: std::ops::Range<usize>| {
            let mut jpeg = whole.clone();
            jpeg[tables + 5..][steps].fill(255);
            jpeg
        };
        for scale in SCALES {
            assert_eq!(decode(&whole, scale).unwrap().1.warning, None, "{name} {scale:?}");
            let warning = decode(&with_steps(0..1), scale).unwrap().1.warning;
            let is_straight = name != "progressive" || scale == Scale::Eighth;
            assert_eq!(warning, is_straight.then_some(Warning::BeyondSamples), "{name} {scale:?}");
        }
        if name != "progressive" {
            let warning = decode(&with_steps(1..64), Scale::Full).unwrap().1.warning;
            assert_eq!(warning, Some(Warning::BeyondSamples), "AC at full size");
        }
    }
}
