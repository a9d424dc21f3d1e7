//! What the parts agree on: image formats, the tier table, the job, outcomes, variants, object keys, prices,
//! costs, log lines and metrics.
//!
//! Pure data and pure decisions. No I/O, no clock, no environment, no AWS.

mod animated;
mod bill;
mod cost;
mod dead_letter;
mod ending;
mod event_object;
mod format;
mod gravity;
mod hash;
mod job;
mod keys;
mod log_line;
mod manifest;
pub mod metrics;
mod number;
mod outcome;
mod placeholder;
mod previews;
mod prices;
mod record;
mod report;
mod route;
mod sequencer;
mod thumbnails;
mod tiers;
mod variant_set;

pub use animated::Animated;
pub use bill::{Item, REQUESTS_OF_A_BUCKET_KEY, Usage};
pub use cost::{CPU_PERIOD_MS, Function, MB_PER_VCPU, Requests, Work, billed_ms, cpu_share};
pub use dead_letter::DeadLetter;
pub use ending::{Ending, MadeBy, OWN_PREFIX};
pub use event_object::{Change, EventObject, PutOff};
pub use format::{BadFormats, Facts, Formats, ImageFormat, MAGIC_BYTES, unread_format};
pub use gravity::{BadFocus, Focus, Gravity};
pub use hash::fnv1a;
pub use job::{Job, ObjectHead, Removal, Task, unquoted};
pub use keys::{KeyError, MAX_KEY_BYTES, decode_event_key, encode_event_key, thumbnail_key};
pub use log_line::{DISPATCHER_LOG_BYTES, LogRecord, WORKER_LOG_BYTES, hundredths, line, priced_line};
pub use manifest::{Manifest, ManifestVariant};
pub use number::thousands;
pub use outcome::{Outcome, Skip, with_causes};
pub use placeholder::Placeholder;
pub use previews::{BadPreviewUse, PreviewUse};
pub use prices::{Architecture, Dollars, GbSecond, LOG_EVENT_BYTES, Prices, PricesError, RegionPrices};
pub use record::{DispatchRecord, ImageRecord, JobCost, JobCounts, JobRecord, LogRules, ObjectRecord, Stages, Tariff};
pub use report::InvocationReport;
pub use route::{Decision, claimed_format, route};
pub use sequencer::compare_sequencers;
pub use thumbnails::{
    Background, BadBackground, Effort, Fit, OutputFormat, PrefixVariants, Thumbnails, ThumbnailsError, Variant,
};
pub use tiers::{Tier, TierError, TierTable, TooLarge};
pub use variant_set::VariantSet;

/// User metadata of thumbnails and sources, as S3 returns it: without the `x-amz-meta-` prefix.
pub mod metadata {
    /// The ETag of the object that the thumbnail was made from, in its quotes.
    /// Its presence marks an object as this system's own output.
    pub const SOURCE_ETAG: &str = "thumbtier-source-etag";
    /// The source object's bucket: several may share one bucket of thumbnails.
    pub const SOURCE_BUCKET: &str = "thumbtier-source-bucket";
    /// The version id of the source object, where its bucket is versioned.
    pub const SOURCE_VERSION: &str = "thumbtier-source-version";
    /// The sequencer of the S3 event that announced the source object.
    pub const SEQUENCER: &str = "thumbtier-sequencer";
    /// [`crate::Thumbnails::spec`]: what was asked for when the thumbnail was made.
    pub const SPEC: &str = "thumbtier-spec";
    /// [`crate::MadeBy::tier`].
    pub const TIER: &str = "thumbtier-tier";
    /// [`crate::MadeBy::milliseconds`].
    pub const MILLISECONDS: &str = "thumbtier-milliseconds";
    /// [`crate::MadeBy::estimated_dollars`].
    pub const DOLLARS: &str = "thumbtier-dollars";
    /// [`crate::Placeholder::thumbhash`].
    pub const THUMBHASH: &str = "thumbtier-thumbhash";
    /// [`crate::Placeholder::colour`].
    pub const COLOUR: &str = "thumbtier-colour";
    /// How many frames an animated thumbnail has; a still has no such entry.
    pub const FRAMES: &str = "thumbtier-frames";
    /// Of a source object: the point of the image that is kept where it is cut, as its uploader gave it.
    pub const FOCUS: &str = "focus";
    /// The page of a PDF or a TIFF that the uploader wants, from 1 on, on the source.
    pub const PAGE: &str = "page";
    /// [`crate::MadeBy::warnings`], by commas.
    pub const WARNINGS: &str = "thumbtier-warnings";
    /// Of a source object: who uploaded it waits for its thumbnails and has had a worker invoked.
    pub const WAITED_FOR: &str = "thumbtier-waited-for";
}
