//! From an upload to its thumbnail, through S3's event, the dispatcher and the tier's worker.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::Cursor;

use contract::{Ending, ImageFormat, Prices, Requests, TierTable};
use end_to_end::{Api, Deployment, architecture, brotli, document_over, gzip, raw_over};
use image::{DynamicImage, ImageReader, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};

fn encode(image: &RgbImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn decode(bytes: &[u8]) -> DynamicImage {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().decode().unwrap()
}

/// Red, green, blue and white quarters, clockwise from the upper left.
fn quarters(width_px: u32, height_px: u32) -> RgbImage {
    RgbImage::from_fn(width_px, height_px, |x, y| match (x * 2 < width_px, y * 2 < height_px) {
        (true, true) => Rgb([255, 0, 0]),
        (false, true) => Rgb([0, 255, 0]),
        (false, false) => Rgb([0, 0, 255]),
        (true, false) => Rgb([255, 255, 255]),
    })
}

#[tokio::test]
async fn each_tier_is_reached_by_an_image_of_its_size() {
    let deployment = Deployment::connect().await;
    let mut just_over_bytes = 100_000;
    for tier in TierTable::builtin().unwrap().iter() {
        let key = format!("tiers/{}.raf", tier.name);
        deployment.upload(&key, "image/x-fuji-raf", raw_over(just_over_bytes)).await;
        let line = deployment.log_line(&format!("worker-{}", tier.name), &key).await;
        assert_eq!((line["outcome"].as_str(), line["format"].as_str()), (Some("made"), Some("raw")), "{line}");
        let thumbnail = decode(&deployment.thumbnail(&format!("{key}/128x128.jpg")).await.bytes);
        assert_eq!(thumbnail.width().max(thumbnail.height()), 128);
        just_over_bytes = tier.max_object_bytes(Some(ImageFormat::Raw));
    }
}

/// What a thumbnail does not need of an object is not sent: a second GET goes on behind it, and is in the bill.
#[tokio::test]
async fn layers_of_a_document_are_not_read() {
    let deployment = Deployment::connect().await;
    let (key, layers_bytes) = ("ranges/layers.psd", 12_000_000);
    let document = document_over(layers_bytes);
    let tiers = TierTable::builtin().unwrap();
    let tier = tiers.smallest_for(Some(ImageFormat::Psd), document.len() as u64).unwrap();
    deployment.upload(key, "image/vnd.adobe.photoshop", document).await;
    let line = deployment.log_line(&format!("worker-{}", tier.name), key).await;
    // A short line has no bytes; two GETs it prices, and what is beside the requests and the time costs less than one.
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let time = prices.compute(architecture(), tier.memory_mb, line["total_ms"].as_f64().unwrap() as u64);
    let two_gets = prices.requests(Requests { invocations: 1, heads: 1, gets: 2, puts: 1 });
    assert!(line["dollars"].as_f64().unwrap() >= two_gets.0 + time.0, "{line}");
    let thumbnail = decode(&deployment.thumbnail(&format!("{key}/128x128.jpg")).await.bytes).into_rgb8();
    let (left, right) = (thumbnail.get_pixel(20, 40).0, thumbnail.get_pixel(100, 40).0);
    assert!(left[0] > 150 && left[2] < 50 && right[2] > 150 && right[0] < 50, "{left:?} {right:?}");
}

#[tokio::test]
async fn odd_keys_arrive_as_they_are() {
    let deployment = Deployment::connect().await;
    let png = encode(&quarters(64, 64), image::ImageFormat::Png);
    let keys = [
        "odd/red flower+1.jpg",
        "odd/a%2Fb%20c.png",
        "odd/写真/über.png",
        "odd/no-extension",
        "odd/quotes '\" & < > [x] {key}.png",
        "odd/100%.png",
        "odd/🌄 a.b.c",
    ];
    for key in keys {
        deployment.upload(key, "image/png", png.clone()).await;
    }
    for key in keys {
        let thumbnail = deployment.thumbnail(&format!("{key}/128x128.jpg")).await;
        assert_eq!(decode(&thumbnail.bytes).width(), 64, "never enlarged: {key}");
    }
}

#[tokio::test]
async fn a_thumbnail_says_what_it_is_and_what_it_was_made_from() {
    let deployment = Deployment::connect().await;
    let key = "facts/photo.png";
    let etag = deployment.upload(key, "image/png", encode(&quarters(300, 200), image::ImageFormat::Png)).await;
    let thumbnail = deployment.thumbnail("facts/photo.png/128x128.jpg").await;
    assert_eq!(thumbnail.content_type, "image/jpeg");
    assert_eq!(thumbnail.cache_control, "public, max-age=86400");
    assert_eq!(thumbnail.source_etag, etag);
}

#[tokio::test]
async fn alpha_stays_alpha() {
    let deployment = Deployment::connect().await;
    let mut png = Vec::new();
    DynamicImage::new_rgba8(300, 200).write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    deployment.upload("alpha.png", "image/png", png).await;
    let thumbnail = deployment.thumbnail("alpha.png/128x128.png").await;
    assert_eq!(thumbnail.content_type, "image/png");
    assert_eq!(decode(&thumbnail.bytes).to_rgba8().get_pixel(64, 40).0[3], 0);
}

#[tokio::test]
async fn orientation_is_applied_to_the_pixels() {
    let deployment = Deployment::connect().await;
    let jpeg = encode(&quarters(400, 200), image::ImageFormat::Jpeg);
    // Exif, big-endian, one entry: tag 0x0112 Orientation, SHORT, 1 value, 6: rotate 90 degrees clockwise to display.
    let exif = b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let rotated = [&jpeg[..2], exif, &jpeg[2..]].concat();
    deployment.upload("orientation.jpg", "image/jpeg", rotated).await;
    let thumbnail = decode(&deployment.thumbnail("orientation.jpg/128x128.jpg").await.bytes).to_rgb8();
    assert_eq!(thumbnail.dimensions(), (64, 128));
    let near = |x, y, want: [u8; 3]| {
        let got = thumbnail.get_pixel(x, y).0;
        assert!(got.iter().zip(want).all(|(got, want)| got.abs_diff(want) < 40), "{got:?} at {x},{y}, want {want:?}");
    };
    // What was lower left, white, is upper left now.
    near(8, 8, [255, 255, 255]);
    near(56, 8, [255, 0, 0]);
    near(56, 120, [0, 255, 0]);
    near(8, 120, [0, 0, 255]);
}

#[tokio::test]
async fn a_wrong_content_type_hides_no_picture() {
    let deployment = Deployment::connect().await;
    let jpeg = encode(&quarters(300, 200), image::ImageFormat::Jpeg);
    let types = ["application/json", "text/plain", "undefined", "image", "jpg"];
    for (number, content_type) in types.into_iter().enumerate() {
        deployment.upload(&format!("types/{number}/photo.jpg"), content_type, jpeg.clone()).await;
        // A key that says nothing denies nothing.
        deployment.upload(&format!("types/{number}/photo"), content_type, jpeg.clone()).await;
    }
    for number in 0..types.len() {
        for name in ["photo.jpg", "photo"] {
            deployment.thumbnail(&format!("types/{number}/{name}/128x128.jpg")).await;
        }
    }
    // Nobody but the bytes can tell, and they deny it: a refusal by name, and a letter because the key said so.
    deployment.upload("types/page.jpg", "text/html", b"<html>404</html>".to_vec()).await;
    let line = deployment.log_line("worker-small", "types/page.jpg").await;
    assert_eq!(line["outcome"], "not_an_image", "{line}");
}

/// Red on the left, blue on the right.
const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="4" height="4" fill="red"/>
<rect x="4" width="4" height="4" fill="blue"/></svg>"#;

/// The same as a page, without a table of where its objects are: readers look for them.
const PDF: &str = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] \
    /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 8 4] /Contents 4 0 R >>\nendobj\n4 0 obj\n\
    << /Length 46 >>\nstream\n1 0 0 rg 0 0 4 4 re f 0 0 1 rg 4 0 4 4 re f     \nendstream\nendobj\ntrailer\n\
    << /Root 1 0 R >>\n%%EOF\n";

#[tokio::test]
async fn a_drawing_is_drawn_by_a_process_of_the_worker() {
    let deployment = Deployment::connect().await;
    let files = [
        ("a.svg", "binary/octet-stream", SVG),
        ("b", "image/svg+xml", SVG),
        ("c.pdf", "binary/octet-stream", PDF),
        ("d", "binary/octet-stream", PDF),
    ];
    for (name, content_type, file) in files {
        deployment.upload(&format!("drawings/{name}"), content_type, file.as_bytes().to_vec()).await;
    }
    let bomb =
        SVG.replace("<rect", "<filter id='f'><feTurbulence numOctaves='9999999'/></filter><rect filter='url(#f)'");
    deployment.upload("drawings/bomb.svg", "image/svg+xml", bomb.into_bytes()).await;
    for (name, ..) in files {
        let thumbnail = decode(&deployment.thumbnail(&format!("drawings/{name}/128x128.jpg")).await.bytes).to_rgb8();
        assert_eq!(thumbnail.dimensions(), (128, 64), "{name}: as sharp as it is large");
        let [left, right] = [16, 112].map(|x| thumbnail.get_pixel(x, 32).0);
        assert!(left[0] > 200 && left[2] < 50 && right[2] > 200 && right[0] < 50, "{name}: {left:?} and {right:?}");
    }
    let line = deployment.log_line("worker-small", "drawings/bomb.svg").await;
    assert_eq!(line["outcome"], "too_slow", "{line}");
}

#[tokio::test]
async fn an_encoded_body_is_decoded_or_refused_by_name() {
    let deployment = Deployment::connect().await;
    let jpeg = encode(&quarters(300, 200), image::ImageFormat::Jpeg);
    let bodies = [
        ("plain.jpg", None, jpeg.clone()),
        ("gzip.jpg", Some("gzip"), gzip(&jpeg)),
        ("br.jpg", Some("br"), brotli(&jpeg)),
        ("lie.jpg", Some("gzip"), jpeg),
        ("zstd.jpg", Some("zstd"), b"\x28\xB5\x2F\xFD and more".to_vec()),
    ];
    for (name, content_encoding, bytes) in bodies {
        deployment.upload_encoded(&format!("encoded/{name}"), "image/jpeg", content_encoding, bytes).await;
    }
    let want = deployment.thumbnail("encoded/plain.jpg/128x128.jpg").await;
    for (name, warnings) in [("gzip.jpg", json!([])), ("br.jpg", json!([])), ("lie.jpg", json!(["encoding_ignored"]))] {
        let thumbnail = deployment.thumbnail(&format!("encoded/{name}/128x128.jpg")).await;
        assert!(thumbnail.bytes == want.bytes, "{name}");
        let line = deployment.log_line("worker-small", &format!("encoded/{name}")).await;
        let warned = line["warnings"].as_array().map_or(json!([]), |warned| json!(warned));
        assert_eq!((&line["outcome"], &warned), (&json!("made"), &warnings), "{line}");
    }
    let line = deployment.log_line("worker-small", "encoded/zstd.jpg").await;
    assert_eq!(line["outcome"], "unsupported_encoding", "{line}");
    let ending: Ending = serde_json::from_slice(&deployment.ending("encoded/zstd.jpg").await).unwrap();
    assert_eq!(ending.outcome, "unsupported_encoding");
    let status = Api::connect().request(Method::GET, "/status/encoded/zstd.jpg").send().await.unwrap();
    let status: Value = status.json().await.unwrap();
    assert_eq!((&status["state"], &status["outcome"]), (&json!("refused"), &json!("unsupported_encoding")), "{status}");
    assert!(status["message"].as_str().is_some_and(|message| message.contains("`zstd`")), "{status}");
}

#[tokio::test]
async fn a_skip_tells_its_reason_to_who_asks() {
    let deployment = Deployment::connect().await;
    let etag = deployment.upload("asked/notes.txt", "text/plain", b"hello".to_vec()).await;
    let ending: Ending = serde_json::from_slice(&deployment.ending("asked/notes.txt").await).unwrap();
    assert_eq!((ending.outcome.as_str(), ending.source_etag), ("not_an_image", Some(etag)));
    let status = Api::connect().request(Method::GET, "/status/asked/notes.txt").send().await.unwrap();
    let status: Value = status.json().await.unwrap();
    assert_eq!((&status["state"], &status["outcome"]), (&json!("refused"), &json!("not_an_image")), "{status}");
    assert!(status["message"].as_str().is_some_and(|message| message.contains("text/plain")), "{status}");
}

#[tokio::test]
async fn what_is_no_image_is_skipped_by_name() {
    let deployment = Deployment::connect().await;
    deployment.upload("skips/notes.txt", "text/plain", b"hello".to_vec()).await;
    deployment.upload("skips/empty.png", "image/png", Vec::new()).await;
    deployment.upload("skips/page.jpg", "image/jpeg", b"<html>404</html>".to_vec()).await;
    let line = deployment.log_line("dispatcher", "skips/notes.txt").await;
    assert_eq!(line["outcome"], "not_an_image", "{line}");
    let line = deployment.log_line("dispatcher", "skips/empty.png").await;
    assert_eq!(line["outcome"], "empty", "{line}");
    let line = deployment.log_line("worker-small", "skips/page.jpg").await;
    assert_eq!(line["outcome"], "not_an_image", "{line}");
    assert!(deployment.thumbnail_keys("skips/").await.is_empty());
}

#[tokio::test]
async fn a_bad_record_fails_the_event_and_the_good_one_is_made_all_the_same() {
    let deployment = Deployment::connect().await;
    let [good, locked] = ["records/good.png", "records/locked.png"];
    let png = || encode(&quarters(64, 64), image::ImageFormat::Png);
    deployment.upload(good, "image/png", png()).await;
    deployment.thumbnail("records/good.png/128x128.jpg").await;
    deployment.upload_locked(locked, png()).await;
    let bucket = &deployment.source_bucket;
    let record = |key: &str| json!({ "s3": { "bucket": { "name": bucket }, "object": { "key": key } } });
    let event = json!({ "Records": [record(locked), record(good)] });
    let answer = deployment.invoke("dispatcher", &event).await;
    // Its own event fails too, and finds it gone the next time.
    deployment.delete(locked).await;
    assert!(answer.failed, "{answer:?}");
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("1 of 2 records could not be dispatched"), "{message}");
    // Another bucket is not asked for: a queue or a rule may bring its events too.
    let elsewhere =
        json!({ "s3": { "bucket": { "name": deployment.destination_bucket }, "object": { "key": "records/a.png" } } });
    let answer = deployment.invoke("dispatcher", &json!({ "Records": [elsewhere] })).await;
    assert_eq!(answer.payload, json!({ "dispatched": {}, "skipped": { "not_watched": 1 }, "put_off": 0, "failed": 0 }));
}

#[tokio::test]
async fn an_object_deleted_before_its_turn_is_gone_and_a_test_event_is_nothing() {
    let deployment = Deployment::connect().await;
    let object = json!({ "bucket": { "name": deployment.source_bucket }, "object": { "key": "never+there.png" } });
    let answer = deployment.invoke("dispatcher", &json!({ "Records": [{ "s3": object }] })).await;
    assert_eq!(answer.payload, json!({ "dispatched": {}, "skipped": { "gone": 1 }, "put_off": 0, "failed": 0 }));
    let test_event = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": deployment.source_bucket });
    let answer = deployment.invoke("dispatcher", &test_event).await;
    assert_eq!(answer.payload, json!({ "dispatched": {}, "skipped": {}, "put_off": 0, "failed": 0 }));
}

#[tokio::test]
async fn an_object_replaced_since_its_head_is_left_to_its_newer_event() {
    let deployment = Deployment::connect().await;
    let key = "replaced.png";
    deployment.upload(key, "image/png", encode(&quarters(64, 64), image::ImageFormat::Png)).await;
    let job = json!({
        "bucket": deployment.source_bucket, "key": key, "etag": "\"of an older version\"", "bytes": 9,
        "correlation_id": "end-to-end",
    });
    let answer = deployment.invoke("worker-small", &job).await;
    assert_eq!(answer.payload, json!({ "outcome": "gone" }));
}
