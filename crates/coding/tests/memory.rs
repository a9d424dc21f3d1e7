//! What a decoder holds, and what it says that it holds at the most.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::{self, Read, Write};

use coding::{ContentEncoding, open};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// One test, because the allocator counts for all.
#[test]
fn no_decoder_holds_more_than_it_says() {
    let file = sample(17 << 20);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&file).unwrap();
    check("gzip", &gzip.finish().unwrap(), file.len() as u64);
    check("gzip", &long_names(), 3);
    for window_bits in [10, 16, 22, 24] {
        let mut body = Vec::new();
        // More than the window.
        let file = &file[..(17 << 20).min(5 << window_bits)];
        brotli::CompressorReader::new(file, 1 << 16, 0, window_bits).read_to_end(&mut body).unwrap();
        check("br", &body, file.len() as u64);
    }
    // Most of what is allowed for the tables is needed by a stream that has as many as there can be.
    let (held_bytes, peak_bytes) = check("br", &all_trees(), 0);
    assert!(peak_bytes > held_bytes - (200 << 10), "{peak_bytes} of {held_bytes}");
}

/// Reads `body`, whose file has `bytes` bytes; returns what its decoder says that it holds, and what it held.
fn check(value: &str, body: &[u8], bytes: u64) -> (u64, u64) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let mut body = open(body, &ContentEncoding::from_header(Some(value))).unwrap();
    let held_bytes = body.held_bytes();
    assert_eq!(io::copy(body.reader(), &mut io::sink()).unwrap(), bytes, "{value}");
    let peak_bytes = (HEAP.peak_usage() - before) as u64;
    println!("{value}: {peak_bytes} of {held_bytes}");
    assert!(peak_bytes <= held_bytes, "{value}: {peak_bytes} of {held_bytes}");
    (held_bytes, peak_bytes)
}

/// Zeros with a number now and then.
fn sample(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| if at.is_multiple_of(1000) { (at / 1000) as u8 } else { 0 }).collect()
}

/// A member whose header is as long as the decoder takes it.
fn long_names() -> Vec<u8> {
    let long = || vec![b'n'; 65_000];
    let builder = GzBuilder::new().extra(long()).filename(long()).comment(long());
    let mut encoder = builder.write(Vec::new(), Compression::fast());
    encoder.write_all(b"abc").unwrap();
    encoder.finish().unwrap()
}

/// Bits, the lowest of each number first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn push(&mut self, value: u32, bits: u32) {
        for bit in 0..bits {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            self.bytes[self.count / 8] |= ((value.checked_shr(bit).unwrap_or(0) & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// 256, as a number of block types or trees.
    fn push_256(&mut self) {
        self.push(0b1111, 4);
        self.push(127, 7);
    }

    /// A prefix code of one symbol, which takes no bits.
    fn push_code(&mut self, symbol: u32, alphabet_bits: u32) {
        self.push(1, 2);
        self.push(0, 2);
        self.push(symbol, alphabet_bits);
    }
}

/// A stream with the largest window and 256 trees of each kind, that is damaged behind its first byte.
///
/// **Source:** RFC 7932, 9.2 ("Format of the Meta-Block Header").
fn all_trees() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b1111, 4); // A window of 16 MiB.
    bits.push(0, 1); // Not the last block.
    bits.push(0, 2);
    bits.push(0xFFFF, 16); // Of 65,536 bytes.
    bits.push(0, 1); // Compressed.
    for _ in 0..3 {
        bits.push_256();
        bits.push_code(0, 9); // Types of blocks.
        bits.push_code(25, 5); // Their lengths: as long as can be.
        bits.push(0, 24);
    }
    bits.push(0, 6); // Distances as they are.
    bits.push(0, 512); // 256 modes.
    for _ in 0..2 {
        bits.push_256();
        bits.push(0, 1);
        bits.push_code(0, 8); // Every context has the first tree.
        bits.push(0, 1);
    }
    (0..256).for_each(|_| bits.push_code(u32::from(b'a'), 8));
    (0..256).for_each(|_| bits.push_code(8, 10)); // One literal, then a copy of two bytes.
    (0..256).for_each(|_| bits.push_code(63, 6)); // From farther than there are bytes.
    bits.push(0, 64);
    bits.bytes
}
