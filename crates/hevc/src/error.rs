//! Why a picture is not decoded, or not to its end.

/// Why a picture is not decoded, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HevcError {
    /// Well-formed, as far as it was read, and not decoded.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A value that the standard forbids, or one that contradicts another; by the name of its syntax element.
    #[error("{0} is out of range")]
    Value(&'static str),
    /// What ends before its last syntax element.
    #[error("{0} ends early")]
    Ends(&'static str),
    /// The slices are no whole picture.
    #[error("coding tree block {0} is missing")]
    Missing(u32),
}
