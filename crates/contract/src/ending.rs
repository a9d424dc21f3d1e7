//! How an upload ended, for those who ask later.
//!
//! Thumbnails tell it themselves, in their metadata ([`MadeBy`]). What left no thumbnail leaves an [`Ending`] in the
//! bucket of thumbnails, where the deployment keeps them: only one with an HTTP API does, because a PUT costs money.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::keys::in_one_key;
use crate::{Dollars, Job, KeyError, metadata};

/// Everything in the bucket of thumbnails that is no thumbnail stands below this.
pub const OWN_PREFIX: &str = ".thumbtier/";

/// What made a thumbnail, and what that took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeBy {
    /// The worker's tier.
    pub tier: String,
    /// From the job's arrival until the thumbnail was ready to be stored.
    pub milliseconds: f64,
    /// An estimate, with every request that such a job makes.
    pub estimated_dollars: Dollars,
    /// Names of what was wrong with the file, or used of it instead of its picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The end of an upload that left no thumbnail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// The name: `corrupt`, `killed`, `removed` …
    pub outcome: String,
    /// The sentence with the number and the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The object key, decoded.
    pub key: String,
    /// Which upload, by its ETag in quotes; `None` of a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_etag: Option<String>,
    /// What worked on it; `None` where no worker ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<MadeBy>,
    /// The same in every log line about it.
    pub correlation_id: String,
}

impl Ending {
    /// [`Ending::outcome`] of a deletion.
    pub const REMOVED: &str = "removed";

    /// Of an upload that no worker ended; the sentence has the number and the limit.
    #[must_use]
    pub fn about(job: &Job, outcome: &str, message: &str) -> Self {
        Self {
            outcome: outcome.to_owned(),
            message: Some(message.to_owned()),
            key: job.key.clone(),
            source_etag: Some(job.etag.clone()),
            made_by: None,
            correlation_id: job.correlation_id.clone(),
        }
    }

    /// Its metadata: the mark of everything that is ours, which the dispatcher never dispatches.
    #[must_use]
    pub fn mark(&self) -> (&'static str, String) {
        (metadata::SOURCE_ETAG, self.source_etag.clone().unwrap_or_else(|| Self::REMOVED.to_owned()))
    }

    /// Where the ending of `key` stands in the bucket of thumbnails; a newer one replaces it.
    ///
    /// # Errors
    /// [`KeyError::TooLong`] for the longest of keys, whose endings are not kept.
    pub fn key_of(key: &str) -> Result<String, KeyError> {
        in_one_key(format!("{OWN_PREFIX}endings/{key}"))
    }
}

impl MadeBy {
    /// As metadata of a thumbnail.
    #[must_use]
    pub fn to_metadata(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            (metadata::TIER, self.tier.clone()),
            (metadata::MILLISECONDS, self.milliseconds.to_string()),
            (metadata::DOLLARS, format!("{:.12}", self.estimated_dollars.0)),
        ];
        if !self.warnings.is_empty() {
            all.push((metadata::WARNINGS, self.warnings.join(",")));
        }
        all
    }

    /// From metadata; `None` where an older release, or somebody else, stored the object.
    #[must_use]
    pub fn from_metadata(metadata: &HashMap<String, String>) -> Option<Self> {
        Some(Self {
            tier: metadata.get(metadata::TIER)?.clone(),
            milliseconds: metadata.get(metadata::MILLISECONDS)?.parse().ok()?,
            estimated_dollars: Dollars(metadata.get(metadata::DOLLARS)?.parse().ok()?),
            warnings: metadata
                .get(metadata::WARNINGS)
                .into_iter()
                .flat_map(|all| all.split(','))
                .map(str::to_owned)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_a_thumbnail_survives_its_metadata() {
        let made_by = MadeBy {
            tier: "small".into(),
            milliseconds: 12.345,
            estimated_dollars: Dollars(0.000_006_123_456),
            warnings: vec!["truncated".into(), "profile_ignored".into()],
        };
        let metadata: HashMap<_, _> =
            made_by.to_metadata().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert!(metadata.values().all(|value| value.is_ascii()), "{metadata:?}");
        assert_eq!(MadeBy::from_metadata(&metadata), Some(made_by));
        assert_eq!(MadeBy::from_metadata(&HashMap::new()), None);
    }

    #[test]
    fn an_ending_stands_where_no_thumbnail_does() {
        assert_eq!(Ending::key_of("a b/ü.png").unwrap(), ".thumbtier/endings/a b/ü.png");
        assert!(matches!(Ending::key_of(&"k".repeat(1020)), Err(KeyError::TooLong { .. })));
    }
}
