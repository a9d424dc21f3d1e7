//! Damaged files of every format: each ends in thumbnails or in a named refusal, within five seconds and within what
//! was planned.
//!
//! Deterministic: the same files on every machine, so a find names its seed. `make mutations MUTATIONS=10000000` tries
//! as many; `SEEDS=dir` writes the files that are damaged, for a fuzzer to start from; `ORIGINALS=dir` damages those of
//! that folder too, such as other encoders wrote.
//! libwebp allocates on its own and is not counted.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod fixtures;
mod runner;

use std::{path::Path, process::ExitCode};

use contract::ImageFormat;
use fixtures::any_bytes::{BUDGET_BYTES, SIDES_PX, make_within, variant};
use peak_alloc::PeakAlloc;
use runner::{Judged, Suite, only, run};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What reading a header may hold where it ends in a refusal, in bytes: there is no plan yet.
const HEADER_BYTES: u64 = 1 << 20;
/// The budget of what is drawn.
const DRAWN_BYTES: u64 = 48 << 20;

fn main() -> ExitCode {
    if fixtures::renderer::has_drawn() {
        return ExitCode::SUCCESS;
    }
    let mut originals = fixtures::all();
    if let Some(folder) = std::env::var_os("SEEDS") {
        std::fs::create_dir_all(&folder).unwrap();
        originals.iter().for_each(|(name, bytes)| std::fs::write(Path::new(&folder).join(name), bytes).unwrap());
        return ExitCode::SUCCESS;
    }
    if let Some(folder) = std::env::var_os("ORIGINALS") {
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            // Named by its format first, as the fixtures are.
            let name = path.file_name().unwrap().to_string_lossy().replace('.', " ");
            let name = format!("{} {name}", path.extension().unwrap_or_default().to_string_lossy());
            originals.push((name.leak(), std::fs::read(&path).unwrap()));
        }
    }
    run(&Suite {
        name: "mutations",
        files: 20_000,
        originals: only(originals),
        prepare: || (),
        judge,
        must_have: &["made", "corrupt"],
    })
}

fn judge(file: &[u8], seed: u64) -> Judged {
    // Not the choice of the damage, so that each damage comes in every size.
    let side_px = SIDES_PX[(seed / 7) as usize % SIDES_PX.len()];
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    // What is drawn is so in a process, which has more to begin with.
    let is_drawn = ImageFormat::from_bytes(file).is_some_and(ImageFormat::is_drawn);
    let variant = variant(side_px, seed / 40);
    let mut limits = fixtures::limits(if is_drawn { DRAWN_BYTES } else { BUDGET_BYTES });
    // Who asks for a second page walks through what tells where the pages are.
    limits.page = if seed % 8 == 7 { 2 } else { 1 };
    let made = make_within(file, variant.clone(), &limits);
    let real = ALLOCATOR.peak_usage().saturating_sub(before) as u64;
    let (word, planned) = match &made {
        Ok(made) => (if made.warnings.is_empty() { "made" } else { "warned" }, made.plan.peak_bytes),
        // Which preview is decoded, and what it takes, is planned behind its own header, which is not here.
        Err(error) if ImageFormat::from_bytes(file) == Some(ImageFormat::Raw) => (error.name(), BUDGET_BYTES),
        // Refused before the first pixel or behind it.
        Err(error) => {
            let plan = engine::probe(file).map(|probe| engine::plan(&probe, &[variant], 1).peak_bytes);
            (error.name(), plan.unwrap_or_default().clamp(HEADER_BYTES, BUDGET_BYTES))
        }
    };
    match real > planned {
        true => Judged::Find(format!("{word} with {real} bytes, planned were {planned}")),
        false => Judged::Fine(word),
    }
}
