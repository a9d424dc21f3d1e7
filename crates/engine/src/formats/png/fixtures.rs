//! PNG files, interlaced and with metadata too.

use image::{DynamicImage, ImageFormat, RgbImage};

use super::{HEIGHT, WIDTH, deflate, encoded, exif, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

pub fn png_with_exif(png: &[u8], orientation: u8) -> Vec<u8> {
    // Behind IHDR.
    with_exif_at(png, 33, orientation)
}

/// The same with Exif behind the pixels, before IEND.
pub fn png_with_exif_behind(png: &[u8], orientation: u8) -> Vec<u8> {
    with_exif_at(png, png.len() - 12, orientation)
}

fn with_exif_at(png: &[u8], at: usize, orientation: u8) -> Vec<u8> {
    let exif = exif(orientation);
    // The checksum of an ancillary chunk is checked too.
    let chunk = [b"eXIf".as_slice(), &exif].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    [&png[..at], &(exif.len() as u32).to_be_bytes(), &chunk, &crc.sum().to_be_bytes(), &png[at..]].concat()
}

pub fn png(
    colour: ::png::ColorType,
    depth: ::png::BitDepth,
    samples: &[u8],
    set: impl Fn(&mut ::png::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    set(&mut encoder);
    encoder.write_header().expect("a header").write_image_data(samples).expect("pixels");
    bytes
}

/// `picture`, interlaced: seven passes of rows without a filter. The encoder at hand writes none.
pub fn png_interlaced(picture: &RgbImage, deep: bool) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let mut rows = Vec::new();
    for (first_x, first_y, step_x, step_y) in passes {
        for y in (first_y..height).step_by(step_y) {
            rows.push(0);
            let samples = (first_x..width).step_by(step_x).flat_map(|x| picture.get_pixel(x, y).0);
            samples.for_each(|sample| rows.extend(std::iter::repeat_n(sample, 1 + usize::from(deep))));
        }
    }
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8 << u8::from(deep), 2, 0, 0, 1]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, body) in [(b"IHDR", header), (b"IDAT", deflate(&rows)), (b"IEND", Vec::new())] {
        let chunk = [kind.as_slice(), &body].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&chunk);
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(chunk);
        file.extend(crc.sum().to_be_bytes());
    }
    file
}

/// Frames of every disposal and blend, half transparent; twice. The first one may be a picture that is no frame.
pub fn animated(has_default: bool) -> Vec<u8> {
    use ::png::{BlendOp, DisposeOp};
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(::png::ColorType::Rgba);
    encoder.set_animated(5 - u32::from(has_default), 2).expect("frames");
    encoder.set_sep_def_img(has_default).expect("an animation");
    let mut writer = encoder.write_header().expect("a header");
    writer.set_frame_delay(3, 30).expect("an animation");
    writer.write_image_data(&image::DynamicImage::from(picture()).into_rgba8()).expect("pixels");
    let parts = [
        ((20, 10, 40, 20), [200, 0, 0, 128], DisposeOp::Background, BlendOp::Over, (0, 0)),
        ((0, 30, 30, 30), [0, 0, 250, 100], DisposeOp::None, BlendOp::Source, (5, 100)),
        ((30, 20, 50, 30), [0, 150, 0, 255], DisposeOp::Previous, BlendOp::Over, (1, 4)),
        ((60, 0, 30, 60), [250, 250, 0, 200], DisposeOp::None, BlendOp::Over, (70, 0)),
    ];
    for ((left, top, width, height), colour, dispose, blend, (parts, of)) in parts {
        writer.set_frame_position(0, 0).expect("on the canvas");
        writer.set_frame_dimension(width, height).expect("on the canvas");
        writer.set_frame_position(left, top).expect("on the canvas");
        writer.set_dispose_op(dispose).expect("an animation");
        writer.set_blend_op(blend).expect("an animation");
        writer.set_frame_delay(parts, of).expect("an animation");
        writer.write_image_data(&colour.repeat((width * height) as usize)).expect("pixels");
    }
    writer.finish().expect("an end");
    bytes
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let picture = picture();
    let rgb = DynamicImage::from(picture.clone());
    let rgba = DynamicImage::from(picture_rgba());
    let indices: Vec<u8> = (0..WIDTH * HEIGHT).map(|at| (at % WIDTH / 23) as u8).collect();
    let palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90];
    let packed: Vec<u8> = indices
        .chunks(WIDTH as usize)
        .flat_map(|row| {
            row.chunks(4).map(|four| four.iter().enumerate().fold(0, |byte, (at, index)| byte | index << (6 - at * 2)))
        })
        .collect();
    vec![
        ("png", encode(&rgb)),
        ("png rgba", encode(&rgba)),
        ("png 16 bit", encode(&rgb.into_rgb16().into())),
        ("png interlaced", png_interlaced(&picture, false)),
        ("png interlaced 16 bit", png_interlaced(&picture, true)),
        ("png grey alpha", encode(&rgba.into_luma_alpha8().into())),
        (
            "png palette 2 bit",
            png(::png::ColorType::Indexed, ::png::BitDepth::Two, &packed, |encoder| {
                encoder.set_palette(palette.to_vec());
                encoder.set_trns(vec![255, 128]);
            }),
        ),
        ("png animated", animated(false)),
        ("png animated behind a picture", animated(true)),
    ]
}
