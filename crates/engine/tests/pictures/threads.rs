//! Two threads against one: the same thumbnails, byte for byte, the same refusals, and panics that arrive.

use crate::fixtures;
use crate::wanted::small_png;
use std::{
    io::{Cursor, Read},
    panic::{AssertUnwindSafe, catch_unwind},
};

use contract::{Fit, ImageFormat as ImageKind, OutputFormat, Variant};
use engine::{EngineError, Made, Stage};
use image::{DynamicImage, ImageFormat, RgbImage};

fn variant(fit: Fit, format: OutputFormat, side_px: u32) -> Variant {
    let name = format!("{side_px}-{fit:?}");
    Variant { name, fit, format, quality: 80, ..small_png(side_px) }
}

fn sets() -> Vec<Vec<Variant>> {
    let jpeg = |side_px| variant(Fit::Inside, OutputFormat::Jpeg, side_px);
    vec![
        vec![jpeg(1_400)],
        vec![jpeg(128), jpeg(1_200), jpeg(400)],
        vec![
            variant(Fit::Cover, OutputFormat::Png, 500),
            variant(Fit::Contain, OutputFormat::Webp, 300),
            variant(Fit::Fill, OutputFormat::Auto, 700),
            jpeg(64),
        ],
    ]
}

fn make(
    bytes: &[u8],
    variants: &[Variant],
    budget_bytes: u64,
    threads: u32,
) -> Result<(Made, Vec<Stage>), EngineError> {
    let mut limits = fixtures::limits(budget_bytes);
    limits.threads = threads;
    let mut stages = Vec::new();
    let made = engine::make(&mut Cursor::new(bytes), variants, &limits, &mut |stage| stages.push(stage))?;
    Ok((made, stages))
}

fn texture() -> RgbImage {
    let grain = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).wrapping_mul(x | 1)) >> 27;
    RgbImage::from_fn(1_601, 1_203, |x, y| {
        let grain = grain(x, y);
        image::Rgb([(x / 7 + grain) as u8, (y / 9 + grain) as u8, ((x + y) / 13 + grain) as u8])
    })
}

/// 4:2:0, from our own encoder.
fn subsampled(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let plane = |channel: usize, step: u32| -> Vec<u8> {
        let rows = (0..picture.height()).step_by(step as usize);
        let pixels = rows.flat_map(|y| (0..picture.width()).step_by(step as usize).map(move |x| (x, y)));
        pixels.map(|(x, y)| picture.get_pixel(x, y)[channel]).collect()
    };
    let [y, cb, cr] = [plane(0, 1), plane(1, 2), plane(2, 2)];
    let view = |samples, width_px: usize, height_px| jpeg::PlaneRef { samples, width_px, height_px, stride: width_px };
    let half = |samples| view(samples, width.div_ceil(2), height.div_ceil(2));
    let picture = jpeg::Picture::YCbCr { y: view(&y, width, height), cb: half(&cb), cr: half(&cr) };
    jpeg::encode(&picture, 90).unwrap()
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let picture = texture();
    let jpeg = subsampled(&picture);
    let image = DynamicImage::from(picture);
    let mut files = vec![
        ("grey", fixtures::encoded(&image.to_luma8().into(), ImageFormat::Jpeg)),
        ("full chroma", fixtures::encoded(&image, ImageFormat::Jpeg)),
        ("png", fixtures::encoded(&image, ImageFormat::Png)),
        ("cut", jpeg[..jpeg.len() * 2 / 3].to_vec()),
        ("cut too early", jpeg[..jpeg.len() / 3].to_vec()),
        ("subsampled", jpeg),
    ];
    files.extend(fixtures::all());
    files
}

/// What is drawn is drawn as large as its largest variant, by another process: the last set says all of its threads.
fn is_drawn(bytes: &[u8]) -> bool {
    ImageKind::from_bytes(bytes).is_some_and(ImageKind::is_drawn)
}

#[test]
fn two_threads_make_what_one_makes() {
    for (name, bytes) in files() {
        let first = if is_drawn(&bytes) { 2 } else { 0 };
        for (number, variants) in sets().into_iter().enumerate().skip(first) {
            let case = format!("{name}, set {number}");
            match (make(&bytes, &variants, 1 << 30, 1), make(&bytes, &variants, 1 << 30, 2)) {
                (Ok((one, one_stages)), Ok((two, two_stages))) => {
                    assert!(one.thumbnails == two.thumbnails, "{case}");
                    assert_eq!(format!("{:?}", one.warnings), format!("{:?}", two.warnings), "{case}");
                    assert_eq!((one.plan.threads, two.plan.threads, one.bytes_read), (1, 2, two.bytes_read), "{case}");
                    assert!(two.plan.peak_bytes >= one.plan.peak_bytes, "{case}");
                    let count = |stages: &[Stage], stage| stages.iter().filter(|seen| **seen == stage).count();
                    for stage in [Stage::Probed, Stage::Decoded, Stage::Resized, Stage::Encoded] {
                        assert_eq!(count(&one_stages, stage), count(&two_stages, stage), "{case}");
                    }
                }
                (Err(one), Err(two)) => assert_eq!(format!("{one:?}"), format!("{two:?}"), "{case}"),
                (one, two) => panic!("{case}: {} and {}", one.is_ok(), two.is_ok()),
            }
        }
    }
}

#[test]
fn what_two_threads_do_not_fit_one_makes() {
    let bytes = subsampled(&texture());
    for variants in sets() {
        let planned = |threads| make(&bytes, &variants, 1 << 30, threads).unwrap().0.plan.peak_bytes;
        let (one, two) = (planned(1), planned(2));
        assert!(one < two, "{one} and {two}");
        for (budget_bytes, threads) in [(two, 2), (two - 1, 1), (one, 1)] {
            let plan = make(&bytes, &variants, budget_bytes, 2).unwrap().0.plan;
            assert_eq!((plan.threads, plan.peak_bytes), (threads, if threads == 2 { two } else { one }));
        }
        assert!(matches!(make(&bytes, &variants, one - 1, 2), Err(EngineError::OverBudget { .. })));
    }
}

/// Panics, or fails, behind so many bytes.
struct Ends<'bytes>(&'bytes [u8], bool);

impl Read for Ends<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(into)?;
        match (count, self.1) {
            (0, true) => panic!("the reader's own words"),
            (0, false) => Err(std::io::ErrorKind::ConnectionReset.into()),
            _ => Ok(count),
        }
    }
}

#[test]
fn a_panic_and_a_broken_connection_end_two_threads_as_they_end_one() {
    let bytes = subsampled(&texture());
    for part in [1, 2, 5, 9] {
        let read = &bytes[..bytes.len() * part / 10];
        for threads in [1, 2] {
            let mut limits = fixtures::limits(1 << 30);
            limits.threads = threads;
            let make = |panics| engine::make(&mut Ends(read, panics), &sets()[0], &limits, &mut |_| {});
            assert!(matches!(make(false), Err(EngineError::Source { .. })), "{part} {threads}");
            let panic = catch_unwind(AssertUnwindSafe(|| drop(make(true)))).expect_err("the reader panics");
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"the reader's own words"), "{part} {threads}");
        }
    }
}
