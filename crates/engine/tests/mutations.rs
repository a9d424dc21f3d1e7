//! Ten thousand damaged files of every format: each ends in thumbnails or in a named refusal, within its budget.
//!
//! Deterministic: the same files on every machine, so a failure names its seed. `MUTATIONS=200000` tries as many;
//! `SEEDS=dir` writes the files that are damaged, for a fuzzer to start from.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod fixtures;

use std::path::Path;

use fixtures::{
    any_bytes::{SIDES_PX, is_made},
    mutate::{Random, mutated},
};

const FILES: u64 = 12_000;

#[test]
fn no_damaged_file_panics_or_passes_without_a_name() {
    let fixtures = fixtures::all();
    if let Some(folder) = std::env::var_os("SEEDS") {
        std::fs::create_dir_all(&folder).unwrap();
        fixtures.iter().for_each(|(name, bytes)| std::fs::write(Path::new(&folder).join(name), bytes).unwrap());
    }
    let files = std::env::var("MUTATIONS").map_or(FILES, |files| files.parse().unwrap());
    let (mut made, mut refused) = (0, 0);
    for seed in 0..files {
        let mut random = Random(seed);
        let side_px = SIDES_PX[random.below(SIDES_PX.len())];
        let (name, original) = &fixtures[seed as usize % fixtures.len()];
        let bytes = mutated(original, &mut random);
        match std::panic::catch_unwind(|| is_made(&bytes, side_px, 1 << 28)) {
            Err(_) => panic!("{name}, seed {seed}: a panic on {} bytes, {side_px} px", bytes.len()),
            Ok(true) => made += 1,
            Ok(false) => refused += 1,
        }
    }
    // Both must happen a lot, or the mutations test nothing.
    assert!(made > files / 10 && refused > files / 10, "{made} made, {refused} refused");
}
