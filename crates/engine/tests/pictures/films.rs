//! Films: which frame, how it is turned and stretched, where it stands, and boxes that lie. With feature `h264`, which is
//! on by default.
#![cfg(feature = "h264")]

use std::io::Cursor;

use contract::{OutputFormat, Variant};
use engine::{EngineError, Made, Seeking};
use image::{RgbImage, imageops};

use super::tiled::{check_numbers_that_lie, difference};
use crate::fixtures::{
    self,
    mp4::{FILM, Film, Index, QUARTER, film, frame, of_frames},
    webm::{MATROSKA, Matroska, matroska},
};

/// Of a film that is a file, as large as it is.
fn make(bytes: &[u8]) -> Result<Made, EngineError> {
    let variant = Variant::inside(128, OutputFormat::Png);
    engine::make_passing(&mut Seeking(Cursor::new(bytes)), &[variant], &fixtures::limits(8 << 20), &mut |_| {})
}

fn pixels(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(&make(bytes).unwrap().thumbnails[0].bytes).unwrap().into_rgb8()
}

/// Full size, so that only rounding and halved chroma are between.
#[test]
fn every_kind_is_the_frame_that_was_stored() {
    let check = |kind: Film, want: &RgbImage| {
        let (mean, most) = difference(&pixels(&film(&fixtures::picture(), kind)), want);
        assert!(mean <= 4.0 && most <= 200, "{mean} {most}");
    };
    let picture = fixtures::picture();
    for bits in [8, 10] {
        for is_422 in [false, true] {
            for slices in [1, 3] {
                for index in [Index::First, Index::Last, Index::Fragments] {
                    check(Film { bits, is_422, slices, index, ..FILM }, &picture);
                }
            }
        }
    }
    check(Film { matrix: QUARTER, ..FILM }, &imageops::rotate90(&picture));
    check(Film { black: 2, ..FILM }, &picture);
    check(Film { black: 2, index: Index::Fragments, ..FILM }, &picture);
    // What an edit cut away is not shown: the second frame is the same, upside down.
    check(Film { edit: 1, ..FILM }, &imageops::rotate180(&picture));
    // Behind the last key frame: the one before it.
    check(Film { edit: 9, ..FILM }, &imageops::rotate180(&picture));
}

#[test]
fn a_film_of_matroska_is_the_frame_that_was_stored() {
    let picture = fixtures::picture();
    let check = |kind: Matroska| {
        let (mean, _) = difference(&pixels(&matroska(&picture, kind)), &picture);
        assert!(mean <= 5.0, "{mean}");
    };
    for is_h264 in [false, true] {
        for in_groups in [false, true] {
            for is_live in [false, true] {
                for black in [0, 2] {
                    check(Matroska { is_h264, in_groups, is_live, black, ..MATROSKA });
                }
            }
        }
    }
    let turned = pixels(&matroska(&picture, Matroska { roll: 90.0, ..MATROSKA }));
    let (mean, _) = difference(&turned, &imageops::rotate270(&picture));
    assert!(mean <= 5.0, "{mean}");
    let made = make(&matroska(&picture, Matroska { shown: Some((120, 60)), ..MATROSKA })).unwrap();
    assert_eq!((made.probe.width_px, made.probe.height_px), (120, 60));
}

#[test]
fn what_is_not_read_of_matroska_is_said() {
    let check = |from: &[u8], to: &[u8], name: &str, want: &str| {
        let mut file = matroska(&fixtures::picture(), MATROSKA);
        let at = file.windows(from.len()).position(|bytes| bytes == from).unwrap();
        file[at..at + to.len()].copy_from_slice(to);
        let error = make(&file).unwrap_err();
        assert!(error.name() == name && format!("{error:?}").contains(want), "{error:?}");
    };
    check(b"V_VP9", b"V_VP8", "unsupported", "VP8");
    check(b"V_VP9", b"V_MP4", "unsupported", "codec other than");
    check(&[0x83, 0x10, 0, 0, 4, 0, 0, 0, 1], &[0x83, 0x10, 0, 0, 4, 0, 0, 0, 2], "unsupported", "no track");
    // The first block is no key frame, and so on to the end.
    check(&[0x49, 0x83, 0x42], &[0, 0, 0], "corrupt", "VP9");
    let file = matroska(&fixtures::picture(), MATROSKA);
    for end in [10, 100, file.len() / 3] {
        let error = make(&file[..end]).unwrap_err();
        assert!(["corrupt", "unsupported"].contains(&error.name()), "{end}: {error:?}");
    }
}

#[test]
fn numbers_that_lie_in_matroska_are_refused_within_the_budget() {
    let file = matroska(&fixtures::picture(), MATROSKA);
    for at in 0..260 {
        for word in [0_u32, 1, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            let mut lying = file.clone();
            lying[at..at + 4].copy_from_slice(&word.to_be_bytes());
            if let Ok(made) = make(&lying) {
                assert!(made.plan.peak_bytes <= 8 << 20);
            }
        }
    }
}

#[test]
fn a_film_of_black_is_black() {
    let black = RgbImage::new(90, 60);
    assert_eq!(pixels(&film(&black, Film { black: 2, ..FILM })), black);
}

#[test]
fn a_pixel_that_is_no_square_is_stretched() {
    let size = |pixel| {
        let made = make(&film(&fixtures::picture(), Film { pixel, ..FILM })).unwrap();
        (made.probe.width_px, made.probe.height_px)
    };
    assert_eq!(size((4, 3)), (120, 60));
    assert_eq!(size((3, 4)), (90, 80));
    assert_eq!(size((1, 1)), (90, 60));
    // A mistake.
    assert_eq!(size((1, 100)), (90, 60));
    assert_eq!(size((0, 0)), (90, 60));
}

/// 2 GB of zeros before the index, and 300 MB before the frame.
struct Sparse {
    start: Vec<u8>,
    end: Vec<u8>,
    end_at: u64,
    at: u64,
    read: u64,
}

impl std::io::Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let byte = |at: u64| match at.checked_sub(self.end_at) {
            Some(at) => self.end.get(at as usize).copied(),
            None => Some(self.start.get(at as usize).copied().unwrap_or_default()),
        };
        let mut count = 0;
        while let Some(byte) = byte(self.at).filter(|_| count < buffer.len()) {
            buffer[count] = byte;
            count += 1;
            self.at += 1;
        }
        self.read += count as u64;
        Ok(count)
    }
}

impl std::io::Seek for Sparse {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            std::io::SeekFrom::Start(at) => at,
            std::io::SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
            std::io::SeekFrom::End(_) => self.end_at + self.end.len() as u64,
        };
        Ok(self.at)
    }
}

#[test]
fn of_two_gigabytes_the_index_and_a_frame_are_read() {
    const BYTES: u64 = 2_000_000_000;
    let file = film(&fixtures::picture(), FILM);
    let index = file.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    let (mut start, end) = (file[..index].to_vec(), file[index..].to_vec());
    // The samples' box goes on to the index.
    let samples = start.windows(4).position(|kind| kind == b"mdat").unwrap() - 4;
    start[samples..samples + 4].copy_from_slice(&((BYTES - samples as u64) as u32).to_be_bytes());
    let mut reader = Seeking(Sparse { start, end, end_at: BYTES, at: 0, read: 0 });
    let variant = Variant::inside(128, OutputFormat::Png);
    let made =
        engine::make_passing(&mut reader, std::slice::from_ref(&variant), &fixtures::limits(8 << 20), &mut |_| {})
            .unwrap();
    assert!(made.bytes_read < 100_000 && made.bytes_read == reader.0.read, "{} bytes read", made.bytes_read);
    // A stream does not go back, and says so.
    let error = engine::make(&mut Cursor::new(&file), &[variant], &fixtures::limits(8 << 20), &mut |_| {});
    assert!(error.is_ok(), "all of it was in the first bytes");
}

#[test]
fn a_stream_that_cannot_go_back_is_refused_by_name() {
    let picture = imageops::resize(&fixtures::picture(), 320, 240, imageops::FilterType::Triangle);
    let file = film(&picture, FILM);
    let variant = Variant::inside(128, OutputFormat::Png);
    let made = |file: &[u8]| {
        engine::make(&mut &file[..], std::slice::from_ref(&variant), &fixtures::limits(8 << 20), &mut |_| {})
    };
    let error = made(&file).unwrap_err();
    assert!(error.name() == "unsupported" && error.to_string().contains("behind the pixels"), "{error}");
    assert!(made(&film(&picture, Film { index: Index::First, ..FILM })).is_ok());
    assert!(made(&film(&picture, Film { index: Index::Fragments, ..FILM })).is_ok());
}

#[test]
fn numbers_that_lie_are_refused_within_the_budget() {
    let file = film(&fixtures::picture(), Film { index: Index::First, ..FILM });
    check_numbers_that_lie(&file, |header| 0..header - 4);
}

#[test]
fn what_is_not_read_is_said() {
    let check = |from: &[u8; 4], to: &[u8; 4], name: &str, want: &str| {
        let mut file = film(&fixtures::picture(), FILM);
        let at = file.windows(4).rposition(|kind| kind == from).unwrap();
        file[at..at + 4].copy_from_slice(to);
        let error = make(&file).unwrap_err();
        assert!(error.name() == name && format!("{error:?}").contains(want), "{error:?}");
    };
    check(b"avc1", b"mp4v", "unsupported", "MPEG-4 part 2");
    check(b"avc1", b"encv", "unsupported", "encrypted");
    check(b"avc1", b"apcn", "unsupported", "ProRes");
    check(b"avcC", b"xxxx", "corrupt", "avcC");
    check(b"vide", b"soun", "unsupported", "no track of pictures");
    check(b"moov", b"free", "corrupt", "bytes");
    check(b"stco", b"free", "corrupt", "samples");
}

/// Each slice but the first copies the picture, and then may be damaged.
#[test]
fn slices_of_a_frame_are_bounded() {
    let picture = fixtures::picture();
    let slices = |count: usize| {
        // Slices that begin with the second block, and end there.
        let slice = [0, 0, 0, 5, 0x65, 0x42, 0x21, 0x88, 0x80].repeat(count);
        let frame = [frame(&picture, FILM, 0), slice].concat();
        make(&of_frames((90, 60), Film { index: Index::First, ..FILM }, &[frame]))
    };
    assert!(slices(3).is_ok());
    let error = slices(50_000).unwrap_err();
    assert!(error.name() == "corrupt" && format!("{error:?}").contains("length of a key frame"), "{error:?}");
    assert!(slices(8_000).is_ok());
}

/// Where the next box would be is no way to go there in steps.
#[test]
fn a_box_as_long_as_no_file_is_refused_at_once() {
    for bytes in [1_u64 << 40, 1 << 61, 1 << 63, u64::MAX - 8] {
        let start = [&[0, 0, 0, 16][..], b"ftypisom\0\0\0\0", &[0, 0, 0, 1], b"mdat", &bytes.to_be_bytes()].concat();
        let error = make(&start).unwrap_err();
        assert_eq!(error.name(), "corrupt", "{bytes}: {error:?}");
        let streamed = engine::make(&mut start.as_slice(), &[], &fixtures::limits(8 << 20), &mut |_| {});
        assert_eq!(streamed.unwrap_err().name(), "corrupt", "{bytes}");
    }
}

#[test]
fn a_cut_film_is_refused_wherever_it_is_cut() {
    for index in [Index::First, Index::Last, Index::Fragments] {
        let file = film(&fixtures::picture(), Film { index, ..FILM });
        let first = file.windows(4).position(|kind| kind == b"mdat").unwrap();
        for end in [20, first, first + 4_000, file.len() / 3] {
            let error = make(&file[..end]).unwrap_err();
            assert!(["corrupt", "unsupported"].contains(&error.name()), "{end}: {error:?}");
        }
    }
}
