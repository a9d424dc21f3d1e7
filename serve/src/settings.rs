//! The settings of dispatcher, workers and API, as their functions have them, from the arguments.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use contract::{Architecture, Formats, LogRules, PreviewUse, RegionPrices, Tariff, Thumbnails, TierTable};
use function::Meter;
use sha2::{Digest, Sha256};

use crate::arguments::Options;
use crate::metrics::log;

/// What a worker is called in the sentences of letters, before its tier.
const WORKER_PREFIX: &str = "worker-";

/// The table of tiers that was named, or that of the build.
///
/// # Errors
/// What cannot be read.
pub(crate) fn tiers(options: &Options) -> anyhow::Result<TierTable> {
    match &options.tiers {
        None => Ok(TierTable::builtin()?),
        Some(path) => TierTable::parse(&read(path)?).with_context(|| path.display().to_string()),
    }
}

/// The dispatcher's settings, and each other part's.
///
/// # Errors
/// Everything that is wrong, by its option.
pub(crate) fn shared(options: &Options, tiers: &TierTable, memory_mb: u64) -> anyhow::Result<function::Settings> {
    let thumbnails = match &options.thumbnails {
        None => Thumbnails::builtin()?,
        Some(path) => Thumbnails::parse(&read(path)?).with_context(|| path.display().to_string())?,
    };
    let prefix = &options.destination_prefix;
    if options.source == options.destination
        && (prefix.is_empty()
            || options.prefixes.is_empty()
            || options.prefixes.iter().any(|one| one.starts_with(prefix.as_str()) || prefix.starts_with(one.as_str())))
    {
        bail!(
            "--source and --destination are both `{}`: give --prefix and --destination-prefix, neither of which begins \
             with the other, or two buckets",
            options.source
        );
    }
    let architecture = Architecture::of_target(std::env::consts::ARCH).unwrap_or(Architecture::X86_64);
    let tariff = Tariff { prices: RegionPrices::nothing(), architecture, memory_mb };
    Ok(function::Settings {
        source_bucket: options.source.clone(),
        source_prefixes: options.prefixes.clone(),
        destination_bucket: options.destination.clone(),
        worker_prefix: WORKER_PREFIX.to_owned(),
        worker_alias: String::new(),
        dead_letter_queue_url: String::new(),
        refusals_queue_url: String::new(),
        failed_jobs_queue_url: String::new(),
        retry_delay_s: options.retry_delay.as_secs(),
        delete_thumbnails: !options.keep_thumbnails,
        max_object_bytes: options.max_object_bytes,
        formats: Formats::parse(&options.formats)?,
        keep_endings: true,
        tiers: tiers.clone(),
        thumbnails: thumbnails.under(prefix),
        meter: Meter::new(tariff, LogRules::whole()).among_others(log),
    })
}

/// The settings of each tier's worker.
///
/// # Errors
/// As [`shared`].
pub(crate) fn workers(options: &Options, tiers: &TierTable) -> anyhow::Result<Vec<worker::Settings>> {
    let of = |tier: &contract::Tier| {
        let shared = shared(options, tiers, tier.memory_mb)?;
        if let Some(problem) = worker::unwritten(&shared.thumbnails) {
            bail!(problem);
        }
        Ok(worker::Settings {
            shared,
            tier: tier.clone(),
            max_pixels: options.max_pixels,
            previews: "".parse::<PreviewUse>()?,
            renderer: worker::renderer(tier),
        })
    };
    tiers.iter().map(of).collect()
}

/// The API's settings. Without a token nobody gets through to it.
///
/// # Errors
/// As [`shared`].
pub(crate) fn api(options: &Options, tiers: &TierTable, memory_mb: u64) -> anyhow::Result<api::Settings> {
    Ok(api::Settings {
        shared: shared(options, tiers, memory_mb)?,
        access: access(options.api_token.as_deref().unwrap_or_default()),
        public_thumbnails: options.public_thumbnails,
        key_prefixes: options.prefixes.clone(),
        max_age: Duration::from_secs(24 * 3600),
    })
}

/// Known by its digest.
pub(crate) fn access(token: &str) -> api::Access {
    api::Access::Token { sha256: Sha256::digest(token.as_bytes()).into() }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))
}
