//! Bodies as programs store them that compress what they upload.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// In one member of gzip.
///
/// # Panics
/// Never: memory takes everything.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a Vec takes everything")
}

/// In Brotli, with a window of 4 MiB, as most programs choose it.
///
/// # Panics
/// Never: memory takes everything.
#[must_use]
pub fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorReader::new(bytes, 4096, 4, 22).read_to_end(&mut encoded).expect("a Vec takes everything");
    encoded
}
