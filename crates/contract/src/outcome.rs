//! How an upload ends: every skip and every refusal has a name, a counter and a sentence.

use serde::{Deserialize, Serialize};

use crate::{Formats, ImageFormat};

/// Why the dispatcher did not send an object to a worker. A final answer: nothing retries it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Skip {
    /// Both its Content-Type and its key say that it is something else.
    #[error(
        "content type is `{content_type}` and key ends with `.{extension}`, neither is an image's: upload images as \
         image/*, or under a key that ends with .jpg, .png …"
    )]
    NotAnImage {
        /// As the uploader gave it.
        content_type: String,
        /// Behind the key's last dot.
        extension: String,
    },
    /// Of a format that the deployment has off.
    #[error(
        "the upload says it is {format}, and this deployment reads {on}: convert it, or add {format} to the parameter \
         formats"
    )]
    FormatOff {
        /// What its Content-Type or key names.
        format: ImageFormat,
        /// What is on.
        on: Formats,
    },
    /// No bytes.
    #[error("object is empty: it has 0 bytes")]
    Empty,
    /// A folder marker of the S3 console.
    #[error("key ends with `/`: a folder, not an object")]
    Folder,
    /// A thumbnail of this system: making one of it would loop.
    #[error("object is a thumbnail of this system")]
    OwnOutput,
    /// Of another bucket, or under none of the source prefixes: an event that was not meant for us.
    #[error("object is not among the uploads of this deployment, which are in {uploads}")]
    NotWatched {
        /// The source bucket, with the prefixes.
        uploads: String,
    },
    /// Deleted, while deletions leave thumbnails as they are.
    #[error("object was deleted and delete_thumbnails is false: its thumbnails stay")]
    DeleteIgnored,
    /// Larger than the largest tier takes.
    #[error("object has {bytes} bytes, the largest tier takes {limit_bytes}: raise max_object_bytes in tiers.json")]
    TooLarge {
        /// The object's size.
        bytes: u64,
        /// The largest tier's threshold for its format.
        limit_bytes: u64,
    },
    /// Larger than the deployment allows, whatever its tiers take.
    #[error("object has {bytes} bytes, this deployment takes {limit_bytes}: raise the parameter max_object_bytes")]
    AboveLimit {
        /// The object's size.
        bytes: u64,
        /// The parameter.
        limit_bytes: u64,
    },
    /// Deleted, or replaced by another version, before its turn.
    #[error("object is gone: deleted after its event")]
    Gone,
    /// It cannot be read before it is restored.
    #[error("storage class is {storage_class}: restore the object, then upload it again")]
    ArchivedStorageClass {
        /// `GLACIER`, `DEEP_ARCHIVE` or an archive tier.
        storage_class: String,
    },
}

impl Skip {
    /// The name in logs, counters and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotAnImage { .. } => "not_an_image",
            Self::FormatOff { .. } => "format_off",
            Self::Empty => "empty",
            Self::Folder => "folder",
            Self::OwnOutput => "own_output",
            Self::NotWatched { .. } => "not_watched",
            Self::DeleteIgnored => "delete_ignored",
            Self::TooLarge { .. } | Self::AboveLimit { .. } => "too_large",
            Self::Gone => "gone",
            Self::ArchivedStorageClass { .. } => "archived_storage_class",
        }
    }

    /// Whether it is what the uploader would expect, and nobody needs to be told.
    #[must_use]
    pub const fn is_ordinary(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::AboveLimit { .. } | Self::ArchivedStorageClass { .. })
    }
}

/// How a worker's job ended for good. "Failed for now" is an error, never an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Every variant is stored.
    Made {
        /// The keys in the destination bucket, in the order of the variants.
        thumbnails: Vec<String>,
        /// Names of what was wrong with the file, or used of it instead of its picture.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// Every variant was there already, made from this object by an earlier run of the same job.
    Duplicate {
        /// Their keys in the destination bucket.
        thumbnails: Vec<String>,
    },
    /// Thumbnails of a newer version are there.
    Stale {
        /// The sentence with both sequencers.
        message: String,
    },
    /// The object was deleted or replaced before its turn; its newer event makes its thumbnails.
    Gone,
    /// The object was deleted, and its thumbnails with it.
    Removed {
        /// The keys that were in the destination bucket.
        removed: Vec<String>,
    },
    /// A removal came after a newer upload: the thumbnails stay.
    Kept,
    /// Decoding needs more memory than this tier has: the job was handed to the next one.
    Escalated {
        /// The tier that has it now.
        to: String,
        /// The sentence with both numbers.
        message: String,
    },
    /// No thumbnail can be made of these bytes, now or later.
    Refused {
        /// The name of the refusal: `not_an_image`, `corrupt`, `over_budget` …
        reason: String,
        /// The sentence with the number and the limit.
        message: String,
    },
}

impl Outcome {
    /// The name in logs, counters and metrics: a refusal goes by its reason.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Made { .. } => "made",
            Self::Duplicate { .. } => "duplicate",
            Self::Stale { .. } => "stale",
            Self::Gone => "gone",
            Self::Removed { .. } => "removed",
            Self::Kept => "kept",
            Self::Escalated { .. } => "escalated",
            Self::Refused { reason, .. } => reason,
        }
    }

    /// The sentence with the number and the limit, where there is something to explain.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Stale { message } | Self::Escalated { message, .. } | Self::Refused { message, .. } => Some(message),
            Self::Made { .. } | Self::Duplicate { .. } | Self::Gone | Self::Removed { .. } | Self::Kept => None,
        }
    }

    /// The keys of what this job stored.
    #[must_use]
    pub fn thumbnails(&self) -> &[String] {
        match self {
            Self::Made { thumbnails, .. } => thumbnails,
            _ => &[],
        }
    }
}

/// An error's message and those of all its causes, outermost first, for logs and answers.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::SKIPS;

    #[test]
    fn every_skip_is_counted_by_its_name() {
        let text = String::new;
        let skips = [
            Skip::NotAnImage { content_type: text(), extension: text() },
            Skip::FormatOff { format: ImageFormat::Psd, on: Formats::ALL },
            Skip::Empty,
            Skip::Folder,
            Skip::OwnOutput,
            Skip::NotWatched { uploads: String::new() },
            Skip::DeleteIgnored,
            Skip::TooLarge { bytes: 1, limit_bytes: 0 },
            Skip::AboveLimit { bytes: 1, limit_bytes: 0 },
            Skip::Gone,
            Skip::ArchivedStorageClass { storage_class: text() },
        ];
        for name in skips.iter().map(Skip::name) {
            assert!(SKIPS.contains(&name), "{name}");
        }
    }
}
