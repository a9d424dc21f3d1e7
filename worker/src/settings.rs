//! The environment, read once. Nothing else in this crate looks at it.

use contract::{Thumbnails, Tier, TierTable};
use function::{Environment, Meter, SettingsError};

/// What differs per deployment and per tier.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where images are uploaded.
    pub source_bucket: String,
    /// The row of tiers.json that this deployment is.
    pub tier: Tier,
    /// The tier that takes what is too much for this one; `None` for the largest.
    pub next_tier: Option<String>,
    /// The memory of the largest tier, with which costs are compared.
    pub largest_memory_mb: u64,
    /// A worker's function name is this and its tier's name.
    pub worker_prefix: String,
    /// What to make of every image.
    pub thumbnails: Thumbnails,
    /// [`Thumbnails::spec`] of it.
    pub spec: String,
    /// A deleted object takes its thumbnails with it.
    pub delete_thumbnails: bool,
    /// The largest object that is read, in bytes.
    pub max_object_bytes: u64,
    /// The largest image that is decoded, width times height.
    pub max_pixels: u64,
    /// Who is told of what cannot be done.
    pub dead_letter_queue_url: String,
    /// Where thumbnails are stored.
    pub destination_bucket: String,
    /// Prices and logs.
    pub meter: Meter,
}

impl Settings {
    /// Reads the variables and the packed files.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that is missing or wrong.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        let mut environment = Environment::of_process();
        let name = environment.variable("TIER", "the name of a tier in tiers.json");
        let destination_bucket = environment.variable("DESTINATION_BUCKET", "the bucket that thumbnails are stored in");
        let source_bucket = environment.variable("SOURCE_BUCKET", "the bucket that images are uploaded to");
        let worker_prefix = environment.variable("WORKER_PREFIX", "a worker's function name without its tier");
        let dead_letter_queue_url = environment.variable("DEAD_LETTER_QUEUE_URL", "the queue of what cannot be done");
        let delete_thumbnails = environment.flag("DELETE_THUMBNAILS", "whether deletions take thumbnails along");
        let max_object_bytes = environment.number("MAX_OBJECT_BYTES", "the largest object that is read, in bytes");
        let max_pixels = environment.number("MAX_PIXELS", "the largest image that is decoded, width times height");
        let meter = Meter::from_environment(&mut environment);
        let tiers = environment.file("tiers.json", TierTable::parse);
        let thumbnails = environment.file("thumbnails.json", Thumbnails::parse);
        let tier = name.zip(tiers).and_then(|(name, tiers)| {
            let tier = tiers.get(&name).cloned();
            if tier.is_none() {
                let names: Vec<_> = tiers.iter().map(|tier| tier.name.as_str()).collect();
                environment.problem(format!("TIER is `{name}`: expected one of {}", names.join(", ")));
            }
            Some((tier?, tiers))
        });
        let (Some(source_bucket), Some((tier, tiers)), Some(thumbnails), Some(destination_bucket)) =
            (source_bucket, tier, thumbnails, destination_bucket)
        else {
            return Err(environment.into_error());
        };
        let (Some(worker_prefix), Some(dead_letter_queue_url), Some(meter)) =
            (worker_prefix, dead_letter_queue_url, meter)
        else {
            return Err(environment.into_error());
        };
        let (Some(delete_thumbnails), Some(max_object_bytes), Some(max_pixels)) =
            (delete_thumbnails, max_object_bytes, max_pixels)
        else {
            return Err(environment.into_error());
        };
        Ok(Self {
            source_bucket,
            next_tier: tiers.next_after(&tier.name).map(|next| next.name.clone()),
            largest_memory_mb: tiers.largest().memory_mb,
            tier,
            worker_prefix,
            spec: thumbnails.spec(),
            thumbnails,
            delete_thumbnails,
            max_object_bytes,
            max_pixels,
            dead_letter_queue_url,
            destination_bucket,
            meter,
        })
    }
}
