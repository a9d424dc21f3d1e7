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

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("gif", gif(false, 0)), ("gif interlaced", gif(true, 0)), ("gif on a larger canvas", gif(false, 8))]
}
