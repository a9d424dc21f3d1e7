//! What was wrong with an image that was made all the same.

/// A fault of the image that a thumbnail was made in spite of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The file ends early, or is damaged from there on; the rest of the thumbnail is blank.
    Truncated {
        /// Rows that were decoded.
        rows: u32,
        /// Rows that the header promised.
        rows_expected: u32,
    },
    /// Parts in the middle of the data are damaged; every row is there.
    Damaged,
    /// The colour profile could not be read or does not suit the pixels; they were taken as sRGB.
    ProfileIgnored,
}

impl Warning {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::Damaged => "damaged",
            Self::ProfileIgnored => "profile_ignored",
        }
    }
}
