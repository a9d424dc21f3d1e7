//! Ten thousand damaged files of every format: each ends in thumbnails or in a named refusal, within its budget.
//!
//! Deterministic: the same files on every machine, so a failure names its seed. `MUTATIONS=200000` tries as many;
//! `SEEDS=dir` writes the files that are damaged, for a fuzzer to start from.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod fixtures;

use std::path::Path;

use fixtures::any_bytes::{SIDES_PX, is_made};

const FILES: u64 = 12_000;

/// Numerical Recipes' generator: good enough to pick bytes.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// Flips, sets, cuts, doubles and swaps: up to eight of them, half of them in the header.
fn mutated(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(8) {
        let reach = if random.below(2) == 0 { bytes.len().min(96) } else { bytes.len() };
        let at = random.below(reach);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)],
            2 => bytes[at] = random.below(256) as u8,
            3 => bytes.truncate(at.max(1)),
            4 => {
                let end = (at + random.below(32)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
        }
    }
    bytes
}

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
