//! The way to `thumbtier-aws` and `thumbtier-serve`, which have the AWS SDK.

use std::env;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use thumbtier::Ending;

/// Becomes `program_name` with the arguments of this process, so that signals and the exit status are its own.
///
/// # Errors
/// It is neither beside this program nor on the PATH, or cannot be started. Without an error it does not return.
pub(crate) fn hand_over(program_name: &str) -> anyhow::Result<Ending> {
    let beside = env::current_exe().context("where this program is")?.with_file_name(program_name);
    let program = if beside.exists() { beside } else { PathBuf::from(program_name) };
    let error = Command::new(&program).args(env::args_os().skip(1)).exec();
    if error.kind() == ErrorKind::NotFound {
        bail!(
            "this needs {program_name}, which is neither beside thumbtier nor on the PATH: build it by \
             `cargo build -p {program_name}`, in release mode if thumbtier is"
        );
    }
    Err(error).with_context(|| format!("starting `{}`", program.display()))
}
