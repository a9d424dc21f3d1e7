//! What a Content-Encoding says of the bytes that are stored.

/// How a body is encoded, by its Content-Encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// Not at all: there is no header, or it says `identity` or `aws-chunked`.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// Anything else, as the header says it: a coding that is not decoded, or several, one in the other.
    Other(String),
}

impl ContentEncoding {
    /// Of the header's value; case and blanks do not matter.
    ///
    /// `aws-chunked` is how the SDK sends a body, not how S3 stores it; stores other than S3 keep the word.
    /// `x-gzip` is another name of `gzip`.
    ///
    /// **Source:** RFC 9110, 8.4.1, "Content Codings"; Amazon S3 API reference, "Signature Calculations for the
    /// Authorization Header: Transferring Payload in Multiple Chunks".
    #[must_use]
    pub fn from_header(value: Option<&str>) -> Self {
        // Nearly every object.
        let Some(value) = value else { return Self::Identity };
        let codings = value.split(',').map(|coding| coding.trim().to_ascii_lowercase());
        let codings: Vec<_> =
            codings.filter(|coding| !matches!(coding.as_str(), "" | "identity" | "aws-chunked")).collect();
        match codings.as_slice() {
            [] => Self::Identity,
            [one] if matches!(one.as_str(), "gzip" | "x-gzip") => Self::Gzip,
            [one] if one == "br" => Self::Brotli,
            _ => Self::Other(codings.join(", ")),
        }
    }
}

impl std::fmt::Display for ContentEncoding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Other(codings) => codings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_one_coding_or_none() {
        let check = |value, want| assert_eq!(ContentEncoding::from_header(value), want, "{value:?}");
        for nothing in ["", " ", "identity", "aws-chunked", "AWS-Chunked, identity", ","] {
            check(Some(nothing), ContentEncoding::Identity);
        }
        check(None, ContentEncoding::Identity);
        for gzip in ["gzip", "GZip", "x-gzip", "gzip,aws-chunked", "aws-chunked, gzip", " gzip ,"] {
            check(Some(gzip), ContentEncoding::Gzip);
        }
        check(Some("br,aws-chunked"), ContentEncoding::Brotli);
        for other in ["deflate", "zstd", "utf-8", "base64", "gzip, gzip", "gzip, br"] {
            check(Some(other), ContentEncoding::Other(other.to_owned()));
        }
    }
}
