//! Headers of a request, read. Pure.

use std::time::Duration;

/// How long a request may wait for its thumbnail: API Gateway gives up after 30 s.
const MAX_WAIT: Duration = Duration::from_secs(25);

/// How long the asker would wait, from `Prefer: wait=20`; `None` if not at all. No longer than 25 s.
///
/// **Source:** RFC 7240, section 4.3.
///
/// # Errors
/// The sentence for what is no number of seconds.
pub(crate) fn wait(prefer: &str) -> Result<Option<Duration>, String> {
    let mut preferences = prefer.split([',', ';']).map(str::trim);
    let Some(seconds) = preferences.find_map(|preference| preference.strip_prefix("wait=")) else { return Ok(None) };
    let parsed: Result<u64, _> = seconds.trim().parse();
    let seconds = parsed.map_err(|_| {
        format!("the header Prefer has wait=`{seconds}`: expected seconds, 1 to {}", MAX_WAIT.as_secs())
    })?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds).min(MAX_WAIT)))
}

/// Whether `If-None-Match` names `etag`.
///
/// **Source:** RFC 9110, section 13.1.2: weak comparison.
pub(crate) fn matches(if_none_match: &str, etag: &str) -> bool {
    let mut have = if_none_match.split(',').map(str::trim);
    have.any(|have| have == "*" || have.strip_prefix("W/").unwrap_or(have) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_would_wait_says_so() {
        let check = |prefer, want: Option<u64>| assert_eq!(wait(prefer), Ok(want.map(Duration::from_secs)), "{prefer}");
        check("", None);
        check("respond-async", None);
        check("wait=20", Some(20));
        check("respond-async, wait=5", Some(5));
        check("wait=0", None);
        check("wait=9000", Some(25));
        assert!(wait("wait=soon").unwrap_err().contains("wait=`soon`"));
    }

    #[test]
    fn an_etag_is_recognised_in_a_list() {
        let check = |header, want| assert_eq!(matches(header, "\"a\""), want, "{header}");
        check("\"a\"", true);
        check("W/\"a\"", true);
        check("\"b\", \"a\"", true);
        check("*", true);
        check("\"b\"", false);
        check("a", false);
    }
}
