//! Colours that are not sRGB come out as the sRGB that they mean.

use crate::fixtures;
use crate::wanted::small_png;
use std::io::Cursor;

use crate::fixtures::{HEIGHT, WIDTH, jpeg::Inks};
use contract::{Background, OutputFormat, Variant};
use engine::{Limits, Made};
use image::{ExtendedColorType, ImageEncoder, RgbImage, codecs};
use moxcms::ColorProfile;

fn make(bytes: &[u8], format: OutputFormat, background: [u8; 3]) -> Made {
    let variant = Variant { format, quality: 95, background: Background { rgb: background }, ..small_png(30) };
    engine::make(&mut Cursor::new(bytes), &[variant], &Limits::for_budget(64 << 20), &mut |_| {}).unwrap()
}

fn middle(made: &Made) -> [u8; 3] {
    let image = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
    image.get_pixel(image.width() / 2, image.height() / 2).0
}

fn make_at(bytes: &[u8], side_px: u32) -> Made {
    engine::make(&mut Cursor::new(bytes), &[small_png(side_px)], &Limits::for_budget(64 << 20), &mut |_| {}).unwrap()
}

fn near_within(most: u8, got: [u8; 3], want: [u8; 3], what: &str) {
    assert!(got.iter().zip(want).all(|(got, want)| got.abs_diff(want) <= most), "{what}: {got:?}, not {want:?}");
}

fn near(got: [u8; 3], want: [u8; 3], what: &str) {
    near_within(3, got, want, what);
}

fn flat(colour: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(WIDTH, HEIGHT, image::Rgb(colour))
}

#[test]
fn a_display_p3_photo_becomes_srgb_and_an_srgb_one_stays() {
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    // CSS Color 4: color(display-p3 0.78 0.47 0.31) is about rgb(212 117 68); grey is grey in both.
    for (profile, colour, want) in [
        (&p3, [200, 120, 80], [211, 117, 71]),
        (&p3, [90, 90, 90], [90, 90, 90]),
        (&srgb, [200, 120, 80], [200, 120, 80]),
    ] {
        let pixels = flat(colour);
        let mut jpeg = Vec::new();
        let mut encoder = codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 98);
        encoder.set_icc_profile(profile.clone()).unwrap();
        encoder.write_image(&pixels, WIDTH, HEIGHT, ExtendedColorType::Rgb8).unwrap();
        let mut png = Vec::new();
        let mut encoder = codecs::png::PngEncoder::new(&mut png);
        encoder.set_icc_profile(profile.clone()).unwrap();
        encoder.write_image(&pixels, WIDTH, HEIGHT, ExtendedColorType::Rgb8).unwrap();
        let mut webp = Vec::new();
        let mut encoder = image_webp::WebPEncoder::new(&mut webp);
        encoder.set_icc_profile(profile.clone());
        encoder.encode(&pixels, WIDTH, HEIGHT, image_webp::ColorType::Rgb8).unwrap();
        for (name, bytes) in [("jpeg", jpeg), ("png", png), ("webp", webp)] {
            let made = make(&bytes, OutputFormat::Png, [255; 3]);
            assert!(made.warnings.is_empty(), "{name}: {:?}", made.warnings);
            near(middle(&made), want, name);
        }
    }
}

#[test]
fn a_profile_of_no_use_is_a_warning_and_not_a_refusal() {
    let mut png = Vec::new();
    let mut encoder = codecs::png::PngEncoder::new(&mut png);
    encoder.set_icc_profile(b"no profile at all".to_vec()).unwrap();
    encoder.write_image(&flat([10, 20, 30]), WIDTH, HEIGHT, ExtendedColorType::Rgb8).unwrap();
    let made = make(&png, OutputFormat::Png, [255; 3]);
    assert_eq!(made.warnings.iter().map(engine::Warning::name).collect::<Vec<_>>(), ["profile_ignored"]);
    near(middle(&made), [10, 20, 30], "taken as sRGB");
}

#[test]
fn linear_light_by_gama_becomes_srgb() {
    let samples = flat([55, 55, 55]).into_raw();
    let png = fixtures::png(png::ColorType::Rgb, png::BitDepth::Eight, &samples, |encoder| {
        encoder.set_source_gamma(png::ScaledFloat::new(1.0));
    });
    // 55/255 = 0.2157 of the light is 128 in sRGB.
    near(middle(&make(&png, OutputFormat::Png, [255; 3])), [128; 3], "gamma 1");
}

#[test]
fn ink_without_a_profile_becomes_light() {
    let made = make(&fixtures::tiff_cmyk(), OutputFormat::Png, [255; 3]);
    let plain = make(&fixtures::tiff(1, 1, 1, <[u8]>::to_vec), OutputFormat::Png, [255; 3]);
    near(middle(&made), middle(&plain), "cmyk");
}

#[test]
fn inks_in_a_jpeg_become_light_by_adobes_rules_and_by_profile() {
    let profile = fixtures::jpeg::ink_profile();
    // At full size by one decoder, at half by the other.
    for side_px in [30, 12] {
        let want = make_at(&fixtures::tiff(1, 1, 1, <[u8]>::to_vec), side_px);
        for inks in [Inks::Cmyk, Inks::Ycck] {
            let made = make_at(&fixtures::jpeg::inks(inks, &fixtures::picture(), None), side_px);
            assert!(made.warnings.is_empty());
            near_within(5, middle(&made), middle(&want), &format!("{inks:?} at {side_px}"));
            // What Little CMS 2 makes of the same inks and profile; without the profile cyan is (0, 255, 255).
            for (colour, want) in [([255; 3], [255; 3]), ([0, 255, 255], [0, 165, 214])] {
                let made = make_at(&fixtures::jpeg::inks(inks, &flat(colour), Some(&profile)), side_px);
                assert!(made.warnings.is_empty(), "{:?}", made.warnings);
                near_within(5, middle(&made), want, &format!("{inks:?} {colour:?} by profile"));
            }
        }
    }
}

#[test]
fn jpeg_strips_of_a_tiff_are_the_picture() {
    let want = middle(&make_at(&fixtures::tiff(1, 1, 1, <[u8]>::to_vec), 30));
    for tables_apart in [false, true] {
        let made = make_at(&fixtures::tiff_jpeg(tables_apart), 30);
        near_within(5, middle(&made), want, &format!("tables apart: {tables_apart}"));
    }
}

#[test]
fn alpha_is_laid_on_the_background_for_jpeg_and_kept_for_png() {
    let half = image::RgbaImage::from_pixel(WIDTH, HEIGHT, image::Rgba([200, 0, 0, 128]));
    let png = fixtures::encoded(&half.into(), image::ImageFormat::Png);
    near(middle(&make(&png, OutputFormat::Jpeg, [255; 3])), [227, 127, 127], "on white");
    near(middle(&make(&png, OutputFormat::Jpeg, [0, 0, 255])), [100, 0, 127], "on blue");
    let made = make(&png, OutputFormat::Auto, [0; 3]);
    let image = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgba8();
    let pixel = image.get_pixel(15, 10).0;
    assert_eq!((made.thumbnails[0].extension, pixel[3]), ("png", 128));
    near([pixel[0], pixel[1], pixel[2]], [200, 0, 0], "kept");
}

#[test]
fn all_lossless_encodings_are_one_picture() {
    let plain = fixtures::tiff(1, 1, 1, <[u8]>::to_vec);
    let want = make(&plain, OutputFormat::Png, [255; 3]).thumbnails[0].bytes.clone();
    let others = [
        ("lzw", fixtures::tiff(5, 1, 1, fixtures::lzw)),
        ("lzw, predicted", fixtures::tiff(5, 2, 1, fixtures::lzw)),
        ("deflate, predicted", fixtures::tiff(8, 2, 1, fixtures::deflate)),
        ("16 bit, predicted", fixtures::tiff_16(false, 2)),
        ("16 bit, planes", fixtures::tiff_16(true, 1)),
        ("16 bit, planes, predicted", fixtures::tiff_16(true, 2)),
        ("tiles", fixtures::tiff_tiles()),
        ("png, interlaced", fixtures::png_interlaced(&fixtures::picture(), false)),
        ("png, interlaced, 16 bit", fixtures::png_interlaced(&fixtures::picture(), true)),
        ("png", fixtures::encoded(&fixtures::picture().into(), image::ImageFormat::Png)),
        ("bmp", fixtures::encoded(&fixtures::picture().into(), image::ImageFormat::Bmp)),
        ("webp", fixtures::encoded(&fixtures::picture().into(), image::ImageFormat::WebP)),
    ];
    for (name, bytes) in others {
        assert!(make(&bytes, OutputFormat::Png, [255; 3]).thumbnails[0].bytes == want, "{name} differs");
    }
}
