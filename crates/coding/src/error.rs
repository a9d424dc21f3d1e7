//! Why a body gives no file, and what was wrong with one that did.

use std::io;

/// Why a body gives no file. Every variant but `Read` is final.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodingError {
    /// The reader failed, not the body: the one variant that a caller retries.
    #[error("reading the first bytes of the body")]
    Read(#[source] io::Error),
    /// A coding that is not decoded, or several, one in the other.
    #[error(
        "Content-Encoding is `{codings}`, of which gzip and br are decoded, one at a time: upload the image as it is, \
         without Content-Encoding"
    )]
    Unsupported {
        /// As the header says it.
        codings: String,
    },
    /// Brotli with a window of more than 16 MiB, which RFC 7932 does not know.
    #[error(
        "Content-Encoding is `br` with a window of more than {limit_bytes} bytes: compress it without --large_window"
    )]
    LargeWindow {
        /// The largest window of RFC 7932.
        limit_bytes: u64,
    },
    /// It is damaged, or ends, before it gives the first bytes of an image.
    #[error("Content-Encoding is `{coding}`, but the body cannot be decoded: upload the image again")]
    Corrupt {
        /// `gzip` or `br`.
        coding: &'static str,
        /// Where the decoder stopped.
        #[source]
        cause: io::Error,
    },
}

impl CodingError {
    /// The name in outcomes, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Read(_) => "source",
            Self::Unsupported { .. } | Self::LargeWindow { .. } => "unsupported_encoding",
            Self::Corrupt { .. } => "corrupt_encoding",
        }
    }
}

/// What was wrong with a body whose image was made all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Its header names a coding, and its bytes are not encoded.
    Ignored,
    /// It ends early or is damaged, or its checksum is another; perhaps behind the image.
    Damaged,
}

impl Warning {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ignored => "encoding_ignored",
            Self::Damaged => "encoding_damaged",
        }
    }
}
