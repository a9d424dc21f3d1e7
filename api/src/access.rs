//! Who may ask. Pure.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How requests are authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// By a bearer token, known by its SHA-256.
    ///
    /// The token itself is in SSM only, as a SecureString. It is 256 random bits, so nobody finds it by its digest, and
    /// the function needs neither a right to read it nor a call to SSM at its start.
    Token {
        /// The digest.
        sha256: [u8; 32],
    },
    /// By API Gateway, before the function is invoked: IAM or a JWT.
    Gateway {
        /// `iam` or `jwt`.
        name: String,
    },
}

impl Access {
    /// The name in `GET /settings`: `token`, `iam` or `jwt`.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Token { .. } => "token",
            Self::Gateway { name } => name,
        }
    }

    /// Whether the value of a request's `Authorization` opens the door.
    ///
    /// In constant time, and of digests: neither length nor content of a wrong token changes how long it takes.
    #[must_use]
    pub fn allows(&self, authorization: Option<&str>) -> bool {
        let Self::Token { sha256 } = self else { return true };
        let Some(token) = authorization.and_then(bearer) else { return false };
        Sha256::digest(token.as_bytes()).as_slice().ct_eq(sha256).into()
    }
}

/// The token after `Bearer`, whose case does not matter. Source: RFC 6750, section 2.1; RFC 9110, section 11.1.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 32 bytes from 64 hexadecimal digits.
#[must_use]
pub fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens_the_door() {
        let access = Access::Token { sha256: Sha256::digest(b"secret").into() };
        let check = |authorization, want| assert_eq!(access.allows(authorization), want, "{authorization:?}");
        check(Some("Bearer secret"), true);
        check(Some("bearer  secret"), true);
        check(Some("Bearer secret "), true);
        for wrong in ["Bearer secre", "Bearer secrets", "Bearer ", "Bearer", "Basic secret", "secret", ""] {
            check(Some(wrong), false);
        }
        check(None, false);
        assert!(Access::Gateway { name: "iam".into() }.allows(None));
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let hex = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        assert_eq!(digest(hex), Some(Sha256::digest(b"secret").into()));
        assert_eq!(digest(&hex[..63]), None);
        assert_eq!(digest(&hex.replace('2', "x")), None);
        assert_eq!(digest(&"ü".repeat(32)), None);
    }
}
