//! What every function of a deployment is told.

use contract::{Formats, Thumbnails, TierTable};

use crate::{Environment, Meter};

/// What differs per deployment.
#[derive(Debug)]
pub struct Settings {
    /// Where images are uploaded.
    pub source_bucket: String,
    /// What the keys of uploads begin with; none is any key.
    pub source_prefixes: Vec<String>,
    /// Where thumbnails are stored; nothing is dispatched from there.
    pub destination_bucket: String,
    /// A worker's function name is this and its tier's name.
    pub worker_prefix: String,
    /// Which of a worker's versions is invoked; empty for the one that was deployed last.
    pub worker_alias: String,
    /// Who is told of what cannot be done.
    pub dead_letter_queue_url: String,
    /// Who is told of uploads that no thumbnail can be made of.
    pub refusals_queue_url: String,
    /// Where jobs that failed wait for the dispatcher.
    pub failed_jobs_queue_url: String,
    /// How long a failed job waits for its second try, in seconds; later ones wait longer.
    pub retry_delay_s: u64,
    /// A deleted object takes its thumbnails with it.
    pub delete_thumbnails: bool,
    /// The largest object that is dispatched and read, in bytes, whatever the table allows.
    pub max_object_bytes: u64,
    /// What is read; everything else is skipped or refused by name.
    pub formats: Formats,
    /// What left no thumbnail leaves an ending in the bucket of thumbnails, for the HTTP API to tell.
    pub keep_endings: bool,
    /// The table packed beside the binary.
    pub tiers: TierTable,
    /// What to make of every image, and where to store it; packed beside the binary. By it, keys of our own thumbnails are known.
    pub thumbnails: Thumbnails,
    /// Prices and logs.
    pub meter: Meter,
}

impl Settings {
    /// Reads the variables and the packed files; `None` and problems where something is missing or wrong. A worker's
    /// `tier` that is not in the table is a problem too.
    pub fn from_environment(environment: &mut Environment, tier: Option<&str>) -> Option<Self> {
        let source_bucket = environment.variable("SOURCE_BUCKET", "the bucket that images are uploaded to");
        let source_prefixes = environment.optional("SOURCE_PREFIXES").unwrap_or_default();
        let source_prefixes = source_prefixes.split(',').map(str::trim).filter(|one| !one.is_empty());
        let destination_bucket = environment.variable("DESTINATION_BUCKET", "the bucket that thumbnails are stored in");
        let worker_prefix = environment.variable("WORKER_PREFIX", "a worker's function name without its tier");
        let worker_alias = environment.optional("WORKER_ALIAS").unwrap_or_default();
        let dead_letter_queue_url = environment.variable("DEAD_LETTER_QUEUE_URL", "the queue of what cannot be done");
        let refusals_queue_url = environment.variable("REFUSALS_QUEUE_URL", "the queue of refused uploads");
        let failed_jobs_queue_url = environment.variable("FAILED_JOBS_QUEUE_URL", "the queue of jobs that failed");
        let retry_delay_s = environment.number("RETRY_DELAY_S", "how long a failed job waits, in seconds");
        let delete_thumbnails = environment.flag("DELETE_THUMBNAILS", "whether deletions take thumbnails along");
        let max_object_bytes = environment.number("MAX_OBJECT_BYTES", "the largest object that is read, in bytes");
        let formats = Formats::parse(&environment.optional("FORMATS").unwrap_or_default());
        let formats = formats.map_err(|error| environment.problem(error.to_string())).ok();
        let keep_endings = environment.flag("KEEP_ENDINGS", "whether failures and deletions are kept for the HTTP API");
        let tiers = environment.file("tiers.json", TierTable::parse);
        if let Some((tier, tiers)) = tier.zip(tiers.as_ref()).filter(|(tier, tiers)| tiers.get(tier).is_none()) {
            let names: Vec<_> = tiers.iter().map(|tier| tier.name.as_str()).collect();
            environment.problem(format!("TIER is `{tier}`: expected one of {}", names.join(", ")));
        }
        let thumbnails = environment.file("thumbnails.json", Thumbnails::parse);
        let destination_prefix = environment.optional("DESTINATION_PREFIX").unwrap_or_default();
        let thumbnails = thumbnails.map(|thumbnails| thumbnails.under(&destination_prefix));
        let meter = Meter::from_environment(environment);
        Some(Self {
            source_bucket: source_bucket?,
            source_prefixes: source_prefixes.map(str::to_owned).collect(),
            destination_bucket: destination_bucket?,
            worker_prefix: worker_prefix?,
            worker_alias,
            dead_letter_queue_url: dead_letter_queue_url?,
            refusals_queue_url: refusals_queue_url?,
            failed_jobs_queue_url: failed_jobs_queue_url?,
            retry_delay_s: retry_delay_s?,
            delete_thumbnails: delete_thumbnails?,
            max_object_bytes: max_object_bytes?,
            formats: formats?,
            keep_endings: keep_endings?,
            tiers: tiers?,
            thumbnails: thumbnails?,
            meter: meter?,
        })
    }

    /// Whether the object is one of the uploads.
    #[must_use]
    pub fn is_watched(&self, bucket: &str, key: &str) -> bool {
        let prefixes = &self.source_prefixes;
        bucket == self.source_bucket
            && (prefixes.is_empty() || prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())))
    }

    /// Where the uploads are, in words.
    #[must_use]
    pub fn uploads(&self) -> String {
        let Self { source_bucket, source_prefixes, .. } = self;
        match source_prefixes.as_slice() {
            [] => format!("`{source_bucket}`"),
            prefixes => format!("`{source_bucket}` under {}", prefixes.join(", ")),
        }
    }
}
