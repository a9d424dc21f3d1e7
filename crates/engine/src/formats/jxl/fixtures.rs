//! JPEG XL files: modular ones by `zune-jpegxl`, in a frame for each kind. Those of other encoders are made by
//! tests/fixtures/encoders.py.

use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};
use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};
use zune_jpegxl::JxlSimpleEncoder;

use super::{picture, picture_rgba};

/// Without loss, bare.
pub fn encode(image: &DynamicImage) -> Vec<u8> {
    use DynamicImage::{ImageLuma8, ImageLuma16, ImageLumaA8, ImageRgb8, ImageRgb16, ImageRgba8, ImageRgba16};
    let (colours, depth) = match image {
        ImageLuma8(_) => (ColorSpace::Luma, BitDepth::Eight),
        ImageLumaA8(_) => (ColorSpace::LumaA, BitDepth::Eight),
        ImageRgb8(_) => (ColorSpace::RGB, BitDepth::Eight),
        ImageRgba8(_) => (ColorSpace::RGBA, BitDepth::Eight),
        ImageLuma16(_) => (ColorSpace::Luma, BitDepth::Sixteen),
        ImageRgb16(_) => (ColorSpace::RGB, BitDepth::Sixteen),
        ImageRgba16(_) => (ColorSpace::RGBA, BitDepth::Sixteen),
        _ => return encode(&image.to_rgb8().into()),
    };
    let options = EncoderOptions::new(image.width() as usize, image.height() as usize, colours, depth);
    let mut out = Vec::new();
    JxlSimpleEncoder::new(image.as_bytes(), options).encode(&mut out).expect("encodes into memory");
    out
}

pub fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

/// In boxes of ISO base media, in two parts, with others before and between.
pub fn in_boxes(codestream: &[u8]) -> Vec<u8> {
    let (one, two) = codestream.split_at(codestream.len() / 2);
    [
        b"\0\0\0\x0CJXL \r\n\x87\n".as_slice(),
        &boxed(b"ftyp", b"jxl \0\0\0\0jxl "),
        &boxed(b"Exif", b"\0\0\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
        &boxed(b"jxlp", &[b"\0\0\0\0", one].concat()),
        &boxed(b"xml ", b"<x/>"),
        &boxed(b"jxlp", &[b"\x80\0\0\x01", two].concat()),
    ]
    .concat()
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let rgb = DynamicImage::from(picture());
    let wide: ImageBuffer<Rgb<u16>, Vec<u16>> = rgb.to_rgb16();
    let grey: ImageBuffer<Luma<u8>, Vec<u8>> = rgb.to_luma8();
    let rgba: ImageBuffer<Rgba<u8>, Vec<u8>> = picture_rgba();
    let grey_alpha: ImageBuffer<LumaA<u8>, Vec<u8>> = DynamicImage::from(picture_rgba()).to_luma_alpha8();
    vec![
        ("jxl", encode(&rgb)),
        ("jxl 16 bit", encode(&wide.into())),
        ("jxl grey", encode(&grey.into())),
        ("jxl rgba", encode(&rgba.into())),
        ("jxl grey alpha", encode(&grey_alpha.into())),
        ("jxl in boxes", in_boxes(&encode(&rgb))),
    ]
}
