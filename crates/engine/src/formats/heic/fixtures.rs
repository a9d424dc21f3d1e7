//! HEIC files, written here: every coding block is PCM, so that the samples are in the file as they are and a decoder
//! must give exactly them. Sources: ITU-T H.265, 7.3; ISO/IEC 23008-12.

use image::{DynamicImage, RgbImage};

use super::{
    heif_boxes::{Boxes, boxed},
    picture, picture_rgba,
};

/// What a file is to have.
#[derive(Clone, Copy)]
pub struct Kind {
    pub bits: u32,
    /// 4:2:0, else 4:4:4.
    pub halved: bool,
    /// Columns and rows of HEVC's own tiles, within a picture.
    pub inner: (u32, u32),
    /// Side of a tile; 0 for a single image.
    pub tile_px: u32,
    /// After how many blocks of 16 by 16 the last slice ends; 0 for all that it should have.
    pub blocks: usize,
    /// Properties of the primary item that are applied, in their order.
    pub turns: &'static [&'static [u8]],
}

pub const PLAIN: Kind = Kind { bits: 8, halved: false, inner: (1, 1), tile_px: 0, blocks: 0, turns: &[] };
/// A quarter turn with the clock: three against it.
pub const TURNED: &[u8] = b"irot\x03";
pub const MIRRORED: &[u8] = b"imir\x01";
/// 40 by 30 pixels, their centre 5 to the right of the picture's and 5 above.
pub const CROPPED: &[u8] = b"clap\0\0\0\x28\0\0\0\x01\0\0\0\x1E\0\0\0\x01\0\0\0\x05\0\0\0\x01\xFF\xFF\xFF\xFB\0\0\0\x01";

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    heic(&image.to_rgb8(), PLAIN)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let file = |kind| heic(&picture(), kind);
    vec![
        ("heic", encode(&picture_rgba().into())),
        ("heic 4:2:0", file(Kind { halved: true, ..PLAIN })),
        ("heic 10 bits", file(Kind { bits: 10, halved: true, ..PLAIN })),
        ("heic 12 bits", file(Kind { bits: 12, ..PLAIN })),
        ("heic grid", file(Kind { halved: true, tile_px: 32, ..PLAIN })),
        ("heic turned", file(Kind { halved: true, tile_px: 32, turns: &[CROPPED, TURNED, MIRRORED], ..PLAIN })),
    ]
}

pub fn heic(image: &RgbImage, kind: Kind) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let (tile, columns, rows) = match kind.tile_px {
        0 => ((width, height), 1, 1),
        side => ((side, side), width.div_ceil(side), height.div_ceil(side)),
    };
    let mut tiles = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let is_last = (column, row) == (columns - 1, rows - 1);
            let kind = if is_last { kind } else { Kind { blocks: 0, ..kind } };
            tiles.push(slice(image, (column * tile.0, row * tile.1), tile, kind));
        }
    }
    super::heif_boxes::file(&Boxes {
        brand: b"heic",
        item: b"hvc1",
        configuration: boxed(b"hvcC", &configuration(tile, kind)),
        tile,
        grid: (kind.tile_px > 0).then_some((columns, rows)),
        size: (width, height),
        tiles,
        // Full range, by the matrix of BT.601, in the colours of sRGB.
        colours: b"nclx\0\x01\0\x0D\0\x06\x80",
        turns: kind.turns,
        alpha: None,
    })
}

/// `hvcC` with its three parameter sets.
fn configuration(size: (u32, u32), kind: Kind) -> Vec<u8> {
    let sets = [(32, vps()), (33, sps(size, kind)), (34, pps(kind.inner))];
    let chroma = if kind.halved { 1 } else { 3 };
    let depth = 0xF8 | (kind.bits as u8 - 8);
    let mut out = [&[1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 180, 0xF0, 0, 0xFC, 0xFC | chroma][..], &[depth, depth]].concat();
    out.extend([0, 0, 0x0F, sets.len() as u8]);
    for (kind, set) in sets {
        let unit = unit(kind, &set);
        out.extend([0x80 | kind, 0, 1]);
        out.extend((unit.len() as u16).to_be_bytes());
        out.extend(unit);
    }
    out
}

/// Header and bytes, with start codes kept out.
fn unit(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![kind << 1, 1];
    let mut zeros = 0;
    for byte in bytes {
        if zeros >= 2 && *byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

#[derive(Default)]
pub struct Bits {
    pub bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    pub fn put(&mut self, value: u64, count: u32) {
        for shift in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let at = self.bytes.len() - 1;
            self.bytes[at] |= (((value >> shift) & 1) << (7 - self.used % 8)) as u8;
            self.used += 1;
        }
    }

    pub fn golomb(&mut self, values: &[u32]) {
        for value in values {
            let length = (value + 1).ilog2();
            self.put(u64::from(value + 1), 2 * length + 1);
        }
    }

    /// Zeros up to a byte.
    pub fn align(&mut self) {
        self.used = self.used.next_multiple_of(8);
    }

    /// A stop bit, then zeros up to a byte.
    pub fn ended(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.bytes
    }
}

/// Format range extensions, level 6.
fn profile(bits: &mut Bits) {
    bits.put(4, 8);
    bits.put(1 << 27, 32);
    bits.put(0, 48);
    bits.put(180, 8);
}

fn vps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b0000_1100_0000_0001, 16);
    bits.put(0xFFFF, 16);
    profile(&mut bits);
    bits.put(1, 1);
    bits.golomb(&[0, 0, 0]);
    bits.put(0, 6);
    bits.golomb(&[0]);
    bits.put(0, 2);
    bits.ended()
}

/// Coding tree blocks of 16 by 16.
fn sps((width, height): (u32, u32), kind: Kind) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(1, 8);
    profile(&mut bits);
    bits.golomb(&[0]);
    if kind.halved {
        bits.golomb(&[1]);
    } else {
        bits.golomb(&[3]);
        bits.put(0, 1);
    }
    let (coded_width, coded_height) = (width.next_multiple_of(16), height.next_multiple_of(16));
    let unit = if kind.halved { 2 } else { 1 };
    bits.golomb(&[coded_width, coded_height]);
    bits.put(1, 1);
    bits.golomb(&[0, (coded_width - width) / unit, 0, (coded_height - height) / unit]);
    bits.golomb(&[kind.bits - 8, kind.bits - 8, 0]);
    bits.put(1, 1);
    bits.golomb(&[0, 0, 0, 0, 1, 0, 2, 0, 0]);
    // No scaling list, asymmetric partitions or offsets; PCM.
    bits.put(1, 4);
    bits.put(u64::from(kind.bits - 1) * 17, 8);
    bits.golomb(&[1, 0]);
    bits.put(1, 1);
    bits.golomb(&[0]);
    bits.put(0, 5);
    bits.ended()
}

fn pps((columns, rows): (u32, u32)) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.golomb(&[0, 0]);
    bits.put(0, 7);
    bits.golomb(&[0, 0, 0]);
    bits.put(0, 3);
    bits.golomb(&[0, 0]);
    bits.put(0, 4);
    if (columns, rows) == (1, 1) {
        bits.put(0, 2);
    } else {
        bits.put(0b10, 2);
        bits.golomb(&[columns - 1, rows - 1]);
        // Of even sides, and filters stay inside.
        bits.put(0b10, 2);
    }
    // No deblocking.
    bits.put(0b01_0100, 6);
    bits.golomb(&[0]);
    bits.put(0, 2);
    bits.ended()
}

/// What remains of the range of 9 bits where a split flag of state `n` is 0. Source: ITU-T H.265, table 9-52, last column.
const LESS_PROBABLE: [u32; 63] = [
    240, 227, 216, 205, 195, 185, 175, 166, 158, 150, 142, 135, 128, 122, 116, 110, 104, 99, 94, 89, 85, 80, 76, 72, 69,
    65, 62, 59, 56, 53, 50, 48, 45, 43, 41, 39, 37, 35, 33, 31, 30, 28, 27, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15,
    14, 14, 13, 12, 12, 11, 11, 10, 9,
];

/// One picture: length, and a slice of blocks that are not split and stored as they are.
///
/// The arithmetic coder starts anew behind every block, so that it never has more to say than: the slice goes on, no
/// split, PCM. That is 9 bits, which follow from the state of the one context.
fn slice(image: &RgbImage, (left, top): (u32, u32), (width, height): (u32, u32), kind: Kind) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixel = |x: u32, y: u32| {
        let (x, y) = ((left + x).min(image.width() - 1), (top + y).min(image.height() - 1));
        ycbcr(image.get_pixel(x, y).0.map(f64::from), kind.bits)
    };
    let mut blocks = 0;
    let mut starts = Vec::new();
    'tiles: for tile in inner_tiles((width, height), kind.inner) {
        if blocks > 0 {
            // The slice goes on, the tile ends.
            bytes.extend((0x1FB_u16 << 7).to_be_bytes());
            starts.push(bytes.len());
        }
        for (index, (x, y)) in tile.into_iter().enumerate() {
            if kind.blocks > 0 && blocks == kind.blocks {
                break 'tiles;
            }
            let range = if index == 0 { 510 } else { 508 };
            let low = range - LESS_PROBABLE[index.min(62)] - 2;
            bytes.extend(((((low & 0x1FF) | 1) << 7) as u16).to_be_bytes());
            let mut samples = Bits::default();
            for channel in 0..3 {
                let step = if channel > 0 && kind.halved { 2 } else { 1 };
                for row in (0..16).step_by(step) {
                    for column in (0..16).step_by(step) {
                        let sample = pixel(x + column as u32, y + row as u32)[channel];
                        samples.put(u64::from(sample), kind.bits);
                    }
                }
            }
            bytes.extend(samples.bytes);
            blocks += 1;
        }
    }
    // The slice ends.
    bytes.extend((0x1FD_u16 << 7).to_be_bytes());
    let mut bits = Bits::default();
    bits.put(0b10, 2);
    bits.golomb(&[0, 2, 0]);
    if kind.inner != (1, 1) {
        // Where the tiles begin: how long each but the last is, with its escapes.
        bits.golomb(&[starts.len() as u32]);
        let escaped = |end: usize| unit(0, &bytes[..end]).len();
        if !starts.is_empty() {
            bits.golomb(&[31]);
        }
        let mut before = 0;
        for start in starts {
            bits.put((escaped(start) - 2 - before - 1) as u64, 32);
            before = escaped(start) - 2;
        }
    }
    let unit = unit(19, &[bits.ended(), bytes].concat());
    [&(unit.len() as u32).to_be_bytes()[..], &unit].concat()
}

/// The blocks of each tile, row by row, in samples. Source: ITU-T H.265, 6.5.1.
fn inner_tiles((width, height): (u32, u32), (columns, rows): (u32, u32)) -> Vec<Vec<(u32, u32)>> {
    let edges = |side: u32, count: u32| -> Vec<u32> {
        (0..=count).map(|index| index * side.div_ceil(16) / count * 16).collect()
    };
    let (lefts, tops) = (edges(width, columns), edges(height, rows));
    let blocks = |left: u32, right: u32, top: u32, bottom: u32| {
        let lines = (top..bottom).step_by(16);
        lines.flat_map(|y| (left..right).step_by(16).map(move |x| (x, y))).collect()
    };
    let down = tops.windows(2);
    down.flat_map(|down| lefts.windows(2).map(|across| blocks(across[0], across[1], down[0], down[1]))).collect()
}

/// Full range, BT.601.
pub fn ycbcr([red, green, blue]: [f64; 3], bits: u32) -> [u32; 3] {
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    let (cb, cr) = ((blue - luma) / 1.772, (red - luma) / 1.402);
    let top = f64::from((1_u32 << bits) - 1);
    let half = f64::from(1_u32 << (bits - 1));
    // To the nearest: `round` is a call of the C library here.
    let sample = |value: f64| (value.clamp(0.0, top) + 0.5) as u32;
    [sample(luma / 255.0 * top), sample(half + cb / 255.0 * top), sample(half + cr / 255.0 * top)]
}
