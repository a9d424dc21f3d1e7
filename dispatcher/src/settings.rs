//! The environment, read once. Nothing else in this crate looks at it.

use contract::TierTable;
use function::{Environment, Meter, SettingsError};

/// What differs per deployment.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where images are uploaded.
    pub source_bucket: String,
    /// A worker's function name is this and its tier's name.
    pub worker_prefix: String,
    /// The table packed beside the binary.
    pub tiers: TierTable,
    /// Prices and logs.
    pub meter: Meter,
}

impl Settings {
    /// Reads the variables and the table.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that is missing or wrong.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        let mut environment = Environment::of_process();
        let worker_prefix = environment.variable("WORKER_PREFIX", "a worker's function name without its tier");
        let source_bucket = environment.variable("SOURCE_BUCKET", "the bucket that images are uploaded to");
        let tiers = environment.file("tiers.json", TierTable::parse);
        let meter = Meter::from_environment(&mut environment);
        let (Some(source_bucket), Some(worker_prefix), Some(tiers), Some(meter)) =
            (source_bucket, worker_prefix, tiers, meter)
        else {
            return Err(environment.into_error());
        };
        Ok(Self { source_bucket, worker_prefix, tiers, meter })
    }
}
