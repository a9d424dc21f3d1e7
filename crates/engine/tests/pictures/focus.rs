//! What stays of a picture that is cut, and its placeholder: in the picture as it is seen, whichever way it is stored.

use crate::fixtures;
use crate::wanted::small_png;
use std::io::Cursor;

use contract::{Fit, Focus, Gravity, ImageFormat, Variant};
use engine::{Limits, Made};
use image::{DynamicImage, Rgb, RgbImage};

fn variant(gravity: Gravity) -> Variant {
    Variant { fit: Fit::Cover, gravity, ..small_png(40) }
}

fn make(bytes: &[u8], gravity: Gravity) -> Made {
    engine::make(&mut Cursor::new(bytes), &[variant(gravity)], &Limits::for_budget(64 << 20), &mut |_| {}).unwrap()
}

fn pixels(made: &Made) -> RgbImage {
    image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8()
}

/// Three times as high as wide when seen: red, green, blue; with a chequered field in one third.
fn seen(field: u32) -> RgbImage {
    RgbImage::from_fn(120, 360, |x, y| {
        let third = y / 120;
        let is_light = third == field && (x / 6 + y / 6).is_multiple_of(2) && (20..100).contains(&(y % 120));
        let mut colour = [[200, 0, 0], [0, 200, 0], [0, 0, 200]][third as usize];
        if is_light {
            colour = [240; 3];
        }
        Rgb(colour)
    })
}

/// The same stored a quarter turn against the clock, which Exif's 6 turns back, in every way to store it.
fn stored(seen: &RgbImage) -> Vec<(&'static str, Vec<u8>)> {
    let turned = DynamicImage::from(image::imageops::rotate270(seen));
    let jpeg = fixtures::encode(&turned, ImageFormat::Jpeg);
    let png = fixtures::encode(&turned, ImageFormat::Png);
    let upright = DynamicImage::from(seen.clone());
    vec![
        ("jpeg turned", fixtures::jpeg_with_exif(&jpeg, 6)),
        ("png turned", fixtures::png_with_exif(&png, 6)),
        ("png turned, known behind the pixels", fixtures::png_with_exif_behind(&png, 6)),
        ("jpeg", fixtures::encode(&upright, ImageFormat::Jpeg)),
        ("tiff", fixtures::encode(&upright, ImageFormat::Tiff)),
    ]
}

/// Which third is in the middle of a thumbnail.
fn third(image: &RgbImage) -> usize {
    assert_eq!(image.dimensions(), (40, 40));
    let Rgb(levels) = *image.get_pixel(1, 20);
    (0..3).max_by_key(|channel| levels[*channel]).unwrap()
}

#[test]
fn a_focus_is_a_point_of_the_picture_as_it_is_seen() {
    for (name, file) in stored(&seen(9)) {
        for (y, want) in [(1000, 0), (5000, 1), (9500, 2)] {
            let got = third(&pixels(&make(&file, Gravity::Focus(Focus { x: 5000, y }))));
            assert_eq!(got, want, "{name} at {y}");
        }
        assert_eq!(third(&pixels(&make(&file, Gravity::Centre))), 1, "{name}");
    }
}

#[test]
fn attention_and_entropy_find_what_is_to_be_seen() {
    for field in 0..3 {
        for (name, file) in stored(&seen(field)) {
            for gravity in [Gravity::Attention, Gravity::Entropy] {
                let made = make(&file, gravity);
                let small = pixels(&made);
                let light = small.pixels().filter(|Rgb(levels)| levels.iter().all(|level| *level > 120)).count();
                assert!(light > 300, "{name} {gravity:?} {field}: {light} light pixels");
                assert!(made.plan.peak_bytes < 8 << 20);
            }
        }
    }
}

#[test]
fn a_placeholder_is_the_same_however_the_picture_is_stored() {
    let placeholders: Vec<_> =
        stored(&seen(9)).iter().map(|(_, file)| make(file, Gravity::Centre).placeholder.unwrap()).collect();
    let levels = |colour: &str| [1, 3, 5].map(|at| u8::from_str_radix(&colour[at..at + 2], 16).unwrap());
    for placeholder in &placeholders {
        let is_near = levels(&placeholder.colour).iter().zip([0, 200, 0]).all(|(level, want)| level.abs_diff(want) < 6);
        assert!(is_near, "{placeholder:?}");
    }
    let inside = Variant { fit: Fit::Inside, ..variant(Gravity::Centre) };
    let small = Variant { width_px: 30, height_px: 30, ..inside.clone() };
    let file = fixtures::encode(&fixtures::picture().into(), ImageFormat::Png);
    let of = |variants: &[Variant]| {
        let limits = Limits::for_budget(64 << 20);
        engine::make(&mut Cursor::new(&file), variants, &limits, &mut |_| {}).unwrap().placeholder
    };
    assert_eq!(of(&[inside, small.clone()]), of(&[small]), "it is of the smallest");
    assert_eq!(of(&[]), None);
}
