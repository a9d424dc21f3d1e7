//! Why a file was not made into a thumbnail: a name for machines, a sentence for people.

use std::io;
use std::path::Path;

use contract::{Skip, with_causes};
use engine::EngineError;

/// A file that was refused. Both halves are those of the dispatcher and the worker where those refuse it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `not_an_image`, `too_large`, `missing` …
    pub reason: String,
    /// With the number, the limit and the next step.
    pub message: String,
}

impl Refusal {
    /// A refusal that only local files know.
    pub fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.to_owned(), message: message.into() }
    }

    /// What opening or reading `path` gave.
    pub fn unreadable(path: &Path, error: &io::Error) -> Self {
        let reason = if error.kind() == io::ErrorKind::NotFound { "missing" } else { "unreadable" };
        Self::new(reason, format!("cannot read `{}`: {error}", path.display()))
    }
}

impl From<Skip> for Refusal {
    fn from(skip: Skip) -> Self {
        Self::new(skip.name(), skip.to_string())
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let message = with_causes(&error);
        match error {
            EngineError::Unsupported { format, .. } if !engine::in_this_build().contains(format) => Self::new(
                error.name(),
                format!(
                    "{message}: `cargo run -p thumbtier --features full` reads it, `thumbtier formats` says what is read"
                ),
            ),
            EngineError::NotWritten { .. } => {
                Self::new(error.name(), format!("{message}: `cargo run -p thumbtier --features avif-output` writes it"))
            }
            _ => Self::new(error.name(), message),
        }
    }
}
