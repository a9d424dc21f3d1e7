//! Pictures of every format and for every tier.

use contract::{ImageFormat, TierTable};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

use super::dice::Dice;

/// What is uploaded.
#[derive(Debug)]
pub(super) struct File {
    pub bytes: Vec<u8>,
    /// As the uploader gives it.
    pub content_type: &'static str,
    /// As the uploader gives it.
    pub content_encoding: Option<&'static str>,
}

/// How a heavy picture is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    /// As a WebP.
    Webp,
    /// As a BMP that does not say what it is, and is judged by the row of the others.
    Untyped,
}

/// What the JPEG crate is tested with: kinds that no encoder here writes.
const RARE_JPEGS: [&[u8]; 4] = [
    include_bytes!("../../../../crates/jpeg/tests/fixtures/progressive.jpg"),
    include_bytes!("../../../../crates/jpeg/tests/fixtures/cmyk.jpg"),
    include_bytes!("../../../../crates/jpeg/tests/fixtures/exif_and_icc.jpg"),
    include_bytes!("../../../../crates/jpeg/tests/fixtures/restart_2B_progressive.jpg"),
];

/// The formats that chaos writes: the everyday ones, which crate `image` writes of any picture.
pub(super) const FORMATS: [ImageFormat; 6] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Webp, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff];

/// A picture of up to 900 pixels a side, with alpha where the format has it and chance wants it.
pub(super) fn small(format: ImageFormat, dice: &mut Dice) -> File {
    if format == ImageFormat::Jpeg && dice.percent(20) {
        let rare: &&[u8] = dice.pick(&RARE_JPEGS);
        let bytes = unique(rare, dice.below(u64::MAX));
        return File { bytes, content_type: "image/jpeg", content_encoding: None };
    }
    // A palette takes long to find.
    let longest_px = if format == ImageFormat::Gif { 240 } else { 900 };
    let (width_px, height_px) = (dice.between(40, longest_px) as u32, dice.between(40, longest_px) as u32);
    let has_alpha = dice.percent(40) && matches!(format, ImageFormat::Png | ImageFormat::Webp | ImageFormat::Tiff);
    let image = scene(width_px, height_px, has_alpha, dice);
    let encoder = encoder(format);
    File { bytes: fixtures::encoded(&image, encoder), content_type: encoder.to_mime_type(), content_encoding: None }
}

/// Noise, a little more of it than `tier` takes.
pub(super) fn heavy(tier: &str, dress: Dress, dice: &mut Dice) -> File {
    let table = TierTable::builtin().expect("the committed table is sound");
    let tier = table.get(tier).expect("a tier of the table");
    let (format, encoder, content_type) = match dress {
        Dress::Webp => (Some(ImageFormat::Webp), image::ImageFormat::WebP, "image/webp"),
        Dress::Untyped => (None, image::ImageFormat::Bmp, "application/octet-stream"),
    };
    let rows = tier.max_object_bytes(format) / (1000 * 3) + dice.between(20, 200);
    let noise = RgbImage::from_fn(1000, rows as u32, |_, _| Rgb([dice.byte(), dice.byte(), dice.byte()]));
    File { bytes: fixtures::encoded(&noise.into(), encoder), content_type, content_encoding: None }
}

/// Slopes of three colours with a grain on them, unlike those of any other throw.
fn scene(width_px: u32, height_px: u32, has_alpha: bool, dice: &mut Dice) -> DynamicImage {
    let [red, green, blue] = [(); 3].map(|()| dice.between(1, 5) as u32);
    let (shift, grain) = (dice.below(256) as u32, dice.byte() & 0x1F);
    let mut light = |x: u32, y: u32| {
        let slope = |step: u32| (x * step + y * (6 - step) + shift) as u8;
        let speck = dice.byte() & grain;
        [slope(red) ^ speck, slope(green) ^ speck, slope(blue) ^ speck]
    };
    if has_alpha {
        let clear = |x: u32, y: u32| if (x / 8 + y / 8).is_multiple_of(3) { 0x40 } else { 0xFF };
        return RgbaImage::from_fn(width_px, height_px, |x, y| {
            let [red, green, blue] = light(x, y);
            Rgba([red, green, blue, clear(x, y)])
        })
        .into();
    }
    RgbImage::from_fn(width_px, height_px, |x, y| Rgb(light(x, y))).into()
}

fn encoder(format: ImageFormat) -> image::ImageFormat {
    image::ImageFormat::from_extension(format.name()).expect("the encoder knows them all")
}

/// The same picture as another file: decoders stop before what is appended.
pub(super) fn unique(bytes: &[u8], number: u64) -> Vec<u8> {
    [bytes, &number.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_type_says() {
        for format in FORMATS {
            let mut dice = Dice::of(1, format.name());
            let file = small(format, &mut dice);
            assert_eq!(ImageFormat::from_bytes(&file.bytes), Some(format));
            assert_eq!(ImageFormat::from_content_type(file.content_type), Some(format));
            assert_ne!(file.bytes, small(format, &mut dice).bytes, "the next throw is another picture");
        }
    }

    #[test]
    fn a_heavy_picture_goes_to_the_next_tier() {
        let table = TierTable::builtin().unwrap();
        for (tier, dress) in [("small", Dress::Webp), ("small", Dress::Untyped), ("medium", Dress::Untyped)] {
            let file = heavy(tier, dress, &mut Dice::of(1, tier));
            let claimed = ImageFormat::from_content_type(file.content_type);
            let found = table.smallest_for(claimed, file.bytes.len() as u64).unwrap();
            assert_eq!(Some(found), table.next_after(tier), "{dress:?}");
        }
    }
}
