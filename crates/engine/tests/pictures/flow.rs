//! The whole way, on images that the tests make themselves.

use crate::fixtures;
use crate::wanted::small_png;
use std::io::{Cursor, Read};

use contract::{Background, Fit, ImageFormat, OutputFormat, Variant};
use engine::{EngineError, Limits, Made, Stage};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

const BUDGET_BYTES: u64 = 160 << 20;

fn variant(fit: Fit, format: OutputFormat, (width_px, height_px): (u32, u32)) -> Variant {
    let name = format!("{width_px}x{height_px}");
    Variant { name, height_px, fit, format, quality: 80, ..small_png(width_px) }
}

fn inside(side_px: u32) -> Variant {
    variant(Fit::Inside, OutputFormat::Auto, (side_px, side_px))
}

fn make(bytes: &[u8], variants: &[Variant]) -> Result<Made, EngineError> {
    engine::make(&mut Cursor::new(bytes), variants, &fixtures::limits(BUDGET_BYTES), &mut |_| {})
}

/// Red above, blue below, and a green column at the left edge.
fn flag(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x * 8 < width, y * 2 < height) {
        (true, _) => Rgb([0, 200, 0]),
        (false, true) => Rgb([200, 0, 0]),
        (false, false) => Rgb([0, 0, 200]),
    })
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    fixtures::encode(image, format)
}

/// `jpeg` with an Exif segment behind SOI.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1, 0, exif.len() as u8 + 9]);
    bytes.extend(exif);
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn every_format_becomes_a_thumbnail_of_the_right_size_and_colours() {
    let photo = DynamicImage::from(flag(640, 480));
    for format in ImageFormat::ALL {
        let made = make(&encoded(&photo, format), &[inside(128)]).unwrap();
        assert_eq!((made.probe.format, made.probe.width_px, made.probe.height_px), (format, 640, 480));
        let [thumbnail] = made.thumbnails.as_slice() else { panic!("one thumbnail") };
        assert_eq!((thumbnail.width_px, thumbnail.height_px), (128, 96), "{format}");
        assert_eq!((thumbnail.extension, thumbnail.content_type), ("jpg", "image/jpeg"), "{format}");
        let small = fixtures::decoded(&thumbnail.bytes).unwrap().into_rgb8();
        for ((x, y), want) in [((4, 50), [0, 200, 0]), ((90, 20), [200, 0, 0]), ((90, 80), [0, 0, 200])] {
            let got = small.get_pixel(x, y).0;
            assert!(got.iter().zip(want).all(|(got, want)| got.abs_diff(want) < 12), "{format} ({x},{y}): {got:?}");
        }
    }
}

#[test]
fn a_variant_of_a_set_is_the_picture_that_it_is_alone() {
    let jpeg = encoded(&flag(1601, 1203).into(), ImageFormat::Jpeg);
    let jpeg = with_orientation(&jpeg, 6);
    let sides = |fit, format, width, height| variant(fit, format, (width, height));
    let set = [
        inside(100),
        sides(Fit::Cover, OutputFormat::Jpeg, 90, 90),
        inside(800),
        sides(Fit::Inside, OutputFormat::Png, 201, 201),
        sides(Fit::Contain, OutputFormat::Webp, 64, 64),
        sides(Fit::Fill, OutputFormat::Jpeg, 700, 70),
    ];
    let together = make(&jpeg, &set).unwrap();
    for (variant, thumbnail) in set.iter().zip(&together.thumbnails) {
        let alone = make(&jpeg, std::slice::from_ref(variant)).unwrap();
        let [got, want] = [thumbnail, &alone.thumbnails[0]].map(|thumbnail| {
            assert_eq!(thumbnail.variant, variant.name);
            fixtures::decoded(&thumbnail.bytes).unwrap().into_rgb8()
        });
        assert_eq!(got.dimensions(), want.dimensions(), "{}", variant.name);
        let off: u64 = got.iter().zip(want.iter()).map(|(got, want)| u64::from(got.abs_diff(*want))).sum();
        assert!(off <= got.len() as u64 * 2, "{} {:?}: {off} over {}", variant.name, variant.fit, got.len());
    }
}

#[test]
fn what_the_reader_holds_is_part_of_the_plan_and_of_the_budget() {
    let png = encoded(&flag(640, 480).into(), ImageFormat::Png);
    let with = |reader_bytes, budget_bytes| {
        let mut limits = fixtures::limits(budget_bytes);
        limits.reader_bytes = reader_bytes;
        engine::make(&mut Cursor::new(&png), &[inside(128)], &limits, &mut |_| {})
    };
    let alone_bytes = with(0, BUDGET_BYTES).unwrap().plan.peak_bytes;
    assert_eq!(with(1 << 24, alone_bytes + (1 << 24)).unwrap().plan.peak_bytes, alone_bytes + (1 << 24));
    let error = with(1 << 24, alone_bytes + (1 << 24) - 1).unwrap_err();
    let EngineError::OverBudget { needed_bytes, budget_bytes } = error else { panic!("{error}") };
    assert_eq!((needed_bytes, budget_bytes), (alone_bytes + (1 << 24), alone_bytes + (1 << 24) - 1));
    assert!(matches!(with(1 << 24, 1 << 20), Err(EngineError::OverBudget { budget_bytes: 1_048_576, .. })));
}

#[test]
fn exif_orientation_turns_the_thumbnail_upright() {
    let plain = encoded(&flag(640, 320).into(), ImageFormat::Jpeg);
    // Where the green column is seen, for each orientation: a point that is green, one that is not.
    let (left, right, top, bottom) = ((2, 40), (126, 40), (40, 2), (40, 126));
    let green = [left, right, right, left, top, top, bottom, bottom];
    for (index, at) in green.into_iter().enumerate() {
        let made = make(&with_orientation(&plain, index as u8 + 1), &[inside(128)]).unwrap();
        let small = fixtures::decoded(&made.thumbnails[0].bytes).unwrap().into_rgb8();
        let want_size = if index < 4 { (128, 64) } else { (64, 128) };
        assert_eq!(small.dimensions(), want_size, "orientation {}", index + 1);
        let got = small.get_pixel(at.0, at.1).0;
        assert!(got[1] > 150 && got[0] < 60 && got[2] < 60, "orientation {}: {got:?}", index + 1);
    }
}

#[test]
fn transparent_pixels_do_not_bleed_their_hidden_colour() {
    // Hidden red beside visible blue: a straight-alpha resize would turn the border purple.
    let image =
        RgbaImage::from_fn(512, 512, |x, _| if x % 8 < 4 { Rgba([255, 0, 0, 0]) } else { Rgba([0, 0, 255, 255]) });
    let made = make(&encoded(&image.into(), ImageFormat::Png), &[inside(64)]).unwrap();
    assert_eq!(made.thumbnails[0].extension, "png");
    let small = fixtures::decoded(&made.thumbnails[0].bytes).unwrap().into_rgba8();
    assert!(small.pixels().all(|pixel| pixel.0[0] < 4 && pixel.0[3] > 100), "{:?}", small.get_pixel(9, 9));
}

#[test]
fn one_decode_makes_every_variant_and_every_fit_has_its_size() {
    let photo = encoded(&flag(640, 480).into(), ImageFormat::Png);
    let sizes = [
        (Fit::Inside, OutputFormat::Webp, (128, 96)),
        (Fit::Cover, OutputFormat::Jpeg, (128, 128)),
        (Fit::Contain, OutputFormat::Png, (128, 128)),
        (Fit::Fill, OutputFormat::Auto, (128, 128)),
    ];
    let variants: Vec<_> = sizes.iter().map(|(fit, format, _)| variant(*fit, *format, (128, 128))).collect();
    let mut stages = Vec::new();
    let limits = fixtures::limits(BUDGET_BYTES);
    let made = engine::make(&mut Cursor::new(&photo), &variants, &limits, &mut |stage| stages.push(stage)).unwrap();
    for (thumbnail, (fit, _, want)) in made.thumbnails.iter().zip(sizes) {
        let small = fixtures::decoded(&thumbnail.bytes).unwrap();
        assert_eq!((small.width(), small.height()), want, "{fit:?}");
        assert_eq!((thumbnail.width_px, thumbnail.height_px), want, "{fit:?}");
    }
    assert_eq!(stages[..2], [Stage::Probed, Stage::Decoded]);
    assert_eq!(stages.len(), 2 + 2 * variants.len());
}

#[test]
fn contain_pads_with_the_background_cover_cuts_and_fill_stretches() {
    let photo = encoded(&flag(640, 320).into(), ImageFormat::Png);
    let at = |fit, (x, y): (u32, u32)| {
        let background = Background { rgb: [250, 200, 10] };
        let wanted = Variant { background, ..variant(fit, OutputFormat::Png, (128, 128)) };
        let made = make(&photo, &[wanted]).unwrap();
        fixtures::decoded(&made.thumbnails[0].bytes).unwrap().into_rgb8().get_pixel(x, y).0
    };
    let (padding, green, red, blue) = ([250, 200, 10], [0, 200, 0], [200, 0, 0], [0, 0, 200]);
    for (fit, point, want) in [
        (Fit::Contain, (64, 10), padding),
        (Fit::Contain, (64, 117), padding),
        (Fit::Contain, (5, 64), green),
        (Fit::Contain, (64, 48), red),
        (Fit::Contain, (64, 80), blue),
        // The green column, an eighth of the width, is cut off with a quarter on each side.
        (Fit::Cover, (2, 10), red),
        (Fit::Cover, (125, 120), blue),
        (Fit::Fill, (5, 10), green),
        (Fit::Fill, (100, 10), red),
        (Fit::Fill, (100, 118), blue),
    ] {
        let got = at(fit, point);
        assert!(got.iter().zip(want).all(|(got, want)| got.abs_diff(want) < 4), "{fit:?} {point:?}: {got:?}");
    }
}

#[test]
fn refusals_have_names_and_say_the_number_the_limit_and_the_next_step() {
    let png = encoded(&flag(300, 200).into(), ImageFormat::Png);
    let check = |bytes: &[u8], limits: Limits, name: &str, words: &[&str]| {
        let error = engine::make(&mut Cursor::new(bytes), &[inside(64)], &limits, &mut |_| {}).unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(!error.is_retryable());
        for word in words {
            assert!(error.to_string().contains(word), "`{error}` does not say `{word}`");
        }
    };
    let limits = fixtures::limits(BUDGET_BYTES);
    let with = |change: fn(&mut Limits)| {
        let mut limits = limits;
        change(&mut limits);
        limits
    };
    check(&png, with(|limits| limits.max_pixels = 59_999), "too_many_pixels", &["60000", "59999", "raise"]);
    check(&png, with(|limits| limits.max_side_px = 299), "side_too_long", &["300x200", "299"]);
    check(&png, with(|limits| limits.max_source_bytes = 100), "source_too_large", &["100"]);
    check(&png, fixtures::limits(1000), "over_budget", &["1000", "larger tier"]);
    check(b"hello, world", limits, "not_an_image", &["68 65 6c 6c", "jpeg"]);
    check(b"", limits, "not_an_image", &["no byte"]);
    check(&png[..20], limits, "corrupt", &["png"]);
}

/// Fails once its bytes are spent, as a dropped connection does.
struct Broken<'bytes>(&'bytes [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::ErrorKind::ConnectionReset.into()),
            count => Ok(count),
        }
    }
}

#[test]
fn a_reader_that_fails_is_retryable_wherever_it_fails() {
    for format in ImageFormat::ALL {
        let bytes = encoded(&flag(300, 200).into(), format);
        for end in [0, 3, 40, bytes.len() / 2] {
            let limits = fixtures::limits(BUDGET_BYTES);
            let error = engine::make(&mut Broken(&bytes[..end]), &[inside(64)], &limits, &mut |_| {}).unwrap_err();
            assert!(error.is_retryable(), "{format} cut at {end}: {error}");
            assert_eq!(error.name(), "source");
        }
    }
}
