use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Cursor;

use contract::{Architecture, Prices, Tariff, Thumbnails, TierTable};
use function::Meter;
use image::{ImageFormat, ImageReader, Rgb, RgbImage};

use super::*;

/// One object, and what was stored.
#[derive(Default)]
struct MemoryStore {
    object: Option<Vec<u8>>,
    /// The connection breaks after this many bytes.
    breaks_after_bytes: Option<usize>,
    refuses_puts: bool,
    invoked: RefCell<Vec<(String, Job)>>,
    stored: RefCell<Vec<StoredObject>>,
}

struct MemoryBody(VecDeque<Result<Bytes, CallError>>);

fn failure(action: &str) -> CallError {
    CallError { action: action.into(), cause: "503 SlowDown".into() }
}

impl GetObject for MemoryStore {
    type Body = MemoryBody;

    async fn get(&self, job: &Job) -> Result<Option<MemoryBody>, CallError> {
        assert_eq!(job.etag, "\"e\"");
        let Some(object) = &self.object else { return Ok(None) };
        let sent = self.breaks_after_bytes.map_or(object.as_slice(), |bytes| &object[..bytes]);
        let mut chunks: VecDeque<_> = sent.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        if self.breaks_after_bytes.is_some() {
            chunks.push_back(Err(failure("GetObject")));
        }
        Ok(Some(MemoryBody(chunks)))
    }
}

impl ObjectBody for MemoryBody {
    async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        self.0.pop_front()
    }
}

impl PutObject for MemoryStore {
    async fn put(&self, object: StoredObject) -> Result<(), CallError> {
        if self.refuses_puts {
            return Err(failure("PutObject"));
        }
        self.stored.borrow_mut().push(object);
        Ok(())
    }
}

impl InvokeWorker for MemoryStore {
    async fn invoke(&self, tier: &str, job: &Job) -> Result<(), CallError> {
        self.invoked.borrow_mut().push((tier.to_owned(), job.clone()));
        Ok(())
    }
}

fn photo(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut png = Vec::new();
    RgbImage::from_fn(width_px, height_px, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]))
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .unwrap();
    png
}

fn settings(tier: &str) -> Settings {
    let tiers = TierTable::builtin().unwrap();
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let tier = tiers.get(tier).unwrap().clone();
    let tariff = Tariff { prices, architecture: Architecture::X86_64, memory_mb: tier.memory_mb };
    Settings {
        source_bucket: "uploads".into(),
        next_tier: tiers.next_after(&tier.name).map(|next| next.name.clone()),
        largest_memory_mb: tiers.largest().memory_mb,
        worker_prefix: "worker-".into(),
        tier,
        thumbnails: Thumbnails::builtin().unwrap(),
        destination_bucket: "thumbnails".into(),
        meter: Meter::new(tariff, None),
    }
}

fn run(store: &MemoryStore) -> Result<Outcome, WorkerError> {
    run_in(store, &settings("small"))
}

fn run_in(store: &MemoryStore, settings: &Settings) -> Result<Outcome, WorkerError> {
    let job = Job {
        bucket: "uploads".into(),
        key: "a b/ü.png".into(),
        etag: "\"e\"".into(),
        bytes: 9,
        version_id: None,
        sequencer: Some("0A".into()),
        correlation_id: "c".into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(handle(store, settings, &job))
}

#[test]
fn a_thumbnail_is_stored_with_everything_that_s3_should_know() {
    let store = MemoryStore { object: Some(photo(400, 300)), ..MemoryStore::default() };
    let outcome = run(&store).unwrap();
    assert_eq!(outcome, Outcome::Made { thumbnails: vec!["a b/ü.png/128x128.jpg".into()] });
    let stored = store.stored.borrow();
    let [thumbnail] = stored.as_slice() else { panic!("one thumbnail") };
    assert_eq!((thumbnail.bucket.as_str(), thumbnail.content_type), ("thumbnails", "image/jpeg"));
    assert_eq!(thumbnail.cache_control, "public, max-age=86400");
    assert_eq!(thumbnail.metadata[metadata::SOURCE_ETAG], "\"e\"");
    assert_eq!(thumbnail.metadata[metadata::SEQUENCER], "0A");
    let decoded = ImageReader::new(Cursor::new(&thumbnail.bytes)).with_guessed_format().unwrap().decode().unwrap();
    assert_eq!((decoded.width(), decoded.height()), (128, 96));
}

#[test]
fn an_object_that_is_gone_is_an_outcome() {
    assert_eq!(run(&MemoryStore::default()).unwrap(), Outcome::Gone);
}

#[test]
fn bytes_that_are_no_image_are_refused_by_name_whatever_the_key_says() {
    let store = MemoryStore { object: Some(b"<html>not found</html>".to_vec()), ..MemoryStore::default() };
    assert_eq!(run(&store).unwrap().name(), "not_an_image");
    assert!(store.stored.borrow().is_empty());
}

#[test]
fn a_connection_that_breaks_is_an_error_and_not_a_corrupt_image() {
    let store = MemoryStore { object: Some(photo(400, 300)), breaks_after_bytes: Some(3000), ..MemoryStore::default() };
    let error = run(&store).unwrap_err();
    assert!(with_causes(&error).contains("503 SlowDown"), "{}", with_causes(&error));
}

#[test]
fn a_thumbnail_that_cannot_be_stored_is_an_error() {
    let store = MemoryStore { object: Some(photo(40, 30)), refuses_puts: true, ..MemoryStore::default() };
    let error = run(&store).unwrap_err();
    assert_eq!(with_causes(&error), "writing thumbnail `a b/ü.png/128x128.jpg`: PutObject failed: 503 SlowDown");
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
    let store = MemoryStore { object: Some(too_much_for_any_tier()), ..MemoryStore::default() };
    let outcome = run_in(&store, &small).unwrap();
    let Outcome::Escalated { to, message } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(to, "medium");
    assert!(message.contains("1048576"), "{message}");
    let invoked = store.invoked.borrow();
    assert_eq!((invoked.len(), invoked[0].0.as_str(), invoked[0].1.correlation_id.as_str()), (1, "medium", "c"));
    assert!(store.stored.borrow().is_empty());
}

#[test]
fn what_is_too_much_for_the_largest_tier_is_refused_by_name() {
    let mut large = settings("large");
    large.tier.budget_mb = 1;
    let store = MemoryStore { object: Some(too_much_for_any_tier()), ..MemoryStore::default() };
    assert_eq!(run_in(&store, &large).unwrap().name(), "over_budget");
    assert!(store.invoked.borrow().is_empty());
}
