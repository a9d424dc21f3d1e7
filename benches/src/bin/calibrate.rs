//! `make calibrate`: measures, decides, explains, and writes `tiers.json` with its report.

use std::process::ExitCode;

use benches::calibrate::{Arguments, run};
use benches::places::Places;
use benches::report;
use clap::Parser;

fn main() -> ExitCode {
    match calibrate(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("calibrate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn calibrate(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(outcome) = run(arguments)? else { return Ok(()) };
    outcome.print()?;
    if arguments.dry_run {
        return Ok(());
    }
    match &arguments.thumbnails {
        None => report::write(&outcome, &Places::here().root),
        Some(list) => report::write_measurements(&outcome, list),
    }
}
