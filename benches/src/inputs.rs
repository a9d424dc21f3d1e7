//! Files that nobody took: the kinds that arrive in a bucket, made by the benches, the same every time.
//!
//! The everyday formats have several kinds, each written as cameras and web sites write them. Every other format of the
//! contract's table has one, written by the fixtures of its room in the engine: who adds a format adds nothing here, unless the
//! fixtures' files are not like those that people have.

mod encode;
/// The engine's own: the compiler asks there for a file of every format.
#[path = "../../crates/engine/tests/fixtures/mod.rs"]
mod fixtures;
mod picture;

use contract::ImageFormat;
use image::RgbImage;

pub use picture::photograph;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG 4:2:0 of quality 85, baseline: a camera's, about 2 bit a pixel.
    Jpeg,
    /// The same, progressive.
    JpegProgressive,
    /// JPEG 4:2:0 of quality 60 without grain: many pixels in few bytes, as web sites have them.
    JpegSmooth,
    /// JPEG 4:4:4 of quality 98: many bytes in few pixels.
    JpegFine,
    /// PNG of a photograph, 8-bit RGB, not interlaced.
    Png,
    /// PNG of a screen: flat areas and letters, so that a small file has many pixels.
    PngScreen,
    /// PNG of a photograph, interlaced.
    PngInterlaced,
    /// WebP, lossy.
    Webp,
    /// WebP, lossless.
    WebpLossless,
    /// GIF, one frame, 216 colours.
    Gif,
    /// TIFF, 8-bit RGB, not compressed.
    Tiff,
    /// TIFF, 8-bit RGB, LZW.
    TiffLzw,
    /// BMP, 24 bit.
    Bmp,
    /// A photograph as the room of that format writes it, for a format without kinds of its own.
    Room(ImageFormat),
}

impl Kind {
    /// The kinds of the everyday formats.
    const EVERYDAY: [Self; 13] = [
        Self::Jpeg,
        Self::JpegProgressive,
        Self::JpegSmooth,
        Self::JpegFine,
        Self::Png,
        Self::PngScreen,
        Self::PngInterlaced,
        Self::Webp,
        Self::WebpLossless,
        Self::Gif,
        Self::Tiff,
        Self::TiffLzw,
        Self::Bmp,
    ];

    /// Every kind: those of the everyday formats, then one of every other format, in the order of the table. Not films
    /// and drawings, whose bytes say nothing of the work: no threshold follows from them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let is_rare =
            |format: &ImageFormat| format.is_measured() && Self::EVERYDAY.iter().all(|kind| kind.format() != *format);
        let rare = ImageFormat::ALL.into_iter().filter(is_rare).map(Self::Room);
        Self::EVERYDAY.into_iter().chain(rare).collect()
    }

    /// The kinds of one format; none of a film or a drawing.
    #[must_use]
    pub fn of(format: ImageFormat) -> Vec<Self> {
        Self::all().into_iter().filter(|kind| kind.format() == format).collect()
    }

    /// The name in bench ids: the format's, then what kind of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::JpegProgressive => "jpeg-progressive",
            Self::JpegSmooth => "jpeg-smooth",
            Self::JpegFine => "jpeg-fine",
            Self::Png => "png",
            Self::PngScreen => "png-screen",
            Self::PngInterlaced => "png-interlaced",
            Self::Webp => "webp",
            Self::WebpLossless => "webp-lossless",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::TiffLzw => "tiff-lzw",
            Self::Bmp => "bmp",
            Self::Room(format) => format.name(),
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|kind| kind.name() == name)
    }

    /// The format that it is of.
    #[must_use]
    pub const fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg | Self::JpegProgressive | Self::JpegSmooth | Self::JpegFine => ImageFormat::Jpeg,
            Self::Png | Self::PngScreen | Self::PngInterlaced => ImageFormat::Png,
            Self::Webp | Self::WebpLossless => ImageFormat::Webp,
            Self::Gif => ImageFormat::Gif,
            Self::Tiff | Self::TiffLzw => ImageFormat::Tiff,
            Self::Bmp => ImageFormat::Bmp,
            Self::Room(format) => format,
        }
    }

    /// Its picture of `megapixels`, four wide to three high.
    #[must_use]
    pub fn picture(self, megapixels: f64) -> RgbImage {
        match self {
            Self::JpegSmooth => picture::smooth(megapixels),
            Self::PngScreen => picture::screen(megapixels),
            _ => photograph(megapixels),
        }
    }

    /// A file of this kind.
    ///
    /// # Panics
    /// Where an encoder refuses, which none does for such an image.
    #[must_use]
    pub fn encode(self, picture: &RgbImage) -> Vec<u8> {
        match self {
            Self::Jpeg => encode::jpeg(picture, 85, false),
            Self::JpegProgressive => encode::jpeg(picture, 85, true),
            Self::JpegSmooth => encode::jpeg(picture, 60, false),
            Self::JpegFine => encode::jpeg(picture, 98, false),
            Self::Png | Self::PngScreen => encode::plain(picture, image::ImageFormat::Png),
            Self::PngInterlaced => encode::png_interlaced(picture),
            Self::Webp => encode::webp(picture),
            Self::WebpLossless => encode::plain(picture, image::ImageFormat::WebP),
            Self::Gif => encode::gif(picture),
            Self::Tiff => encode::plain(picture, image::ImageFormat::Tiff),
            Self::TiffLzw => encode::tiff_lzw(picture),
            Self::Bmp => encode::plain(picture, image::ImageFormat::Bmp),
            // What the fixtures write of these has hardly been compressed: ten times the bytes, and little to decode.
            Self::Room(format @ (ImageFormat::Heic | ImageFormat::Avif | ImageFormat::Jxl | ImageFormat::Jp2)) => {
                encode::by_python(picture, format)
            }
            Self::Room(format) => fixtures::encode(&picture.clone().into(), format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photograph_costs_about_two_bits_a_pixel_and_is_the_same_every_time() {
        let photograph = super::photograph(1.0);
        let file = Kind::Jpeg.encode(&photograph);
        let bits = file.len() as f64 * 8.0 / (f64::from(photograph.width()) * f64::from(photograph.height()));
        assert!((1.7..2.3).contains(&bits), "{bits} bit a pixel");
        assert_eq!(file, Kind::Jpeg.encode(&super::photograph(1.0)));
    }

    #[test]
    fn every_kind_is_read_as_what_it_is_even_with_zeros_behind_it() {
        for kind in Kind::all() {
            let mut file = kind.encode(&kind.picture(0.05));
            file.resize(file.len() + 99, 0);
            let several_passes = matches!(kind, Kind::JpegProgressive | Kind::PngInterlaced);
            let limits = super::fixtures::limits(1 << 30);
            let variant = [crate::shipped_variant(contract::OutputFormat::Jpeg)];
            let made = engine::make(&mut file.as_slice(), &variant, &limits, &mut |_| ()).unwrap();
            assert_eq!((made.probe.format, made.probe.interlaced), (kind.format(), several_passes), "{kind:?}");
            assert_eq!(made.warnings, [], "{kind:?}");
            assert_eq!(made.thumbnails[0].width_px, 128, "{kind:?}");
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }

    #[test]
    fn every_format_has_a_kind_and_names_are_not_shared() {
        for format in ImageFormat::ALL {
            assert_eq!(Kind::of(format).is_empty(), !format.is_measured(), "{format}");
        }
        let mut names: Vec<_> = Kind::all().into_iter().map(Kind::name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn pictures_differ_in_how_many_bytes_a_pixel_takes() {
        let bytes = |kind: Kind| kind.encode(&kind.picture(1.0)).len();
        assert!(bytes(Kind::JpegSmooth) * 3 < bytes(Kind::Jpeg));
        assert!(bytes(Kind::Jpeg) * 3 < bytes(Kind::JpegFine));
        assert!(bytes(Kind::PngScreen) * 10 < bytes(Kind::Png));
    }
}
