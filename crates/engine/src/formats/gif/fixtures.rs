//! GIF files, interlaced and on larger canvases too.

use image::{DynamicImage, ImageFormat};

use super::{HEIGHT, WIDTH, encoded, picture};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Gif)
}

pub fn gif(interlaced: bool, margin: u16) -> Vec<u8> {
    let picture = picture();
    let mut pixels: Vec<u8> = picture.pixels().flat_map(|pixel| pixel.0).collect();
    let mut frame = ::gif::Frame::from_rgb_speed(WIDTH as u16, HEIGHT as u16, &pixels, 10);
    pixels.clear();
    (frame.left, frame.top) = (margin, margin);
    if interlaced {
        let rows: Vec<Vec<u8>> = frame.buffer.chunks(WIDTH as usize).map(<[u8]>::to_vec).collect();
        let order =
            [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(|(start, step)| (start..rows.len()).step_by(step));
        let stored: Vec<u8> = order.flat_map(|row| rows[row].clone()).collect();
        frame.buffer = stored.into();
        frame.interlaced = true;
    }
    let mut bytes = Vec::new();
    let (width, height) = (WIDTH as u16 + 2 * margin, HEIGHT as u16 + 2 * margin);
    ::gif::Encoder::new(&mut bytes, width, height, &[]).expect("a header").write_frame(&frame).expect("a frame");
    bytes
}

/// Frames of every disposal, with holes, in several sizes; three times.
pub fn animated() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::gif::Encoder::new(&mut bytes, WIDTH as u16, HEIGHT as u16, &[]).expect("a header");
    encoder.set_repeat(::gif::Repeat::Finite(2)).expect("an extension");
    let mut pixels: Vec<u8> = image::DynamicImage::from(picture()).into_rgba8().into_raw();
    let mut whole = ::gif::Frame::from_rgba(WIDTH as u16, HEIGHT as u16, &mut pixels);
    whole.delay = 10;
    encoder.write_frame(&whole).expect("a frame");
    let parts = [
        ((20, 10, 40, 20), [200, 0, 0], ::gif::DisposalMethod::Background, 1),
        ((30, 20, 50, 30), [0, 150, 0], ::gif::DisposalMethod::Previous, 20),
        ((0, 30, 30, 30), [0, 0, 250], ::gif::DisposalMethod::Keep, 0),
        ((60, 0, 30, 60), [250, 250, 0], ::gif::DisposalMethod::Any, 7),
    ];
    for ((left, top, width, height), [red, green, blue], dispose, delay) in parts {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let mut pixels: Vec<u8> =
            places.flat_map(|(x, y)| [red, green, blue, if (x + y) % 5 == 0 { 0 } else { 255 }]).collect();
        let mut frame = ::gif::Frame::from_rgba(width, height, &mut pixels);
        (frame.left, frame.top, frame.dispose, frame.delay) = (left, top, dispose, delay);
        encoder.write_frame(&frame).expect("a frame");
    }
    drop(encoder);
    bytes
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("gif", gif(false, 0)), ("gif interlaced", gif(true, 0)), ("gif on a larger canvas", gif(false, 8)), ("gif animated", animated())]
}
