//! `thumbtier`, the command: what the deployment does on local files without AWS, and what a deployment costs.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod backfill;
#[cfg(feature = "aws")]
mod cost;
mod explain;
mod files;
mod make;
#[cfg(feature = "aws")]
mod redrive;
mod refusal;
mod settings;
mod source;
mod tune;
mod validate;
#[cfg(feature = "aws")]
mod words;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Thumbnails with the engine and the tier table that run on AWS Lambda
#[derive(Debug, Parser)]
#[command(name = "thumbtier", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// One file per subcommand.
#[derive(Debug, Subcommand)]
enum Command {
    Make(make::MakeArguments),
    Explain(explain::ExplainArguments),
    Tune(tune::TuneArguments),
    #[cfg(feature = "aws")]
    Cost(cost::CostArguments),
    Validate(validate::ValidateArguments),
    #[cfg(feature = "aws")]
    Redrive(redrive::RedriveArguments),
    #[cfg(feature = "aws")]
    Backfill(backfill::BackfillArguments),
}

const AFTER_HELP: &str = "\
Examples:
  thumbtier make photo.jpg                      thumbnails/photo.jpg.128x128.jpg
  thumbtier make --size 400x300 --fit cover photos/ --out small/
  thumbtier explain photo.jpg                   which tier would take it, and why
  thumbtier cost --stage prod --since 24h       what each tier cost, and what to change
  thumbtier tune --from-logs --stage prod       which thresholds production would change
  thumbtier backfill s3://bucket --stage prod   thumbnails of what was there before

Exit status: 0 everything done, 1 something refused by name, 2 wrong usage or nothing could be started.";

/// The exit status of what Ctrl-C ended, as shells give it.
#[cfg(feature = "aws")]
const INTERRUPTED: u8 = 130;

/// How a subcommand that ran to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nothing was refused.
    Done,
    /// At least one file was refused, by name.
    SomeRefused,
    /// Somebody ended it; it can go on.
    #[cfg(feature = "aws")]
    Interrupted,
}

fn main() -> ExitCode {
    let ending = match Arguments::parse().command {
        Command::Make(arguments) => make::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Tune(arguments) => tune::run(&arguments),
        #[cfg(feature = "aws")]
        Command::Cost(arguments) => cost::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        #[cfg(feature = "aws")]
        Command::Redrive(arguments) => redrive::run(&arguments),
        #[cfg(feature = "aws")]
        Command::Backfill(arguments) => backfill::run(&arguments),
    };
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::SomeRefused) => ExitCode::from(1),
        #[cfg(feature = "aws")]
        Ok(Ending::Interrupted) => ExitCode::from(INTERRUPTED),
        // `thumbtier make … | head`: the reader has what it wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thumbtier: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe))
}
