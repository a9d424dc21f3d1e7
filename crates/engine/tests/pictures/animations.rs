//! Animated thumbnails: the frames that other decoders see, in their time, within the limits.

use std::{io::Cursor, time::Duration};

use crate::{fixtures, wanted::small_png};
use contract::{Animated, Fit, Gravity, OutputFormat, Variant};
use engine::{EngineError, Limits, Made};
use image::{AnimationDecoder, DynamicImage, Frame, RgbImage, RgbaImage, codecs};

/// As large as the fixtures, so that nothing is resized.
fn animated(format: OutputFormat) -> Variant {
    Variant { format, quality: 95, animated: Some(Animated::default()), ..small_png(90) }
}

fn make_all(bytes: &[u8], variants: &[Variant]) -> Result<Made, EngineError> {
    engine::make(&mut &bytes[..], variants, &Limits::for_budget(32 << 20), &mut |_| {})
}

fn make(bytes: &[u8], variant: Variant) -> Made {
    make_all(bytes, &[variant]).unwrap()
}

/// The frames as crates `image` and `image-webp` compose them, each with its milliseconds.
fn frames(bytes: &[u8]) -> Vec<(RgbaImage, u32)> {
    let reader = Cursor::new(bytes);
    let frames = match image::guess_format(bytes).unwrap() {
        image::ImageFormat::Gif => codecs::gif::GifDecoder::new(reader).unwrap().into_frames().collect_frames(),
        image::ImageFormat::Png => {
            codecs::png::PngDecoder::new(reader).unwrap().apng().unwrap().into_frames().collect_frames()
        }
        _ => return webp_frames(bytes),
    };
    let each = |frame: Frame| {
        let ms = Duration::from(frame.delay()).as_millis() as u32;
        (frame.into_buffer(), ms)
    };
    frames.unwrap().into_iter().map(each).collect()
}

fn webp_frames(bytes: &[u8]) -> Vec<(RgbaImage, u32)> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
    let (width, height) = decoder.dimensions();
    let mut frames = Vec::new();
    for _ in 0..decoder.num_frames() {
        let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
        let ms = decoder.read_frame(&mut pixels).unwrap();
        let frame = match decoder.has_alpha() {
            true => RgbaImage::from_raw(width, height, pixels).unwrap(),
            false => DynamicImage::from(RgbImage::from_raw(width, height, pixels).unwrap()).into_rgba8(),
        };
        frames.push((frame, ms));
    }
    frames
}

fn names(made: &Made) -> Vec<&'static str> {
    made.warnings.iter().map(engine::Warning::name).collect()
}

/// How often the file runs; 0 for ever.
fn times(bytes: &[u8]) -> u32 {
    let behind = |word: &[u8], at: usize| {
        let start = bytes.windows(word.len()).position(|window| window == word)? + word.len() + at;
        Some(u32::from(u16::from_le_bytes([bytes[start], bytes[start + 1]])))
    };
    match bytes.starts_with(b"GIF") {
        true => behind(b"NETSCAPE2.0\x03\x01", 0)
            .map_or(1, |repetitions| if repetitions == 0 { 0 } else { repetitions + 1 }),
        false => behind(b"ANIM\x06\0\0\0", 4).unwrap_or(1),
    }
}

/// Whether both look the same on grey, but for `most` levels of a channel on the mean.
#[track_caller]
fn assert_same(name: &str, got: &RgbaImage, want: &RgbaImage, most: f64) {
    assert_eq!(got.dimensions(), want.dimensions(), "{name}");
    let seen = |sample: u8, alpha: u8| (i32::from(sample) * i32::from(alpha) + 128 * (255 - i32::from(alpha))) / 255;
    let far = got.pixels().zip(want.pixels()).map(|(got, want)| {
        let far = |channel| (seen(got[channel], got[3]) - seen(want[channel], want[3])).abs();
        far(0) + far(1) + far(2) + i32::from(got[3].abs_diff(want[3]))
    });
    let mean = f64::from(far.sum::<i32>()) / (f64::from(got.width() * got.height()) * 4.0);
    assert!(mean <= most, "{name}: {mean:.2} levels apart");
}

/// Name, file, and how often it runs.
fn files() -> [(&'static str, Vec<u8>, u32); 4] {
    [
        ("gif", fixtures::gif::animated(), 3),
        ("png", fixtures::png::animated(false), 2),
        ("png behind a picture", fixtures::png::animated(true), 2),
        ("webp", fixtures::webp::animated(), 4),
    ]
}

/// A hundredth of a second or none is shown as ten.
fn as_browsers(ms: u32) -> u32 {
    if ms <= 10 { 100 } else { ms }
}

#[test]
fn frames_are_those_that_another_decoder_composes() {
    for (name, file, plays) in files() {
        let want = frames(&file);
        for format in [OutputFormat::Webp, OutputFormat::Gif] {
            let name = format!("{name} to {}", format.name());
            let made = make(&file, animated(format));
            let thumbnail = &made.thumbnails[0];
            assert!(made.warnings.is_empty(), "{name}: {:?}", made.warnings);
            assert_eq!((thumbnail.frames as usize, times(&thumbnail.bytes)), (want.len(), plays), "{name}");
            let got = frames(&thumbnail.bytes);
            assert_eq!(got.len(), want.len(), "{name}");
            let mut errors = 0;
            for (number, ((got, got_ms), (want, want_ms))) in got.iter().zip(&want).enumerate() {
                let want_ms = as_browsers(*want_ms);
                let mut want = want.clone();
                if format == OutputFormat::Gif {
                    // One bit of alpha, and hundredths of a second whose errors do not add up.
                    want.pixels_mut().for_each(|pixel| pixel[3] = if pixel[3] < 128 { 0 } else { 255 });
                    errors += i64::from(want_ms) - i64::from(*got_ms);
                    assert!(errors.abs() <= 10, "{name} {number}: {got_ms} ms, not {want_ms}");
                } else {
                    assert_eq!(*got_ms, want_ms, "{name} {number}");
                }
                // A GIF of few colours is exact; half transparent ones on a slope are more than it has.
                let most = if format == OutputFormat::Gif && name.starts_with("gif") { 0.0 } else { 8.0 };
                // Crate `image` does not clear a frame of WebP that nothing is blended with: see `differential.rs`.
                if !name.starts_with("webp") {
                    assert_same(&format!("{name} {number}"), got, &want, most);
                }
            }
        }
    }
}

#[test]
fn what_is_beyond_a_limit_is_cut_off_and_said() {
    let file = fixtures::gif::animated();
    let with = |limits: Animated| {
        let made = make(&file, Variant { animated: Some(limits), ..animated(OutputFormat::Gif) });
        (made.thumbnails[0].frames, names(&made), made.bytes_read < file.len() as u64)
    };
    let all = Animated::default();
    assert_eq!(with(all), (5, vec![], false));
    assert_eq!(with(Animated { max_frames: 5, ..all }), (5, vec![], false));
    assert_eq!(with(Animated { max_frames: 3, ..all }).0, 3);
    assert_eq!(with(Animated { max_frames: 3, ..all }).1, ["frames_cut"]);
    // 100, 100 and 200 ms.
    assert_eq!(with(Animated { max_ms: 201, ..all }).0, 3);
    assert_eq!(with(Animated { max_ms: 200, ..all }).0, 2);
    let made = make(&file, Variant { animated: Some(Animated { max_ms: 250, ..all }), ..animated(OutputFormat::Gif) });
    let last = frames(&made.thumbnails[0].bytes).pop().unwrap();
    assert_eq!(last.1, 50, "the last frame ends with the time");
    for max_bytes in [1, 4_000, 5_000, 6_000, 7_000] {
        for format in [OutputFormat::Gif, OutputFormat::Webp] {
            let made = make(&file, Variant { animated: Some(Animated { max_bytes, ..all }), ..animated(format) });
            let (frames, bytes) = (made.thumbnails[0].frames, made.thumbnails[0].bytes.len());
            assert!(frames == 1 || bytes <= max_bytes as usize, "{frames} frames of {bytes} bytes");
            assert_eq!(frames < 5, names(&made) == ["frames_cut"], "{frames} frames: {:?}", made.warnings);
        }
    }
    // All frames together have no more pixels than one picture may have.
    let mut limits = Limits::for_budget(32 << 20);
    limits.max_pixels = 90 * 60 * 2;
    let made = engine::make(&mut &file[..], &[animated(OutputFormat::Gif)], &limits, &mut |_| {}).unwrap();
    assert_eq!((made.plan.frames, made.thumbnails[0].frames), (2, 2));
    limits.max_pixels = 90 * 60;
    let made = engine::make(&mut &file[..], &[animated(OutputFormat::Gif)], &limits, &mut |_| {}).unwrap();
    assert_eq!((made.plan.frames, names(&made)), (1, vec!["not_animated"]));
}

#[test]
fn stills_beside_an_animation_are_those_of_its_first_frame() {
    let still = |format| Variant { name: "still".to_owned(), format, ..small_png(40) };
    for (name, file, _) in files() {
        let stills = [still(OutputFormat::Png), still(OutputFormat::Webp)];
        let alone = make_all(&file, &stills).unwrap();
        let both = [stills[0].clone(), animated(OutputFormat::Webp), stills[1].clone()];
        let beside = make_all(&file, &both).unwrap();
        assert!(beside.thumbnails[1].frames > 1, "{name}");
        assert_eq!(beside.thumbnails[0], alone.thumbnails[0], "{name}");
        assert_eq!(beside.thumbnails[2], alone.thumbnails[1], "{name}");
        assert_eq!(beside.placeholder, alone.placeholder, "{name}");
    }
    // Without an animation an animated variant is a still.
    for (name, file) in [("png", fixtures::png::files().remove(0).1), ("gif", fixtures::gif::gif(true, 8))] {
        let made = make(&file, animated(OutputFormat::Webp));
        let plain = make(&file, Variant { animated: None, ..animated(OutputFormat::Webp) });
        assert_eq!((&made.thumbnails, names(&made)), (&plain.thumbnails, vec![]), "{name}");
        let gif = make(&file, animated(OutputFormat::Gif)).thumbnails.remove(0);
        assert_eq!((gif.extension, gif.content_type, gif.frames), ("gif", "image/gif", 1), "{name}");
        assert_eq!(frames(&gif.bytes).len(), 1, "{name}");
    }
}

#[test]
fn damage_behind_the_first_frame_ends_the_animation_there() {
    for (name, file, _) in files() {
        let whole = frames(&file).len() as u32;
        let mut seen = Vec::new();
        for cut in (file.len() / 20..file.len() - 1).step_by(file.len() / 60) {
            match make_all(&file[..cut], &[animated(OutputFormat::Webp)]) {
                Ok(made) => {
                    let frames = made.thumbnails[0].frames;
                    // Nothing that is needed stands behind the last frame.
                    assert!(
                        frames <= whole && (frames == whole || !made.warnings.is_empty()),
                        "{name} at {cut}: {frames}"
                    );
                    seen.push(frames);
                }
                Err(error) => assert_eq!(error.name(), "corrupt", "{name} at {cut}"),
            }
        }
        assert!(seen.is_sorted() && seen.first() == Some(&1) && seen.last() >= Some(&(whole - 1)), "{name}: {seen:?}");
    }
}

#[test]
fn without_memory_for_all_frames_the_first_one_is_made_in_the_last_tier() {
    let file = fixtures::webp::animated();
    let variants = [animated(OutputFormat::Webp)];
    let probe = engine::probe(&file).unwrap();
    let plan = engine::plan(&probe, &variants, 1);
    let still = engine::plan(&probe, &[Variant { animated: None, ..variants[0].clone() }], 1);
    assert!(plan.frames == 60 && still.frames == 1 && still.peak_bytes < plan.peak_bytes);
    let mut limits = Limits::for_budget(plan.peak_bytes - 1);
    let made = engine::make(&mut &file[..], &variants, &limits, &mut |_| {}).unwrap();
    assert_eq!((made.thumbnails[0].frames, names(&made)), (1, vec!["not_animated"]));
    limits.may_go_up = true;
    let error = engine::make(&mut &file[..], &variants, &limits, &mut |_| {}).unwrap_err();
    assert_eq!(error.name(), "over_budget");
}

#[test]
fn a_crop_by_content_stays_where_the_first_frame_has_it() {
    let file = fixtures::gif::animated();
    let cover =
        |gravity| Variant { fit: Fit::Cover, width_px: 30, height_px: 60, gravity, ..animated(OutputFormat::Webp) };
    for gravity in [Gravity::Attention, Gravity::Entropy] {
        let still = make(&file, Variant { animated: None, ..cover(gravity) });
        let made = make(&file, cover(gravity));
        let all = frames(&made.thumbnails[0].bytes);
        assert!(all.len() > 2 && all.iter().all(|(frame, _)| frame.dimensions() == (30, 60)));
        let want = fixtures::decoded(&still.thumbnails[0].bytes).unwrap().into_rgba8();
        assert_same(&format!("{gravity:?}"), &all[0].0, &want, 3.0);
    }
}
