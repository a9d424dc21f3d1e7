//! Which keys may be uploaded over HTTP, and how they stand in URLs. Pure.
//!
//! S3 itself takes any UTF-8 of up to 1,024 bytes. Over HTTP a key is also a path, and others read it as one.

use contract::{Ending, MAX_KEY_BYTES, OWN_PREFIX, Thumbnails};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Why a key is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKey {
    #[error("the key is empty: name the object, as in /images/cat.jpg")]
    Empty,
    #[error("the key has {bytes} bytes, this deployment allows {limit_bytes}: shorten it")]
    TooLong { bytes: usize, limit_bytes: usize },
    #[error("the key has a segment `{segment}`: a path through folders cannot be a key here, remove it")]
    Segment { segment: String },
    #[error("the key has the character U+{code:04X}: control characters, `\\`, `?` and `#` cannot stand in a key here")]
    Character { code: u32 },
    #[error("the key is `{key}`: this deployment takes keys that begin with {prefixes}")]
    Prefix { key: String, prefixes: String },
}

/// Checks a decoded key, against `prefixes` too unless there are none.
///
/// # Errors
/// [`BadKey`], with what is wrong and what would be right.
pub(crate) fn check(key: &str, prefixes: &[String], thumbnails: &Thumbnails) -> Result<(), BadKey> {
    if key.is_empty() {
        return Err(BadKey::Empty);
    }
    let limit_bytes = longest(thumbnails);
    if key.len() > limit_bytes {
        return Err(BadKey::TooLong { bytes: key.len(), limit_bytes });
    }
    // `?` and `#`: API Gateway cuts a path at them after it has decoded it, so such a key would arrive as another.
    if let Some(character) = key.chars().find(|character| character.is_control() || r"\?#".contains(*character)) {
        return Err(BadKey::Character { code: character.into() });
    }
    if let Some(segment) = key.split('/').find(|segment| matches!(*segment, "" | "." | "..")) {
        return Err(BadKey::Segment { segment: segment.to_owned() });
    }
    let is_allowed = prefixes.is_empty() || prefixes.iter().any(|prefix| key.starts_with(prefix));
    if key.starts_with(OWN_PREFIX) || !is_allowed {
        let prefixes = if prefixes.is_empty() { format!("anything but `{OWN_PREFIX}`") } else { prefixes.join(", ") };
        return Err(BadKey::Prefix { key: key.to_owned(), prefixes });
    }
    Ok(())
}

/// The longest key whose thumbnails and ending all have keys that S3 allows, in bytes.
pub(crate) fn longest(thumbnails: &Thumbnails) -> usize {
    let of_thumbnails = thumbnails.all_variants().flat_map(|variant| thumbnails.keys_of_variant("", variant));
    let of_ending = Ending::key_of("");
    let longest = of_thumbnails.chain(of_ending).map(|key| key.len()).max().unwrap_or_default();
    MAX_KEY_BYTES - longest
}

/// What needs no escape in a path beside letters and digits. Source: RFC 3986, section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same, and the slashes of a key.
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'/');

/// `prefix` and the key, as a path for a URL.
pub(crate) fn path(prefix: &str, key: &str) -> String {
    format!("{prefix}{}", utf8_percent_encode(key, ESCAPED_IN_PATH))
}

/// As a value in a query.
pub(crate) fn query(value: &str) -> String {
    utf8_percent_encode(value, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_name_and_nothing_else() {
        let thumbnails = Thumbnails::builtin().unwrap();
        let check = |key: &str, want: &str| {
            let got = super::check(key, &[], &thumbnails).map_err(|error| error.to_string());
            match got {
                Ok(()) => assert_eq!(want, "", "{key}"),
                Err(message) => assert!(!want.is_empty() && message.contains(want), "{key}: {message}"),
            }
        };
        for good in ["cat.jpg", "a b/ü+%.png", "写真/..hidden", "a/.b/c", "{key}", "quote\"s'&=.jpg", "-rf", "~"] {
            check(good, "");
        }
        check("", "empty");
        check("../cat.jpg", "segment `..`");
        check("a/./b", "segment `.`");
        check("/cat.jpg", "segment ``");
        check("a//b", "segment ``");
        check("folder/", "segment ``");
        check("a\0b", "U+0000");
        check("a\r\nb", "U+000D");
        check("a\u{85}b", "U+0085");
        check(r"a\b", "U+005C");
        check("a?b", "U+003F");
        check("a#b", "U+0023");
        check(".thumbtier/endings/a", "begin with anything but `.thumbtier/`");
        check(&"k".repeat(1005), "");
        check(&"k".repeat(1006), "has 1006 bytes, this deployment allows 1005");
    }

    #[test]
    fn only_allowed_prefixes_are_taken() {
        let thumbnails = Thumbnails::builtin().unwrap();
        let prefixes = ["public/".to_owned(), "users/".to_owned()];
        assert_eq!(check("users/1/cat.jpg", &prefixes, &thumbnails), Ok(()));
        let message = check("cat.jpg", &prefixes, &thumbnails).unwrap_err().to_string();
        assert!(message.ends_with("begin with public/, users/"), "{message}");
    }

    #[test]
    fn urls_are_escaped_as_paths_are() {
        assert_eq!(path("/thumbnails/", "a b/ü+%.png"), "/thumbnails/a%20b/%C3%BC%2B%25.png");
        assert_eq!(query("\"a/b\""), "%22a%2Fb%22");
    }
}
