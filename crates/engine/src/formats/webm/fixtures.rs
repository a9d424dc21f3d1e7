//! Films in Matroska's elements, written here: VP9 by the encoder of `rusty_vp9`, H.264 as in MP4. Source: RFC 9559.

use image::{DynamicImage, Rgb, RgbImage};
use rusty_vp9::{Vp9Encoder, Vp9EncoderConfig};

use super::{heic::ycbcr, mp4, picture};

/// What a film is to have.
#[derive(Clone, Copy)]
pub struct Matroska {
    /// H.264, else VP9.
    pub is_h264: bool,
    /// Black frames before the picture; one frame is a second, and a cluster.
    pub black: usize,
    /// Width and height as shown; those of the picture where there are none.
    pub shown: Option<(u32, u32)>,
    /// Blocks stand in groups.
    pub in_groups: bool,
    /// Segment and clusters do not say their lengths.
    pub is_live: bool,
    /// In degrees against the clock.
    pub roll: f32,
}

pub const MATROSKA: Matroska =
    Matroska { is_h264: false, black: 0, shown: None, in_groups: false, is_live: false, roll: 0.0 };

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    // The encoder takes a minute for ten megapixels.
    matroska(&image.to_rgb8(), Matroska { is_h264: true, ..MATROSKA })
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let file = |kind| matroska(&picture(), kind);
    vec![
        ("webm", file(MATROSKA)),
        ("webm behind black", file(Matroska { black: 2, ..MATROSKA })),
        ("webm wide pixels", file(Matroska { shown: Some((120, 60)), ..MATROSKA })),
        ("webm in groups", file(Matroska { in_groups: true, is_h264: true, ..MATROSKA })),
        ("webm turned", file(Matroska { roll: 90.0, ..MATROSKA })),
        ("webm live", file(Matroska { is_live: true, is_h264: true, ..MATROSKA })),
    ]
}

/// An element with its length in four bytes.
pub fn element(id: u32, body: &[u8]) -> Vec<u8> {
    sized(id, 0x1000_0000 | body.len() as u32, body)
}

fn sized(id: u32, size: u32, body: &[u8]) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte > 0).unwrap_or(3);
    [&bytes[first..], &size.to_be_bytes(), body].concat()
}

fn number(id: u32, number: u32) -> Vec<u8> {
    element(id, &number.to_be_bytes())
}

pub fn matroska(image: &RgbImage, kind: Matroska) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let black = RgbImage::from_pixel(width, height, Rgb([0; 3]));
    let frame = |image: &RgbImage, number: usize| match kind.is_h264 {
        true => mp4::frame(image, mp4::FILM, number as u32),
        false => vp9(image),
    };
    let mut frames: Vec<_> = (0..kind.black).map(|number| frame(&black, number)).collect();
    frames.push(frame(image, kind.black));
    // Behind the picture there is another one, which is not looked at.
    frames.push(frame(&image::imageops::rotate180(image), kind.black + 1));
    let mut video = [number(0xB0, width), number(0xBA, height)].concat();
    if let Some((width, height)) = kind.shown {
        video.extend([number(0x54B0, width), number(0x54BA, height)].concat());
    }
    if kind.roll != 0.0 {
        video.extend(element(0x7670, &element(0x7675, &kind.roll.to_be_bytes())));
    }
    // By the matrix of BT.601, in the colours of sRGB; the encoder of VP9 writes that its range is that of video.
    let colours = [(0x55B1, 6), (0x55B9, if kind.is_h264 { 2 } else { 1 }), (0x55BA, 13), (0x55BB, 1)].map(|(id, code)| number(id, code));
    video.extend(element(0x55B0, &colours.concat()));
    let codec: &[u8] = if kind.is_h264 { b"V_MPEG4/ISO/AVC" } else { b"V_VP9" };
    let mut entry = [number(0xD7, 1), number(0x83, 1), element(0x86, codec), element(0xE0, &video)].concat();
    if kind.is_h264 {
        entry.extend(element(0x63A2, &mp4::configuration((width, height), mp4::FILM)));
    }
    let whole = |id: u32, body: &[u8]| if kind.is_live { sized(id, 0x1FFF_FFFF, body) } else { element(id, body) };
    let clusters = frames.iter().enumerate().map(|(second, frame)| {
        let flags = if kind.in_groups { 0 } else { 0x80 };
        let block = [&[0x81, 0, 0, flags], frame.as_slice()].concat();
        let block = if kind.in_groups { element(0xA0, &element(0xA1, &block)) } else { element(0xA3, &block) };
        whole(0x1F43_B675, &[number(0xE7, second as u32 * 1000), block].concat())
    });
    let info = element(0x1549_A966, &number(0x2A_D7B1, 1_000_000));
    let tracks = element(0x1654_AE6B, &element(0xAE, &entry));
    let segment = [info, tracks, clusters.collect::<Vec<_>>().concat()].concat();
    let header = element(0x1A45_DFA3, &element(0x4282, if kind.is_h264 { b"matroska" } else { b"webm" }));
    [header, whole(0x1853_8067, &segment)].concat()
}

/// A key frame of as good a quality as there is.
fn vp9(image: &RgbImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let plane = |channel: usize, step: usize| -> Vec<u8> {
        let range = if channel == 0 { 219.0 } else { 224.0 };
        let pixel = |x: u32, y: u32| {
            let sample = ycbcr(image.get_pixel(x, y).0.map(f64::from), 8)[channel];
            let zero = if channel == 0 { 0.0 } else { 128.0 };
            ((f64::from(sample) - zero) / 255.0 * range + zero.max(16.0)).round() as u8
        };
        (0..height).step_by(step).flat_map(|y| (0..width).step_by(step).map(move |x| pixel(x, y))).collect()
    };
    let planes = [plane(0, 1), plane(1, 2), plane(2, 2)];
    let half = width.div_ceil(2) as usize;
    let mut encoder = Vp9Encoder::default();
    encoder.configure(&Vp9EncoderConfig { qindex: Some(4), ..Vp9EncoderConfig::default() }).expect("of its own");
    let [luma, blue, red] = planes.each_ref().map(Vec::as_slice);
    encoder.push_frame([luma, blue, red], [width as usize, half, half], width, height).expect("planes of that size");
    encoder.flush();
    encoder.next_packet().expect("one frame was pushed").data
}
