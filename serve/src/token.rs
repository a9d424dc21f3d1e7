//! Where the token of a request may stand. Pure.

use std::borrow::Cow;

/// `authorization` with the password of `Basic` as the token of `Bearer`: Ceph can name a secret in an endpoint's URL only,
/// as `https://thumbtier:TOKEN@host/events`. The user's name may be any.
///
/// **Source:** RFC 7617, section 2.
pub(crate) fn as_bearer(authorization: &str) -> Cow<'_, str> {
    match password(authorization) {
        Some(password) => Cow::Owned(format!("Bearer {password}")),
        None => Cow::Borrowed(authorization),
    }
}

fn password(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let credentials = scheme.eq_ignore_ascii_case("basic").then(|| decoded(credentials.trim()))??;
    let (_, password) = credentials.split_once(':')?;
    Some(password.to_owned())
}

/// The text that base64 stands for.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for symbol in text.trim_end_matches('=').bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_basic_is_a_token() {
        for (authorization, want) in [
            ("Bearer secret", "Bearer secret"),
            // "thumbtier:secret", "thumbtier:a:b", ":ü".
            ("Basic dGh1bWJ0aWVyOnNlY3JldA==", "Bearer secret"),
            ("basic dGh1bWJ0aWVyOmE6Yg==", "Bearer a:b"),
            ("Basic OsO8", "Bearer ü"),
            // "secret" without a user, no base64, no UTF-8.
            ("Basic c2VjcmV0", "Basic c2VjcmV0"),
            ("Basic a%b", "Basic a%b"),
            ("Basic Ov8=", "Basic Ov8="),
            ("Basic", "Basic"),
            ("", ""),
        ] {
            assert_eq!(as_bearer(authorization), want);
        }
    }
}
