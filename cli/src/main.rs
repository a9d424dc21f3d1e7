//! `thumbtier`, the command: what the deployment does on local files; `thumbtier-aws` does what needs AWS, and
//! `thumbtier-serve` what a deployment does, on this machine.

mod hand_over;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use thumbtier::{exit_code, explain, formats, make, serve_if_asked, tune, validate};

use crate::hand_over::hand_over;

/// What talks to AWS.
const AWS: &str = "thumbtier-aws";

/// What serves.
const SERVE: &str = "thumbtier-serve";

/// Thumbnails with the engine and the tier table that run on AWS Lambda
#[derive(Debug, Parser)]
#[command(name = "thumbtier", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Make(make::MakeArguments),
    Explain(explain::ExplainArguments),
    Formats(formats::FormatsArguments),
    Tune(tune::TuneArguments),
    Validate(validate::ValidateArguments),
    /// Say what each tier of a deployment cost
    Cost(Rest),
    /// Send the dead letters of a deployment again
    Redrive(Rest),
    /// Make thumbnails of the objects that were in the bucket before
    Backfill(Rest),
    /// Check an account before a deployment
    Preflight(Rest),
    /// Have a bucket that was there before notify a deployment
    Attach(Rest),
    /// Take a deployment's notification out of a bucket's configuration
    Detach(Rest),
    /// Send one image through every tier of a deployment, and clean up after
    Smoke(Rest),
    /// Compare the command's version with what is deployed
    Version(Rest),
    /// Make thumbnails of what is uploaded to a store that speaks S3, on this machine
    Serve(Rest),
}

/// Arguments that another program knows.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
struct Rest {
    /// See `--help` of the subcommand
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<String>,
}

const AFTER_HELP: &str = "\
Examples:
  thumbtier make photo.jpg                      thumbnails/photo.jpg.128x128.jpg
  thumbtier make --size 400x300 --fit cover photos/ --out small/
  thumbtier explain photo.jpg                   which tier would take it, and why
  thumbtier formats                             which formats this build reads
  thumbtier cost --stage prod --since 24h       what each tier cost, and what to change
  thumbtier tune --from-logs --stage prod       which thresholds production would change
  thumbtier backfill s3://bucket --stage prod   thumbnails of what was there before
  thumbtier smoke --stage prod                  whether every tier works, after a deployment
  thumbtier serve --help                        the same pipeline on your own machines

cost, redrive, backfill, preflight, attach, detach, smoke, version, and whatever names a stage or an s3:// object, is done
by the program thumbtier-aws, serve by thumbtier-serve: in the folder of thumbtier, or on the PATH.

Exit status: 0 everything done, 1 something refused by name, 2 wrong usage or nothing could be started.";

fn main() -> ExitCode {
    // SVG and PDF are drawn by this program, started once more.
    serve_if_asked();
    exit_code(match Arguments::parse().command {
        Command::Make(arguments) => make::run(&arguments),
        Command::Explain(arguments) if !arguments.needs_aws() => explain::run(&arguments, &explain::open_file),
        Command::Tune(arguments) if !arguments.needs_aws() => tune::run(&arguments, tune::no_deployment),
        Command::Formats(arguments) => formats::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Explain(_) | Command::Tune(_) => hand_over(AWS),
        Command::Cost(_) | Command::Redrive(_) | Command::Backfill(_) => hand_over(AWS),
        Command::Preflight(_) | Command::Attach(_) | Command::Detach(_) => hand_over(AWS),
        Command::Smoke(_) | Command::Version(_) => hand_over(AWS),
        Command::Serve(_) => hand_over(SERVE),
    })
}
