//! JPEG XL files: without loss by `zune-jpegxl`, with headers of our own, and a lossy one. tests/fixtures/encoders.py makes
//! more by libjxl.

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
        ("jxl lossy", lossy()),
    ]
}

/// What a header says beside the size; the frame behind it stays as it is.
#[derive(Clone, Copy)]
pub struct Header {
    /// 1 to 8.
    pub orientation: u32,
    /// Samples of 16 bits are halves of floats.
    pub is_float: bool,
    /// Primaries and curve, by the numbers of ITU-T H.273.
    pub colours: Option<(u32, u32)>,
}

pub const PLAIN: Header = Header { orientation: 1, is_float: false, colours: None };

/// Bits, the lowest of a byte first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, count: u32, number: u32) {
        self.0.extend((0..count).map(|bit| number >> bit & 1 == 1));
    }

    /// An enumeration: 0, 1, 2 and four bits, 18 and six.
    fn name(&mut self, number: u32) {
        match number {
            0 | 1 => self.put(2, number),
            2..18 => self.put(6, 2 | (number - 2) << 2),
            _ => self.put(8, 3 | (number - 18) << 2),
        }
    }
}

/// RGB of 16 bits with another header.
pub fn with_header(image: &ImageBuffer<Rgb<u16>, Vec<u16>>, header: Header) -> Vec<u8> {
    let plain = encode(&image.clone().into());
    let mut bits = Bits::default();
    bits.put(16, 0x0AFF);
    bits.put(3, 0);
    bits.put(9, image.height() - 1);
    bits.put(5, 0);
    bits.put(9, image.width() - 1);
    // The encoder's own metadata are 18 bits.
    let frame = (bits.0.len() + 18).div_ceil(8);
    bits.put(2, 0b10);
    bits.put(3, header.orientation - 1);
    bits.put(3, 0);
    match header.is_float {
        true => bits.put(7, 0b1 | 1 << 1 | 4 << 3),
        false => bits.put(9, 0b110 | 15 << 3),
    }
    // Buffers of 32 bits, no other channels, not XYB.
    bits.put(4, 0);
    match header.colours {
        None => bits.put(1, 1),
        Some((primaries, curve)) => {
            bits.put(2, 0);
            bits.name(0);
            bits.name(1);
            bits.name(primaries);
            bits.put(1, 0);
            bits.name(curve);
            bits.name(1);
        }
    }
    // Usual tone mapping, no extensions, usual transforms.
    bits.put(4, 0b1001);
    let mut out: Vec<u8> = bits.0.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
    out.extend(&plain[frame..]);
    out
}

/// 270 by 270 pixels: a red square of 90 in the middle of a slope. By libjxl 0.11, lossy, so that it has low frequencies.
pub fn lossy() -> Vec<u8> {
    let digits = LOSSY.as_bytes().chunks_exact(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("ASCII"), 16).expect("digits")).collect()
}

const LOSSY: &str = "\
    ff0a68980100168806006081a51c400b1000011000118538000054a88c326ef072aee7cb0f1d16d336ae33b4d5b6852514998a8c9bd54fbc\
    18cc4e4e4789c15f14141414062d2121e188008cc0348b16b4040054a2acd6fb1d001c47187931fec738313e4e61c3618c31fec4074dc009\
    af89998808989de4fab7b83760b53a67404ffd38ecdc5c2cad8d392774d1e152c3f0086438ef311d0e916ad5d981e5b71fee27137e821b21\
    fab807fa535bf7d34c7f064e0073eaa561917c52d0d0537526093e02e0638f949a615bc1c42a3348164f777de6a3dd9fbf2dc3d6dc388f5b\
    35fec6d207cee14a517843c73805d30d6771ff3769e803e22aaaaaa8ea36addd1f7ef15818c6f4c65b1e6c23ab722469354833f61a8f0c57\
    5d8797f39af3cb25de363cd08cddbb1df77b949d3e3f813ed901ed813dd80d6a734c30813f36290e1c71399d8a1e67bf6d23d4a232178b4e\
    4a0235c9d913234c06f449d54279461a7391f6fec1c6a757f6a84dc6b3be4f8f3cc98d395cbbca1880de65dad8a893b5b86d43e30d15abbe\
    ec19bf257df84d3ac4d57dd5e111ac26a54920b83f6eb723598012b7cad74aa40dddead09600cdefd7e97a577930deff9fd89917d9d12deb\
    bf4ffc4957fbab9667a43b749e34df1c3be913f67b1d98caf0fd2092021ef58122a7a976e450868a15effaf573d3186739d5667cba27e277\
    05c349584b0939b06e19f57f6367a8a93664045cc892b373ed7945456c0759502b48589706d9fb7bacc5208ebe91b1cfae35d8c9875cbe24\
    b5f56cd2244e0e7571e995f17d7285e8feaa660b33362524557d8ac2716e0ceec0de5fe44ac56cb4014090fac7472c5cd8830a49d7ed270c\
    ffedf761ca7000449cb9fb79b38915064f11df310c206e6b106c3544391b1cf00af15e49fee80f9f19fdfd19927625618dff004521e47ffc\
    a1f23e069c6e0d1c544042f8dea53a919153832938401e8c903548d488057587017b59768a16070830778c04eebf208230724e592eb5a236\
    a6773761c4424cf665e7ef61ef77283836f342d1d30835875ec2574de42adadfb7edf325184fe7a326f943512042619b8a09fe974503eb10\
    02beb74f7f2b9d51c570a1fa3d64029e58480a035048359277566b2033c5d3802384691704d43d10acb50310acb50358fb1e00";
