//! Object keys: how S3 writes them in events, and what a thumbnail's key is.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The longest object key, in bytes of UTF-8.
///
/// Source: Amazon S3 user guide, "Naming Amazon S3 objects".
pub const MAX_KEY_BYTES: usize = 1024;

/// A key that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The percent-encoded bytes of an event's key are not UTF-8, which S3 never sends.
    #[error("event key `{encoded}` does not decode to UTF-8")]
    NotUtf8 {
        /// The key as the event has it.
        encoded: String,
    },
    /// The key of something that is stored beside the source would be longer than S3 allows.
    #[error(
        "thumbnail key would have {bytes} bytes, S3 allows {MAX_KEY_BYTES}: shorten the key template or the source key"
    )]
    TooLong {
        /// The length it would have.
        bytes: usize,
    },
}

/// The object key that `encoded`, the `key` of an S3 event, stands for.
///
/// S3 form-encodes it: a space arrives as `+`, a plus as `%2B`, everything non-ASCII as percent-encoded UTF-8.
/// Source: Amazon S3 user guide, "Event message structure".
///
/// # Errors
/// [`KeyError::NotUtf8`].
pub fn decode_event_key(encoded: &str) -> Result<String, KeyError> {
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| KeyError::NotUtf8 { encoded: encoded.to_owned() })
}

/// What [`encode_event_key`] leaves as it is, beside letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');

/// `key` as it stands in an event or in a manifest of S3 Batch Operations: the opposite of [`decode_event_key`].
///
/// A space becomes `%20`, which those who know no `+` read rightly too.
#[must_use]
pub fn encode_event_key(key: &str) -> String {
    utf8_percent_encode(key, PLAIN).to_string()
}

/// The key of a thumbnail: `template` with `{key}`, `{variant}` and `{ext}` filled in, each once from left to right,
/// so that braces inside a source key stay what they are.
///
/// # Errors
/// [`KeyError::TooLong`].
pub fn thumbnail_key(template: &str, key: &str, variant: &str, extension: &str) -> Result<String, KeyError> {
    in_one_key(fill(template, key, variant, extension))
}

/// `key`, if S3 allows one that long.
pub(crate) fn in_one_key(key: String) -> Result<String, KeyError> {
    if key.len() > MAX_KEY_BYTES {
        return Err(KeyError::TooLong { bytes: key.len() });
    }
    Ok(key)
}

pub(crate) fn fill(template: &str, key: &str, variant: &str, extension: &str) -> String {
    let mut filled = String::with_capacity(template.len() + key.len());
    let mut rest = template;
    while let Some(brace) = rest.find('{') {
        filled.push_str(&rest[..brace]);
        rest = &rest[brace..];
        let placeholders = [("{key}", key), ("{variant}", variant), ("{ext}", extension)];
        let (width, value) = placeholders
            .into_iter()
            .find(|(name, _)| rest.starts_with(name))
            .map_or((1, "{"), |(name, value)| (name.len(), value));
        filled.push_str(value);
        rest = &rest[width..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_keys_decode_as_s3_encodes_them() {
        let check = |encoded, want: &str| assert_eq!(decode_event_key(encoded).unwrap(), want);
        check("plain.jpg", "plain.jpg");
        check("red+flower%2B1.jpg", "red flower+1.jpg");
        check("a%2Fb/c%252F.png", "a/b/c%2F.png");
        check("%C3%BCber/%E5%86%99%E7%9C%9F", "über/写真");
        check("100%25+done", "100% done");
        assert_eq!(decode_event_key("%FF"), Err(KeyError::NotUtf8 { encoded: "%FF".into() }));
    }

    #[test]
    fn an_encoded_key_decodes_to_itself_and_has_nothing_that_a_line_of_csv_could_trip_over() {
        assert_eq!(encode_event_key("a-b_c.d/e f+ü%,\"\n"), "a-b_c.d/e%20f%2B%C3%BC%25%2C%22%0A");
        for key in ["plain.jpg", "red flower+1.jpg", "100% done", "über/写真", "line\nbreak,\"quoted\"", "\u{1}"] {
            assert_eq!(decode_event_key(&encode_event_key(key)).as_deref(), Ok(key));
        }
    }

    #[test]
    fn thumbnail_keys_fill_the_template_once() {
        let check =
            |template, key, want: &str| assert_eq!(thumbnail_key(template, key, "128x128", "jpg").unwrap(), want);
        check("{key}/{variant}.{ext}", "cat.png", "cat.png/128x128.jpg");
        check("t/{variant}/{key}", "a b/ü", "t/128x128/a b/ü");
        check("{key}/{variant}.{ext}", "{variant}", "{variant}/128x128.jpg");
        check("{key}/{{variant}}", "k", "k/{128x128}");
    }

    #[test]
    fn a_key_longer_than_s3_allows_is_refused_with_its_length() {
        let key = "k".repeat(1024);
        assert_eq!(thumbnail_key("{key}/{variant}", &key, "v", ""), Err(KeyError::TooLong { bytes: 1026 }));
    }
}
