//! Where thumbnails are on the web, and how long caches show them. Pure.

use contract::Thumbnails;

use super::Check;

/// A key with what a URL writes otherwise.
const SAMPLE_KEY: &str = "holiday/red flower+1.jpg";

/// The pattern of their URLs, with an example. `cdn` is `None` where no template was read.
pub(super) fn check(thumbnails: &Thumbnails, cdn: Option<bool>) -> Check {
    let keys = thumbnails.keys_of(SAMPLE_KEY);
    let example = escaped(keys.first().map_or("", String::as_str));
    let caches = caches(&thumbnails.cache_control);
    let pattern = &thumbnails.key;
    let message = match cdn {
        Some(true) => format!("CdnUrl/{pattern}, as https://….cloudfront.net/{example}; {caches}"),
        Some(false) | None => {
            format!("BUCKET/{pattern}, as …/{example}, for whoever may read it, or all with cdn=on; {caches}")
        }
    };
    Check::ok("urls", message)
}

/// What Cache-Control means for an image that is uploaded again under its key.
fn caches(cache_control: &str) -> String {
    let directive = |name: &str| {
        let mut directives = cache_control.split(',').map(str::trim);
        directives.find_map(|one| one.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
    };
    if cache_control.contains("immutable") {
        return "caches never ask again: right where a key is never uploaded twice".to_owned();
    }
    match directive("s-maxage").or_else(|| directive("max-age")) {
        Some(seconds) => {
            format!("an image that is uploaded again under its key is shown as it was for up to {seconds} s")
        }
        None => "caches decide for themselves how long they show a thumbnail: give cache_control a max-age".to_owned(),
    }
}

/// As a path of a URL. Source: RFC 3986, section 3.3.
fn escaped(key: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    key.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_an_example_that_a_browser_takes() {
        let thumbnails = Thumbnails::builtin().unwrap();
        let message = check(&thumbnails, Some(true)).message;
        assert!(message.contains("CdnUrl/{key}/{variant}.{ext}"), "{message}");
        assert!(message.contains("cloudfront.net/holiday/red%20flower%2B1.jpg/128x128.jpg"), "{message}");
        assert!(message.contains("up to 86400 s"), "{message}");
        assert!(check(&thumbnails, Some(false)).message.contains("cdn=on"));
    }

    #[test]
    fn caches_are_told_in_words() {
        let check = |cache_control: &str, want: &str| assert!(caches(cache_control).contains(want), "{cache_control}");
        check("public, max-age=60, stale-while-revalidate=86400", "up to 60 s");
        check("public, max-age=60, s-maxage=5", "up to 5 s");
        check("public, max-age=31536000, immutable", "never uploaded twice");
        check("", "decide for themselves");
    }
}
