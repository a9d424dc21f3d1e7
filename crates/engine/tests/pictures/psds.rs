//! Photoshop documents: every mode and depth, transparency, and numbers that lie.

use crate::fixtures;
use crate::fixtures::psd::{Kind, PLAIN, Zip, psd, resource, with_resources};
use crate::wanted::{assert_refusal, small_png};
use engine::{EngineError, Limits, Made};
use image::{DynamicImage, RgbaImage};

fn make(mut bytes: &[u8]) -> Result<Made, EngineError> {
    engine::make(&mut bytes, &[small_png(90)], &Limits::for_budget(64 << 20), &mut |_| {})
}

fn pixels(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(&make(bytes).unwrap().thumbnails[0].bytes).unwrap().into_rgba8()
}

fn opaque() -> RgbaImage {
    DynamicImage::from(fixtures::picture()).into_rgba8()
}

#[test]
fn every_mode_and_depth_is_the_picture_that_was_stored() {
    let stored = [(false, None), (true, None), (false, Some(Zip::Samples)), (false, Some(Zip::Differences))];
    for (is_packed, zip) in stored {
        for is_large in [false, true] {
            // Inks are shown without a profile as they are multiplied; indices have three bits of red and green.
            for (mode, depth, most) in [(3, 8, 0), (3, 16, 0), (3, 32, 1), (4, 8, 2), (2, 8, 64)] {
                let got = pixels(&psd(&opaque(), Kind { mode, depth, is_packed, zip, is_large, ..PLAIN }));
                let steps = got.iter().zip(opaque().iter()).map(|(got, want)| got.abs_diff(*want)).max().unwrap();
                assert!(steps <= most, "mode {mode}, {depth} bits: {steps}");
            }
            let grey = pixels(&psd(&opaque(), Kind { mode: 1, is_packed, zip, is_large, ..PLAIN }));
            let bits = pixels(&psd(&opaque(), Kind { mode: 0, depth: 1, is_packed, zip, is_large, ..PLAIN }));
            for (x, y, pixel) in opaque().enumerate_pixels() {
                let [red, green, blue, _] = pixel.0.map(u32::from);
                let luma = ((red * 299 + green * 587 + blue * 114 + 500) / 1000) as u8;
                assert_eq!(grey.get_pixel(x, y).0, [luma, luma, luma, 255]);
                assert_eq!(bits.get_pixel(x, y).0[0], if luma < 128 { 0 } else { 255 });
            }
        }
    }
}

#[test]
fn a_transparent_picture_was_laid_on_white() {
    let want = fixtures::picture_rgba();
    for depth in [8, 16] {
        let got = pixels(&psd(&want, Kind { depth, has_alpha: true, ..PLAIN }));
        for (got, want) in got.pixels().zip(want.pixels()) {
            assert_eq!(got[3], want[3]);
            // A colour under little alpha has few steps.
            let limit = 1 + 255 / u32::from(want[3].max(1));
            assert!((0..3).all(|channel| want[3] < 8 || u32::from(got[channel].abs_diff(want[channel])) <= limit));
        }
    }
    // A fourth channel without it is a selection that was saved.
    let mut file = psd(&want, Kind { has_alpha: true, ..PLAIN });
    let count = file.windows(2).position(|two| two == [0xFF, 0xFF]).unwrap();
    file[count..count + 2].copy_from_slice(&[0, 1]);
    assert!(pixels(&file).pixels().all(|pixel| pixel[3] == 255));
}

#[test]
fn an_index_may_be_no_colour() {
    let file = with_resources(&opaque(), Kind { mode: 2, ..PLAIN }, &resource(1047, &[0, 0xC0 | 4]));
    // 220 of red, 30 of green and blue: three bits, three bits, two.
    let got = pixels(&file);
    let red = got.get_pixel(5, 5);
    assert_eq!((red[3], got.get_pixel(60, 30)[3]), (255, 255));
    let file = with_resources(&opaque(), Kind { mode: 2, ..PLAIN }, &resource(1047, &[0, 220 >> 5 << 5]));
    let got = pixels(&file);
    assert_eq!((got.get_pixel(5, 5)[3], got.get_pixel(60, 30)[3]), (0, 255));
}

#[test]
fn what_is_not_read_is_said_and_lies_are_refused() {
    let check = |file: &[u8], name: &str, word: &str| {
        let error = make(file).unwrap_err();
        assert_refusal(&error, name, word);
    };
    let file = psd(&opaque(), PLAIN);
    let with = |at: usize, new: &[u8]| [&file[..at], new, &file[at + new.len()..]].concat();
    check(&with_resources(&opaque(), PLAIN, &resource(1057, &[0, 0, 0, 1, 0])), "unsupported", "no composite");
    check(&with(25, &[7]), "unsupported", "without a colour space");
    check(&with(25, &[6]), "corrupt", "colour mode is 6");
    check(&with(12, &[0, 2]), "corrupt", "number of channels is 2");
    check(&with(12, &[0, 57]), "corrupt", "number of channels is 57");
    check(&with(23, &[7]), "corrupt", "depth is 7");
    check(&with(14, &[0, 0, 0, 0]), "corrupt", "height is 0");
    check(&with(14, &[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]), "too_many_pixels", "65535x65535");
    check(&with(26, &[0xFF; 4]), "corrupt", "header");
    let compression = file.len() - fixtures_rows(&file);
    check(&with(compression, &[0, 3]), "corrupt", "deflate");
    check(&with(compression, &[0, 4]), "corrupt", "compression is 4");
    check(&with(compression, &[0, 9]), "corrupt", "compression is 9");
    for end in (0..file.len()).step_by(7).chain([file.len() - 1]) {
        assert!(make(&file[..end]).is_err(), "{end} bytes");
    }
}

/// Bytes of the composite.
fn fixtures_rows(file: &[u8]) -> usize {
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let resources = 30 + number(26);
    let layers = resources + 4 + number(resources);
    file.len() - (layers + 4 + number(layers))
}
