//! AVIF: pictures, alpha planes, turns, cuts and boxes that lie. With feature `av1`, which is on by default.
#![cfg(feature = "av1")]

use engine::Warning;
use image::{DynamicImage, RgbaImage, imageops};

use super::tiled::{check_numbers_that_lie, difference, make, refusal_with};
use crate::fixtures::{
    self,
    avif::{AlphaKind, Chroma, Kind, PLAIN, avif},
    heic::{CROPPED, MIRRORED, TURNED},
};

fn pixels(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(&make(bytes, 200).unwrap().thumbnails[0].bytes).unwrap().into_rgba8()
}

/// The picture in blocks of one colour, so that the fixtures store it as it is.
fn blocks(image: &DynamicImage, side: u32) -> RgbaImage {
    let image = image.to_rgba8();
    RgbaImage::from_fn(image.width(), image.height(), |x, y| *image.get_pixel(x / side * side, y / side * side))
}

fn grey(image: &RgbaImage) -> RgbaImage {
    let luma = |[red, green, blue, alpha]: [u8; 4]| {
        let [red, green, blue] = [red, green, blue].map(f64::from);
        let luma = (0.299 * red + 0.587 * green + 0.114 * blue).round() as u8;
        [luma, luma, luma, alpha]
    };
    RgbaImage::from_fn(image.width(), image.height(), |x, y| image::Rgba(luma(image.get_pixel(x, y).0)))
}

#[test]
fn every_kind_is_the_picture_that_was_stored() {
    for bits in [8, 10, 12] {
        for chroma in [Chroma::None, Chroma::Halved, Chroma::Whole] {
            // Tiles that fit, that stand over, and none.
            for tile_px in [0, 40, 64, 128] {
                let want = blocks(&fixtures::picture().into(), if chroma == Chroma::Halved { 8 } else { 4 });
                let got = pixels(&avif(&want, Kind { bits, chroma, tile_px, ..PLAIN }));
                let want = if chroma == Chroma::None { grey(&want) } else { want };
                let (mean, most) = difference(&got, &want);
                assert!(mean <= 1.0 && most <= 3, "{bits} {tile_px}: {mean} {most}");
            }
        }
    }
}

#[test]
fn alpha_is_that_of_its_plane_wherever_it_stands() {
    let want = blocks(&fixtures::picture_rgba().into(), 4);
    for alpha in [AlphaKind::First, AlphaKind::Last, AlphaKind::Premultiplied] {
        for (tile_px, bits) in [(0, 8), (40, 8), (64, 10), (0, 12)] {
            let got = pixels(&avif(&want, Kind { alpha, tile_px, bits, ..PLAIN }));
            for (got, want) in got.pixels().zip(want.pixels()) {
                assert!(got[3].abs_diff(want[3]) <= 1);
                // Colours under little alpha have few steps, those multiplied before they were coded fewer.
                let few = if alpha == AlphaKind::Premultiplied { 8 } else { 3 };
                let limit = 2_u32 + few * 128 / u32::from(want[3].max(1));
                let is_near = (0..3).all(|channel| u32::from(got[channel].abs_diff(want[channel])) <= limit);
                assert!(want[3] < 8 || is_near, "{got:?}, not {want:?}");
            }
        }
    }
    let grey = avif(&want, Kind { chroma: Chroma::None, alpha: AlphaKind::First, ..PLAIN });
    assert_eq!(pixels(&grey).get_pixel(80, 30)[3], want.get_pixel(80, 30)[3]);
}

#[test]
fn odd_sides_and_a_single_pixel() {
    for (width, height) in [(1, 1), (2, 3), (17, 33), (90, 59), (89, 1), (1, 60)] {
        let part = imageops::crop_imm(&blocks(&fixtures::picture().into(), 4), 0, 0, width, height).to_image();
        let (mean, most) = difference(&pixels(&avif(&part, PLAIN)), &part);
        assert!(mean <= 1.0 && most <= 3, "{width}x{height}: {mean} {most}");
    }
}

#[test]
fn crop_turn_and_mirror_come_in_the_order_of_the_file() {
    let picture = blocks(&fixtures::picture().into(), 4);
    // (90 - 40) / 2 + 5 and (60 - 30) / 2 - 5.
    let cropped = imageops::crop_imm(&picture, 30, 10, 40, 30).to_image();
    let check = |turns: &'static [&'static [u8]], want: &RgbaImage| {
        for tile_px in [0, 64] {
            let (mean, _) = difference(&pixels(&avif(&picture, Kind { tile_px, turns, ..PLAIN })), want);
            assert!(mean <= 1.0, "{turns:?} {tile_px}: {mean}");
        }
    };
    check(&[CROPPED], &cropped);
    check(&[MIRRORED], &imageops::flip_horizontal(&picture));
    check(&[CROPPED, TURNED, MIRRORED], &imageops::flip_horizontal(&imageops::rotate90(&cropped)));
}

#[test]
fn half_of_a_cut_grid_is_made_and_less_is_refused() {
    let picture = DynamicImage::from(fixtures::picture()).into_rgba8();
    let file = avif(&picture, Kind { tile_px: 40, ..PLAIN });
    let warnings = make(&file[..file.len() - 10], 30).unwrap().warnings;
    assert_eq!(warnings, [Warning::Truncated { rows: 40, rows_expected: 60 }]);
    assert_eq!(make(&file[..file.len() / 2], 30).unwrap_err().name(), "corrupt");
    let single = avif(&picture, PLAIN);
    assert_eq!(make(&single[..single.len() - 10], 30).unwrap_err().name(), "corrupt");
}

#[test]
fn numbers_that_lie_are_refused_within_the_budget() {
    let kind = Kind { tile_px: 64, turns: &[CROPPED, TURNED], alpha: AlphaKind::Last, ..PLAIN };
    let file = avif(&fixtures::picture_rgba(), kind);
    check_numbers_that_lie(&file, |header| 0..header + 40);
}

#[test]
fn what_is_not_read_is_said() {
    let check = |from: &[u8], to: &[u8], want: &str| {
        let file = avif(&fixtures::picture_rgba(), Kind { tile_px: 64, alpha: AlphaKind::Last, ..PLAIN });
        let error = refusal_with(file, from, to);
        let text = contract::with_causes(&error);
        assert!(text.contains(want), "{text}");
    };
    check(b"av01", b"jpeg", "codec");
    check(b"av1C", b"xxxx", "essential property");
    check(b"grid", b"iovl", "overlay");
    check(b"nclx\0\x01\0\x0D\0\x06", b"nclx\0\x01\0\x0D\0\x08", "matrix coefficients 8");
    check(b"meta", b"mdat", "behind the pixels");
    check(b"meta", b"moov", "primary item");
    // More bits, and other chroma, than the configuration said.
    check(b"av1C\x81\x3F\x00", b"av1C\x81\x3F\x40", "bit depth of a tile is 8");
    check(b"av1C\x81\x3F\x00", b"av1C\x81\x3F\x0C", "chroma of a tile is 3");
}
