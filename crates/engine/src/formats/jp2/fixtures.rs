//! JPEG 2000 files without loss, written here: one tile, one layer, a precinct for each block of code.
//!
//! Source: ITU-T T.800, annexes A, B, C (`fixtures_blocks.rs`), F and I.

use std::collections::HashMap;

use image::{DynamicImage, GenericImageView};

use super::{jp2_blocks::block, picture, picture_rgba};

/// What a file is to have.
#[derive(Clone, Copy)]
pub struct Kind {
    /// 8 or 16.
    pub bits: u32,
    /// How often it is halved.
    pub levels: u32,
    /// Without boxes it is grey or RGB.
    pub in_boxes: bool,
    /// Of the boxes: 16 sRGB, 17 grey, 18 YCbCr, 12 CMYK.
    pub colours: u32,
    /// Indices of a table of colours.
    pub has_palette: bool,
}

pub const PLAIN: Kind = Kind { bits: 8, levels: 3, in_boxes: true, colours: 16, has_palette: false };

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let colours = if image.color().has_color() { 16 } else { 17 };
    let bits = if image.color().bytes_per_pixel() > image.color().channel_count() { 16 } else { 8 };
    jp2(image, Kind { bits, colours, ..PLAIN })
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let rgb = DynamicImage::from(picture());
    vec![
        ("jp2", encode(&rgb)),
        ("jp2 grey", encode(&rgb.to_luma8().into())),
        ("jp2 rgba", encode(&picture_rgba().into())),
        ("jp2 16 bit", encode(&rgb.to_rgb16().into())),
        ("jp2 bare", jp2(&rgb, Kind { in_boxes: false, ..PLAIN })),
        ("jp2 not halved", jp2(&rgb, Kind { levels: 0, ..PLAIN })),
        ("jp2 ycbcr", jp2(&rgb, Kind { colours: 18, ..PLAIN })),
        ("jp2 palette", jp2(&rgb, Kind { has_palette: true, levels: 0, ..PLAIN })),
    ]
}

/// A plane of samples, their signs as in the transform.
struct Plane {
    width: usize,
    height: usize,
    samples: Vec<i32>,
}

fn planes(image: &DynamicImage, kind: Kind) -> Vec<Plane> {
    let (width, height) = image.dimensions();
    let channels = match (kind.has_palette, kind.colours) {
        (true, _) => 1,
        (_, 12) => 4,
        _ => usize::from(image.color().channel_count()),
    };
    let rgba = image.to_rgba16();
    let grey = if kind.colours == 17 { image.to_luma_alpha16() } else { image::ImageBuffer::default() };
    let level = |channel: usize, x: u32, y: u32| -> u32 {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0.map(u32::from);
        if kind.has_palette {
            return index([red, green, blue]) * 257;
        }
        match (kind.colours, channels) {
            (17, _) => grey.get_pixel(x, y).0[channel].into(),
            (18, _) => ycbcr([red, green, blue])[channel],
            (12, _) => [65_535 - red, 65_535 - green, 65_535 - blue, 0][channel],
            _ => [red, green, blue, alpha][channel],
        }
    };
    let samples = |channel: usize| {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let stored = |(x, y)| match kind.bits {
            16 => level(channel, x, y) as i32 - 32_768,
            _ => (level(channel, x, y) / 257) as i32 - 128,
        };
        pixels.map(stored).collect()
    };
    (0..channels)
        .map(|channel| Plane { width: width as usize, height: height as usize, samples: samples(channel) })
        .collect()
}

/// Three bits of red and green, two of blue.
fn index([red, green, blue]: [u32; 3]) -> u32 {
    red >> 13 << 5 | green >> 13 << 2 | blue >> 14
}

fn palette(index: u32) -> [u8; 3] {
    [(index >> 5) * 255 / 7, (index >> 2 & 7) * 255 / 7, (index & 3) * 255 / 3].map(|level| level as u8)
}

fn ycbcr(rgb: [u32; 3]) -> [u32; 3] {
    let [red, green, blue] = rgb.map(f64::from);
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    let chroma = |colour: f64, factor: f64| (32_768.0 + (colour - luma) / factor).clamp(0.0, 65_535.0) as u32;
    [luma as u32, chroma(blue, 1.772), chroma(red, 1.402)]
}

/// The low half of each row or column first, then the high one. Source: annex F.4, the reversible filter.
fn halve(line: &mut [i32]) {
    let count = line.len();
    if count < 2 {
        return;
    }
    let even = |n: isize| line[2 * n.clamp(0, (count as isize - 1) / 2) as usize];
    let high = |n: isize| {
        let n = n.clamp(0, count as isize / 2 - 1);
        let next = if 2 * n as usize + 2 < count { even(n + 1) } else { even(n) };
        line[2 * n as usize + 1] - ((even(n) + next) >> 1)
    };
    let lows = count.div_ceil(2) as isize;
    let low = |n: isize| {
        let behind = if 2 * n as usize + 1 < count { high(n) } else { high(n - 1) };
        even(n) + ((high((n - 1).max(0)) + behind + 2) >> 2)
    };
    let halves: Vec<i32> = (0..lows).map(low).chain((0..count as isize / 2).map(high)).collect();
    line.copy_from_slice(&halves);
}

impl Plane {
    fn transform(&mut self, levels: u32) {
        let (mut width, mut height) = (self.width, self.height);
        for _ in 0..levels {
            for x in 0..width {
                let mut column: Vec<i32> = (0..height).map(|y| self.samples[y * self.width + x]).collect();
                halve(&mut column);
                column.iter().enumerate().for_each(|(y, sample)| self.samples[y * self.width + x] = *sample);
            }
            for y in 0..height {
                halve(&mut self.samples[y * self.width..][..width]);
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
    }
}

/// Bits of a packet's header, the highest of a byte first; behind 0xFF comes a bit of 0.
#[derive(Default)]
struct PacketBits {
    bytes: Vec<u8>,
    free: u32,
}

impl PacketBits {
    fn put(&mut self, count: u32, number: u32) {
        for bit in (0..count).rev() {
            if self.free == 0 {
                self.free = if self.bytes.last() == Some(&0xFF) { 7 } else { 8 };
                self.bytes.push(0);
            }
            self.free -= 1;
            if number >> bit & 1 == 1 {
                *self.bytes.last_mut().expect("pushed") |= 1 << self.free;
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.bytes.last() == Some(&0xFF) {
            self.bytes.push(0);
        }
        self.bytes
    }
}

const SIDE: usize = 64;

/// Blocks that were coded: samples, width and band, and what `block` said of them. A large picture for a test repeats.
type Coded = HashMap<(Vec<i32>, usize, (usize, usize)), (u32, Vec<u8>)>;

/// One packet: the blocks of each band at that place.
fn packet(plane: &Plane, kind: Kind, resolution: u32, (across, down): (usize, usize), known: &mut Coded) -> Vec<u8> {
    let halved = |side: usize, times: u32| (0..times).fold(side, |side, _| side.div_ceil(2));
    let (mut bits, mut body) = (PacketBits::default(), Vec::new());
    bits.put(1, 1);
    let bands: &[(usize, usize)] = if resolution == 0 { &[(0, 0)] } else { &[(1, 0), (0, 1), (1, 1)] };
    let times = kind.levels - resolution + u32::from(resolution > 0);
    let low = (halved(plane.width, times), halved(plane.height, times));
    let whole = (halved(plane.width, times.saturating_sub(1)), halved(plane.height, times.saturating_sub(1)));
    for (right, below) in bands {
        let (left, top) = (low.0 * right, low.1 * below);
        let size = if resolution == 0 {
            low
        } else {
            ([low.0, whole.0 - low.0][*right], [low.1, whole.1 - low.1][*below])
        };
        let (from_x, from_y) = (across * SIDE, down * SIDE);
        let (to_x, to_y) = ((from_x + SIDE).min(size.0), (from_y + SIDE).min(size.1));
        if from_x >= to_x || from_y >= to_y {
            continue;
        }
        let rows = (from_y..to_y).flat_map(|y| &plane.samples[(top + y) * plane.width + left..][from_x..to_x]);
        let asked = (rows.copied().collect::<Vec<_>>(), to_x - from_x, (*right, *below));
        let (planes, coded) = known.entry(asked).or_insert_with_key(|(samples, width, band)| block(samples, *width, *band));
        let planes = *planes;
        if planes == 0 {
            bits.put(1, 0);
            continue;
        }
        bits.put(1, 1);
        // Magnitudes of the band, of which the highest are not there.
        let most = kind.bits + (right + below) as u32 + 1;
        bits.put(most - planes, 0);
        bits.put(1, 1);
        let passes = 3 * planes - 2;
        match passes {
            1 => bits.put(1, 0),
            3..=5 => bits.put(4, 0b1100 | (passes - 3)),
            6..=36 => bits.put(9, 0b1111 << 5 | (passes - 6)),
            _ => bits.put(16, 0b1_1111_1111 << 7 | (passes - 37)),
        }
        let length = coded.len() as u32;
        let usual = 3 + passes.ilog2();
        let more = (32 - length.leading_zeros()).saturating_sub(usual);
        (0..more).for_each(|_| bits.put(1, 1));
        bits.put(1, 0);
        bits.put(usual + more, length);
        body.extend(coded.iter());
    }
    [bits.finish(), body].concat()
}

fn codestream(image: &DynamicImage, kind: Kind) -> Vec<u8> {
    let mut planes = planes(image, kind);
    planes.iter_mut().for_each(|plane| plane.transform(kind.levels));
    let (width, height) = image.dimensions();
    let segment = |marker: u16, content: &[u8]| {
        [&marker.to_be_bytes(), &(content.len() as u16 + 2).to_be_bytes(), content].concat()
    };
    let sides = [width, height, 0, 0, width, height, 0, 0].map(u32::to_be_bytes).concat();
    let components: Vec<u8> = planes.iter().flat_map(|_| [kind.bits as u8 - 1, 1, 1]).collect();
    let sizes = [&[0, 0], sides.as_slice(), &(planes.len() as u16).to_be_bytes(), &components].concat();
    let mut precincts = vec![0x77; kind.levels as usize + 1];
    precincts[0] = 0x66;
    let style = [&[1, 0, 0, 1, 0, kind.levels as u8, 4, 4, 0, 1], precincts.as_slice()].concat();
    let bands = (0..kind.levels).flat_map(|_| [1, 1, 2]);
    let steps: Vec<u8> = [0].into_iter().chain(bands).map(|gain| (kind.bits as u8 + gain) << 3).collect();
    let (mut packets, mut known) = (Vec::new(), Coded::new());
    for resolution in 0..=kind.levels {
        let side = |side: u32| (0..kind.levels - resolution).fold(side, |side, _| side.div_ceil(2)) as usize;
        let precinct = if resolution == 0 { SIDE } else { 2 * SIDE };
        let (columns, rows) = (side(width).div_ceil(precinct), side(height).div_ceil(precinct));
        for plane in &planes {
            let places = (0..rows).flat_map(|down| (0..columns).map(move |across| (across, down)));
            packets.extend(places.flat_map(|place| packet(plane, kind, resolution, place, &mut known)));
        }
    }
    let tile = [&[0, 0], (packets.len() as u32 + 14).to_be_bytes().as_slice(), &[0, 1]].concat();
    [
        vec![0xFF, 0x4F],
        segment(0xFF51, &sizes),
        segment(0xFF52, &style),
        segment(0xFF5C, &[&[2 << 5], steps.as_slice()].concat()),
        segment(0xFF90, &tile),
        vec![0xFF, 0x93],
        packets,
        vec![0xFF, 0xD9],
    ]
    .concat()
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

pub fn jp2(image: &DynamicImage, kind: Kind) -> Vec<u8> {
    let codestream = codestream(image, kind);
    if !kind.in_boxes {
        return codestream;
    }
    let (width, height) = image.dimensions();
    let components = if kind.has_palette { 1 } else { image.color().channel_count() + u8::from(kind.colours == 12) };
    let sides = [height, width].map(u32::to_be_bytes).concat();
    let mut header = boxed(b"ihdr", &[sides.as_slice(), &[0, components, kind.bits as u8 - 1, 7, 0, 0]].concat());
    header.extend(boxed(b"colr", &[&[1, 0, 0], kind.colours.to_be_bytes().as_slice()].concat()));
    if kind.has_palette {
        let entries: Vec<u8> = (0..256).flat_map(palette).collect();
        header.extend(boxed(b"pclr", &[&[1, 0, 3, 7, 7, 7], entries.as_slice()].concat()));
        header.extend(boxed(b"cmap", &[0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 2]));
    } else if image.color().has_alpha() {
        let colours = u16::from(components) - 1;
        let colour = (0..colours).flat_map(|channel| [channel, 0, channel + 1]);
        let all: Vec<u8> = colour.chain([colours, 1, 0]).flat_map(u16::to_be_bytes).collect();
        header.extend(boxed(b"cdef", &[&(colours + 1).to_be_bytes(), all.as_slice()].concat()));
    }
    [
        boxed(b"jP  ", b"\r\n\x87\n"),
        boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
        boxed(b"jp2h", &header),
        boxed(b"jp2c", &codestream),
    ]
    .concat()
}
