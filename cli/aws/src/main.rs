//! `thumbtier-aws`: the subcommands of `thumbtier` that talk to AWS. `thumbtier` starts it; it also runs by itself.

mod attach;
mod aws;
mod backfill;
mod concurrency;
mod cost;
mod credentials;
mod explain;
mod preflight;
mod redrive;
#[cfg(test)]
#[path = "../../../benches/src/scratch.rs"]
mod scratch;
mod smoke;
mod stop;
mod tune;
mod version;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use thumbtier::explain::ExplainArguments;
use thumbtier::tune::TuneArguments;
use thumbtier::{exit_code, serve_if_asked};

/// What thumbtier does on AWS
#[derive(Debug, Parser)]
#[command(name = "thumbtier", bin_name = "thumbtier", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// One file per subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    Cost(cost::CostArguments),
    Redrive(redrive::RedriveArguments),
    Backfill(backfill::BackfillArguments),
    Preflight(preflight::PreflightArguments),
    Attach(attach::AttachArguments),
    Detach(attach::DetachArguments),
    Smoke(smoke::SmokeArguments),
    Version(version::VersionArguments),
    Explain(ExplainArguments),
    Tune(TuneArguments),
}

fn main() -> ExitCode {
    // SVG and PDF are drawn by this program, started once more.
    serve_if_asked();
    exit_code(match Arguments::parse().command {
        Command::Cost(arguments) => cost::run(&arguments),
        Command::Redrive(arguments) => redrive::run(&arguments),
        Command::Backfill(arguments) => backfill::run(&arguments),
        Command::Preflight(arguments) => preflight::run(&arguments),
        Command::Attach(arguments) => attach::attach(&arguments),
        Command::Detach(arguments) => attach::detach(&arguments),
        Command::Smoke(arguments) => smoke::run(&arguments),
        Command::Version(arguments) => version::run(&arguments),
        Command::Explain(arguments) => thumbtier::explain::run(&arguments, &explain::open),
        Command::Tune(arguments) => tune::run(&arguments),
    })
}
