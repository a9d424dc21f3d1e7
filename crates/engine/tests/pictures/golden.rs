//! Decoded size and checksum of the thumbnail of every format, kind and orientation, and refusals of bad files.
//!
//! `UPDATE=1 cargo test -p engine golden` rewrites golden.txt; look at what changed before it is committed.
//! `GOLDEN_FILES=folder` keeps the files and thumbnails, each named by its line in golden.txt, for `make test-arm64`.

use crate::fixtures;
use crate::wanted::{assert_refusal, small_png};
use std::{fmt::Write, io::Cursor, path::Path};

use contract::{OutputFormat, Variant};
use engine::{EngineError, Made};
use image::{DynamicImage, ImageFormat};

fn make(bytes: &[u8], format: OutputFormat) -> Result<Made, EngineError> {
    let variant = Variant { format, ..small_png(30) };
    engine::make(&mut Cursor::new(bytes), &[variant], &fixtures::limits(64 << 20), &mut |_| {})
}

/// One file for each orientation of every format that carries one.
fn oriented() -> Vec<(String, u8, Vec<u8>)> {
    let rgb = DynamicImage::from(fixtures::picture());
    let [jpeg, png, webp] =
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(|format| fixtures::encoded(&rgb.clone(), format));
    let of = |number: u8| {
        [
            ("jpeg", fixtures::jpeg_with_exif(&jpeg, number)),
            ("png", fixtures::png_with_exif(&png, number)),
            ("webp", fixtures::webp_with_exif(&webp, number)),
            ("tiff", fixtures::tiff(5, 1, number.into(), fixtures::lzw)),
        ]
        .map(|(name, bytes)| (format!("{name} orientation {number}"), number, bytes))
    };
    (1..=8).flat_map(of).collect()
}

#[test]
fn thumbnails_are_those_of_golden_txt() {
    let plain = fixtures::all().into_iter().map(|(name, bytes)| (name.to_owned(), bytes));
    let turned = oriented().into_iter().map(|(name, _, bytes)| (name, bytes));
    let mut golden = String::new();
    let kept = std::env::var_os("GOLDEN_FILES");
    for (number, (name, bytes)) in plain.chain(turned).enumerate() {
        let made = make(&bytes, OutputFormat::Png).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        if let Some(folder) = kept.as_ref().map(Path::new) {
            std::fs::write(folder.join(number.to_string()), &bytes).unwrap();
            std::fs::write(folder.join(format!("{number}.png")), &made.thumbnails[0].bytes).unwrap();
        }
        let image = image::load_from_memory(&made.thumbnails[0].bytes).unwrap();
        let (width, height, colour) = (image.width(), image.height(), image.color());
        let mut checksum = flate2::Crc::new();
        checksum.update(image.as_bytes());
        writeln!(golden, "{name}: {width}x{height} {colour:?} {:08x}", checksum.sum()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &golden).unwrap();
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(golden, want, "thumbnails changed: look at them, then UPDATE=1 rewrites golden.txt");
}

#[test]
fn every_orientation_of_every_format_is_seen_upright() {
    // Red, green and blue corners of the stored picture, and where each orientation shows them.
    let corners = |number: u8| match number {
        1 => [(0, 0), (1, 0), (0, 1)],
        2 => [(1, 0), (0, 0), (1, 1)],
        3 => [(1, 1), (0, 1), (1, 0)],
        4 => [(0, 1), (1, 1), (0, 0)],
        5 => [(0, 0), (0, 1), (1, 0)],
        6 => [(1, 0), (1, 1), (0, 0)],
        7 => [(1, 1), (1, 0), (0, 1)],
        _ => [(0, 1), (0, 0), (1, 1)],
    };
    // A JPEG that becomes another one goes its own way.
    let formats = [OutputFormat::Png, OutputFormat::Jpeg];
    let files = oriented().into_iter().flat_map(|file| formats.map(|format| (file.clone(), format)));
    for ((name, number, bytes), format) in files {
        let made = make(&bytes, format).unwrap();
        assert_eq!(made.probe.orientation.number(), number, "{name}");
        let image = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
        let (width, height) = image.dimensions();
        assert_eq!((width, height), if number < 5 { (30, 20) } else { (20, 30) }, "{name}");
        for (channel, (right, down)) in corners(number).into_iter().enumerate() {
            let (x, y) = (if right == 1 { width - 4 } else { 3 }, if down == 1 { height - 4 } else { 3 });
            let pixel = image.get_pixel(x, y).0;
            let others = (0..3).filter(|other| *other != channel).map(|other| pixel[other]);
            assert!(others.max() < Some(pixel[channel] / 2), "{name}: {pixel:?} at {x},{y}");
        }
    }
}

#[test]
fn gps_and_profiles_are_not_in_any_thumbnail() {
    for (name, _, bytes) in oriented().into_iter().filter(|(name, ..)| !name.starts_with("tiff")) {
        let has = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        assert!(has(&bytes, b"GPSLatitude"), "{name}: the source must have what is stripped");
        for format in [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::Webp] {
            let file = make(&bytes, format).unwrap().thumbnails.remove(0).bytes;
            for word in [b"GPSLatitude".as_slice(), b"Exif", b"eXIf", b"EXIF", b"iCCP", b"ICC_PROFILE", b"ICCP"] {
                assert!(!has(&file, word), "{name} as {format:?} has {}", String::from_utf8_lossy(word));
            }
        }
    }
}

/// Whether the format has no rows until it is whole: a cut file gives nothing.
fn is_decoded_whole(bytes: &[u8]) -> bool {
    use contract::ImageFormat::{Bmp, Dds, Gif, Hdr, Jpeg, Png, Qoi, Tiff, Webp};
    !matches!(contract::ImageFormat::from_bytes(bytes), Some(Bmp | Dds | Gif | Hdr | Jpeg | Png | Qoi | Tiff | Webp))
}

#[test]
fn a_file_cut_behind_half_of_its_rows_is_made_with_a_warning_and_before_is_refused() {
    // WebP gives nothing of a cut file, an interlaced GIF not in order, the first frame of an animation ends early; four
    // flat colours are whole at nine tenths. HEIC
    // and AVIF give whole rows of tiles: `heifs.rs`, `avifs.rs`. PSD has its last channel at
    // the end, of a RAW file `raws.rs` cuts the preview, of a PDF `drawings.rs` what is behind the page, and films `films.rs`.
    let whole =
        ["webp", "animated", "interlaced", "canvas", "palette", "heic", "avif", "psd", "raw", "pdf", "mp4", "webm"];
    let files = fixtures::all().into_iter().filter(|(name, _)| !whole.iter().any(|word| name.contains(word)));
    for (name, bytes) in files {
        let most = &bytes[..bytes.len() * 9 / 10];
        if is_decoded_whole(&bytes) {
            let error = make(most, OutputFormat::Auto).unwrap_err();
            assert_eq!(error.name(), "corrupt", "{name}: {error}");
            continue;
        }
        match make(most, OutputFormat::Auto) {
            Ok(made) if name.starts_with("tiff") => drop(made), // Its directory, or its last strips, may come first.
            Ok(made) => assert_eq!(made.warnings.first().map(engine::Warning::name), Some("truncated"), "{name}"),
            Err(error) => assert!(name.starts_with("tiff"), "{name}: {error}"),
        }
        let little = &bytes[..bytes.len() / 6];
        let error = make(little, OutputFormat::Auto).unwrap_err();
        assert_eq!(error.name(), "corrupt", "{name}: {error}");
    }
}

#[test]
fn bad_files_are_refused_by_name() {
    let png = fixtures::encoded(&fixtures::picture().into(), ImageFormat::Png);
    let jpeg = fixtures::encoded(&fixtures::picture().into(), ImageFormat::Jpeg);
    let bmp = fixtures::encoded(&fixtures::picture().into(), ImageFormat::Bmp);
    let with = |bytes: &[u8], at: usize, new: &[u8]| [&bytes[..at], new, &bytes[at + new.len()..]].concat();
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let old_jpeg = fixtures::tiff(6, 1, 1, fixtures::lzw);
    let fax = fixtures::tiff(4, 1, 1, fixtures::lzw);
    let check = |bytes: &[u8], name: &str, word: &str| {
        let error = make(bytes, OutputFormat::Auto).unwrap_err();
        assert_refusal(&error, name, word);
    };
    check(b"", "not_an_image", "no byte");
    check(b"hello, world", "not_an_image", "68 65 6c 6c");
    check(&with(&png, 16, &[0; 4]), "corrupt", "width is 0");
    check(&with(&png, 25, &[9]), "corrupt", "colour type is 9");
    check(&with(&png, 16, &[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]), "too_many_pixels", "65535x65535");
    check(&with(&png, 16, &[0x7F, 0xFF, 0xFF, 0xFF]), "side_too_long", "2147483647");
    check(&with(&jpeg, frame + 1, &[0xC3]), "unsupported", "lossless");
    check(&with(&jpeg, frame + 1, &[0xC5]), "unsupported", "hierarchical");
    check(&with(&jpeg, frame + 4, &[12]), "unsupported", "12 bits");
    check(&with(&jpeg, frame + 5, &[0, 0]), "unsupported", "DNL");
    check(&with(&bmp, 30, &[5]), "unsupported", "PNG inside");
    check(&old_jpeg, "corrupt", "place of a JPEG table");
    check(&fax, "unsupported", "CCITT fax of 3 samples of 8 bits");
    check(b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\x00\x9d\x01\x2a\x01\x00\x01\x00", "corrupt", "30 of 44");
}
