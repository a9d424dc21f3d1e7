//! How a decode went, and how much damage it bears.

use crate::error::Warning;

/// The share of an image that must have arrived for it to be worth anything.
///
/// Below it a decode ends in [`Error::TooDamaged`]; above it the rest comes out grey, as browsers show it.
pub const USABLE_SHARE: f64 = 0.5;

/// How a decode went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Bytes taken from the reader: up to 64 KiB more than were needed.
    pub bytes_read: u64,
    /// Rows of the image.
    pub rows_px: u32,
    /// Rows that could be decoded, at least half of them. Parts of rows count as such.
    pub rows_decoded_px: u32,
    /// The first damage met.
    pub warning: Option<Warning>,
}
