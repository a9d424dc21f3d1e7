//! What was wrong with an image that was made all the same.

use vector::Lack;

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
    /// The animation has more frames than the thumbnail may have, or the limits let it have; they were cut off.
    FramesCut {
        /// Frames that were composed.
        frames: u32,
    },
    /// The file ends early, or is damaged, behind so many frames; the thumbnail ends there.
    FramesDamaged {
        /// Frames that were composed.
        frames: u32,
    },
    /// All frames of the animation need more memory than there is; the thumbnail has the first one.
    NotAnimated,
    /// An embedded preview was used instead of the picture. It may be softer, and show what an edit has cut away.
    Preview(PreviewReason),
    /// A part of a drawing is not on the thumbnail.
    LeftOut(Lack),
}

/// Why an embedded preview was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreviewReason {
    /// The picture is of a kind that is not decoded.
    Unsupported,
    /// The picture is damaged.
    Corrupt,
    /// The picture needs more memory than there is.
    OverBudget,
    /// It is large enough, and the deployment prefers it.
    Preferred,
}

impl Warning {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::Damaged | Self::LeftOut(Lack::End) => "damaged",
            Self::ProfileIgnored => "profile_ignored",
            Self::FramesCut { .. } => "frames_cut",
            Self::FramesDamaged { .. } => "frames_damaged",
            Self::NotAnimated => "not_animated",
            Self::Preview(PreviewReason::Unsupported) => "preview_for_unsupported",
            Self::Preview(PreviewReason::Corrupt) => "preview_for_corrupt",
            Self::Preview(PreviewReason::OverBudget) => "preview_for_over_budget",
            Self::Preview(PreviewReason::Preferred) => "preview_preferred",
            Self::LeftOut(Lack::Text) => "text_left_out",
            Self::LeftOut(Lack::Pictures) => "pictures_left_out",
            Self::LeftOut(Lack::Foreign) => "foreign_left_out",
        }
    }
}
