//! One picture, written in every way that a JPEG may be: the same thumbnail, at full size too.

use crate::fixtures;
use crate::wanted::small_png;
use std::{fs, path::PathBuf};

use crate::fixtures::jpeg::{Inks, adobe, inks, profile_segments, with_ids, with_segments, without};
use engine::{EngineError, Limits, Made, Warning};
use image::RgbImage;
use moxcms::ColorProfile;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../jpeg/tests/fixtures")
}

fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn make(mut bytes: &[u8], side_px: u32) -> Result<Made, EngineError> {
    engine::make(&mut bytes, &[small_png(side_px)], &Limits::for_budget(16 << 20), &mut |_| ())
}

fn picture_of(made: &Made) -> RgbImage {
    image::load_from_memory(&made.thumbnails[0].bytes).unwrap().to_rgb8()
}

/// In its own size: nothing is decoded smaller.
fn full_size(name: &str) -> RgbImage {
    picture_of(&make(&read(name), FULL_PX).unwrap())
}

/// Boxes in which the fixtures are decoded at full size, at a half, and at a quarter or an eighth.
const FULL_PX: u32 = 400;
const BOXES_PX: [u32; 3] = [FULL_PX, 18, 8];

/// `bytes` give the picture of `want` in every box, and these warnings.
#[track_caller]
fn check(bytes: &[u8], want: &[u8], most: f64, warnings: &[Warning]) {
    for side_px in BOXES_PX {
        let (made, want) = (make(bytes, side_px).unwrap(), make(want, side_px).unwrap());
        let difference = difference(&picture_of(&made), &picture_of(&want));
        assert!(difference <= most, "{side_px}: {difference}");
        assert_eq!(made.warnings, warnings, "{side_px}");
    }
}

/// Mean difference of a sample, of 255.
fn difference(left: &RgbImage, right: &RgbImage) -> f64 {
    let pairs = left.as_raw().iter().zip(right.as_raw());
    pairs.map(|(left, right)| f64::from(left.abs_diff(*right))).sum::<f64>() / left.as_raw().len() as f64
}

#[test]
fn scans_and_sampling_factors_do_not_change_the_picture() {
    // Of the other fixtures with these prefixes, one has two components and one is another picture.
    let prefixes = ["apart_", "together_", "progressive", "sampling_", "scans_", "restart_"];
    let want = full_size("sampling_1x1.jpg");
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_meant = prefixes.iter().any(|prefix| name.starts_with(prefix)) && name.ends_with(".jpg");
        if is_meant && !["apart_1x1_4x3.jpg", "progressive_quality_100.jpg"].contains(&name.as_str()) {
            let got = full_size(&name);
            assert_eq!(got.dimensions(), want.dimensions(), "{name}");
            // Coarse chroma costs up to 7.
            assert!(difference(&got, &want) < 8.0, "{name}: {}", difference(&got, &want));
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} files");
}

#[test]
fn jfif_outranks_adobe_and_identifiers() {
    let plain = read("sampling_2x2.jpg");
    check(&with_segments(&plain, &adobe(0)), &plain, 0.0, &[]);
    check(&with_ids(&plain, *b"RGB"), &plain, 1.0, &[]);
    check(&with_ids(&plain, [1, 1, 1]), &plain, 0.0, &[]);
}

#[test]
fn without_jfif_adobe_decides_and_then_the_identifiers() {
    let plain = read("sampling_1x1.jpg");
    let bare = without(&plain, 0xE0);
    check(&bare, &plain, 0.0, &[]);
    check(&with_ids(&bare, [1, 1, 1]), &plain, 0.0, &[]);
    check(&with_ids(&bare, *b"YUV"), &plain, 0.0, &[]);
    // An unknown transform is one.
    for transform in [1, 2, 9] {
        check(&with_segments(&bare, &adobe(transform)), &plain, 1.0, &[]);
        check(&with_segments(&with_ids(&bare, *b"RGB"), &adobe(transform)), &plain, 1.0, &[]);
    }
    // And those that are RGB are the same however that is said.
    check(&with_ids(&bare, *b"RGB"), &with_segments(&bare, &adobe(0)), 1.0, &[]);
    assert!(
        difference(&picture_of(&make(&with_ids(&bare, *b"RGB"), 400).unwrap()), &full_size("sampling_1x1.jpg")) > 8.0
    );
}

#[test]
fn inks_are_inverted_with_adobes_segment_and_without() {
    let with = inks(Inks::Cmyk, &fixtures::picture(), None);
    check(&without(&with, 0xEE), &with, 0.0, &[]);
    check(&with_segments(&inks(Inks::Ycck, &fixtures::picture(), None), &adobe(1)), &with, 3.0, &[]);
}

#[test]
fn frames_of_motion_jpeg_are_read_with_the_standards_tables() {
    let plain = read("sampling_2x2.jpg");
    check(&without(&plain, 0xC4), &plain, 0.0, &[]);
}

#[test]
fn a_profile_counts_behind_the_frame_header_and_sent_twice() {
    let plain = without(&read("sampling_1x1.jpg"), 0xE2);
    let profile = profile_segments(&ColorProfile::new_display_p3().encode().unwrap());
    let once = [&plain[..2], &profile, &plain[2..]].concat();
    assert!(difference(&picture_of(&make(&once, 400).unwrap()), &picture_of(&make(&plain, 400).unwrap())) > 1.0);
    check(&with_segments(&plain, &profile), &once, 0.0, &[]);
    check(&with_segments(&plain, &profile.repeat(2)), &once, 0.0, &[]);
    // Half of a profile is none, and that is told.
    let mut half = profile;
    half[17] = 2;
    check(&with_segments(&plain, &half), &plain, 0.0, &[Warning::ProfileIgnored]);
}

#[test]
fn data_that_is_left_over_is_told_at_every_size() {
    let plain = read("sampling_2x2.jpg");
    let mut more = plain.clone();
    more.splice(plain.len() - 2..plain.len() - 2, *b"left over");
    check(&more, &plain, 0.0, &[Warning::Damaged]);
}

#[test]
fn damage_is_told_at_full_size_too() {
    for name in ["sampling_2x2.jpg", "progressive.jpg", "restart_3B.jpg"] {
        let (plain, want) = (read(name), full_size(name));
        let (mut wrong, mut silent) = (0, 0);
        for at in (plain.len() / 2..plain.len() - 2).step_by(3) {
            let mut bytes = plain.clone();
            bytes[at] ^= 0x10;
            let Ok(made) = make(&bytes, FULL_PX) else { continue };
            if difference(&picture_of(&made), &want) > 2.0 {
                wrong += 1;
                silent += u32::from(made.warnings.is_empty());
            }
        }
        // A flipped bit in a value makes another valid picture: see crate `jpeg`, tests/odd.rs.
        println!("{name}: {wrong} wrong, {silent} without a word");
        assert!(silent * 3 <= wrong * 2, "{name}: {wrong} wrong, {silent} without a word");
    }
}

#[test]
fn a_cut_file_is_told_or_refused() {
    for name in ["sampling_2x2.jpg", "progressive.jpg", "restart_3B.jpg", "scans_apart.jpg"] {
        let whole = read(name);
        for side_px in BOXES_PX {
            let want = picture_of(&make(&whole, side_px).unwrap());
            for end in (100..whole.len() - 2).step_by(17) {
                if let Ok(made) = make(&whole[..end], side_px) {
                    let is_right = difference(&picture_of(&made), &want) < 2.0;
                    assert!(is_right || !made.warnings.is_empty(), "{name} to {end} of {}, {side_px}", whole.len());
                }
            }
        }
    }
}

#[test]
fn what_is_not_decoded_is_refused_by_name() {
    let plain = read("sampling_2x2.jpg");
    let frame = plain.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let cases: [(usize, &[u8], &str); 3] = [
        (1, &[0xC9], "jpeg with arithmetic coding is not supported"),
        (5, &[0, 0], "jpeg with its height after the first scan (DNL) is not supported"),
        (4, &[12], "jpeg with 12 bits per sample is not supported"),
    ];
    for (at, value, want) in cases {
        let mut bytes = plain.clone();
        bytes[frame + at..frame + at + value.len()].copy_from_slice(value);
        let refusal = make(&bytes, FULL_PX).unwrap_err().to_string();
        assert!(refusal.starts_with(want), "{refusal}");
    }
}
