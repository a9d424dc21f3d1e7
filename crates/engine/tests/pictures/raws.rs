//! Camera files: which of their JPEG files is taken, how much is read for it, and directories that lie.

use crate::fixtures;
use crate::wanted::small_png;
use std::io::Cursor;

use contract::ImageFormat;
use engine::{EngineError, Limits, Made, Seeking, Warning};

fn make(mut bytes: &[u8], side_px: u32) -> Result<Made, EngineError> {
    engine::make(&mut bytes, &[small_png(side_px)], &Limits::for_budget(64 << 20), &mut |_| {})
}

#[test]
fn the_smallest_preview_of_three_times_the_thumbnail_is_taken() {
    for (name, file) in fixtures::raw::files() {
        // 30 by 20 and 90 by 60, where there are two.
        let has_small = ["dng", "cr2", "cr3"].iter().any(|two| name.ends_with(two));
        for (side_px, wants_small) in [(9, has_small), (11, false), (30, false), (500, false)] {
            let made = make(&file, side_px).unwrap();
            let want = if wants_small { (30, 20) } else { (90, 60) };
            assert_eq!((made.probe.width_px, made.probe.height_px), want, "{name} to {side_px}");
            assert_eq!(made.probe.format, ImageFormat::Raw, "{name}");
        }
    }
}

#[test]
fn a_preview_is_turned_as_the_file_says() {
    let picture = fixtures::picture().into();
    let upright = make(&fixtures::raw::dng(&picture, 1), 90).unwrap();
    let turned = make(&fixtures::raw::dng(&picture, 6), 90).unwrap();
    let image = |made: &Made| image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
    assert_eq!(image::imageops::rotate90(&image(&upright)), image(&turned));
}

#[test]
fn nothing_behind_the_preview_is_read() {
    for (name, file) in fixtures::raw::files() {
        let long = [file.as_slice(), &vec![0x55; 10 << 20]].concat();
        let made = make(&long, 30).unwrap();
        assert!(made.bytes_read <= (file.len() as u64).max(64 << 10) + (256 << 10), "{name}: {}", made.bytes_read);
    }
}

/// 20 MB before the preview, and the layers of a Photoshop document before its composite.
#[test]
fn what_stands_before_is_passed_over_in_a_file_and_read_in_a_stream() {
    let gap = 20_u32 << 20;
    let mut raf = fixtures::encode(&fixtures::picture().into(), ImageFormat::Raw);
    raf[84..88].copy_from_slice(&(160 + gap).to_be_bytes());
    raf.splice(160..160, vec![0; gap as usize]);
    let mut psd = fixtures::encode(&fixtures::picture().into(), ImageFormat::Psd);
    // Header, no palette, a resource; then the length of the layers.
    let layers_at = 26 + 4 + 4 + u32::from_be_bytes(psd[30..34].try_into().unwrap()) as usize;
    let length = u32::from_be_bytes(psd[layers_at..layers_at + 4].try_into().unwrap());
    psd[layers_at..layers_at + 4].copy_from_slice(&(length + gap).to_be_bytes());
    let composite_at = layers_at + 4 + length as usize;
    psd.splice(composite_at..composite_at, vec![0; gap as usize]);
    for file in [raf, psd] {
        let limits = Limits::for_budget(64 << 20);
        let passed = engine::make_passing(&mut Seeking(Cursor::new(&file)), &[small_png(30)], &limits, &mut |_| {});
        let (passed, streamed) = (passed.unwrap(), make(&file, 30).unwrap());
        assert_eq!(passed.thumbnails[0].bytes, streamed.thumbnails[0].bytes);
        assert!(passed.bytes_read < 256 << 10, "{}", passed.bytes_read);
        assert!(streamed.bytes_read > u64::from(gap), "{}", streamed.bytes_read);
        // What is passed over in a stream counts to its limit.
        let mut short = Limits::for_budget(64 << 20);
        short.max_source_bytes = 10 << 20;
        let refused = engine::make(&mut file.as_slice(), &[small_png(30)], &short, &mut |_| {});
        assert_eq!(refused.unwrap_err().name(), "source_too_large");
    }
}

#[test]
fn a_cut_preview_is_a_cut_jpeg() {
    for (name, file) in fixtures::raw::files() {
        if !name.ends_with("cr3") {
            let made = make(&file[..file.len() - 200], 30).unwrap();
            assert!(matches!(made.warnings.first(), Some(Warning::Truncated { .. })), "{name}: {:?}", made.warnings);
        }
        assert!(make(&file[..200], 30).is_err(), "{name}");
    }
}

#[test]
fn directories_that_lie_are_refused_within_the_budget() {
    for (name, file) in fixtures::raw::files() {
        for at in (0..1024.min(file.len() - 4)).step_by(2) {
            for word in [0_u32, 16, 0xFFFF_FFFF] {
                let mut lying = file.clone();
                lying[at..at + 4].copy_from_slice(&word.to_le_bytes());
                match make(&lying, 30) {
                    Ok(made) => assert!(made.plan.peak_bytes <= 64 << 20, "{name}"),
                    Err(error) => assert!(!error.is_retryable(), "{name}: {error}"),
                }
            }
        }
    }
}

#[test]
fn a_tiff_is_still_a_tiff() {
    for (name, file) in fixtures::files(ImageFormat::Tiff) {
        assert_eq!(make(&file, 30).unwrap().probe.format, ImageFormat::Tiff, "{name}");
    }
}
