//! The environment, read once. Nothing else in this crate looks at it.

use contract::{TierError, TierTable};

/// What differs per deployment.
#[derive(Debug)]
pub(crate) struct Settings {
    /// A worker's function name is this and its tier's name.
    pub worker_prefix: String,
    /// The table packed beside the binary.
    pub tiers: TierTable,
}

/// Why the dispatcher cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// A variable is missing or empty.
    #[error("{name} is not set: expected {expected}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The table is missing from the package.
    #[error("reading {path}")]
    Read {
        /// Where it was looked for.
        path: String,
        #[source]
        cause: std::io::Error,
    },
    /// The table is wrong.
    #[error("reading the tier table")]
    Tiers(#[from] TierError),
}

impl Settings {
    /// Reads the variables and the table.
    ///
    /// # Errors
    /// [`SettingsError`], for the first that is missing or wrong.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        let worker_prefix = variable("WORKER_PREFIX", "the name of a worker function without its tier")?;
        let task_root = variable("LAMBDA_TASK_ROOT", "the folder of the package, as Lambda sets it")?;
        let path = format!("{task_root}/tiers.json");
        let json = std::fs::read_to_string(&path).map_err(|cause| SettingsError::Read { path, cause })?;
        Ok(Self { worker_prefix, tiers: TierTable::parse(&json)? })
    }
}

fn variable(name: &'static str, expected: &'static str) -> Result<String, SettingsError> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or(SettingsError::Missing { name, expected })
}
