//! OpenEXR files, by the crate that reads them.

use std::io::Cursor;

use exr::prelude::*;
use image::DynamicImage;

use super::{hdr::light, picture};

/// Half floats, ZIP of 16 lines, as most programs write them.
pub fn encode(image: &DynamicImage) -> Vec<u8> {
    written(image, Compression::ZIP16, Blocks::ScanLines, None)
}

/// With `alpha`, premultiplied; a display window that has a margin of 10 pixels around the data then.
fn written(image: &DynamicImage, compression: Compression, blocks: Blocks, alpha: Option<f32>) -> Vec<u8> {
    let light = light(image);
    let (width, height) = (light.width() as usize, light.height() as usize);
    let encoding = Encoding { compression, blocks, line_order: LineOrder::Increasing };
    let at = |position: Vec2<usize>| light.get_pixel(position.x() as u32, position.y() as u32).0;
    let half = f16::from_f32;
    let mut file = Cursor::new(Vec::new());
    match alpha {
        None => {
            let channels = SpecificChannels::rgb(|position| {
                let [red, green, blue] = at(position);
                (half(red), half(green), half(blue))
            });
            let image = Image::from_encoded_channels((width, height), encoding, channels);
            image.write().non_parallel().to_buffered(&mut file).expect("a picture of our own");
        }
        Some(alpha) => {
            let channels = SpecificChannels::rgba(|position| {
                let [red, green, blue] = at(position).map(|sample| sample * alpha);
                (red, green, blue, alpha)
            });
            let mut image = Image::from_encoded_channels((width, height), encoding, channels);
            image.attributes.display_window = IntegerBounds::new((-10, -10), (width + 20, height + 20));
            image.write().non_parallel().to_buffered(&mut file).expect("a picture of our own");
        }
    }
    file.into_inner()
}

/// Kinds that are refused by name: B44, and DWAA by its number in a header, because the crate does not write it.
pub fn refused() -> [Vec<u8>; 2] {
    const ATTRIBUTE: &[u8] = b"compression\0compression\0\x01\0\0\0";
    const DWAA: u8 = 8;
    let picture = picture().into();
    // Blocks of 32 lines, as those of DWAA.
    let mut dwaa = written(&picture, Compression::PIZ, Blocks::ScanLines, None);
    let at = dwaa.windows(ATTRIBUTE.len()).position(|bytes| bytes == ATTRIBUTE).expect("each file has one");
    dwaa[at + ATTRIBUTE.len()] = DWAA;
    [written(&picture, Compression::B44, Blocks::ScanLines, None), dwaa]
}

/// One channel of light.
fn grey() -> Vec<u8> {
    let light = light(&DynamicImage::from(picture()).grayscale());
    let size = (light.width() as usize, light.height() as usize);
    let at = |position: Vec2<usize>| (light.get_pixel(position.x() as u32, position.y() as u32).0[0],);
    let mut file = Cursor::new(Vec::new());
    let image = Image::from_channels(size, SpecificChannels::build().with_channel("Y").with_pixel_fn(at));
    image.write().non_parallel().to_buffered(&mut file).expect("a picture of our own");
    file.into_inner()
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let picture = picture().into();
    let tiles = Blocks::Tiles(Vec2(32, 32));
    vec![
        ("exr", encode(&picture)),
        ("exr piz", written(&picture, Compression::PIZ, Blocks::ScanLines, None)),
        ("exr pxr24", written(&picture, Compression::PXR24, Blocks::ScanLines, None)),
        ("exr tiles", written(&picture, Compression::RLE, tiles, None)),
        ("exr alpha", written(&picture, Compression::Uncompressed, Blocks::ScanLines, Some(0.5))),
        ("exr grey", grey()),
    ]
}
