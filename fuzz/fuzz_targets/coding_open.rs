#![no_main]
//! Any bytes as an encoded body: a file that ends, or a refusal with a name.

use std::io::{self, Read};

use coding::{ContentEncoding, open};

/// More than the longest input can become, but for the runs of a bomb.
const MOST_BYTES: u64 = 1 << 24;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let header = ["gzip", "br", "zstd"][usize::from(choice % 3)];
    let mut body = match open(bytes, &ContentEncoding::from_header(Some(header))) {
        Ok(body) => body,
        Err(error) => {
            assert_eq!(error.name(), "unsupported_encoding");
            return;
        }
    };
    let read = io::copy(&mut body.reader().take(MOST_BYTES), &mut io::sink());
    assert!(read.is_ok(), "memory does not fail: {read:?}");
    let _ = body.into_warning();
});
