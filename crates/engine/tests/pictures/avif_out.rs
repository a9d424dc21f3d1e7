//! Thumbnails as AVIF: what decoders of others and our own see in them. With feature `avif-output`; without it the refusal.

use contract::{Fit, OutputFormat, Variant};
use engine::{EngineError, Made};

use crate::fixtures;

fn make(mut bytes: &[u8], variants: &[Variant], threads: u32) -> Result<Made, EngineError> {
    let mut limits = fixtures::limits(256 << 20);
    limits.threads = threads;
    engine::make(&mut bytes, variants, &limits, &mut |_| {})
}

#[cfg(not(feature = "avif-output"))]
#[test]
fn a_build_without_the_encoder_refuses_every_file_by_name() {
    let variants = [Variant::inside(64, OutputFormat::Jpeg), Variant::inside(128, OutputFormat::Avif)];
    for (name, file) in fixtures::files(contract::ImageFormat::Png) {
        let error = make(&file, &variants, 1).unwrap_err();
        assert_eq!(error.name(), "not_written", "{name}");
        let words = "thumbnail `128x128` is to be avif, which this build does not write: build it with feature \
                     `avif-output`, or write webp";
        assert_eq!(error.to_string(), words, "{name}");
    }
    assert!(!engine::writes(OutputFormat::Avif) && engine::writes(OutputFormat::Webp));
    let _ = Fit::Fill;
}

#[cfg(all(feature = "avif-output", feature = "av1"))]
mod with_the_encoder {
    use image::{DynamicImage, ImageFormat, RgbaImage};

    use super::*;
    use crate::python;

    /// As PNG and as AVIF, decoded; and the AVIF.
    fn both(file: &[u8], variant: &Variant) -> (RgbaImage, RgbaImage, Vec<u8>) {
        let of = |format| {
            let variant = Variant { format, ..variant.clone() };
            make(file, &[variant], 1).unwrap().thumbnails.remove(0)
        };
        let (png, avif) = (of(OutputFormat::Png), of(OutputFormat::Avif));
        assert_eq!((avif.extension, avif.content_type), ("avif", "image/avif"));
        assert_eq!((avif.width_px, avif.height_px), (png.width_px, png.height_px));
        let want = image::load_from_memory(&png.bytes).unwrap().into_rgba8();
        (want, own(&avif.bytes), avif.bytes)
    }

    /// By our own decoder, at its size.
    fn own(avif: &[u8]) -> RgbaImage {
        let made = make(avif, &[Variant::inside(4096, OutputFormat::Png)], 1).unwrap();
        assert!(made.warnings.is_empty(), "{:?}", made.warnings);
        image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgba8()
    }

    /// The mean difference of colours as they show on white, and of alpha, in levels.
    fn difference(one: &RgbaImage, other: &RgbaImage) -> (f64, f64) {
        assert_eq!(one.dimensions(), other.dimensions());
        let shown = |pixel: &image::Rgba<u8>, channel: usize| {
            let alpha = f64::from(pixel[3]);
            (f64::from(pixel[channel]) * alpha + 255.0 * (255.0 - alpha)) / 255.0
        };
        let pairs = || one.pixels().zip(other.pixels());
        let count = f64::from(one.width() * one.height());
        let colours = (0..3).map(|channel| {
            pairs().map(|(one, other)| (shown(one, channel) - shown(other, channel)).abs()).sum::<f64>()
        });
        let alphas = pairs().map(|(one, other)| f64::from(one[3].abs_diff(other[3]))).sum::<f64>();
        (colours.sum::<f64>() / (3.0 * count), alphas / count)
    }

    fn quality(side_px: u32, quality: u8) -> Variant {
        Variant { quality, ..Variant::inside(side_px, OutputFormat::Avif) }
    }

    /// Slopes and edges; grain would be what is left out.
    fn files() -> Vec<(&'static str, Vec<u8>)> {
        let rgb = DynamicImage::from(fixtures::picture());
        let large = rgb.resize_exact(403, 301, image::imageops::FilterType::Triangle);
        vec![
            ("rgb", fixtures::encoded(&rgb, ImageFormat::Png)),
            ("large", fixtures::encoded(&large, ImageFormat::Jpeg)),
            ("alpha", fixtures::encoded(&fixtures::picture_rgba().into(), ImageFormat::Png)),
            ("grey", fixtures::encoded(&rgb.to_luma8().into(), ImageFormat::Png)),
            (
                "grey alpha",
                fixtures::encoded(
                    &DynamicImage::from(fixtures::picture_rgba()).to_luma_alpha8().into(),
                    ImageFormat::Png,
                ),
            ),
        ]
    }

    #[test]
    fn our_decoder_and_another_see_the_png_of_the_same_thumbnail() {
        for (name, file) in files() {
            for (chosen, most) in [(100, 1.5), (80, 4.0), (30, 9.0)] {
                let (want, got, avif) = both(&file, &quality(400, chosen));
                let (colours, alphas) = difference(&want, &got);
                assert!(colours <= most && alphas <= 1.0, "{name} at {chosen}: {colours} {alphas}");
                if python::is_here() {
                    // Both round YCbCr in their own way.
                    let others = python::decoded(contract::ImageFormat::Avif, &avif);
                    let Some(others) = others else { continue };
                    let (colours, alphas) = difference(&got, &others);
                    assert!(
                        colours <= 0.6 && alphas == 0.0,
                        "{name} at {chosen}: {colours} {alphas} by another decoder"
                    );
                }
            }
        }
    }

    #[test]
    fn every_size_is_written_the_odd_ones_too() {
        let file = fixtures::encoded(&fixtures::picture().into(), ImageFormat::Png);
        for (width_px, height_px) in [(1, 1), (1, 7), (7, 1), (1, 60), (90, 1), (89, 1), (9, 8), (63, 59), (90, 60)] {
            let variant = Variant { width_px, height_px, fit: Fit::Fill, ..quality(1, 100) };
            let (want, got, avif) = both(&file, &variant);
            assert_eq!(got.dimensions(), (width_px, height_px));
            let (colours, _) = difference(&want, &got);
            assert!(colours <= 4.0, "{width_px}x{height_px}: {colours}");
            if python::is_here() {
                let others = python::decoded(contract::ImageFormat::Avif, &avif).unwrap();
                assert_eq!(others.dimensions(), (width_px, height_px));
            }
        }
    }

    #[test]
    fn nothing_stands_in_it_but_a_picture_in_srgb() {
        for (name, file) in files() {
            let (.., avif) = both(&file, &quality(64, 80));
            let has = |word: &[u8]| avif.windows(word.len()).any(|window| window == word);
            assert!(has(b"colrnclx\0\x01\0\x0D\0\x06\x80"), "{name}");
            assert!(avif.starts_with(b"\0\0\0\x1Cftypavif"), "{name}");
            for word in [b"Exif".as_slice(), b"mime", b"prof", b"rICC", b"GPS"] {
                assert!(!has(word), "{name}");
            }
            assert_eq!(has(b"auxC"), name.contains("alpha"), "{name}");
        }
    }

    #[test]
    fn two_threads_write_the_bytes_of_one() {
        let large =
            DynamicImage::from(fixtures::picture()).resize_exact(900, 700, image::imageops::FilterType::Triangle);
        let variants =
            [quality(600, 80), Variant { fit: Fit::Contain, name: "b".into(), ..quality(500, 60) }, quality(128, 80)];
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let file = fixtures::encoded(&large, format);
            let [one, two] = [1, 2].map(|threads| make(&file, &variants, threads).unwrap());
            assert_eq!((one.plan.threads, two.plan.threads), (1, 2));
            assert_eq!(one.thumbnails, two.thumbnails);
        }
    }

    #[test]
    fn higher_quality_has_more_bytes_and_less_than_a_jpeg_of_it() {
        let file = &files()[1].1;
        let bytes = |quality, format| {
            let variant = Variant { quality, ..Variant::inside(128, format) };
            make(file, &[variant], 1).unwrap().thumbnails[0].bytes.len()
        };
        let sizes = [10, 50, 80, 95, 100].map(|quality| bytes(quality, OutputFormat::Avif));
        assert!(sizes.is_sorted(), "{sizes:?}");
        let jpeg = bytes(80, OutputFormat::Jpeg);
        assert!(sizes[2] < jpeg, "{} {jpeg}", sizes[2]);
    }
}
