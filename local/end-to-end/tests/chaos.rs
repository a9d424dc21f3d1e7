//! A bad day: everything fails, and every upload ends as its thumbnails or as a named failure all the same.
//!
//! `make test` runs it with 60 objects, `make chaos` with 1,000. The ledger is printed, and written as JSON to
//! `target/chaos/ledger.json`.

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use end_to_end::chaos::{Ledger, Settings, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let settings = Settings::from_environment();
    eprintln!(
        "· {} objects, seed {}: CHAOS_SEED={} does the same again",
        settings.objects, settings.seed, settings.seed
    );
    let ledger = run(settings).await;
    println!("{ledger}");
    let problems = ledger.problems();
    for problem in &problems {
        println!("{problem}");
    }
    for line in ledger.history() {
        eprintln!("{line}");
    }
    if let Err(error) = write(&ledger) {
        eprintln!("the ledger could not be written: {error}");
        return ExitCode::FAILURE;
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn write(ledger: &Ledger) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/chaos");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("ledger.json"), format!("{:#}\n", ledger.json()))
}
