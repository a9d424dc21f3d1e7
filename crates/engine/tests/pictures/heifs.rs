//! HEIC: pictures, turns, cuts and boxes that lie. With feature `hevc`, which is on by default.
#![cfg(feature = "hevc")]
use engine::Warning;
use image::{RgbImage, imageops};

use super::tiled::{check_numbers_that_lie, difference, make, refusal_with};
use crate::fixtures::{
    self,
    heic::{CROPPED, Kind, MIRRORED, PLAIN, TURNED, heic},
};

fn pixels(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(&make(bytes, 90).unwrap().thumbnails[0].bytes).unwrap().into_rgb8()
}

/// Full size, so that only rounding and halved chroma are between.
#[test]
fn every_kind_is_the_picture_that_was_stored() {
    for bits in [8, 10, 12] {
        for halved in [false, true] {
            // Tiles that fit, that stand over, and none.
            for tile_px in [0, 30, 32, 64] {
                let kind = Kind { bits, halved, tile_px, ..PLAIN };
                let got = pixels(&heic(&fixtures::picture(), kind));
                let (mean, most) = difference(&got, &fixtures::picture());
                let (mean_limit, most_limit) = if halved { (4.0, 200) } else { (1.0, 3) };
                assert!(mean <= mean_limit && most <= most_limit, "{bits} {halved} {tile_px}: {mean} {most}");
            }
        }
    }
}

#[test]
fn tiles_within_a_picture_are_in_their_places() {
    for inner in [(2, 1), (1, 2), (3, 2), (6, 4)] {
        for halved in [false, true] {
            let got = pixels(&heic(&fixtures::picture(), Kind { inner, halved, ..PLAIN }));
            assert_eq!(got, pixels(&heic(&fixtures::picture(), Kind { halved, ..PLAIN })), "{inner:?} {halved}");
        }
    }
}

#[test]
fn odd_sides_and_a_single_pixel() {
    for (width, height) in [(1, 1), (2, 3), (17, 33), (90, 59), (89, 1)] {
        let part = imageops::crop_imm(&fixtures::picture(), 0, 0, width, height).to_image();
        let (mean, _) = difference(&pixels(&heic(&part, PLAIN)), &part);
        assert!(mean <= 1.0, "{width}x{height}: {mean}");
    }
}

#[test]
fn crop_turn_and_mirror_come_in_the_order_of_the_file() {
    let picture = fixtures::picture();
    // (90 - 40) / 2 + 5 and (60 - 30) / 2 - 5.
    let cropped = imageops::crop_imm(&picture, 30, 10, 40, 30).to_image();
    let check = |turns: &'static [&'static [u8]], want: &RgbImage| {
        for tile_px in [0, 32] {
            let (mean, _) = difference(&pixels(&heic(&picture, Kind { tile_px, turns, ..PLAIN })), want);
            assert!(mean <= 1.0, "{turns:?} {tile_px}: {mean}");
        }
    };
    check(&[CROPPED], &cropped);
    check(&[MIRRORED], &imageops::flip_horizontal(&picture));
    check(&[b"imir\0"], &imageops::flip_vertical(&picture));
    check(&[CROPPED, TURNED], &imageops::rotate90(&cropped));
    check(&[CROPPED, TURNED, MIRRORED], &imageops::flip_horizontal(&imageops::rotate90(&cropped)));
}

#[test]
fn half_of_a_cut_grid_is_made_and_less_is_refused() {
    let file = heic(&fixtures::picture(), Kind { tile_px: 30, ..PLAIN });
    let last_row = file.len() - 10;
    let warnings = make(&file[..last_row], 30).unwrap().warnings;
    assert_eq!(warnings, [Warning::Truncated { rows: 30, rows_expected: 60 }]);
    assert_eq!(make(&file[..file.len() / 2 - 4000], 30).unwrap_err().name(), "corrupt");
    let single = heic(&fixtures::picture(), PLAIN);
    assert_eq!(make(&single[..single.len() - 10], 30).unwrap_err().name(), "corrupt");
}

/// The decoder leaves grey what no slice had, and says nothing.
#[test]
fn a_slice_that_ends_early_is_a_tile_that_is_lost() {
    let picture = fixtures::picture();
    // 6 by 4 blocks.
    for blocks in [1, 5, 6, 12, 18, 23] {
        let error = make(&heic(&picture, Kind { blocks, ..PLAIN }), 90).unwrap_err();
        assert_eq!(error.name(), "corrupt", "{blocks} of 24 blocks");
    }
    assert!(make(&heic(&picture, Kind { blocks: 24, ..PLAIN }), 90).unwrap().warnings.is_empty());
    // 3 by 2 tiles of 2 by 2 blocks: the first row of tiles is whole.
    for blocks in 1..4 {
        let made = make(&heic(&picture, Kind { blocks, tile_px: 30, ..PLAIN }), 90).unwrap();
        assert_eq!(made.warnings, [Warning::Truncated { rows: 30, rows_expected: 60 }], "{blocks} of 4 blocks");
    }
    // A picture of one block, or of one row of them, is whole or refused by the decoder itself.
    for (width, height) in [(16, 16), (33, 9)] {
        let part = imageops::crop_imm(&picture, 0, 0, width, height).to_image();
        assert!(make(&heic(&part, PLAIN), 90).unwrap().warnings.is_empty(), "{width}x{height}");
    }
}

#[test]
fn numbers_that_lie_are_refused_within_the_budget() {
    let file = heic(&fixtures::picture(), Kind { tile_px: 32, turns: &[CROPPED, TURNED], ..PLAIN });
    check_numbers_that_lie(&file, |header| 0..header - 4);
}

#[test]
fn a_property_that_is_not_there_is_damage() {
    let mut file = heic(&fixtures::picture(), Kind { tile_px: 32, ..PLAIN });
    // Of the fourth tile: parameter sets, size, colours.
    let at = file.windows(6).position(|six| six == [0, 4, 3, 0x81, 2, 3]).unwrap();
    for index in [0x7F, 0xFF] {
        file[at + 5] = index;
        let error = make(&file, 90).unwrap_err();
        assert!(error.name() == "corrupt" && format!("{error:?}").contains("127"), "{error:?}");
    }
}

#[test]
fn what_is_not_read_is_said() {
    let check = |from: &[u8], to: &[u8], want: &str| {
        let file = heic(&fixtures::picture(), Kind { tile_px: 32, turns: &[CROPPED], ..PLAIN });
        let error = refusal_with(file, from, to);
        assert!(error.name() == "unsupported" && error.to_string().contains(want), "{error}");
    };
    check(b"hvc1", b"jpeg", "codec");
    check(b"hvcC", b"xxxx", "essential property");
    check(b"grid", b"iovl", "overlay");
    check(b"nclx\0\x01\0\x0D\0\x06", b"nclx\0\x01\0\x0D\0\x08", "matrix coefficients 8");
    check(b"meta", b"mdat", "behind the pixels");
    check(b"meta", b"moov", "primary item");
}
