//! What `thumbtier` does without AWS: thumbnails, explanations and checks of local files, thresholds from log files.
//!
//! Two programs share it. `thumbtier` is this and no more, so that it compiles in a minute; `thumbtier-aws` adds what
//! talks to AWS, whose SDK takes longer. `thumbtier` starts it for its subcommands.

pub mod explain;
pub mod files;
pub mod formats;
pub mod make;
pub mod refusal;
pub mod settings;
pub mod source;
pub mod tune;
pub mod validate;

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

pub use vector::serve_if_asked;

/// The exit status of what Ctrl-C ended, as shells give it.
pub const INTERRUPTED: u8 = 130;

/// How long a process that draws SVG or PDF may be silent, whatever CPU it gets.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How a subcommand that ran to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was refused.
    Done,
    /// At least one file was refused, by name.
    SomeRefused,
    /// Somebody ended it; it can go on.
    Interrupted,
}

/// The exit status of a subcommand; prints its error.
#[must_use]
pub fn exit_code(ending: anyhow::Result<Ending>) -> ExitCode {
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::SomeRefused) => ExitCode::from(1),
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
