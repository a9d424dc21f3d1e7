//! Files that are cut or damaged: the same picture, a warning, or a refusal; never another picture without a word.
//!
//! JPEG and TIFF have tests of their own. A changed byte can be noticed only where a format has checksums; elsewhere it
//! is another picture, and `differential.rs` shows that it is the one that other decoders see.

use std::io::Cursor;

use crate::fixtures;
use crate::wanted::small_png;
use contract::ImageFormat;
use engine::Limits;
use image::RgbaImage;

/// The picture in its own size as a PNG, and whether anything was said of it; `None` for a refusal.
fn made(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let made = engine::make(&mut &bytes[..], &[small_png(200)], &Limits::for_budget(8 << 20), &mut |_| {});
    let mut made = made.inspect_err(|error| assert!(!error.is_retryable())).ok()?;
    Some((made.thumbnails.swap_remove(0).bytes, !made.warnings.is_empty()))
}

/// By `png` alone: `image`, which is not optimised here, takes longer to convert a picture than the engine to make it.
fn pixels(thumbnail: &[u8]) -> RgbaImage {
    let mut decoder = png::Decoder::new(Cursor::new(thumbnail));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut samples).unwrap();
    if frame.color_type == png::ColorType::GrayscaleAlpha {
        samples = samples.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect();
    }
    RgbaImage::from_raw(frame.width, frame.height, samples).unwrap()
}

/// Whether one pixel in a hundred is another one.
fn differs(got: &RgbaImage, want: &RgbaImage) -> bool {
    let far = |(got, want): &(&image::Rgba<u8>, &image::Rgba<u8>)| {
        got[3].max(want[3]) > 40 && got.0.iter().zip(want.0).any(|(got, want)| got.abs_diff(want) > 24)
    };
    let far = got.pixels().zip(want.pixels()).filter(far).count();
    got.dimensions() != want.dimensions() || far * 100 > want.pixels().len()
}

/// What a file is as a thumbnail: the PNG, and its pixels.
struct Wanted(Vec<u8>, RgbaImage);

/// Files of the formats in question, each with its picture.
fn files() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    let formats = ImageFormat::ALL.into_iter();
    // Of what is drawn each byte is a word of a program: `drawings.rs`.
    let others = [ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Svg, ImageFormat::Pdf];
    let formats = formats.filter(|format| !others.contains(format));
    let with_picture = |(name, bytes): (&'static str, Vec<u8>)| {
        let (thumbnail, said) = made(&bytes).unwrap();
        assert!(!said, "{name} is whole");
        let picture = pixels(&thumbnail);
        (name, bytes, Wanted(thumbnail, picture))
    };
    formats.flat_map(fixtures::files).map(with_picture).collect()
}

/// About 150 places of a file, and every one of its first 40 and its last 20 bytes.
fn places(bytes: usize) -> impl Iterator<Item = usize> {
    (0..bytes).filter(move |at| *at < 40 || at + 20 > bytes || at % (bytes / 150).max(1) == 0)
}

/// What was made of changed files, by kind.
#[derive(Default)]
struct Count {
    same: usize,
    said: usize,
    refused: usize,
    /// The places of those that are wrong.
    wrong: Vec<usize>,
}

impl Count {
    fn add(&mut self, at: usize, file: &[u8], Wanted(thumbnail, picture): &Wanted) {
        let Some((got, is_said)) = made(file) else {
            self.refused += 1;
            return;
        };
        let is_other = got != *thumbnail && differs(&pixels(&got), picture);
        match (is_said, is_other) {
            (true, _) => self.said += 1,
            (_, true) => self.wrong.push(at),
            _ => self.same += 1,
        }
    }
}

#[test]
fn a_cut_file_is_never_another_picture_without_a_word() {
    for (name, bytes, want) in files() {
        let mut count = Count::default();
        places(bytes.len()).for_each(|length| count.add(length, &bytes[..length], &want));
        assert!(count.wrong.is_empty(), "{name} is another picture when cut at {:?}", count.wrong);
        assert!(count.refused > 10, "{name}: no cut is noticed");
    }
}

#[test]
fn a_damaged_byte_is_noticed_by_formats_with_checksums() {
    for (name, bytes, want) in files() {
        // Of OpenEXR the compressed blocks; its header has no checksum.
        let first = match name {
            _ if name.contains("png") => 0,
            "exr" => 330,
            _ => continue,
        };
        let mut count = Count::default();
        for change in [1, 0x20, 0x80, 0xFF] {
            for at in places(bytes.len()).filter(|at| *at >= first) {
                let mut file = bytes.clone();
                file[at] ^= change;
                count.add(at, &file, &want);
            }
        }
        assert!(count.wrong.is_empty(), "{name} is another picture with damage at {:?}", count.wrong);
        // What stands behind the first frame of an animation is not read.
        let is_read = !name.contains("animated");
        let noticed = count.refused + count.said;
        assert!(noticed > count.same || !is_read, "{name}: {} changes make no difference", count.same);
    }
}

/// Sixteen bytes of zeros in the middle: what a bad sector leaves, or a transfer that lost a part.
#[test]
fn a_hole_is_never_a_panic_and_is_noticed_by_png() {
    for (name, bytes, want) in files() {
        let mut count = Count::default();
        for at in places(bytes.len() - 16) {
            let mut file = bytes.clone();
            file[at..at + 16].fill(0);
            count.add(at, &file, &want);
        }
        if name.contains("png") {
            assert!(count.wrong.is_empty(), "{name} is another picture with a hole at {:?}", count.wrong);
        }
    }
}
