//! Damaged files through the engine and through another decoder: the same picture, a warning, or a refusal.
//!
//! Deterministic, as `mutations.rs`; `make differential MUTATIONS=500000` tries as many. Decoders in Rust have eight
//! formats and are always here; those of `AGAINST=python` have the others, and `make test` names it. That one also encodes
//! files, because those of AVIF's fixtures use little of the codec.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

#[path = "fixtures/against.rs"]
mod against;
mod fixtures;
mod runner;

use std::{
    io::{BufRead, Read},
    process::{Command, ExitCode, Stdio},
};

use against::{Verdict, compare, is_compared};
use contract::{Animated, ImageFormat, OutputFormat, Variant};
use engine::Limits;
use runner::{Judged, Suite, only, run};

fn main() -> ExitCode {
    if fixtures::renderer::has_drawn() {
        return ExitCode::SUCCESS;
    }
    let (compared, left): (Vec<_>, Vec<_>) = ImageFormat::ALL.into_iter().partition(|format| is_compared(*format));
    if !left.is_empty() {
        let left: Vec<_> = left.iter().map(ToString::to_string).collect();
        println!(
            "not compared: {}: their decoders are in Python, see AGAINST in the Makefile; of raw and svg none is",
            left.join(", ")
        );
    }
    // Of films libavcodec hides what is damaged behind what is beside it. Values that damage makes overflow in their own ways in each decoder of JPEG 2000, which nothing notices: of 3,000
    // damaged files OpenJPEG and the engine saw 21 differently. Whole ones are the same. Of PDF each reader mends damage in ways of its own.
    let is_whole = |format: &ImageFormat| {
        matches!(format, ImageFormat::Jp2 | ImageFormat::Mp4 | ImageFormat::Pdf | ImageFormat::Webm)
    };
    let (whole, compared): (Vec<_>, Vec<_>) = compared.into_iter().partition(is_whole);
    // Nor are those of x265: of 800 with damaged entropy codes libde265 and the engine saw two differently, and no third
    // decoder is here.
    if !whole.is_empty() && !runner::is_judging() && !are_same(&whole) {
        return ExitCode::FAILURE;
    }
    if !runner::is_judging() && !are_animated_the_same() {
        return ExitCode::FAILURE;
    }
    let originals = only(compared.into_iter().flat_map(fixtures::files).chain(by_other_encoders(false)).collect());
    run(&Suite {
        name: "differential",
        files: 10_000,
        originals,
        prepare: against::prepare,
        judge,
        must_have: &["same"],
    })
}

/// Whether the engine and another decoder see the same in every file of these formats.
fn are_same(formats: &[ImageFormat]) -> bool {
    let files = formats.iter().copied().flat_map(fixtures::files).chain(by_other_encoders(true));
    // Where pixels are stretched each program resizes in its own way: `tests/pictures/films.rs`.
    let files = only(files.collect()).into_iter().filter(|(name, _)| !name.contains("wide pixels"));
    let different = files.filter(|(name, file)| {
        let verdict = compare(file, &fixtures::limits(64 << 20));
        if verdict != Verdict::Same {
            println!("{name}: {verdict:?}");
        }
        verdict != Verdict::Same
    });
    different.count() == 0
}

/// Whether Pillow sees the same frames in animations and in thumbnails of their size, in the same time.
fn are_animated_the_same() -> bool {
    if !against::python::is_here() {
        return true;
    }
    let fixtures = ImageFormat::ALL.into_iter().flat_map(fixtures::files);
    let mut all_same = true;
    for (name, file) in fixtures.chain(by_other_encoders(false)).filter(|(name, _)| name.contains("animated")) {
        // Pillow shows the picture that is no frame as the first one, clears a frame of a GIF to a colour of its table, and
        // restores what a frame of APNG showed before the last one was disposed of. Crate `image` has these.
        if name.ends_with("behind a picture") || ["gif animated", "png animated"].contains(&name) {
            continue;
        }
        for format in [OutputFormat::Webp, OutputFormat::Gif] {
            if let Err(how) = is_animated_the_same(&file, format) {
                println!("{name} to {}: {how}", format.name());
                all_same = false;
            }
        }
    }
    all_same
}

fn is_animated_the_same(file: &[u8], format: OutputFormat) -> Result<(), String> {
    let variant = Variant { format, quality: 95, animated: Some(Animated::default()), ..small() };
    let made = engine::make(&mut &file[..], &[variant], &Limits::for_budget(32 << 20), &mut |_| ());
    let made = made.map_err(|error| error.to_string())?;
    let want = against::python::frames(file).ok_or("refused by Pillow")?;
    let got = against::python::frames(&made.thumbnails[0].bytes).ok_or("the thumbnail is refused by Pillow")?;
    if got.dimensions() != want.dimensions() || !made.warnings.is_empty() {
        return Err(format!("{:?}, not {:?}, {:?}", got.dimensions(), want.dimensions(), made.warnings));
    }
    let height = made.probe.height_px as usize + 1;
    let row_bytes = want.width() as usize * 4;
    let frames = want.as_raw().chunks_exact(row_bytes * height).zip(got.as_raw().chunks_exact(row_bytes * height));
    for (number, (want, got)) in frames.enumerate() {
        let split = row_bytes * (height - 1);
        let ms = |frame: &[u8]| u16::from_be_bytes([frame[split], frame[split + 1]]);
        let want_ms = if ms(want) <= 10 { 100 } else { ms(want) };
        if ms(got).abs_diff(want_ms) > if format == OutputFormat::Gif { 10 } else { 0 } {
            return Err(format!("frame {number} is seen for {} ms, not for {want_ms}", ms(got)));
        }
        // On black. A GIF has one bit of alpha.
        let far = want[..split].as_chunks::<4>().0.iter().zip(got[..split].as_chunks::<4>().0).map(|(want, got)| {
            let want_alpha = match (format, want[3]) {
                (OutputFormat::Gif, 0..128) => 0,
                (OutputFormat::Gif, _) => 255,
                (_, alpha) => alpha,
            };
            let seen = |sample: u8, alpha: u8| u16::from(sample) * u16::from(alpha) / 255;
            let levels = (0..3).map(|at| u64::from(seen(want[at], want_alpha).abs_diff(seen(got[at], got[3]))));
            levels.sum::<u64>() + u64::from(want_alpha.abs_diff(got[3]))
        });
        let mean = far.sum::<u64>() as f64 / split as f64;
        if mean > 10.0 {
            return Err(format!("frame {number} is {mean:.1} levels apart"));
        }
    }
    Ok(())
}

/// As large as the files, so that nothing is resized.
fn small() -> Variant {
    Variant::inside(256, OutputFormat::Png)
}

/// Files that `encoders.py` writes, the same at each run: those that are compared whole, or the others.
fn by_other_encoders(are_whole: bool) -> Vec<(&'static str, Vec<u8>)> {
    let Some(python) = std::env::var_os("AGAINST").filter(|python| !python.is_empty()) else { return Vec::new() };
    let script = ["-c", include_str!("fixtures/encoders.py")];
    let output = Command::new(python).args(script).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "encoders.py: are Pillow, NumPy, pillow-heif and PyAV installed?");
    let (mut rest, mut files) = (output.stdout.as_slice(), Vec::new());
    loop {
        let mut line = String::new();
        rest.read_line(&mut line).unwrap();
        let Some((length, name)) = line.trim_end().split_once(' ') else { return files };
        let mut file = vec![0; length.parse().unwrap()];
        rest.read_exact(&mut file).unwrap();
        if ["jp2", "heic", "mp4", "webm"].contains(&name.split(' ').next().unwrap()) == are_whole {
            files.push((&*name.to_owned().leak(), file));
        }
    }
}

fn judge(file: &[u8], _: u64) -> Judged {
    match compare(file, &fixtures::limits(8 << 20)) {
        Verdict::Same => Judged::Fine("same"),
        Verdict::Refused => Judged::Fine("refused"),
        Verdict::Warned => Judged::Fine("warned"),
        Verdict::Alone => Judged::Fine("alone"),
        Verdict::Different(how) => Judged::Find(how),
    }
}
