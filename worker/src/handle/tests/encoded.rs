//! Bodies with a Content-Encoding: decoded within bounds, or refused by name.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorReader::new(bytes, 4096, 5, 24).read_to_end(&mut encoded).unwrap();
    encoded
}

fn stored(content_encoding: &'static str, bytes: Vec<u8>) -> MemoryStore {
    let mut store = with_source(bytes);
    store.content_encoding = Some(content_encoding);
    store
}

/// The job's outcome and what it stored.
fn outcome_of(content_encoding: &'static str, bytes: Vec<u8>) -> (Outcome, Vec<StoredObject>) {
    let store = stored(content_encoding, bytes);
    (run(&store).unwrap(), store.stored())
}

/// A bitmap whose rows a stream ends within: nothing of it but rows.
fn bitmap(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut bmp = Vec::new();
    RgbImage::from_fn(width_px, height_px, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]))
        .write_to(&mut Cursor::new(&mut bmp), ImageFormat::Bmp)
        .unwrap();
    bmp
}

fn thumbnail_of(bytes: Vec<u8>) -> Bytes {
    let store = with_source(bytes);
    run(&store).unwrap();
    store.stored().remove(0).bytes
}

#[test]
fn an_encoded_body_makes_the_thumbnail_of_its_file() {
    let photo = photo(400, 300);
    let want = thumbnail_of(photo.clone());
    let (one, other) = photo.split_at(1000);
    for (content_encoding, bytes) in [
        ("gzip", gzip(&photo)),
        ("x-gzip,aws-chunked", gzip(&photo)),
        ("gzip", [gzip(one), gzip(other)].concat()), // Two members are one file.
        ("gzip", [gzip(&photo), vec![0; 512]].concat()),
        ("br", brotli(&photo)),
        ("br", [brotli(&photo), vec![0; 512]].concat()),
        ("identity", photo.clone()),
        ("aws-chunked", photo.clone()),
        // The header lies, and the bytes decide.
        ("gzip", photo.clone()),
        ("br", photo.clone()),
        ("base64", photo.clone()),
        ("utf-8", photo.clone()),
        ("zstd", photo.clone()),
    ] {
        let (outcome, stored) = outcome_of(content_encoding, bytes);
        assert_eq!(outcome.name(), "made", "{content_encoding}: {outcome:?}");
        assert_eq!(stored[0].bytes, want, "{content_encoding}");
    }
}

#[test]
fn a_coding_that_is_not_decoded_is_refused_by_name() {
    for (content_encoding, bytes) in [
        ("deflate", &b"\x78\x9C\x03\0\0\0\0\x01"[..]),
        ("zstd", b"\x28\xB5\x2F\xFD\x24\0\x01\0\0"),
        ("gzip, gzip", &gzip(&gzip(&photo(40, 30)))),
        ("br", b"\x11\x16\0\0\0\0\0\0\0\0"), // A large window.
    ] {
        let store = stored(content_encoding, bytes.to_vec());
        let outcome = run(&store).unwrap();
        assert_eq!(outcome.name(), "unsupported_encoding", "{content_encoding}: {outcome:?}");
        let coding = content_encoding;
        assert!(outcome.message().is_some_and(|message| message.contains(coding)), "{outcome:?}");
        assert_eq!(store.letters.borrow()[0].reason, "unsupported_encoding");
        assert_eq!(store.endings.borrow()[0].outcome, "unsupported_encoding");
        // A compressed log file that nobody called an image surprises nobody.
        store.letters.borrow_mut().clear();
        let unclaimed = Task::Make(Job { format: None, ..job(&store, "0A") });
        assert_eq!(run_in(&store, &settings("small"), &unclaimed).unwrap().name(), "unsupported_encoding");
        assert!(store.letters.borrow().is_empty());
    }
}

#[test]
fn a_body_that_gives_nothing_is_refused_by_name() {
    for (content_encoding, bytes) in [
        ("gzip", gzip(&photo(40, 30))[..12].to_vec()),
        ("gzip", b"\x1F\x8B\x08\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF".to_vec()),
        ("br", b"<html>not found</html>".to_vec()),
        ("br", brotli(&photo(40, 30))[..1].to_vec()),
    ] {
        let (outcome, stored) = outcome_of(content_encoding, bytes);
        assert_eq!(outcome.name(), "corrupt_encoding", "{content_encoding}: {outcome:?}");
        assert!(stored.is_empty());
    }
    // What is decoded and no image is no image.
    let (outcome, _) = outcome_of("gzip", gzip(b"<html>not found</html>"));
    assert_eq!(outcome.name(), "not_an_image");
    // Nor is what says that it is encoded, and is neither.
    let (outcome, _) = outcome_of("gzip", b"<html>not found</html>".to_vec());
    assert_eq!(outcome.name(), "not_an_image");
}

#[test]
fn a_body_that_ends_early_is_judged_as_a_file_that_ends_early() {
    let bitmap = bitmap(200, 200);
    for (content_encoding, encoded) in [("gzip", gzip(&bitmap)), ("br", brotli(&bitmap))] {
        let check = |percent: usize, want: &str| {
            let (outcome, _) = outcome_of(content_encoding, encoded[..encoded.len() * percent / 100].to_vec());
            assert_eq!(outcome.name(), want, "{content_encoding} {percent} %: {outcome:?}");
        };
        check(90, "made");
        check(20, "corrupt");
    }
}

#[test]
fn a_connection_that_breaks_within_an_encoded_body_is_an_error() {
    let photo = photo(400, 300);
    for (content_encoding, encoded) in [("gzip", gzip(&photo)), ("br", brotli(&photo)), ("zstd", photo.clone())] {
        for breaks_after_bytes in [0, 1, 1000] {
            let mut store = stored(content_encoding, encoded.clone());
            store.breaks_after_bytes = Some(breaks_after_bytes);
            let error = run(&store).unwrap_err();
            assert_eq!(error.name(), "read_failed");
            assert!(with_causes(&error).contains("503 SlowDown"), "{}", with_causes(&error));
            assert!(store.letters.borrow().is_empty());
        }
    }
}

#[test]
fn a_bomb_is_refused_by_name() {
    let mut bomb = Vec::new();
    RgbImage::new(4000, 4000).write_to(&mut Cursor::new(&mut bomb), ImageFormat::Bmp).unwrap();
    for (content_encoding, encoded) in [("gzip", gzip(&bomb)), ("br", brotli(&bomb))] {
        assert!(encoded.len() < bomb.len() / 100, "{}", encoded.len());
        let store = stored(content_encoding, encoded);
        let mut strict = settings("small");
        strict.shared.max_object_bytes = 32 << 20;
        let outcome = run_in(&store, &strict, &Task::Make(job(&store, "0A"))).unwrap();
        assert_eq!(outcome.name(), "source_too_large", "{content_encoding}: {outcome:?}");
        assert!(outcome.message().is_some_and(|message| message.contains("33554432")), "{outcome:?}");
    }
}

#[test]
fn a_decoders_memory_is_part_of_the_plan() {
    let mut small = settings("small");
    small.tier.budget_mb = 18;
    let photo = photo(400, 300);
    let plain = with_source(photo.clone());
    assert_eq!(run_in(&plain, &small, &Task::Make(job(&plain, "0A"))).unwrap().name(), "made");
    // 16 MiB of window and 3.3 MiB of tables are too much for it, and not for the next.
    let store = stored("br", brotli(&photo));
    let outcome = run_in(&store, &small, &Task::Make(job(&store, "0A"))).unwrap();
    let Outcome::Escalated { to, message } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(to, "medium");
    assert!(message.contains("18874368"), "{message}");
}
