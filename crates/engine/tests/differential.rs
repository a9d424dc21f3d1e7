//! Damaged files through the engine and through another decoder: the same picture, a warning, or a refusal.
//!
//! Deterministic, as `mutations.rs`; `make differential MUTATIONS=500000` tries as many. Decoders in Rust have eight
//! formats and are always here; those of `AGAINST=python` have the others, and `make test` names it.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

#[path = "fixtures/against.rs"]
mod against;
mod fixtures;
mod runner;

use std::process::ExitCode;

use against::{Verdict, compare, is_compared};
use contract::ImageFormat;
use runner::{Judged, Suite, run};

fn main() -> ExitCode {
    let (compared, left): (Vec<_>, Vec<_>) = ImageFormat::ALL.into_iter().partition(|format| is_compared(*format));
    if !left.is_empty() {
        let left: Vec<_> = left.iter().map(ToString::to_string).collect();
        println!("not compared: {}: their decoders are in Python, see AGAINST in the Makefile", left.join(", "));
    }
    let originals = compared.into_iter().flat_map(fixtures::files).collect();
    run(&Suite {
        name: "differential",
        files: 10_000,
        originals,
        prepare: against::prepare,
        judge,
        must_have: &["same"],
    })
}

fn judge(file: &[u8], _: u64) -> Judged {
    match compare(file) {
        Verdict::Same => Judged::Fine("same"),
        Verdict::Refused => Judged::Fine("refused"),
        Verdict::Warned => Judged::Fine("warned"),
        Verdict::Alone => Judged::Fine("alone"),
        Verdict::Different(how) => Judged::Find(how),
    }
}
