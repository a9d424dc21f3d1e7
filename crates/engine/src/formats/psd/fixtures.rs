//! Photoshop documents, written here. Source: Adobe Photoshop File Formats Specification.

use image::{DynamicImage, RgbaImage};

use super::{deflate, picture, picture_rgba};

/// What a file is to have.
#[derive(Clone, Copy)]
pub struct Kind {
    /// As the header has it: 0 bitmap, 1 grey, 2 indexed, 3 RGB, 4 CMYK, 9 Lab.
    pub mode: u16,
    pub depth: u16,
    pub is_packed: bool,
    /// ZIP, of samples or of their differences.
    pub zip: Option<Zip>,
    /// A PSB.
    pub is_large: bool,
    pub has_alpha: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Zip {
    Samples,
    Differences,
}

pub const PLAIN: Kind =
    Kind { mode: 3, depth: 8, is_packed: true, zip: None, is_large: false, has_alpha: false };

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    psd(&image.to_rgba8(), Kind { has_alpha: image.color().has_alpha(), ..PLAIN })
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let opaque = DynamicImage::from(picture()).into_rgba8();
    let file = |kind| psd(&opaque, kind);
    vec![
        ("psd", file(PLAIN)),
        ("psd alpha", encode(&picture_rgba().into())),
        ("psd plain", file(Kind { is_packed: false, ..PLAIN })),
        ("psd large", file(Kind { is_large: true, ..PLAIN })),
        ("psd grey", file(Kind { mode: 1, ..PLAIN })),
        ("psd bits", file(Kind { mode: 0, depth: 1, ..PLAIN })),
        ("psd indexed", file(Kind { mode: 2, ..PLAIN })),
        ("psd cmyk", file(Kind { mode: 4, ..PLAIN })),
        ("psd 16 bits", file(Kind { depth: 16, ..PLAIN })),
        ("psd zip", file(Kind { zip: Some(Zip::Samples), ..PLAIN })),
        ("psd zip differences", file(Kind { zip: Some(Zip::Differences), ..PLAIN })),
        ("psd zip 16 bits", file(Kind { depth: 16, zip: Some(Zip::Differences), ..PLAIN })),
        ("psd zip 32 bits", file(Kind { depth: 32, zip: Some(Zip::Differences), ..PLAIN })),
        ("psd 32 bits", file(Kind { depth: 32, is_packed: false, ..PLAIN })),
    ]
}

fn grey([red, green, blue, _]: [u8; 4]) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

/// The level of a channel, in 8 bits.
fn level(kind: Kind, channel: usize, pixel: [u8; 4]) -> u8 {
    let on_white = |level: u8| match kind.has_alpha {
        true => ((u32::from(level) * u32::from(pixel[3]) + 255 * (255 - u32::from(pixel[3])) + 127) / 255) as u8,
        false => level,
    };
    let black = pixel[..3].iter().copied().max().unwrap_or_default();
    match (kind.mode, channel) {
        (1, 0) | (0, 0) => on_white(grey(pixel)),
        // Three bits of red and green, two of blue.
        (2, 0) => pixel[0] >> 5 << 5 | pixel[1] >> 5 << 2 | pixel[2] >> 6,
        // What is left of the paper.
        (4, 3) => black,
        (4, _) if black == 0 => 255,
        (4, _) => (u32::from(pixel[channel]) * 255 / u32::from(black)) as u8,
        (_, 0..3) if kind.mode == 3 || kind.mode == 9 => on_white(pixel[channel]),
        _ => pixel[3],
    }
}

fn row(kind: Kind, levels: &[u8]) -> Vec<u8> {
    match kind.depth {
        1 => {
            let bits = |eight: &[u8]| eight.iter().zip(0..).fold(0, |byte, (level, at)| byte | (level >> 7 ^ 1) << (7 - at));
            levels.chunks(8).map(bits).collect()
        }
        8 => levels.to_vec(),
        16 => levels.iter().flat_map(|level| [*level; 2]).collect(),
        _ => {
            let light = |level: u8| {
                let encoded = f32::from(level) / 255.0;
                if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
            };
            levels.iter().flat_map(|level| light(*level).to_be_bytes()).collect()
        }
    }
}

/// Runs of three and more, the rest as it is.
fn packed(row: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    let run = |at: usize| row[at..].iter().take(128).take_while(|byte| **byte == row[at]).count();
    while at < row.len() {
        let length = run(at);
        if length > 2 {
            out.extend([(257 - length) as u8, row[at]]);
            at += length;
            continue;
        }
        let start = at;
        while at < row.len() && at - start < 128 && run(at) < 3 {
            at += 1;
        }
        out.push((at - start - 1) as u8);
        out.extend(&row[start..at]);
    }
    out
}

/// Each sample as its difference from the one before; of 32 bits the first bytes of all, then the second.
fn differences(depth: u16, row: &[u8]) -> Vec<u8> {
    let of_bytes = |row: &[u8]| -> Vec<u8> {
        [0].iter().chain(row).zip(row).map(|(before, byte)| byte.wrapping_sub(*before)).collect()
    };
    match depth {
        8 => of_bytes(row),
        16 => {
            let samples: Vec<u16> = row.as_chunks::<2>().0.iter().map(|sample| u16::from_be_bytes(*sample)).collect();
            let pairs = [0].iter().chain(&samples).zip(&samples);
            pairs.flat_map(|(before, sample)| sample.wrapping_sub(*before).to_be_bytes()).collect()
        }
        32 => of_bytes(&(0..4).flat_map(|byte| row.iter().skip(byte).step_by(4).copied()).collect::<Vec<_>>()),
        _ => row.to_vec(),
    }
}

pub fn resource(number: u16, body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [b"8BIM".as_slice(), &number.to_be_bytes(), &[0, 0], &(body.len() as u32).to_be_bytes(), body, &padding].concat()
}

pub fn psd(image: &RgbaImage, kind: Kind) -> Vec<u8> {
    // With real merged data.
    with_resources(image, kind, &resource(1057, &[0, 0, 0, 1, 1, 0, 0, 0, 0]))
}

pub fn with_resources(image: &RgbaImage, kind: Kind, resources: &[u8]) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let colours = match kind.mode {
        0..=2 => 1,
        4 => 4,
        _ => 3,
    };
    let channels = colours + usize::from(kind.has_alpha);
    let mut file = [b"8BPS\0".as_slice(), &[1 + u8::from(kind.is_large)], &[0; 6]].concat();
    file.extend((channels as u16).to_be_bytes());
    file.extend([height, width].map(u32::to_be_bytes).concat());
    file.extend([kind.depth, kind.mode].map(u16::to_be_bytes).concat());
    let palette: Vec<u8> = match kind.mode {
        2 => {
            let part = |index: u32, shift: u32, bits: u32| {
                let most = (1 << bits) - 1;
                (((index >> shift) & most) * 255 / most) as u8
            };
            [(5, 3), (2, 3), (0, 2)].iter().flat_map(|(shift, bits)| (0..256).map(|i| part(i, *shift, *bits))).collect()
        }
        _ => Vec::new(),
    };
    for section in [palette.as_slice(), resources] {
        file.extend((section.len() as u32).to_be_bytes());
        file.extend(section);
    }
    // One layer of no channels, whose count below zero says that there is transparency.
    let number = |number: u64| match kind.is_large {
        true => number.to_be_bytes().to_vec(),
        false => (number as u32).to_be_bytes().to_vec(),
    };
    let count: i16 = if kind.has_alpha { -1 } else { 1 };
    let layer = [count.to_be_bytes().as_slice(), &[0; 18], b"8BIMnorm\xFF\0\0\0\0\0\0\0"].concat();
    let layers = [number(layer.len() as u64), layer, vec![0; 4]].concat();
    file.extend(number(layers.len() as u64));
    file.extend(layers);
    let compression = match kind.zip {
        Some(Zip::Samples) => 2,
        Some(Zip::Differences) => 3,
        None => u8::from(kind.is_packed),
    };
    file.extend([0, compression]);
    let is_packed = compression == 1;
    let mut rows = Vec::new();
    for channel in 0..channels {
        for y in 0..height {
            let levels: Vec<u8> = (0..width).map(|x| level(kind, channel, image.get_pixel(x, y).0)).collect();
            let row = row(kind, &levels);
            rows.push(match compression {
                1 => packed(&row),
                3 => differences(kind.depth, &row),
                _ => row,
            });
        }
    }
    if is_packed {
        for row in &rows {
            match kind.is_large {
                true => file.extend((row.len() as u32).to_be_bytes()),
                false => file.extend((row.len() as u16).to_be_bytes()),
            }
        }
    }
    match kind.zip {
        Some(_) => file.extend(deflate(&rows.concat())),
        None => file.extend(rows.concat()),
    }
    file
}
