//! The planned peak against the real one, with an allocator that counts.
//!
//! libwebp allocates on its own and is not counted: for WebP the plan is shown not to be under the rest, nor under what
//! the process then has in memory.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod fixtures;

use std::io::Cursor;

use contract::{Fit, OutputFormat, Variant};
use fixtures::encoded;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage, RgbaImage, codecs::png::PngEncoder};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn variant(fit: Fit, format: OutputFormat, side_px: u32) -> Variant {
    Variant { name: format!("{side_px}-{fit:?}"), fit, ..Variant::inside(side_px, format) }
}

/// Grain and gradients: neither one colour nor pure noise.
fn texture(x: u32, y: u32) -> [u8; 3] {
    let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).wrapping_mul(x | 1)) >> 27;
    [(x / 16 + grain) as u8, (y / 16 + grain) as u8, ((x + y) / 32 + grain) as u8]
}

fn gif(width: u16, height: u16, interlaced: bool) -> Vec<u8> {
    let pixels: Vec<u8> =
        (0..u32::from(height)).flat_map(|y| (0..u32::from(width)).map(move |x| texture(x, y)[0])).collect();
    let palette: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
    let mut frame = gif::Frame::from_palette_pixels(width, height, pixels, palette, None);
    frame.interlaced = interlaced;
    let mut bytes = Vec::new();
    gif::Encoder::new(&mut bytes, width, height, &[]).unwrap().write_frame(&frame).unwrap();
    bytes
}

fn animated(format: OutputFormat, side_px: u32) -> Variant {
    Variant { animated: Some(contract::Animated::default()), ..variant(Fit::Inside, format, side_px) }
}

/// Frames of noise, each restored by the next one.
fn moving(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &[]).unwrap();
    for frame in 0..12 {
        let noise = |x: u32, y: u32| texture(x + frame * 37, y)[1].wrapping_mul(97);
        let pixels: Vec<u8> =
            (0..u32::from(height)).flat_map(|y| (0..u32::from(width)).map(move |x| noise(x, y))).collect();
        let palette: Vec<u8> = (0..=255).flat_map(|level: u8| [level, level.wrapping_mul(7), 255 - level]).collect();
        let mut frame = gif::Frame::from_palette_pixels(width, height, pixels, palette, Some(0));
        frame.dispose = gif::DisposalMethod::Previous;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

/// Tables and buffers of fixed size are planned for the worst file; above 10 megapixels they matter only where a
/// megabyte is enough for all.
const SLACK_BYTES: f64 = 262_144.0;

/// Runs `make` and compares; `factor` is how far over the truth the plan may be.
fn check(name: &str, bytes: &[u8], variants: &[Variant], factor: f64) -> String {
    check_on(1, name, bytes, variants, factor)
}

/// The same by so many threads.
fn check_on(threads: u32, name: &str, bytes: &[u8], variants: &[Variant], factor: f64) -> String {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let mut limits = fixtures::limits(1 << 32);
    limits.threads = threads;
    let made = engine::make(&mut Cursor::new(bytes), variants, &limits, &mut |_| {}).unwrap();
    let real = (ALLOCATOR.peak_usage() - before) as f64;
    let planned = made.plan.peak_bytes as f64;
    let verdict = if planned < real || planned > real * factor + SLACK_BYTES { "WRONG" } else { "right" };
    format!("{verdict} {name}: planned {planned}, real {real}, {:.2} times", planned / real)
}

/// The most memory that the process had more than before, in bytes; as far as it was given back since, at least.
#[cfg(target_os = "linux")]
fn resident_peak(work: impl FnOnce()) -> u64 {
    let read = |field: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        usage::proc_bytes(&status, field).unwrap()
    };
    // Makes the peak what is held now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = read("VmRSS:");
    work();
    read("VmHWM:").saturating_sub(before)
}

/// Lossy WebP, with what libwebp allocates.
#[cfg(target_os = "linux")]
fn check_libwebp(bytes: &[u8], side_px: u32, most_bytes: u64) -> String {
    let mut planned = 0;
    let real = resident_peak(|| {
        let variants = [variant(Fit::Inside, OutputFormat::Jpeg, side_px)];
        let limits = fixtures::limits(1 << 32);
        planned = engine::make(&mut Cursor::new(bytes), &variants, &limits, &mut |_| {}).unwrap().plan.peak_bytes;
    });
    let verdict = if real > planned || planned > most_bytes + bytes.len() as u64 { "WRONG" } else { "right" };
    format!("{verdict} lossy webp to {side_px}: planned {planned}, resident {real}, file {}", bytes.len())
}

/// Small pictures with a profile whose transform takes more than all the rest.
fn with_profiles() -> Vec<(&'static str, Vec<u8>)> {
    let picture = fixtures::picture();
    let grain = |index: u32| texture(index, index / 7);
    let of_inks = |grid: u8| fixtures::jpeg::table_profile(b"CMYK", 4, grid, (0..u32::from(grid).pow(4)).map(grain));
    let of_light = |grid: u8| fixtures::jpeg::table_profile(b"RGB ", 3, grid, (0..u32::from(grid).pow(3)).map(grain));
    let inks = |profile: &[u8]| fixtures::jpeg::inks(fixtures::jpeg::Inks::Cmyk, &picture, Some(profile));
    let png = |profile: Vec<u8>| {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(profile).unwrap();
        let (width, height) = picture.dimensions();
        encoder.write_image(&picture, width, height, ExtendedColorType::Rgb8).unwrap();
        bytes
    };
    let photo = fixtures::jpeg::encode(&picture.clone().into());
    vec![
        ("jpeg cmyk by a table of 2", inks(&of_inks(2))),
        ("jpeg cmyk by a table of 17", inks(&of_inks(17))),
        (
            "jpeg rgb by a table of 33",
            fixtures::jpeg::with_segments(&photo, &fixtures::jpeg::profile_segments(&of_light(33))),
        ),
        ("png by a table of 33", png(of_light(33))),
    ]
}

/// A PNG with one chunk more, before its pixels.
fn png_with(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let picture = fixtures::picture();
    let file = fixtures::encode(&picture.into(), contract::ImageFormat::Png);
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(body);
    let chunk = [&(body.len() as u32).to_be_bytes(), kind.as_slice(), body, &crc.sum().to_be_bytes()].concat();
    [&file[..33], &chunk, &file[33..]].concat()
}

/// Small pictures behind much else.
fn with_long_chunks() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0..1_000_000).map(|at| texture(at, at / 99)[0] ^ (at as u8).wrapping_mul(31)).collect();
    let iccp = |profile: &[u8]| png_with(b"iCCP", &[b"x\0\0", fixtures::deflate(profile).as_slice()].concat());
    let behind = |kind: &[u8; 4]| {
        let file = png_with(kind, &noise);
        let (header, rest) = file.split_at(33);
        let (chunk, rest) = rest.split_at(noise.len() + 12);
        let (pixels, end) = rest.split_at(rest.len() - 12);
        [header, pixels, chunk, end].concat()
    };
    let picture = || fixtures::picture().into();
    let segment = |part: &[u8]| [&[0xFF, 0xED], (part.len() as u16 + 2).to_be_bytes().as_slice(), part].concat();
    let segments: Vec<u8> = noise.chunks(60_000).flat_map(segment).collect();
    let long_jpeg = fixtures::jpeg::with_segments(&fixtures::jpeg::encode(&picture()), &segments);
    let gif = fixtures::encode(&picture(), contract::ImageFormat::Gif);
    let palette_end = 13 + 3 * (2 << (gif[10] & 7));
    let comment = noise.chunks(255).flat_map(|part| [&[part.len() as u8], part].concat());
    let comment: Vec<u8> = [0x21, 0xFE].into_iter().chain(comment).chain([0]).collect();
    let long_gif = [&gif[..palette_end], &comment, &gif[palette_end..]].concat();
    let webp = fixtures::encode(&picture(), contract::ImageFormat::Webp);
    let (width, height) = fixtures::picture().dimensions();
    let canvas = [width - 1, height - 1].map(u32::to_le_bytes);
    let extended = [b"VP8X\x0A\0\0\0\0\0\0\0", &canvas[0][..3], &canvas[1][..3]].concat();
    let unknown = [b"xxXx", (noise.len() as u32).to_le_bytes().as_slice(), &noise].concat();
    let body = [b"WEBP", extended.as_slice(), &unknown, &webp[12..]].concat();
    let long_webp = [b"RIFF", (body.len() as u32).to_le_bytes().as_slice(), &body].concat();
    vec![
        ("png, gamma", png_with(b"gAMA", &100_000_u32.to_be_bytes())),
        ("png, code points", png_with(b"cICP", &[9, 16, 0, 1])),
        ("png, a profile of zeros", iccp(&vec![0; 15_000_000])),
        ("png, a long profile", iccp(&noise)),
        ("png, long Exif", png_with(b"eXIf", &noise)),
        ("png, long Exif behind the pixels", behind(b"eXIf")),
        ("jpeg, long segments", long_jpeg),
        ("gif, long comments", long_gif),
        ("webp, a long chunk of no meaning", long_webp),
        ("png, long text", png_with(b"tEXt", &noise)),
        ("png, a long chunk of no meaning", png_with(b"xxXx", &noise)),
    ]
}

/// Noise is the most that an AVIF can be made of, and thin pictures have the most padding.
#[cfg(feature = "avif-output")]
fn avif_lines() -> Vec<String> {
    let noise = |at: u32| (at.wrapping_mul(2_654_435_761) ^ (at >> 3).wrapping_mul(40_503)).wrapping_mul(at | 1) >> 24;
    let of = |width: u32, height: u32| {
        let samples = (0..width * height * 4).map(|at| noise(at) as u8).collect();
        RgbaImage::from_raw(width, height, samples).unwrap()
    };
    let mut lines = Vec::new();
    for (width, height) in [(1, 1), (1, 7), (90, 60), (300, 300), (700, 500), (1_024, 1_024), (2, 1_500), (1_500, 2)] {
        let picture = DynamicImage::from(of(width, height));
        for (kind, picture) in
            [("rgb", picture.to_rgb8().into()), ("grey", picture.to_luma8().into()), ("rgba", picture)]
        {
            let bytes = encoded(&picture, ImageFormat::Png);
            for quality in [30, 80, 95, 100] {
                let variant = Variant { quality, ..variant(Fit::Inside, OutputFormat::Avif, 1_500) };
                let name = format!("{kind} of {width}x{height} to avif at {quality}");
                lines.push(check(&name, &bytes, &[variant], f64::INFINITY));
            }
        }
        let two = [80, 60].map(|quality| Variant {
            quality,
            name: quality.to_string(),
            ..variant(Fit::Inside, OutputFormat::Avif, 1_500)
        });
        let bytes = encoded(&picture_of_two(width, height, &of), ImageFormat::Png);
        lines.push(check_on(2, &format!("{width}x{height} to two avifs by two threads"), &bytes, &two, f64::INFINITY));
    }
    lines
}

#[cfg(feature = "avif-output")]
fn picture_of_two(width: u32, height: u32, of: &dyn Fn(u32, u32) -> RgbaImage) -> DynamicImage {
    DynamicImage::from(of(width, height)).to_rgb8().into()
}

/// One test, because a second one in the same process would count along.
#[test]
fn the_planned_peak_is_never_under_the_real_one_and_close_above_ten_megapixels() {
    let sets = [
        ("128", vec![variant(Fit::Inside, OutputFormat::Auto, 128)]),
        (
            "512 and 1024",
            vec![variant(Fit::Cover, OutputFormat::Png, 512), variant(Fit::Inside, OutputFormat::Jpeg, 1024)],
        ),
    ];
    let (width, height) = (3_800, 2_640);
    let rgb = RgbImage::from_fn(width, height, |x, y| image::Rgb(texture(x, y)));
    let [red, green, blue] = [0, 1, 2].map(|channel| move |x, y| texture(x, y)[channel]);
    let rgba =
        RgbaImage::from_fn(width, height, |x, y| image::Rgba([red(x, y), green(x, y), blue(x, y), (x / 20) as u8]));
    let grey = DynamicImage::from(rgb.clone()).into_luma8();
    let wide = DynamicImage::from(rgb.clone()).into_rgb16();
    let files = [
        // Little is held of them; noise, which is planned for, makes a PNG of 512 pixels three times as large.
        ("jpeg", encoded(&rgb.clone().into(), ImageFormat::Jpeg), 2.2),
        ("jpeg grey", encoded(&grey.clone().into(), ImageFormat::Jpeg), 2.2),
        ("png", encoded(&rgb.clone().into(), ImageFormat::Png), 1.5),
        ("png rgba", encoded(&rgba.into(), ImageFormat::Png), 1.5),
        ("png grey", encoded(&grey.into(), ImageFormat::Png), 1.5),
        ("png 16 bit", encoded(&wide.into(), ImageFormat::Png), 1.5),
        ("png interlaced", fixtures::png_interlaced(&rgb, false), 1.5),
        ("bmp", encoded(&rgb.clone().into(), ImageFormat::Bmp), 1.5),
        ("tiff", encoded(&rgb.clone().into(), ImageFormat::Tiff), 1.5),
        ("gif", gif(3_800, 2_640, false), 1.5),
        ("gif interlaced", gif(3_800, 2_640, true), 1.5),
        ("webp", encoded(&rgb.clone().into(), ImageFormat::WebP), f64::INFINITY),
    ];
    let repeating = RgbImage::from_fn(width, height, |x, y| image::Rgb(texture(x % 512, y % 512)));
    // Decoders of films are not optimised here, and take seconds for ten megapixels.
    let rare = contract::ImageFormat::ALL.into_iter().skip(6).filter(|format| !format.is_film());
    let rare = rare.map(|format| {
        let factor = match format {
            // A JPEG in a camera's file is planned as any JPEG.
            contract::ImageFormat::Raw => 2.2,
            // What a squeeze may hold, which these files have not.
            contract::ImageFormat::Jxl => 6.0,
            // As many bytes as its samples would have.
            contract::ImageFormat::Jp2 => 4.0,
            // What the process holds that draws it is in the plan, and not counted here.
            contract::ImageFormat::Svg | contract::ImageFormat::Pdf => f64::INFINITY,
            _ => 1.5,
        };
        // What repeats is written in a tenth of the time: each block of it is coded once.
        let picture = if format == contract::ImageFormat::Jp2 { &repeating } else { &rgb };
        (format.name(), fixtures::encode(&picture.clone().into(), format), factor)
    });
    let rare: Vec<_> = rare.collect();
    let rare_names: Vec<_> = rare.iter().map(|(name, ..)| *name).collect();
    let files: Vec<_> = files.into_iter().chain(rare).collect();
    let mut lines = Vec::new();
    // A JPEG is resized as its rows come: no plane of it is held.
    let large = [("2048", vec![2_048], 64), ("128, 512 and 1600", vec![128, 512, 1_600], 48)];
    for (set, sides, most_mib) in large {
        let variants: Vec<_> = sides.iter().map(|side| variant(Fit::Inside, OutputFormat::Jpeg, *side)).collect();
        let line = check(&format!("jpeg to {set}"), &files[0].1, &variants, 2.0);
        let made =
            engine::make(&mut Cursor::new(&files[0].1), &variants, &fixtures::limits(most_mib << 20), &mut |_| {});
        for (name, file) in files.iter().take(2).map(|(name, file, _)| (name, file)) {
            lines.push(check_on(2, &format!("{name} to {set} by two threads"), file, &variants, f64::INFINITY));
        }
        let small: Vec<_> =
            variants.into_iter().map(|variant| Variant { effort: contract::Effort::Small, ..variant }).collect();
        for threads in [1, 2] {
            let name = format!("jpeg to {set} with effort by {threads}");
            lines.push(check_on(threads, &name, &files[0].1, &small, f64::INFINITY));
        }
        lines.push(if made.is_ok() { line } else { format!("WRONG {line}, above {most_mib} MiB") });
    }
    for (set, variants) in &sets {
        for (name, bytes, factor) in &files {
            lines.push(check(&format!("{name} to {set}"), bytes, variants, *factor));
            // JPEG alone is decoded by two threads, and several variants are divided among them: behind a rarer format's
            // decoder as behind that of PNG.
            let is_rare = rare_names.contains(name);
            if variants.len() > 1 && !is_rare || name.starts_with("jpeg") || *name == "raw" {
                lines.push(check_on(2, &format!("{name} to {set} by two threads"), bytes, variants, f64::INFINITY));
            }
        }
    }
    #[cfg(target_os = "linux")]
    {
        let bytes = webpx::Encoder::new_rgb(&rgb, width, height).quality(80.0).encode(webpx::Unstoppable).unwrap();
        for (side_px, most_bytes) in [(128, 3 << 20), (512, 16 << 20), (2_048, 64 << 20)] {
            lines.push(check_libwebp(&bytes, side_px, most_bytes));
        }
    }
    let part = image::imageops::crop_imm(&rgb, 0, 0, 1_000, 700).to_image();
    for format in contract::ImageFormat::ALL.into_iter().filter(|format| format.is_film()) {
        // Each slice but the first copies all that is held of a picture, and these have one.
        lines.push(check(format.name(), &fixtures::encode(&part.clone().into(), format), &sets[0].1, 2.5));
    }
    // Small images only have to be planned high enough.
    for side in [1, 7, 100, 700] {
        let rgb = RgbImage::from_fn(side, side, |x, y| image::Rgb(texture(x, y)));
        // What writes JPEG XL for tests wants two columns.
        let is_written = |format: &contract::ImageFormat| side > 1 || *format != contract::ImageFormat::Jxl;
        for format in contract::ImageFormat::ALL.into_iter().filter(is_written) {
            let variants = [variant(Fit::Contain, OutputFormat::Auto, 128), variant(Fit::Fill, OutputFormat::Webp, 90)];
            let bytes = fixtures::encode(&rgb.clone().into(), format);
            lines.push(check(&format!("{format:?} {side}"), &bytes, &variants, f64::INFINITY));
        }
    }
    // Every kind of every format: tables count where the picture is small.
    for (name, bytes) in fixtures::all() {
        lines.push(check(name, &bytes, &[variant(Fit::Inside, OutputFormat::Auto, 64)], f64::INFINITY));
        for format in [OutputFormat::Gif, OutputFormat::Webp] {
            let variants = [variant(Fit::Inside, OutputFormat::Auto, 64), animated(format, 64)];
            lines.push(check(&format!("{name} to an animated {}", format.name()), &bytes, &variants, f64::INFINITY));
        }
    }
    // Noise in every frame: the file of a thumbnail grows up to its limit.
    let bytes = moving(500, 350);
    for format in [OutputFormat::Gif, OutputFormat::Webp] {
        let variants = [animated(format, 128), animated(format, 300)];
        lines.push(check(&format!("noise to an animated {}", format.name()), &bytes, &variants, f64::INFINITY));
    }
    // Of JPEG a whole row of units is held, however few lines of it there are.
    let tags: [(u16, &[u64]); 4] = [(258, &[8; 3]), (259, &[7]), (262, &[6]), (277, &[3])];
    let chunks = vec![fixtures::jpeg::two_lines(60_000)];
    let bytes = fixtures::tiff::any::AnyTiff::new((60_000, 2), chunks).tags(&tags).file();
    lines.push(check("tiff jpeg of two lines", &bytes, &[variant(Fit::Inside, OutputFormat::Auto, 64)], f64::INFINITY));
    for (name, bytes) in with_profiles() {
        for side_px in [12, 64] {
            let variants = [variant(Fit::Inside, OutputFormat::Auto, side_px)];
            // How long a profile in a PNG is, the header does not tell.
            let factor = if name.starts_with("png") { 4.0 } else { 2.0 };
            lines.push(check(&format!("{name} to {side_px}"), &bytes, &variants, factor));
        }
    }
    for (name, bytes) in with_long_chunks() {
        lines.push(check(name, &bytes, &[variant(Fit::Inside, OutputFormat::Auto, 64)], f64::INFINITY));
    }
    #[cfg(feature = "avif-output")]
    lines.extend(avif_lines());
    let report = lines.join("\n");
    println!("{report}");
    assert!(!report.contains("WRONG"), "{report}");
}
