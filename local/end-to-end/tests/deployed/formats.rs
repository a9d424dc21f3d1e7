//! An upload of every format: by extension and Content-Type, and without either.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use contract::ImageFormat;
use end_to_end::Deployment;
use image::{DynamicImage, Rgb, RgbImage};

/// Green on the left, red above blue on the right.
fn flag() -> DynamicImage {
    let colour = |x: u32, y: u32| match (x < 80, y < 120) {
        (true, _) => Rgb([0, 200, 0]),
        (_, true) => Rgb([200, 0, 0]),
        (_, false) => Rgb([0, 0, 200]),
    };
    RgbImage::from_fn(320, 240, colour).into()
}

#[tokio::test]
async fn every_format_arrives_with_its_extension_and_without() {
    let deployment = Deployment::connect().await;
    let picture = flag();
    let mut uploaded = Vec::new();
    for format in ImageFormat::ALL {
        let facts = format.facts();
        let bytes = fixtures::encode(&picture, format);
        let named = format!("formats/flag.{}", facts.extensions[0]);
        let bare = format!("formats/{}", format.name());
        deployment.upload(&named, facts.media_types[0], bytes.clone()).await;
        deployment.upload(&bare, "application/octet-stream", bytes).await;
        uploaded.extend([(format, named), (format, bare)]);
    }
    for (format, key) in uploaded {
        let thumbnail = deployment.thumbnail(&format!("{key}/128x128.jpg")).await;
        let small = image::load_from_memory(&thumbnail.bytes).unwrap().into_rgb8();
        assert_eq!(small.dimensions(), (128, 96), "{format} as {key}");
        for ((x, y), want) in [((8, 50), [0, 200, 0]), ((90, 20), [200, 0, 0]), ((90, 80), [0, 0, 200])] {
            let got = small.get_pixel(x, y).0;
            assert!(got.iter().zip(want).all(|(got, want)| got.abs_diff(want) < 12), "{key} ({x},{y}): {got:?}");
        }
    }
}
