//! JPEG XL: pictures, turns, colours, cuts and headers that lie. With feature `jxl`, which is on by default.
#![cfg(feature = "jxl")]

use engine::Warning;
use image::{DynamicImage, ImageBuffer, Rgb};

use super::tiled::{check_numbers_that_lie, difference, make};
use crate::fixtures::{
    self,
    jxl::{Header, PLAIN, encode, in_boxes, lossy, with_header},
};

fn pixels(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(&make(bytes, 200).unwrap().thumbnails[0].bytes).unwrap()
}

fn flat(samples: [u16; 3]) -> ImageBuffer<Rgb<u16>, Vec<u16>> {
    ImageBuffer::from_pixel(20, 20, Rgb(samples))
}

#[test]
fn every_kind_is_the_picture_that_was_stored() {
    let rgb = DynamicImage::from(fixtures::picture());
    let rgba = DynamicImage::from(fixtures::picture_rgba());
    let check = |stored: DynamicImage| {
        for bytes in [encode(&stored), in_boxes(&encode(&stored))] {
            let (mean, most) = difference(&pixels(&bytes).to_rgb8(), &stored.to_rgb8());
            // Colours under little alpha have few steps.
            assert!(mean < 0.3 && (most <= 1 || stored.color().has_alpha()), "{:?}: {mean} {most}", stored.color());
            let alpha = |image: &DynamicImage| image.to_rgba8().pixels().map(|pixel| pixel[3]).collect::<Vec<_>>();
            assert_eq!(alpha(&pixels(&bytes)), alpha(&stored));
        }
    };
    check(rgb.clone());
    check(rgb.to_rgb16().into());
    check(rgb.to_luma8().into());
    check(rgb.to_luma16().into());
    let opaque = DynamicImage::from(rgb.to_rgba8());
    check(opaque.to_luma_alpha8().into());
    check(opaque);
    assert!(pixels(&encode(&rgba)).color().has_alpha());
}

#[test]
fn a_picture_is_turned_as_its_header_says() {
    let stored = DynamicImage::from(fixtures::picture()).to_rgb16();
    for orientation in 1..=8 {
        let made = make(&with_header(&stored, Header { orientation, ..PLAIN }), 200).unwrap();
        assert_eq!(u32::from(made.probe.orientation.number()), orientation);
        let seen = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
        let mut want = DynamicImage::from(fixtures::picture());
        want.apply_orientation(image::metadata::Orientation::from_exif(orientation as u8).unwrap());
        assert!(difference(&seen, &want.into_rgb8()).1 <= 1, "{orientation}");
    }
}

#[test]
fn colours_are_those_that_the_header_names() {
    let check = |samples: [u16; 3], header: Header, want: [u8; 3]| {
        let got = pixels(&with_header(&flat(samples), header)).into_rgb8().get_pixel(9, 9).0;
        assert!(got.iter().zip(want).all(|(got, want)| got.abs_diff(want) <= 2), "{got:?}, not {want:?}");
    };
    let named = |primaries, curve| Header { colours: Some((primaries, curve)), ..PLAIN };
    let level = |level: f64| (level * 65_535.0).round() as u16;
    check([level(0.2), level(0.5), level(0.9)], PLAIN, [51, 128, 230]);
    check([level(0.2), level(0.5), level(0.9)], named(1, 13), [51, 128, 230]);
    // Linear light, and dark of it, which 8 bits would not hold.
    check([level(0.2140); 3], named(1, 8), [128; 3]);
    check([level(0.0021); 3], named(1, 8), [7; 3]);
    // White of paper in PQ and HLG, ITU-R BT.2408.
    check([level(0.58); 3], named(9, 16), [255; 3]);
    check([level(0.75); 3], named(9, 18), [255; 3]);
    // Orange of Display P3 is more than sRGB has; its grey is the same.
    check([level(0.5); 3], named(11, 13), [128; 3]);
    check([level(0.6), level(0.5), level(0.4)], named(11, 13), [157, 127, 98]);
    // Halves of floats: 0.5 and 0.25, and what no picture has.
    let half = Header { is_float: true, ..PLAIN };
    check([0x3800, 0x3400, 0x3C00], half, [128, 64, 255]);
    check([0x7C00, 0x4400, 0xBC00], half, [255, 255, 0]);
}

#[test]
fn a_small_thumbnail_needs_the_low_frequencies_alone() {
    let bytes = lossy();
    let made = make(&bytes, 10).unwrap();
    assert_eq!(made.plan.shrink, 8);
    let whole = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
    // The blocks behind them may be missing.
    let cut = (0..bytes.len()).step_by(32).map(|end| &bytes[..end]).find_map(|cut| make(cut, 10).ok()).unwrap();
    assert_eq!(cut.thumbnails[0].bytes, made.thumbnails[0].bytes);
    assert_eq!(cut.warnings, Vec::<Warning>::new());
    assert!(cut.bytes_read < bytes.len() as u64);
    let [red, green, blue] = whole.get_pixel(5, 5).0;
    assert!(red > 180 && green < 90 && blue < 110, "{red} {green} {blue}");
    // As much of it at full size, averaged.
    let large = make(&bytes, 200).unwrap();
    assert_eq!(large.plan.shrink, 1);
    let large = image::load_from_memory(&large.thumbnails[0].bytes).unwrap();
    let averaged = large.resize_exact(10, 10, image::imageops::FilterType::Lanczos3).into_rgb8();
    let (mean, most) = difference(&whole, &averaged);
    assert!(mean < 3.0 && most < 30, "{mean} {most}");
    assert_eq!(make(&bytes[..cut.bytes_read as usize], 200).unwrap_err().name(), "corrupt");
}

#[test]
fn headers_that_lie_are_refused_or_planned() {
    let file = in_boxes(&encode(&fixtures::picture().into()));
    check_numbers_that_lie(&file, |_| 0..120);
    let sizes = [(1, 0x7F), (2, 0xFF), (3, 0xFF), (4, 0xFF), (5, 0xFF)];
    for (at, byte) in sizes {
        let mut lying = encode(&fixtures::picture().into());
        lying[at + 1] = byte;
        match make(&lying, 30) {
            Ok(made) => assert!(made.plan.peak_bytes <= 64 << 20),
            Err(error) => assert!(!error.is_retryable(), "{error}"),
        }
    }
}
