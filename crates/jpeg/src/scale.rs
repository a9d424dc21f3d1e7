//! How small a component is decoded, and what that makes of it.

/// How small a component is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// One sample per 8x8 block.
    Eighth,
    /// 2x2 samples per block.
    Quarter,
    /// 4x4 samples per block.
    Half,
    /// All 8x8 samples of a block.
    Full,
}

impl Scale {
    /// Samples per block side: 1, 2, 4 or 8.
    pub fn samples(self) -> usize {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::Half => 4,
            Self::Full => 8,
        }
    }
}

/// What one component comes out as.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ComponentPlan {
    /// Its scale.
    pub scale: Scale,
    /// Samples of each row that the sink gets.
    pub width_samples: usize,
    /// Rows that the sink gets.
    pub height_samples: usize,
    /// The image's width in this component's samples: the last sample covers the image only in part.
    ///
    /// It is the window that a resampler must take as its source, or the thumbnail shifts and shrinks.
    pub extent_width_samples: f64,
    /// The image's height in this component's samples.
    pub extent_height_samples: f64,
}
