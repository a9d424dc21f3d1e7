//! Films, written here: every block of a frame is PCM, so that the samples are in the file as they are and a decoder must
//! give exactly them. Sources: ITU-T H.264, 7.3; ISO/IEC 14496-12, 14496-15.

use image::{DynamicImage, Rgb, RgbImage};

use super::{
    heic::{Bits, ycbcr},
    heif_boxes::{boxed, full},
    picture,
};

/// What a film is to have.
#[derive(Clone, Copy)]
pub struct Film {
    /// 8 or 10.
    pub bits: u32,
    /// 4:2:2, else 4:2:0.
    pub is_422: bool,
    /// Black frames before the picture; one frame is a second.
    pub black: usize,
    /// The four cells of the matrix that turn and mirror.
    pub matrix: [i32; 4],
    /// Width to height of a pixel.
    pub pixel: (u32, u32),
    /// Where the index stands, and how the samples are told.
    pub index: Index,
    /// The second from which on the film is shown.
    pub edit: u32,
    /// Into how many slices a frame is cut, each of whole rows of blocks.
    pub slices: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Index {
    First,
    Last,
    Fragments,
}

pub const FILM: Film = Film {
    bits: 8,
    is_422: false,
    black: 0,
    matrix: UPRIGHT,
    pixel: (1, 1),
    index: Index::Last,
    edit: 0,
    slices: 1,
};
const ONE: i32 = 1 << 16;
pub const UPRIGHT: [i32; 4] = [ONE, 0, 0, ONE];
/// A quarter turn with the clock.
pub const QUARTER: [i32; 4] = [0, ONE, -ONE, 0];
/// Units of time in a second.
const SCALE: u32 = 1000;

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    // As a stream is read that does not go back.
    film(&image.to_rgb8(), Film { index: Index::First, ..FILM })
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let file = |kind| film(&picture(), kind);
    vec![
        ("mp4", file(FILM)),
        ("mp4 index first", file(Film { index: Index::First, ..FILM })),
        ("mp4 in fragments", file(Film { index: Index::Fragments, ..FILM })),
        ("mp4 10 bits", file(Film { bits: 10, ..FILM })),
        ("mp4 4:2:2", file(Film { is_422: true, ..FILM })),
        ("mp4 behind black", file(Film { black: 2, ..FILM })),
        ("mp4 turned", file(Film { matrix: QUARTER, slices: 3, ..FILM })),
        ("mp4 wide pixels", file(Film { pixel: (4, 3), ..FILM })),
    ]
}

pub fn film(image: &RgbImage, kind: Film) -> Vec<u8> {
    let black = RgbImage::from_pixel(image.width(), image.height(), Rgb([0; 3]));
    let mut frames: Vec<_> = (0..kind.black as u32).map(|number| frame(&black, kind, number)).collect();
    frames.push(frame(image, kind, kind.black as u32));
    // Behind the picture there is another one, which is not looked at.
    frames.push(frame(&image::imageops::rotate180(image), kind, kind.black as u32 + 1));
    of_frames(image.dimensions(), kind, &frames)
}

/// A film of these frames, each as it is stored.
pub fn of_frames(size: (u32, u32), kind: Film, frames: &[Vec<u8>]) -> Vec<u8> {
    let start = boxed(b"ftyp", b"isom\0\0\x02\0isomavc1");
    let samples = frames.concat();
    match kind.index {
        Index::Last => {
            let moov = moov(size, kind, frames, start.len() + 8);
            [start, boxed(b"mdat", &samples), moov].concat()
        }
        Index::First => {
            let at = start.len() + moov(size, kind, frames, 0).len() + 8;
            [start, moov(size, kind, frames, at), boxed(b"mdat", &samples)].concat()
        }
        Index::Fragments => {
            let mut file = [start, moov(size, kind, &[], 0)].concat();
            for frame in frames {
                let traf = |offset: usize| {
                    let track = full_of(b"tfhd", 0x02_0000, &[1]);
                    let run = full_of(b"trun", 0x205, &[1, offset as u32, 0, frame.len() as u32]);
                    boxed(b"moof", &boxed(b"traf", &[track, run].concat()))
                };
                file.extend(traf(traf(0).len() + 8));
                file.extend(boxed(b"mdat", frame));
            }
            file
        }
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A full box of flags and numbers of 32 bits.
pub fn full_of(kind: &[u8; 4], flags: u32, numbers: &[u32]) -> Vec<u8> {
    boxed(kind, &[words(&[flags]), words(numbers)].concat())
}

fn moov((width, height): (u32, u32), kind: Film, frames: &[Vec<u8>], first: usize) -> Vec<u8> {
    let count = frames.len() as u32;
    let [a, b, c, d] = kind.matrix.map(i32::cast_unsigned);
    let matrix = [a, b, 0, c, d, 0, 0, 0, 0x4000_0000];
    let tkhd = [[0, 0, 1, 0, count * SCALE, 0, 0, 0, 0].as_slice(), &matrix, &[width << 16, height << 16]].concat();
    let upright = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    let mvhd = [&[0, 0, SCALE, count * SCALE, 0x1_0000, 0x100_0000, 0, 0][..], &upright, &[0; 6], &[2]].concat();
    let entry = [
        &[0; 6][..],
        &[0, 1],
        &[0; 16],
        &[width as u16, height as u16].map(u16::to_be_bytes).concat(),
        &[0; 50],
        &boxed(b"avcC", &configuration((width, height), kind)),
        &boxed(b"colr", b"nclx\0\x01\0\x0D\0\x06\x80"),
        &boxed(b"pasp", &words(&[kind.pixel.0, kind.pixel.1])),
    ]
    .concat();
    let sizes: Vec<u32> = [0, count].into_iter().chain(frames.iter().map(|frame| frame.len() as u32)).collect();
    let all: Vec<u32> = [count].into_iter().chain(1..=count).collect();
    let table = [
        boxed(b"stsd", &[words(&[0, 1]), boxed(b"avc1", &entry)].concat()),
        full_of(b"stts", 0, &[1, count, SCALE]),
        full_of(b"stss", 0, &all),
        full_of(b"stsc", 0, &[1, 1, count.max(1), 1]),
        full_of(b"stsz", 0, &sizes),
        full_of(b"stco", 0, &[1, first as u32]),
    ];
    let table = if frames.is_empty() { table[..1].concat() } else { table.concat() };
    let media = [
        full_of(b"mdhd", 0, &[0, 0, SCALE, count * SCALE, 0]),
        full(b"hdlr", 0, b"\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        boxed(b"minf", &boxed(b"stbl", &table)),
    ];
    let edit = full_of(b"elst", 0, &[1, count.saturating_sub(kind.edit) * SCALE, kind.edit * SCALE, 0x1_0000]);
    let track = [full_of(b"tkhd", 3, &tkhd), boxed(b"edts", &edit), boxed(b"mdia", &media.concat())];
    let mut boxes = [full_of(b"mvhd", 0, &mvhd), boxed(b"trak", &track.concat())].concat();
    if kind.index == Index::Fragments {
        boxes.extend(boxed(b"mvex", &full_of(b"trex", 0, &[1, 1, SCALE, 0, 0x1_0000])));
    }
    boxed(b"moov", &boxes)
}

/// `avcC` with its two parameter sets.
pub fn configuration(size: (u32, u32), kind: Film) -> Vec<u8> {
    let (sps, pps) = (unit(0x67, &sps(size, kind)), unit(0x68, &pps()));
    let length = |unit: &[u8]| (unit.len() as u16).to_be_bytes();
    [&[1, sps[1], 0, 40, 0xFF, 0xE1], &length(&sps)[..], &sps, &[1], &length(&pps), &pps].concat()
}

/// Header and bytes, with start codes kept out.
fn unit(header: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![header];
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

fn sps((width, height): (u32, u32), kind: Film) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(if kind.is_422 { 122 } else { 110 }, 8);
    bits.put(40, 16);
    bits.golomb(&[0, if kind.is_422 { 2 } else { 1 }, kind.bits - 8, kind.bits - 8]);
    bits.put(0, 2);
    // Frames are seen in the order in which they are decoded.
    bits.golomb(&[0, 2, 1]);
    bits.put(0, 1);
    let (across, down) = (width.div_ceil(16), height.div_ceil(16));
    bits.golomb(&[across - 1, down - 1]);
    bits.put(0b111, 3);
    let rows = if kind.is_422 { 1 } else { 2 };
    bits.golomb(&[0, (across * 16 - width) / 2, 0, (down * 16 - height) / rows]);
    bits.put(0, 1);
    bits.ended()
}

/// No arithmetic coding; deblocking by slice.
fn pps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.golomb(&[0, 0]);
    bits.put(0, 2);
    bits.golomb(&[0, 0, 0]);
    bits.put(0, 3);
    bits.golomb(&[0, 0, 0]);
    bits.put(0b100, 3);
    bits.ended()
}

/// A frame: slices with a length before each. Two in a row have different numbers.
pub fn frame(image: &RgbImage, kind: Film, number: u32) -> Vec<u8> {
    let (across, down) = (image.width().div_ceil(16), image.height().div_ceil(16));
    let rows = down.div_ceil(kind.slices);
    let slice = |first: u32| {
        let mut bits = Bits::default();
        // All slices are of intra blocks.
        bits.golomb(&[first * across, 7, 0]);
        bits.put(0, 4);
        bits.golomb(&[number % 2]);
        bits.put(0, 2);
        bits.golomb(&[0, 1]);
        for y in first..(first + rows).min(down) {
            (0..across).for_each(|x| block(&mut bits, image, (x * 16, y * 16), kind));
        }
        let unit = unit(0x65, &bits.ended());
        [&(unit.len() as u32).to_be_bytes()[..], &unit].concat()
    };
    (0..down).step_by(rows as usize).flat_map(slice).collect()
}

/// I_PCM: the samples from the next byte on.
fn block(bits: &mut Bits, image: &RgbImage, (left, top): (u32, u32), kind: Film) {
    bits.golomb(&[25]);
    bits.align();
    for channel in 0..3 {
        let (across, down) = match channel {
            0 => (1, 1),
            _ => (2, if kind.is_422 { 1 } else { 2 }),
        };
        for y in (top..top + 16).step_by(down) {
            for x in (left..left + 16).step_by(across) {
                let pixel = image.get_pixel(x.min(image.width() - 1), y.min(image.height() - 1));
                let sample = ycbcr(pixel.0.map(f64::from), kind.bits)[channel];
                bits.put(u64::from(sample), kind.bits);
            }
        }
    }
}
