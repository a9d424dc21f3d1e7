//! JPEG 2000: pictures, resolutions, colours, cuts and headers that lie. With feature `jpeg2000`, which is on by default.
#![cfg(feature = "jpeg2000")]

use image::{DynamicImage, RgbaImage};

use super::tiled::{difference, make, refusal_with};
use crate::fixtures::{
    self,
    jp2::{Kind, PLAIN, encode, jp2},
};
use crate::wanted::assert_refusal;

fn pixels(bytes: &[u8], side_px: u32) -> RgbaImage {
    image::load_from_memory(&make(bytes, side_px).unwrap().thumbnails[0].bytes).unwrap().into_rgba8()
}

#[test]
fn every_kind_is_the_picture_that_was_stored() {
    let rgb = DynamicImage::from(fixtures::picture());
    let check = |kind: Kind, want: &DynamicImage, most: u8| {
        for levels in [0, 1, 5] {
            let got = pixels(&jp2(want, Kind { levels, ..kind }), 200);
            let difference = difference(&got, &want.to_rgba8());
            assert!(difference.1 <= most, "{} levels, {} bits: {difference:?}", levels, kind.bits);
        }
    };
    check(PLAIN, &rgb, 0);
    check(Kind { in_boxes: false, ..PLAIN }, &rgb, 0);
    check(Kind { bits: 16, ..PLAIN }, &rgb.to_rgb16().into(), 0);
    check(Kind { colours: 17, ..PLAIN }, &rgb.to_luma8().into(), 0);
    check(Kind { colours: 18, ..PLAIN }, &rgb, 3);
    check(Kind { colours: 12, ..PLAIN }, &rgb, 1);
    check(PLAIN, &rgb.to_rgba8().into(), 0);
    // Three bits of red and green, two of blue.
    let got = pixels(&jp2(&rgb, Kind { has_palette: true, levels: 0, ..PLAIN }), 200);
    assert!(difference(&got, &rgb.to_rgba8()).1 <= 64);
    let translucent = DynamicImage::from(fixtures::picture_rgba());
    let got = pixels(&encode(&translucent), 200);
    assert!(got.pixels().zip(translucent.to_rgba8().pixels()).all(|(got, want)| got[3] == want[3]));
    // More than one block and precinct.
    let large = rgb.resize_exact(700, 333, image::imageops::FilterType::Triangle);
    let got = image::load_from_memory(&make(&encode(&large), 700).unwrap().thumbnails[0].bytes).unwrap();
    assert_eq!(difference(&got.into_rgb8(), &large.to_rgb8()).1, 0);
}

#[test]
fn a_small_thumbnail_comes_from_a_small_resolution() {
    let large = DynamicImage::from(fixtures::picture()).resize_exact(903, 601, image::imageops::FilterType::Triangle);
    let bytes = encode(&large);
    for (side_px, shrink) in [(400, 1), (200, 2), (99, 4), (50, 8), (20, 8)] {
        let made = make(&bytes, side_px).unwrap();
        assert_eq!(made.plan.shrink, shrink, "{side_px}");
        let got = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
        let want = large.resize_exact(got.width(), got.height(), image::imageops::FilterType::Lanczos3).into_rgb8();
        let (mean, _) = difference(&got, &want);
        assert!(mean < 1.5, "{side_px}: {mean}");
    }
    // As often as it was halved, and not further.
    assert_eq!(make(&jp2(&large, Kind { levels: 1, ..PLAIN }), 20).unwrap().plan.shrink, 2);
    assert_eq!(make(&jp2(&large, Kind { levels: 0, ..PLAIN }), 20).unwrap().plan.shrink, 1);
}

#[test]
fn what_is_not_read_says_so() {
    let rgb = DynamicImage::from(fixtures::picture());
    let check = |from: &[u8], to: &[u8], name: &str, word: &str| {
        let error = refusal_with(encode(&rgb), from, to);
        assert_refusal(&error, name, word);
    };
    // Layers, blocks of code, components, sides.
    check(b"\xFF\x52\0\x10\x01\0\0\x01", b"\xFF\x52\0\x10\x01\0\0\x00", "corrupt", "layers is 0");
    check(b"\xFF\x52\0\x10\x01\0\0\x01\0\x03\x04", b"\xFF\x52\0\x10\x01\0\0\x01\0\x03\x0A", "corrupt", "marker");
    check(&[0, 3, 7, 1, 1, 7], &[0, 9, 7, 1, 1, 7], "unsupported", "9 components");
    check(&[0, 3, 7, 1, 1, 7], &[0, 3, 7, 0, 1, 7], "corrupt", "");
    let size = [&[0xFF, 0x51, 0, 47, 0, 0], 90_u32.to_be_bytes().as_slice(), &60_u32.to_be_bytes()].concat();
    let large = [&[0xFF, 0x51, 0, 47, 0, 0], 90_000_u32.to_be_bytes().as_slice(), &60_u32.to_be_bytes()].concat();
    check(&size, &large, "side_too_long", "90000");
    // CIE L*a*b* and what has no name.
    check(b"colr\x01\0\0\0\0\0\x10", b"colr\x01\0\0\0\0\0\x0E", "unsupported", "L*a*b*");
    check(b"colr\x01\0\0\0\0\0\x10", b"colr\x01\0\0\0\0\0\x13", "corrupt", "");
    // A style in a tile's header.
    let mut tile = encode(&rgb);
    let data = tile.windows(2).position(|two| two == [0xFF, 0x93]).unwrap();
    tile.splice(data..data, b"\xFF\x52\0\x0C\x01\0\0\x01\0\0\x04\x04\0\x01".iter().copied());
    assert_eq!(make(&tile, 30).unwrap_err().name(), "unsupported");
    let bytes = encode(&rgb);
    for end in (0..bytes.len() - 2).step_by(7) {
        let error = make(&bytes[..end], 30).unwrap_err();
        assert!(matches!(error.name(), "corrupt" | "not_an_image"), "{end}: {error}");
    }
}
