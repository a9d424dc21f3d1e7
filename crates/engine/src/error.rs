//! Why no thumbnail was made. Only [`EngineError::Source`] may go away by itself.

use std::borrow::Cow;

use contract::{Formats, ImageFormat};

/// What kept an image from becoming a thumbnail. Every variant but `Source` is final.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The reader failed, not the image: the one variant that a caller retries.
    #[error("reading the image failed after {bytes_read} bytes: run it again")]
    Source {
        /// What had been read before.
        bytes_read: u64,
        /// What the reader said.
        #[source]
        cause: std::io::Error,
    },
    /// The first bytes are those of no format that is read.
    #[error("starts with {head}, not with an image: expected {}", ImageFormat::names())]
    NotAnImage {
        /// Up to eight leading bytes, in hexadecimal, or `no byte`.
        head: String,
    },
    /// An image of a format that is not read.
    #[error("{name} is not read: convert it to jpeg, png or webp, then upload it again")]
    UnreadFormat {
        /// The format's name.
        name: &'static str,
    },
    /// An image of a format that [`crate::Limits::formats`] has not.
    #[error(
        "{format} is off in this deployment, which reads {on}: convert it, or add {format} to the parameter formats"
    )]
    FormatOff {
        /// The format.
        format: ImageFormat,
        /// What is on.
        on: Formats,
    },
    /// A well-formed image of a kind that is not decoded.
    #[error("{format} with {what} is not supported: convert it, then upload it again")]
    Unsupported {
        /// The format.
        format: ImageFormat,
        /// The kind within the format.
        what: Cow<'static, str>,
    },
    /// The header goes on past the bytes that were given.
    #[error("{format} header needs {needed_bytes} bytes, {have_bytes} were given: read more of the file")]
    HeaderBeyondPrefix {
        /// The format.
        format: ImageFormat,
        /// At least this much of the file is needed.
        needed_bytes: u64,
        /// What was given.
        have_bytes: u64,
    },
    /// The file breaks the rules of its format, or ends before half of its rows.
    #[error("{format} is damaged")]
    Corrupt {
        /// The format.
        format: ImageFormat,
        /// Where it is damaged.
        #[source]
        cause: Damage,
    },
    /// More pixels than the limit.
    #[error(
        "image is {width_px}x{height_px}, {pixels} pixels, the limit is {limit_pixels}: raise max_pixels or shrink it"
    )]
    TooManyPixels {
        /// As stored.
        width_px: u32,
        /// As stored.
        height_px: u32,
        /// Their product.
        pixels: u64,
        /// [`crate::Limits::max_pixels`].
        limit_pixels: u64,
    },
    /// One side longer than the limit.
    #[error("image is {width_px}x{height_px}, the limit is {limit_px} on a side: raise max_side_px or shrink it")]
    SideTooLong {
        /// As stored.
        width_px: u32,
        /// As stored.
        height_px: u32,
        /// [`crate::Limits::max_side_px`].
        limit_px: u32,
    },
    /// More bytes than the limit.
    #[error("image has more than {limit_bytes} bytes: raise max_source_bytes or compress it")]
    SourceTooLarge {
        /// [`crate::Limits::max_source_bytes`].
        limit_bytes: u64,
    },
    /// The plan does not fit the memory; a larger tier may take it.
    #[error("image needs {needed_bytes} bytes of memory, the budget is {budget_bytes}: give it to a larger tier")]
    OverBudget {
        /// [`crate::Plan::peak_bytes`].
        needed_bytes: u64,
        /// [`crate::Limits::budget_bytes`].
        budget_bytes: u64,
    },
    /// Drawing it takes more time than any file gets, in whatever tier.
    #[error("drawing this {format} takes more than {limit_s} s of CPU: simplify it, then upload it again")]
    TooSlow {
        /// The format.
        format: ImageFormat,
        /// What a file may take, in seconds of CPU.
        limit_s: u64,
    },
    /// A thumbnail in a format that this build does not write; no file has one then.
    #[error(
        "thumbnail `{variant}` is to be {format}, which this build does not write: build it with feature \
         `avif-output`, or write webp"
    )]
    NotWritten {
        /// The variant's name.
        variant: String,
        /// What it was to become.
        format: &'static str,
    },
    /// A thumbnail could not be written; a fault of this crate, not of the image.
    #[error("encoding thumbnail `{variant}` as {extension} failed: report it with the image")]
    Encode {
        /// The variant's name.
        variant: String,
        /// What it was to become.
        extension: &'static str,
        /// The encoder's reason.
        #[source]
        cause: EncodeFault,
    },
}

/// Where a file is damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A field of the header has a value that its format does not allow.
    #[error("{field} is {value}")]
    Header {
        /// The field, in the words of the format's specification.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// The file ends too early.
    #[error("file ends after {rows} of {rows_expected} rows: at least half are needed")]
    TooFewRows {
        /// Rows that were decoded.
        rows: u32,
        /// Rows that the header promised.
        rows_expected: u32,
    },
    /// The file ends within its header.
    #[error("file ends within its header, after {bytes} bytes")]
    HeaderEnds {
        /// Its length.
        bytes: u64,
    },
    /// The file ends before the length that it says it has, and its format gives nothing of it.
    #[error("file ends after {bytes} of {bytes_expected} bytes")]
    Ends {
        /// Its length.
        bytes: u64,
        /// What its header says.
        bytes_expected: u64,
    },
    /// The decoder refuses it without a word.
    #[error("pixels cannot be decoded")]
    Unreadable,
    /// The decoder's own words.
    #[error("decoder stopped")]
    Decoder(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What an encoder said.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EncodeFault(pub(crate) Box<dyn std::error::Error + Send + Sync>);

impl EngineError {
    /// The name in outcomes, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Source { .. } => "source",
            Self::NotAnImage { .. } => "not_an_image",
            Self::UnreadFormat { .. } => "unsupported",
            Self::Unsupported { .. } => "unsupported",
            Self::FormatOff { .. } => "format_off",
            Self::HeaderBeyondPrefix { .. } => "header_beyond_prefix",
            Self::Corrupt { .. } => "corrupt",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::SideTooLong { .. } => "side_too_long",
            Self::SourceTooLarge { .. } => "source_too_large",
            Self::OverBudget { .. } => "over_budget",
            Self::TooSlow { .. } => "too_slow",
            Self::NotWritten { .. } => "not_written",
            Self::Encode { .. } => "encode",
        }
    }

    /// Whether the same call may succeed later; false means that the answer is final.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Source { .. })
    }

    pub(crate) fn not_an_image(bytes: &[u8]) -> Self {
        let head: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self::NotAnImage { head: if head.is_empty() { "no byte".to_owned() } else { head.join(" ") } }
    }

    pub(crate) fn header(format: ImageFormat, field: &'static str, value: impl Into<u64>) -> Self {
        Self::Corrupt { format, cause: Damage::Header { field, value: value.into() } }
    }

    pub(crate) const fn ends(format: ImageFormat, bytes: u64, bytes_expected: u64) -> Self {
        Self::Corrupt { format, cause: Damage::Ends { bytes, bytes_expected } }
    }

    pub(crate) fn decoder(format: ImageFormat, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Corrupt { format, cause: Damage::Decoder(cause.into()) }
    }

    pub(crate) fn unsupported(format: ImageFormat, what: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported { format, what: what.into() }
    }
}
