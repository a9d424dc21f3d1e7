//! Which part of an image stays where its box is filled and the rest cut off.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What `Fit::Cover` keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// The middle.
    #[default]
    Centre,
    /// Where edges, saturated colours and skin are.
    Attention,
    /// Where most is to be seen, by the entropy of its levels.
    Entropy,
    /// What the upload says; not of `thumbnails.json`.
    #[serde(skip)]
    Focus(Focus),
}

impl Gravity {
    pub(crate) const fn is_centre(&self) -> bool {
        matches!(self, Self::Centre)
    }
}

/// A point of an image as it is seen, after its orientation is applied: parts of its width and height from the upper
/// left, in ten thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Focus {
    /// From the left, 0 to 10,000.
    pub x: u16,
    /// From the top, 0 to 10,000.
    pub y: u16,
}

/// A value that names no point of an image.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("focus is `{text}`: expected two numbers from 0 to 1, from the left and from the top, e.g. 0.3,0.4")]
pub struct BadFocus {
    /// As written.
    pub text: String,
}

impl FromStr for Focus {
    type Err = BadFocus;

    fn from_str(text: &str) -> Result<Self, BadFocus> {
        let part = |text: &str| {
            let text = text.trim();
            // `parse` takes more: signs, exponents, `inf` and `nan`.
            let is_plain = text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let part = text.parse::<f64>().ok().filter(|part| is_plain && (0.0..=1.0).contains(part))?;
            Some((part * 10_000.0).round() as u16)
        };
        let point = text.split_once(',').and_then(|(x, y)| Some(Self { x: part(x)?, y: part(y)? }));
        point.ok_or_else(|| BadFocus { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_focus_is_two_parts_of_one() {
        let check = |text: &str, want| assert_eq!(text.parse().ok(), want, "{text}");
        check("0.3,0.4", Some(Focus { x: 3000, y: 4000 }));
        check(" 1 , 0 ", Some(Focus { x: 10_000, y: 0 }));
        check(".5,1.0", Some(Focus { x: 5000, y: 10_000 }));
        for bad in ["", "0.3", "0.3,0.4,0.5", "1.1,0", "-0.1,0", "nan,0", "1e-1,0", "+0.1,0", "30%,40%", ",", "a,b"] {
            check(bad, None);
        }
        let words = "left".parse::<Focus>().unwrap_err().to_string();
        assert!(words.contains("focus is `left`: expected two numbers"), "{words}");
    }
}
