//! The coding processes of frames.

use std::fmt;

/// The coding process of a frame. **Source:** T.81 table B.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// Sequential DCT, 8 bit, two Huffman tables of each class (SOF0).
    Baseline,
    /// Sequential DCT with four tables, Huffman (SOF1).
    Extended,
    /// Progressive DCT, Huffman (SOF2).
    Progressive,
    /// Lossless, Huffman or arithmetic (SOF3, SOF11). Not decoded here.
    Lossless,
    /// Any DCT process with arithmetic coding (SOF9, SOF10). Not decoded here.
    Arithmetic,
    /// Differential frames of a hierarchical file (SOF5-7, SOF13-15). Not decoded here.
    Hierarchical,
}

impl Coding {
    /// The process of the frame header with this marker: one of SOF0 to SOF15.
    pub(crate) fn of_marker(marker: u8) -> Self {
        match marker {
            0xC0 => Self::Baseline,
            0xC1 => Self::Extended,
            0xC2 => Self::Progressive,
            0xC3 | 0xCB => Self::Lossless,
            0xC9 | 0xCA => Self::Arithmetic,
            _ => Self::Hierarchical,
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baseline => "baseline",
            Self::Extended => "extended sequential",
            Self::Progressive => "progressive",
            Self::Lossless => "lossless",
            Self::Arithmetic => "arithmetic-coded",
            Self::Hierarchical => "hierarchical",
        })
    }
}
