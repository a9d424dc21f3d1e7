//! What comes out of a body, and what is said of it.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::io::{self, BufReader, Read, Write};

use coding::{CodingError, ContentEncoding, Warning, open};
use flate2::Compression;
use flate2::write::GzEncoder;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8], window_bits: u32) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorReader::new(bytes, 4096, 5, window_bits).read_to_end(&mut encoded).unwrap();
    encoded
}

/// Something between noise and nothing.
fn sample(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 & 0x3F
    };
    (0..bytes).map(|_| next()).collect()
}

fn jpeg(bytes: usize) -> Vec<u8> {
    [&[0xFF, 0xD8, 0xFF, 0xE0][..], &sample(bytes)].concat()
}

fn header(value: &str) -> ContentEncoding {
    ContentEncoding::from_header(Some(value))
}

/// The file and the warning, from a body in chunks of `chunk` bytes.
fn read_in(chunk: usize, value: &str, body: &[u8]) -> (Vec<u8>, Option<Warning>) {
    let mut body = open(BufReader::with_capacity(chunk, body), &header(value)).unwrap();
    let mut file = Vec::new();
    body.reader().read_to_end(&mut file).unwrap();
    (file, body.into_warning())
}

fn read(value: &str, body: &[u8]) -> (Vec<u8>, Option<Warning>) {
    read_in(8192, value, body)
}

#[test]
fn a_file_comes_out_of_its_codings_in_chunks_of_any_size() {
    for bytes in [0, 1, 17, 18, 70_000, 300_000] {
        let file = jpeg(bytes);
        let (one, other) = file.split_at(file.len() / 3);
        for (value, body) in [
            ("gzip", gzip(&file)),
            ("gzip", [gzip(one), gzip(b""), gzip(other)].concat()),
            ("br", brotli(&file, 10)),
            ("br", brotli(&file, 22)),
            ("br", brotli(&file, 24)),
            ("identity", file.clone()),
        ] {
            for chunk in [1, 7, 8192] {
                assert_eq!(read_in(chunk, value, &body), (file.clone(), None), "{value} {bytes} {chunk}");
            }
        }
    }
}

#[test]
fn what_follows_a_body_is_ignored() {
    let file = jpeg(1000);
    for rest in [&b"\0\0\0\0"[..], b"\0", b"rubbish", b"\x1F", b"\x1F\x8B"] {
        assert_eq!(read("gzip", &[&gzip(&file)[..], rest].concat()), (file.clone(), None), "{rest:?}");
        assert_eq!(read("br", &[&brotli(&file, 22)[..], rest].concat()), (file.clone(), None), "{rest:?}");
    }
    // A third member that is damaged is a damage.
    let body = [&gzip(&file)[..], b"\x1F\x8B\x08\0\0\0\0\0\0\0\xFF\xFF"].concat();
    assert_eq!(read("gzip", &body), (file, Some(Warning::Damaged)));
}

#[test]
fn a_body_that_ends_early_gives_what_it_has_and_a_warning() {
    let file = jpeg(3000);
    for (value, body) in [("gzip", gzip(&file)), ("br", brotli(&file, 18))] {
        let mut longest = 0;
        for end in 3..body.len() {
            let (part, warning) = read(value, &body[..end]);
            assert!(file.starts_with(&part), "{value} {end}");
            assert_eq!(warning, Some(Warning::Damaged), "{value} {end}");
            longest = longest.max(part.len());
        }
        assert!(longest > file.len() - 100, "{value}: {longest} of {}", file.len());
    }
}

#[test]
fn a_flipped_bit_of_gzip_never_goes_without_a_word() {
    let file = jpeg(2000);
    let body = gzip(&file);
    // Behind the header, of which time, system and level are nobody's business.
    for at in 10..body.len() {
        for bit in 0..8 {
            let mut damaged = body.clone();
            damaged[at] ^= 1 << bit;
            let (part, warning) = read("gzip", &damaged);
            assert!(part == file || warning == Some(Warning::Damaged), "{at} {bit}");
        }
    }
}

#[test]
fn no_damage_of_brotli_panics_or_goes_on_for_ever() {
    let file = jpeg(2000);
    let body = brotli(&file, 18);
    for at in 0..body.len() {
        for bit in 0..8 {
            let mut damaged = body.clone();
            damaged[at] ^= 1 << bit;
            let Ok(mut opened) = open(&damaged[..], &header("br")) else { continue };
            let bytes = io::copy(&mut opened.reader().take(1 << 26), &mut io::sink()).unwrap();
            assert!(bytes < 1 << 26, "{at} {bit}");
        }
    }
}

/// More with `MUTATIONS=500000 cargo test -p coding`.
#[test]
fn no_mutated_body_panics_or_fails_as_a_reader() {
    let count = std::env::var("MUTATIONS").map_or(2000, |count| count.parse().unwrap());
    let file = [jpeg(3000), vec![0; 9000]].concat();
    let bodies = [
        ("gzip", gzip(&file)),
        ("gzip", [gzip(&file), gzip(b""), gzip(&file)].concat()),
        ("br", brotli(&file, 10)),
        ("br", brotli(&file, 18)),
        ("br", brotli(b"the quick brown fox, and words that Brotli knows: government, department", 16)),
    ];
    let mut state = 1_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for number in 0..count {
        let (value, mut body) = bodies[number % bodies.len()].clone();
        for _ in 0..=below(4) {
            // Headers and tables stand at the start.
            let reach = if below(2) == 0 { body.len().min(64) } else { body.len() };
            body[below(reach)] = below(256) as u8;
        }
        if below(8) == 0 {
            body.truncate(below(body.len()));
        }
        let Ok(mut opened) = open(&body[..], &header(value)) else { continue };
        io::copy(&mut opened.reader().take(1 << 24), &mut io::sink()).unwrap();
        let _ = opened.into_warning();
    }
}

#[test]
fn a_header_that_lies_is_ignored_with_a_warning() {
    let starts: [&[u8]; 7] = [
        b"\xFF\xD8\xFF\xE0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
        b"II*\0\x08\0\0\0",
        b"\0\0\0\x20ftypavif",
    ];
    for start in starts {
        let file = [start, &sample(500)].concat();
        for value in ["gzip", "br", "deflate", "zstd", "base64", "utf-8", "UTF-8", "binary", "gzip, br", "image/jpeg"] {
            for chunk in [1, 8192] {
                assert_eq!(read_in(chunk, value, &file), (file.clone(), Some(Warning::Ignored)), "{value} {start:?}");
            }
        }
    }
    // Gzip has a signature: what lacks it is not gzip, whatever it is.
    assert_eq!(read("gzip", b"<html>"), (b"<html>".to_vec(), Some(Warning::Ignored)));
}

#[test]
fn a_small_stream_of_brotli_is_not_taken_for_an_image() {
    // A window of 64 KiB is named by one bit, and the length of the first block follows: it may spell BM.
    for bytes in 1..3000 {
        let file = sample(bytes);
        assert_eq!(read("br", &brotli(&file, 16)), (file, None), "{bytes}");
    }
}

#[test]
fn what_is_not_decoded_has_a_name() {
    let name = |value: &str, body: &[u8]| open(body, &header(value)).err().map(|error| error.name());
    for value in ["deflate", "zstd", "compress", "base64", "gzip, br"] {
        assert_eq!(name(value, &sample(100)), Some("unsupported_encoding"), "{value}");
        assert_eq!(name(value, b""), Some("unsupported_encoding"), "{value}");
    }
    assert_eq!(name("br", b"\x11\x16\0\0"), Some("unsupported_encoding"));
    let message = open(&b"\x11\x16"[..], &header("br")).err().unwrap().to_string();
    assert!(message.contains("16777216"), "{message}");
}

#[test]
fn a_body_that_gives_nothing_says_why() {
    for (value, body) in [("gzip", &b"\x1F\x8B\x08\0\0\0"[..]), ("br", b""), ("br", b"\x0B"), ("br", b"<html>")] {
        let mut body = open(body, &header(value)).unwrap();
        assert_eq!(body.reader().read(&mut [0; 9]).unwrap(), 0, "{value}");
        let fault = body.into_fault().unwrap();
        assert_eq!(fault.name(), "corrupt_encoding", "{value}");
        assert!(fault.to_string().contains(value), "{fault}");
    }
}

/// Fails behind its bytes.
struct Broken<'body>(&'body [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("503 SlowDown")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_reader_that_fails_is_no_damage() {
    let file = jpeg(3000);
    for (value, body) in [("gzip", gzip(&file)), ("br", brotli(&file, 18)), ("zstd", file.clone())] {
        for end in [0, 1, 5, 17, 18, 19, 500, body.len()] {
            let failed = match open(BufReader::new(Broken(&body[..end])), &header(value)) {
                Err(CodingError::Read(error)) => error,
                Err(error) => panic!("{error}"),
                Ok(mut body) => match io::copy(body.reader(), &mut io::sink()) {
                    Err(error) => {
                        assert!(body.into_fault().is_none());
                        error
                    }
                    // Brotli says where it ends, and nothing is asked behind that.
                    Ok(_) if value == "br" && end > 500 => continue,
                    Ok(_) => panic!("{value} {end}"),
                },
            };
            assert_eq!(failed.to_string(), "503 SlowDown", "{value} {end}");
        }
    }
}
