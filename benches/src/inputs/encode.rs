//! The writers of the kinds that `image` does not write.

use std::io::{Cursor, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use contract::ImageFormat as Format;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

pub(super) fn plain(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    fixtures::encoded(&picture.clone().into(), format)
}

/// 4:2:0, and 4:4:4 from quality 90 on, as cameras do.
pub(super) fn jpeg(picture: &RgbImage, quality: u8, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(if quality < 90 { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    encoder.set_progressive(progressive);
    let side = |side: u32| u16::try_from(side).expect("no input is wider than a JPEG can be");
    let (width, height) = (side(picture.width()), side(picture.height()));
    encoder.encode(picture, width, height, ColorType::Rgb).expect("memory takes every image");
    file
}

pub(super) fn webp(picture: &RgbImage) -> Vec<u8> {
    let encoder = webpx::Encoder::new_rgb(picture, picture.width(), picture.height());
    // The files should be there soon; how they were searched for hardly shows in how they are read.
    let encoder = encoder.quality(80.0).method(1);
    encoder.encode(webpx::Unstoppable).expect("no side is longer than 16,383 px")
}

/// Colours of a cube of six on each side, with an ordered dither: `image` would look for the best 256, which takes
/// minutes for a large picture.
pub(super) fn gif(picture: &RgbImage) -> Vec<u8> {
    let palette: Vec<u8> =
        (0..216_u8).flat_map(|index| [index / 36 * 51, index / 6 % 6 * 51, index % 6 * 51]).collect();
    let width = picture.width() as usize;
    let indices: Vec<u8> = picture
        .pixels()
        .enumerate()
        .map(|(at, pixel)| {
            let dither = DITHER[at / width % 4][at % width % 4];
            let level = |channel: u8| (u16::from(channel) + dither).min(255) as u8 / 51;
            let [red, green, blue] = pixel.0.map(level);
            red * 36 + green * 6 + blue
        })
        .collect();
    let side = |side: u32| u16::try_from(side).expect("no input is wider than a GIF can be");
    let (width, height) = (side(picture.width()), side(picture.height()));
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &palette).expect("memory takes every image");
    let frame = gif::Frame { width, height, buffer: indices.into(), ..gif::Frame::default() };
    encoder.write_frame(&frame).expect("memory takes every image");
    drop(encoder);
    file
}

/// Bayer's matrix of four, in steps of a sixteenth of a level.
const DITHER: [[u16; 4]; 4] = [[0, 26, 6, 32], [38, 13, 45, 19], [10, 35, 3, 29], [48, 22, 42, 16]];

pub(super) fn tiff_lzw(picture: &RgbImage) -> Vec<u8> {
    use tiff::encoder::{Compression, Predictor, TiffEncoder, colortype::RGB8};
    let mut file = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut file).expect("memory takes every image");
    let mut encoder = encoder.with_compression(Compression::Lzw).with_predictor(Predictor::Horizontal);
    encoder.write_image::<RGB8>(picture.width(), picture.height(), picture).expect("memory takes every image");
    file.into_inner()
}

/// First column, first row, step between columns, step between rows of each pass.
///
/// Source: W3C PNG, 8.2 "Interlaced images".
const PASSES: [[usize; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/// Adam7, each row with the filter `Sub`. Crate `png` does not write interlaced files.
pub(super) fn png_interlaced(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.as_raw();
    let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut line = Vec::new();
    for [first_column, first_row, column_step, row_step] in PASSES {
        for row in (first_row..height).step_by(row_step).filter(|_| first_column < width) {
            line.clear();
            line.push(1);
            let mut before = [0; 3];
            for column in (first_column..width).step_by(column_step) {
                let pixel: [u8; 3] = std::array::from_fn(|channel| pixels[(row * width + column) * 3 + channel]);
                line.extend((0..3).map(|channel| pixel[channel].wrapping_sub(before[channel])));
                before = pixel;
            }
            data.write_all(&line).expect("memory takes every image");
        }
    }
    let data = data.finish().expect("memory takes every image");
    let mut header = Vec::new();
    header.extend(picture.width().to_be_bytes());
    header.extend(picture.height().to_be_bytes());
    // Eight bits, RGB, deflate, the five filters, Adam7.
    header.extend([8, 2, 0, 0, 1]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", &header), (b"IDAT", &data), (b"IEND", &Vec::new())] {
        let length = u32::try_from(body.len()).expect("no input is larger than a chunk can be");
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(body);
        file.extend(length.to_be_bytes());
        file.extend(name);
        file.extend(body);
        file.extend(crc.sum().to_be_bytes());
    }
    file
}

/// The Python that `make` installs, with the encoders in it.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.venv/bin/python");

/// By `encode.py`, in a format that it knows.
pub(super) fn by_python(picture: &RgbImage, format: Format) -> Vec<u8> {
    let sides = [picture.width(), picture.height()].map(|side| side.to_string());
    let mut python = Command::new(PYTHON)
        .args(["-c", include_str!("encode.py"), format.name()])
        .args(sides)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{PYTHON}: {cause}; `make .venv/.tests` installs it"));
    let mut samples = python.stdin.take().expect("piped");
    let output = thread::scope(|scope| {
        scope.spawn(move || samples.write_all(picture));
        python.wait_with_output().expect("a child of ours")
    });
    assert!(output.status.success(), "encode.py: are Pillow, pillow-heif and pylibjxl installed?");
    output.stdout
}
