use std::io::Cursor;

use bytes::Bytes;
use contract::{Ending, ImageFormat as Format, MadeBy, Removal, metadata};
use image::{ImageFormat, ImageReader, Rgb, RgbImage, RgbaImage};

use super::*;
use crate::edge::StoredObject;
use memory::{MemoryStore, settings};

mod encoded;
mod facts;
mod memory;
mod once;
mod ranges;
mod versions;

fn photo(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut png = Vec::new();
    RgbImage::from_fn(width_px, height_px, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]))
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .unwrap();
    png
}

fn with_alpha(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut png = Vec::new();
    RgbaImage::new(width_px, height_px).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    png
}

fn made(thumbnails: Vec<String>) -> Outcome {
    Outcome::Made { thumbnails, warnings: Vec::new() }
}

const KEY: &str = "a b/ü.png";
const THUMBNAIL: &str = "a b/ü.png/128x128.jpg";

/// The job about the source as it is now.
fn job(store: &MemoryStore, sequencer: &str) -> Job {
    Job {
        bucket: "uploads".into(),
        key: KEY.into(),
        etag: store.etag("uploads", KEY).unwrap_or_else(|| "\"none\"".into()),
        bytes: 9,
        version_id: None,
        sequencer: Some(sequencer.into()),
        format: Some(Format::Png),
        escalated_from: None,
        look_first: false,
        came_back: false,
        attempts: 0,
        correlation_id: "c".into(),
    }
}

fn removal(sequencer: &str) -> Task {
    let (bucket, key) = ("uploads".into(), KEY.into());
    Task::Remove {
        remove: Removal {
            bucket,
            key,
            sequencer: Some(sequencer.into()),
            current_etag: None,
            attempts: 0,
            correlation_id: "c".into(),
        },
    }
}

fn with_source(bytes: Vec<u8>) -> MemoryStore {
    let store = MemoryStore::default();
    store.upload(KEY, bytes);
    store
}

fn run_in(store: &MemoryStore, settings: &Settings, task: &Task) -> Result<Outcome, WorkerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(handle(store, settings, task))
}

fn run(store: &MemoryStore) -> Result<Outcome, WorkerError> {
    run_in(store, &settings("small"), &Task::Make(job(store, "0A")))
}

#[test]
fn a_format_that_is_off_is_refused_by_its_bytes() {
    let store = with_source(photo(9, 9));
    let mut settings = settings("small");
    settings.shared.formats = contract::Formats::parse("jpeg,webp").unwrap();
    let Ok(Outcome::Refused { reason, message }) = run_in(&store, &settings, &Task::Make(job(&store, "0A"))) else {
        panic!("made")
    };
    assert_eq!(reason, "format_off");
    assert!(message.starts_with("png is off in this deployment, which reads jpeg, webp"), "{message}");
}

/// A DELETE is free, and counts against S3's write limit.
#[test]
fn only_a_thumbnail_of_either_extension_is_looked_for_beside() {
    let check = |template: &str, format: &str, want: u32| {
        let json = include_str!("../../../thumbnails.json").replace("\"auto\"", &format!("\"{format}\""));
        let json = json.replace("{key}/{variant}.{ext}", template);
        let mut settings = settings("small");
        settings.shared.thumbnails = contract::Thumbnails::parse(&json).unwrap();
        let store = with_source(photo(400, 300));
        run_in(&store, &settings, &Task::Make(job(&store, "0A"))).unwrap();
        assert_eq!((store.puts.get(), store.deletes.get()), (1, want), "{template} {format}");
    };
    check("{key}/{variant}.{ext}", "auto", 1);
    check("{key}/{variant}.{ext}", "jpeg", 0);
    check("{key}/{variant}.{ext}", "webp", 0);
    check("{key}/{variant}", "auto", 0);
}

#[test]
fn a_thumbnail_is_stored_with_everything_that_s3_should_know() {
    let store = with_source(photo(400, 300));
    let outcome = run(&store).unwrap();
    assert_eq!(outcome, made(vec![THUMBNAIL.into()]));
    let stored = store.stored();
    let [thumbnail] = stored.as_slice() else { panic!("one thumbnail") };
    assert_eq!((thumbnail.bucket.as_str(), thumbnail.content_type), ("thumbnails", "image/jpeg"));
    assert_eq!(thumbnail.cache_control, "public, max-age=86400");
    assert_eq!(thumbnail.metadata[metadata::SOURCE_ETAG], store.etag("uploads", KEY).unwrap());
    assert_eq!(thumbnail.metadata[metadata::SEQUENCER], "0A");
    assert_eq!(thumbnail.metadata[metadata::SPEC], settings("small").shared.thumbnails.spec_of(KEY));
    let made_by = MadeBy::from_metadata(&thumbnail.metadata).unwrap();
    assert!(made_by.tier == "small" && made_by.milliseconds > 0.0, "{made_by:?}");
    let decoded = ImageReader::new(Cursor::new(&thumbnail.bytes)).with_guessed_format().unwrap().decode().unwrap();
    assert_eq!((decoded.width(), decoded.height()), (128, 96));
}

#[test]
fn an_object_that_is_gone_is_an_outcome() {
    assert_eq!(run(&MemoryStore::default()).unwrap(), Outcome::Gone);
}

#[test]
fn bytes_that_are_no_image_are_refused_by_name_and_somebody_is_told_if_they_claimed_to_be_one() {
    let store = with_source(b"<html>not found</html>".to_vec());
    assert_eq!(run(&store).unwrap().name(), "not_an_image");
    assert!(store.stored().is_empty());
    let letters = store.letters.take();
    assert_eq!((letters.len(), letters[0].reason.as_str()), (1, "not_an_image"));
    assert_eq!((letters[0].correlation_id.as_str(), letters[0].job.as_ref().unwrap().key()), ("c", KEY));

    let unclaimed = Task::Make(Job { format: None, ..job(&store, "0A") });
    assert_eq!(run_in(&store, &settings("small"), &unclaimed).unwrap().name(), "not_an_image");
    assert!(store.letters.borrow().is_empty());
}

#[test]
fn a_corrupt_image_is_a_dead_letter_and_not_an_error() {
    let mut png = photo(400, 300);
    png.truncate(100);
    let store = with_source(png);
    let outcome = run(&store).unwrap();
    assert_eq!(outcome.name(), "corrupt");
    let letters = store.letters.borrow();
    assert_eq!((letters[0].reason.as_str(), Some(letters[0].message.as_str())), ("corrupt", outcome.message()));
}

#[test]
fn what_leaves_no_thumbnail_leaves_its_ending() {
    let store = with_source(b"<html>not found</html>".to_vec());
    // Nobody called it an image, so nobody is told; who asks is told all the same.
    run_in(&store, &settings("small"), &Task::Make(Job { format: None, ..job(&store, "0A") })).unwrap();
    let ending = store.endings.borrow_mut().remove(0);
    assert_eq!((ending.outcome.as_str(), ending.key.as_str()), ("not_an_image", KEY));
    assert_eq!(ending.source_etag, store.etag("uploads", KEY));
    let made_by = ending.made_by.unwrap();
    assert!(made_by.tier == "small" && made_by.estimated_dollars.0 > 0.000_005, "{made_by:?}");
    store.delete_source(KEY);
    run_in(&store, &settings("small"), &removal("0B")).unwrap();
    let removed = store.endings.borrow_mut().remove(0);
    assert_eq!((removed.outcome.as_str(), removed.source_etag), (Ending::REMOVED, None));
}

#[test]
fn more_pixels_than_the_deployment_allows_are_refused_with_both_numbers() {
    let store = with_source(photo(400, 300));
    let strict = Settings { max_pixels: 119_999, ..settings("small") };
    let outcome = run_in(&store, &strict, &Task::Make(job(&store, "0A"))).unwrap();
    let message = outcome.message().unwrap_or_default();
    assert!(outcome.name() == "too_many_pixels" && message.contains("120000") && message.contains("119999"));
}

#[test]
fn a_connection_that_breaks_is_an_error_and_not_a_corrupt_image() {
    let mut store = with_source(photo(400, 300));
    store.breaks_after_bytes = Some(3000);
    let error = run(&store).unwrap_err();
    assert!(with_causes(&error).contains("503 SlowDown"), "{}", with_causes(&error));
    assert!(store.letters.borrow().is_empty());
}

#[test]
fn a_thumbnail_that_cannot_be_stored_is_an_error() {
    let store = with_source(photo(40, 30));
    store.refuse_puts_of(THUMBNAIL);
    let error = run(&store).unwrap_err();
    let want = "writing thumbnail `a b/ü.png/128x128.jpg`, 0 of 1 are there: PutObject failed: 503 SlowDown";
    assert_eq!(with_causes(&error), want);
}

/// A lossless WebP header of 16,383 x 16,383 pixels: its decoder would hold them all.
fn too_much_for_any_tier() -> Vec<u8> {
    let bits = 16_382_u32 | 16_382 << 14;
    [&b"RIFF\x1A\0\0\0WEBPVP8L\x0D\0\0\0\x2F"[..], &bits.to_le_bytes(), &[0; 16]].concat()
}

#[test]
fn what_is_too_much_for_a_tier_goes_to_the_next_before_a_pixel_is_decoded() {
    let mut small = settings("small");
    small.tier.budget_mb = 1;
    let store = with_source(too_much_for_any_tier());
    let outcome = run_in(&store, &small, &Task::Make(job(&store, "0A"))).unwrap();
    let Outcome::Escalated { to, message } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(to, "medium");
    assert!(message.contains("1048576"), "{message}");
    let invoked = store.invoked.borrow();
    assert_eq!((invoked.len(), invoked[0].0.as_str(), invoked[0].1.correlation_id()), (1, "medium", "c"));
    assert!(store.stored().is_empty() && store.letters.borrow().is_empty());
}

#[test]
fn what_is_too_much_for_the_largest_tier_is_refused_by_name_and_somebody_is_told() {
    let mut large = settings("large");
    large.tier.budget_mb = 1;
    let store = with_source(too_much_for_any_tier());
    assert_eq!(run_in(&store, &large, &Task::Make(job(&store, "0A"))).unwrap().name(), "over_budget");
    assert!(store.invoked.borrow().is_empty());
    assert_eq!(store.letters.borrow()[0].reason, "over_budget");
}
