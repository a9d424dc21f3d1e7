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
use contract::ImageFormat;
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
    // Values that damage makes overflow in their own ways in each decoder of JPEG 2000, which nothing notices: of 3,000
    // damaged files OpenJPEG and the engine saw 21 differently. Whole ones are the same. Of PDF each reader mends damage in ways of its own.
    let is_whole = |format: &ImageFormat| matches!(format, ImageFormat::Jp2 | ImageFormat::Pdf);
    let (whole, compared): (Vec<_>, Vec<_>) = compared.into_iter().partition(is_whole);
    if !whole.is_empty() && !runner::is_judging() && !are_same(&whole) {
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
    let different = files.filter(|(name, file)| {
        let verdict = compare(file, &fixtures::limits(64 << 20));
        if verdict != Verdict::Same {
            println!("{name}: {verdict:?}");
        }
        verdict != Verdict::Same
    });
    different.count() == 0
}

/// Files that `encoders.py` writes, the same at each run: those of JPEG 2000, or the others.
fn by_other_encoders(of_jp2: bool) -> Vec<(&'static str, Vec<u8>)> {
    let Some(python) = std::env::var_os("AGAINST").filter(|python| !python.is_empty()) else { return Vec::new() };
    let script = ["-c", include_str!("fixtures/encoders.py")];
    let output = Command::new(python).args(script).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "encoders.py: are Pillow, NumPy and pillow-heif installed?");
    let (mut rest, mut files) = (output.stdout.as_slice(), Vec::new());
    loop {
        let mut line = String::new();
        rest.read_line(&mut line).unwrap();
        let Some((length, name)) = line.trim_end().split_once(' ') else { return files };
        let mut file = vec![0; length.parse().unwrap()];
        rest.read_exact(&mut file).unwrap();
        if name.starts_with("jp2") == of_jp2 {
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
