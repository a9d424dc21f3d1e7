//! `manifest.json`: all thumbnails of one source, for whoever builds pages of them.

use serde::{Deserialize, Serialize};

use crate::Placeholder;

/// What stands beside the thumbnails of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The source object's key.
    pub source_key: String,
    /// The ETag of the object that they were made from, in its quotes.
    pub source_etag: String,
    /// What a page shows until a thumbnail is there.
    #[serde(flatten)]
    pub placeholder: Option<Placeholder>,
    /// Names of what was wrong with the file, or used of it instead of its picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// In the order of `thumbnails.json`.
    pub variants: Vec<ManifestVariant>,
}

/// One thumbnail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestVariant {
    /// The variant's name.
    pub name: String,
    /// Its key in the bucket of thumbnails.
    pub key: String,
    /// Its width, upright.
    pub width_px: u32,
    /// Its height, upright.
    pub height_px: u32,
    /// `image/jpeg`, `image/png`, `image/webp` or `image/gif`.
    pub content_type: String,
    /// How many frames it has, where it is animated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal: another picture has another one.
    pub sha256: String,
}

impl Manifest {
    /// What stands in its key for the variant.
    pub const NAME: &str = "manifest";
    /// What stands in its key for the extension.
    pub const EXTENSION: &str = "json";
    /// What it is stored as.
    pub const CONTENT_TYPE: &str = "application/json";
}
