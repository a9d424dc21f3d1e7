//! AVIF files, written here: each block of 8 by 8 pixels, or of 4 by 4 where chroma is whole, has one colour, which a
//! decoder must give exactly. Sources: AV1 Bitstream & Decoding Process Specification, 5 and 8.3; AVIF 1.1.

use image::{DynamicImage, RgbaImage};

use super::{
    avif_blocks::{self, Samples},
    heic::{Bits, CROPPED, MIRRORED, TURNED, ycbcr},
    heif_boxes::{self, Alpha, Boxes, boxed},
    picture, picture_rgba,
};

/// How chroma is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    None,
    /// 4:2:0.
    Halved,
    /// 4:4:4.
    Whole,
}

/// What a file is to have.
#[derive(Clone, Copy)]
pub struct Kind {
    pub bits: u32,
    pub chroma: Chroma,
    /// Side of a tile; 0 for a single image.
    pub tile_px: u32,
    /// Properties of the primary item that are applied, in their order.
    pub turns: &'static [&'static [u8]],
    pub alpha: AlphaKind,
    pub brand: &'static [u8; 4],
    /// Without it the sequence header alone says the colours.
    pub has_colours: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AlphaKind {
    None,
    /// Behind the colours.
    Last,
    /// Before them, as libavif writes it.
    First,
    /// The same, and multiplied into the colours.
    Premultiplied,
}

pub const PLAIN: Kind = Kind {
    bits: 8,
    chroma: Chroma::Whole,
    tile_px: 0,
    turns: &[],
    alpha: AlphaKind::None,
    brand: b"avif",
    has_colours: true,
};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let alpha = if image.color().has_alpha() { AlphaKind::First } else { AlphaKind::None };
    avif(&image.to_rgba8(), Kind { alpha, ..PLAIN })
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let opaque = DynamicImage::from(picture()).into_rgba8();
    let file = |kind| avif(&opaque, kind);
    let (halved, rgba) = (Kind { chroma: Chroma::Halved, ..PLAIN }, picture_rgba());
    let with_alpha = |alpha, tile_px| avif(&rgba, Kind { alpha, tile_px, ..PLAIN });
    vec![
        ("avif", encode(&picture().into())),
        ("avif alpha", encode(&rgba.clone().into())),
        ("avif 4:2:0", file(halved)),
        ("avif grey", file(Kind { chroma: Chroma::None, ..PLAIN })),
        ("avif 10 bits", file(Kind { bits: 10, ..halved })),
        ("avif 12 bits", file(Kind { bits: 12, ..PLAIN })),
        ("avif grid", file(Kind { tile_px: 64, ..halved })),
        ("avif alpha last", with_alpha(AlphaKind::Last, 64)),
        ("avif alpha premultiplied", with_alpha(AlphaKind::Premultiplied, 0)),
        ("avif turned", file(Kind { tile_px: 64, turns: &[CROPPED, TURNED, MIRRORED], ..halved })),
        ("avif bare", file(Kind { has_colours: false, brand: b"avis", ..PLAIN })),
    ]
}

pub fn avif(image: &RgbaImage, kind: Kind) -> Vec<u8> {
    let size = image.dimensions();
    let (tile, columns, rows) = match kind.tile_px {
        0 => (size, 1, 1),
        side => ((side, side), size.0.div_ceil(side), size.1.div_ceil(side)),
    };
    let top = f64::from((1_u32 << kind.bits) - 1);
    let pixel = |x: u32, y: u32| image.get_pixel(x.min(size.0 - 1), y.min(size.1 - 1)).0.map(f64::from);
    let colour = |plane: usize, x: u32, y: u32| {
        let [red, green, blue, alpha] = pixel(x, y);
        let by = if kind.alpha == AlphaKind::Premultiplied { alpha / 255.0 } else { 1.0 };
        ycbcr([red * by, green * by, blue * by], kind.bits)[plane]
    };
    let alpha = |_: usize, x: u32, y: u32| (pixel(x, y)[3] / 255.0 * top).round() as u32;
    let places = || (0..rows).flat_map(|row| (0..columns).map(move |column| (column * tile.0, row * tile.1)));
    let tiles = |chroma: Chroma, sample: &dyn Fn(usize, u32, u32) -> u32| -> Vec<Vec<u8>> {
        let of = |(left, top): (u32, u32)| {
            let samples = Samples {
                size: tile,
                bits: kind.bits,
                planes: if chroma == Chroma::None { 1 } else { 3 },
                is_halved: chroma == Chroma::Halved,
                at: &|plane, x, y| sample(plane, left + x, top + y),
            };
            item(&samples)
        };
        places().map(of).collect()
    };
    let with_alpha = (kind.alpha != AlphaKind::None).then(|| Alpha {
        configuration: configuration(kind.bits, Chroma::None),
        tiles: tiles(Chroma::None, &alpha),
        is_first: kind.alpha != AlphaKind::Last,
        is_premultiplied: kind.alpha == AlphaKind::Premultiplied,
    });
    heif_boxes::file(&Boxes {
        brand: kind.brand,
        item: b"av01",
        configuration: configuration(kind.bits, kind.chroma),
        tile,
        grid: (kind.tile_px > 0).then_some((columns, rows)),
        size,
        tiles: tiles(kind.chroma, &colour),
        // Full range, by the matrix of BT.601, in the colours of sRGB.
        colours: if kind.has_colours { b"nclx\0\x01\0\x0D\0\x06\x80" } else { b"" },
        turns: kind.turns,
        alpha: with_alpha,
    })
}

const fn profile(bits: u32, is_whole: bool) -> u8 {
    match (bits, is_whole) {
        (12, _) => 2,
        (_, true) => 1,
        (_, false) => 0,
    }
}

fn configuration(bits: u32, chroma: Chroma) -> Vec<u8> {
    let profile = profile(bits, chroma == Chroma::Whole);
    let halved = if chroma == Chroma::Whole { 0 } else { 0b1100 };
    let depth = match bits {
        8 => 0,
        10 => 0x40,
        _ => 0x60,
    };
    let grey = if chroma == Chroma::None { 0x10 } else { 0 };
    boxed(b"av1C", &[0x81, profile << 5 | 31, depth | grey | halved, 0])
}

/// A sequence header and a frame.
fn item(samples: &Samples<'_>) -> Vec<u8> {
    let unit = |kind: u8, payload: &[u8]| {
        let mut unit = vec![kind << 3 | 2];
        let mut length = payload.len();
        while length > 127 {
            unit.push(length as u8 | 128);
            length >>= 7;
        }
        unit.push(length as u8);
        [unit.as_slice(), payload].concat()
    };
    [unit(1, &sequence(samples)), unit(6, &frame(samples))].concat()
}

fn sequence(samples: &Samples<'_>) -> Vec<u8> {
    let is_grey = samples.planes == 1;
    let profile = profile(samples.bits, !is_grey && !samples.is_halved);
    let mut bits = Bits::default();
    bits.put(profile.into(), 3);
    // A still picture with the short header, of any level; sides of 16 bits.
    bits.put(0b11, 2);
    bits.put(31, 5);
    bits.put(0xFF, 8);
    bits.put(u64::from(samples.size.0 - 1), 16);
    bits.put(u64::from(samples.size.1 - 1), 16);
    // Blocks of 64, no tools and no filters.
    bits.put(0, 6);
    bits.put(u64::from(samples.bits > 8), 1);
    if profile == 2 {
        bits.put(u64::from(samples.bits == 12), 1);
    }
    if profile != 1 {
        bits.put(u64::from(is_grey), 1);
    }
    // BT.709's primaries, sRGB's curve, BT.601's matrix, full range.
    bits.put(1, 1);
    bits.put(0x01_0D_06, 24);
    bits.put(1, 1);
    if !is_grey {
        if profile == 2 {
            bits.put(if samples.is_halved { 3 } else { 0 }, if samples.is_halved { 2 } else { 1 });
        }
        if samples.is_halved {
            bits.put(0, 2);
        }
        bits.put(0, 1);
    }
    // No grain; the end.
    bits.put(0b01, 2);
    bits.bytes
}

fn frame(samples: &Samples<'_>) -> Vec<u8> {
    let mut bits = Bits::default();
    // Probabilities stay as they are; no screen content; its own size is that of the sequence.
    bits.put(0b100, 3);
    // Even tiles: as few rows of them as a picture of that size may have, in one column.
    bits.put(1, 1);
    let blocks = |side: u32| side.div_ceil(64);
    let (across, down) = (blocks(samples.size.0), blocks(samples.size.1));
    assert!(across <= 64, "a tile is at the most 4096 pixels wide");
    let log2 = |one: u32, all: u32| (0..).find(|log2| one << log2 >= all).unwrap_or(0_u32);
    let rows_log2 = log2(2304, across * down);
    bits.put(0, u32::from(across > 1) + u32::from(rows_log2 < log2(1, down.min(64))));
    let tile_px = down.div_ceil(1 << rows_log2) * 64;
    let tops: Vec<u32> = (0..samples.size.1).step_by(tile_px as usize).collect();
    if tops.len() > 1 {
        // Probabilities of the first tile; lengths of four bytes.
        bits.put(0, log2(1, tops.len() as u32));
        bits.put(3, 2);
    }
    // The finest step.
    bits.put(1, 8);
    // No other steps for DC of luma, DC and AC of chroma; no matrices, segments, steps by block.
    bits.put(0, 1 + if samples.planes > 1 { 2 } else { 0 } + 3);
    // No deblocking, no deltas of it; the largest transforms; few of them.
    bits.put(0, 6 + 6 + 3 + 1 + 1);
    bits.put(1, 1);
    let mut out = bits.bytes;
    // All tiles.
    out.extend(if tops.len() > 1 { [0].as_slice() } else { &[] });
    for top in &tops {
        let tile = avif_blocks::tile(samples, *top..(top + tile_px).min(samples.size.1));
        if Some(top) != tops.last() {
            out.extend((tile.len() as u32 - 1).to_le_bytes());
        }
        out.extend(tile);
    }
    out
}
