//! The environment, read once. Nothing else in this crate looks at it.

use contract::{Thumbnails, TierTable};
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
    /// The list packed beside the binary: by it, keys of our own thumbnails are known.
    pub thumbnails: Thumbnails,
    /// Where thumbnails are stored; nothing is dispatched from there.
    pub destination_bucket: String,
    /// A deleted object takes its thumbnails with it.
    pub delete_thumbnails: bool,
    /// The largest object that is dispatched, in bytes, whatever the table allows.
    pub max_object_bytes: u64,
    /// Who is told of what cannot be done.
    pub dead_letter_queue_url: String,
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
        let thumbnails = environment.file("thumbnails.json", Thumbnails::parse);
        let destination_bucket = environment.variable("DESTINATION_BUCKET", "the bucket that thumbnails are stored in");
        let delete_thumbnails = environment.flag("DELETE_THUMBNAILS", "whether deletions take thumbnails along");
        let max_object_bytes = environment.number("MAX_OBJECT_BYTES", "the largest object that is read, in bytes");
        let dead_letter_queue_url = environment.variable("DEAD_LETTER_QUEUE_URL", "the queue of what cannot be done");
        let meter = Meter::from_environment(&mut environment);
        let (Some(source_bucket), Some(worker_prefix), Some(tiers), Some(thumbnails), Some(destination_bucket)) =
            (source_bucket, worker_prefix, tiers, thumbnails, destination_bucket)
        else {
            return Err(environment.into_error());
        };
        let (Some(delete_thumbnails), Some(max_object_bytes), Some(dead_letter_queue_url), Some(meter)) =
            (delete_thumbnails, max_object_bytes, dead_letter_queue_url, meter)
        else {
            return Err(environment.into_error());
        };
        Ok(Self {
            source_bucket,
            worker_prefix,
            tiers,
            thumbnails,
            destination_bucket,
            delete_thumbnails,
            max_object_bytes,
            dead_letter_queue_url,
            meter,
        })
    }
}
