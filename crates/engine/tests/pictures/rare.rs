//! The rarer formats: what they become, and headers that lie.

use crate::fixtures;
use crate::wanted::{assert_refusal, small_png};
use std::io::Cursor;

use contract::ImageFormat;
use engine::{EngineError, Limits, Made};
use image::{DynamicImage, RgbaImage};

const RARE: [ImageFormat; 8] = [
    ImageFormat::Pnm,
    ImageFormat::Qoi,
    ImageFormat::Ico,
    ImageFormat::Dds,
    ImageFormat::Hdr,
    ImageFormat::Exr,
    ImageFormat::Farbfeld,
    ImageFormat::Tga,
];

fn make(bytes: &[u8]) -> Result<Made, EngineError> {
    engine::make(&mut Cursor::new(bytes), &[small_png(90)], &Limits::for_budget(64 << 20), &mut |_| {})
}

fn pixels(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(&make(bytes).unwrap().thumbnails[0].bytes).unwrap().into_rgba8()
}

#[test]
fn every_kind_shows_the_picture() {
    let want = DynamicImage::from(fixtures::picture()).into_rgba8();
    for (name, bytes) in RARE.into_iter().flat_map(fixtures::files) {
        let got = pixels(&bytes);
        // A margin, or sides of whole blocks.
        let margin = if name == "exr alpha" { 8 } else { 0 };
        let tolerance = match name {
            // 3 bits, 10 levels, 2 levels, one colour for a block: the corners still tell.
            "tga mapped" | "pnm plain grey" | "dds" | "dds alpha" => 72,
            "pnm bits" => 130,
            _ => 10,
        };
        let scale = f64::from(got.width()) / if margin > 0 { 110.0 } else { f64::from(want.width()) };
        for (x, y) in [(12, 8), (75, 8), (12, 50), (45, 12), (60, 30)] {
            let mut want = want.get_pixel(x, y).0;
            if name.contains("grey") || name.contains("bits") {
                let [red, green, blue, _] = want.map(f64::from);
                want = [(0.2126 * red + 0.7152 * green + 0.0722 * blue) as u8; 4];
            }
            let at = |side: u32| ((f64::from(side + margin * 10 / 8) + 0.5) * scale) as u32;
            let got = got.get_pixel(at(x), at(y)).0;
            let hidden = name.ends_with("bmp") && x >= 64;
            assert!(!hidden || got[3] == 0, "{name} at {x},{y}: {got:?} is masked");
            // Where alpha is low, colours have few steps.
            let far = (0..3).any(|channel| got[channel].abs_diff(want[channel]) > tolerance);
            assert!(hidden || got[3] < 40 || !far, "{name} at {x},{y}: {got:?}, not {want:?}");
        }
    }
}

#[test]
fn a_header_that_needs_more_bytes_says_so_at_every_length() {
    for (name, bytes) in RARE.into_iter().flat_map(fixtures::files) {
        let whole = engine::probe(&bytes).unwrap();
        for length in 18..bytes.len().min(2048) {
            match engine::probe(&bytes[..length]) {
                Ok(probe) => {
                    let (found, want) = ((probe.width_px, probe.height_px), (whole.width_px, whole.height_px));
                    assert_eq!(found, want, "{name} with {length} bytes");
                }
                Err(EngineError::HeaderBeyondPrefix { needed_bytes, .. }) => {
                    assert!(needed_bytes > length as u64, "{name} with {length} bytes");
                }
                // The name of a PNM or HDR is longer than a cut one.
                Err(error) => panic!("{name} with {length} bytes: {error:?}"),
            }
        }
    }
}

#[test]
fn headers_that_lie_are_refused_by_name() {
    let file = |format| fixtures::encode(&fixtures::picture().into(), format);
    let with = |format, at: usize, new: &[u8]| {
        let bytes: Vec<u8> = file(format);
        [&bytes[..at], new, &bytes[at + new.len()..]].concat()
    };
    let check = |bytes: &[u8], name: &str, word: &str| {
        let error = make(bytes).unwrap_err();
        assert_refusal(&error, name, word);
    };
    check(b"P5 65535 65535 255\n.", "too_many_pixels", "65535x65535");
    check(b"P5 4294967295 1 255\n.", "side_too_long", "4294967295");
    check(b"P5 16000 16000 255\n.", "over_budget", "64");
    check(b"P6 0 5 255\n.", "corrupt", "width is 0");
    check(b"P6 5 5 0\n.", "corrupt", "pnm");
    check(b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 9\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n...", "corrupt", "pnm");
    check(&[b"P6\n#".as_slice(), &[b'a'; 1 << 17]].concat(), "corrupt", "header length is 65536");
    check(&with(ImageFormat::Qoi, 4, &[0, 0, 0x46, 0x50, 0, 0, 0x46, 0x50]), "too_many_pixels", "18000x18000");
    check(&with(ImageFormat::Farbfeld, 8, &[0xFF; 4]), "side_too_long", "4294967295");
    check(&with(ImageFormat::Tga, 12, &[0xFF; 4]), "too_many_pixels", "65535x65535");
    check(&with(ImageFormat::Dds, 12, &[0xFC, 0xFF, 0, 0, 0xFC, 0xFF, 0, 0]), "too_many_pixels", "65532x65532");
    check(&with(ImageFormat::Dds, 16, &[90, 0, 0, 0]), "unsupported", "90x60, no multiples of 4");
    check(&with(ImageFormat::Dds, 84, b"BC7 "), "unsupported", "dds");
    check(&with(ImageFormat::Ico, 18, &[0xFF; 4]), "corrupt", "header");
    check(&with(ImageFormat::Ico, 14, &[0xFF; 4]), "over_budget", "64");
    let [b44, dwa] = fixtures::exr::refused();
    check(&b44, "unsupported", "B44");
    check(&dwa, "unsupported", "DWA");
    check(b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 4 +X 4\n....", "unsupported", "xyze");
    check(b"#?RADIANCE\n\n+Y 4 +X 4\n....", "unsupported", "+Y");
    check(b"#?RADIANCE\n\n-Y 65535 +X 65535\n....", "too_many_pixels", "65535x65535");
    check(&[b"#?RADIANCE\n".as_slice(), b"a\n".repeat(1 << 16).as_slice()].concat(), "corrupt", "header length");
}

#[test]
fn light_beyond_white_is_white() {
    // 0.214 of the light is half of the way from black to white in sRGB.
    for (light, want) in [([16.0, 16.0, -1.0], [255, 255, 0]), ([0.214, 0.214, 0.0], [127, 127, 0])] {
        let mut file = Cursor::new(Vec::new());
        let image = image::Rgb32FImage::from_pixel(8, 8, image::Rgb(light));
        DynamicImage::from(image).write_to(&mut file, image::ImageFormat::Hdr).unwrap();
        let got = pixels(&file.into_inner()).get_pixel(4, 4).0;
        assert!((0..3).all(|channel| got[channel].abs_diff(want[channel]) < 2), "{light:?}: {got:?}");
    }
}

/// As Pillow takes raw samples; those in letters it refuses. The format has no checksum, and a sample may be anything.
#[test]
fn pnm_samples_above_the_maximum_are_white() {
    let check = |file: &[u8], want: u8| {
        let got = pixels(file);
        assert_eq!((got.get_pixel(0, 0).0[0], got.get_pixel(1, 0).0[0]), (255, want), "{:?}", &file[..14]);
    };
    check(b"P2 2 1 9 10 3 ", 85);
    check(b"P2 2 1 1000 60000 400 ", 102);
    check(b"P5 2 1 99 \xC8\x21", 85);
    check(b"P5 2 1 1000 \xFF\xFF\x01\x90", 102);
    check(b"P6 2 1 15 \x10\x10\x10\x03\x03\x03", 51);
    // Numbers in letters that no sample of that width holds, and a bit of 7.
    let bits = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\x07\0";
    for file in [b"P2 2 1 255 256 3 ".as_slice(), b"P2 2 1 1000 70000 3 ", bits] {
        assert_eq!(make(file).unwrap_err().name(), "corrupt", "{file:?}");
    }
}
