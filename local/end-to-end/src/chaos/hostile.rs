//! Files that nobody should have uploaded.

use std::sync::LazyLock;

use contract::ImageFormat;
use image::{DynamicImage, GrayImage, Luma};
use jpeg::{Picture, PlaneRef};

use super::dice::Dice;
use super::file::{FORMATS, File, small, unique};
use crate::encoding::{brotli, gzip};
use crate::flat_webp;

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hostile {
    /// A picture that ends early.
    Truncated,
    /// A picture with up to eight damaged bytes.
    Mutated,
    /// A small picture whose header says that it is gigantic.
    LyingHeader,
    /// 256 megapixels in some 300 kB, and true.
    Bomb,
    /// 100 megapixels, to be decoded as they are.
    HundredMegapixels,
    /// 100 megapixels that must be in memory all at once, which is too much for the smallest tier.
    OverBudget,
    /// Text that says it is an image.
    FalseImage,
    /// An image that says it is something else: only a key that says so too hides it.
    OtherType,
    /// A picture with a Content-Encoding, which may lie.
    Encoded,
    /// Bytes that say nothing of themselves and are no image.
    Unclaimed,
    /// A format that nobody here reads.
    Unsupported,
    /// No bytes.
    Empty,
    /// What the S3 console makes for a folder.
    Folder,
}

impl Hostile {
    pub(super) const ALL: [Self; 13] = [
        Self::Truncated,
        Self::Mutated,
        Self::LyingHeader,
        Self::Bomb,
        Self::HundredMegapixels,
        Self::OverBudget,
        Self::FalseImage,
        Self::OtherType,
        Self::Encoded,
        Self::Unclaimed,
        Self::Unsupported,
        Self::Empty,
        Self::Folder,
    ];

    /// A file of this kind.
    pub(super) fn file(self, dice: &mut Dice) -> File {
        let of = |bytes, content_type| File { bytes, content_type, content_encoding: None };
        let number = dice.below(u64::MAX);
        match self {
            Self::Truncated => {
                let mut file = any(dice);
                file.bytes.truncate(file.bytes.len() * dice.between(5, 95) as usize / 100);
                file
            }
            Self::Mutated => mutated(any(dice), dice),
            Self::LyingHeader => lying(*dice.pick(&[ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp]), dice),
            Self::Bomb => of(unique(&BOMB, number), "image/png"),
            Self::HundredMegapixels if dice.percent(50) => of(unique(&HUGE_JPEG, number), "image/jpeg"),
            Self::HundredMegapixels => of(unique(&HUGE_PNG, number), "image/png"),
            Self::OverBudget => of(unique(&HUGE_WEBP, number), "image/webp"),
            Self::FalseImage => of(format!("<html>{number} not found</html>").into(), "image/jpeg"),
            Self::OtherType => File { content_type: "text/plain", ..any(dice) },
            Self::Encoded => encoded(any(dice), dice),
            Self::Unclaimed => of(unique(b"PK\x03\x04", number), "application/octet-stream"),
            Self::Unsupported => of(unique(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", number), "image/avif"),
            Self::Empty => of(Vec::new(), "image/png"),
            Self::Folder => of(Vec::new(), "application/x-directory"),
        }
    }
}

fn any(dice: &mut Dice) -> File {
    small(*dice.pick(&FORMATS), dice)
}

/// As a program that means well stores it, or one that only says so.
fn encoded(mut file: File, dice: &mut Dice) -> File {
    let content_encoding = *dice.pick(&["gzip", "br", "base64", "zstd"]);
    match content_encoding {
        "gzip" if dice.percent(70) => file.bytes = gzip(&file.bytes),
        "br" => file.bytes = brotli(&file.bytes),
        "zstd" => file.bytes = [&b"\x28\xB5\x2F\xFD"[..], &file.bytes].concat(),
        _ => {}
    }
    File { content_encoding: Some(content_encoding), ..file }
}

fn mutated(mut file: File, dice: &mut Dice) -> File {
    for _ in 0..dice.between(1, 9) {
        // Half of them in the header.
        let reach = if dice.percent(50) { file.bytes.len().min(96) } else { file.bytes.len() };
        file.bytes[dice.below(reach as u64) as usize] = dice.byte();
    }
    file
}

/// Writes sides of tens of thousands of pixels into the header.
fn lying(format: ImageFormat, dice: &mut Dice) -> File {
    let mut file = small(format, dice);
    let side_px = dice.between(20_000, 65_000) as u32;
    match format {
        ImageFormat::Png => {
            file.bytes[16..20].copy_from_slice(&side_px.to_be_bytes());
            file.bytes[20..24].copy_from_slice(&side_px.to_be_bytes());
            let checksum = crc32(&file.bytes[12..29]).to_be_bytes();
            file.bytes[29..33].copy_from_slice(&checksum);
        }
        ImageFormat::Gif => {
            let side = (side_px as u16).to_le_bytes();
            file.bytes[6..10].copy_from_slice(&[side, side].concat());
        }
        _ => {
            file.bytes[18..22].copy_from_slice(&side_px.to_le_bytes());
            file.bytes[22..26].copy_from_slice(&side_px.to_le_bytes());
        }
    }
    file
}

/// Source: PNG specification, annex D.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

static BOMB: LazyLock<Vec<u8>> =
    LazyLock::new(|| fixtures::encoded(&GrayImage::new(16_000, 16_000).into(), image::ImageFormat::Png));
static HUGE_PNG: LazyLock<Vec<u8>> = LazyLock::new(|| fixtures::encoded(&stripes(), image::ImageFormat::Png));
// Not by the encoders of crate `image`, which are compiled without optimising: no upload came for half a minute and more.
static HUGE_JPEG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let samples = stripes().into_luma8().into_raw();
    let plane = PlaneRef { samples: &samples, width_px: 10_000, height_px: 10_000, stride: 10_000 };
    jpeg::encode(&Picture::Grey(plane), 75).expect("a plane of that size")
});
static HUGE_WEBP: LazyLock<Vec<u8>> = LazyLock::new(|| flat_webp(10_000, 10_000));

/// 100 megapixels with something to see.
fn stripes() -> DynamicImage {
    GrayImage::from_fn(10_000, 10_000, |_, y| Luma([(y / 40) as u8])).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lying_header_is_a_sound_header() {
        let mut dice = Dice::of(3, "lying");
        for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp] {
            let probe = engine::probe(&lying(format, &mut dice).bytes).unwrap();
            assert!(probe.width_px >= 20_000 && probe.height_px >= 20_000, "{format} {probe:?}");
        }
    }

    #[test]
    fn every_kind_comes_with_other_bytes_each_time() {
        for kind in Hostile::ALL {
            if matches!(kind, Hostile::Bomb | Hostile::HundredMegapixels | Hostile::OverBudget) {
                continue; // The same but for what is appended, and slow to make.
            }
            let mut dice = Dice::of(5, "other");
            let (one, other) = (kind.file(&mut dice).bytes, kind.file(&mut dice).bytes);
            assert!(one != other || one.is_empty(), "{kind:?}");
        }
    }
}
