//! What thresholds are measured for: the variants of every image, as far as they cost time and memory.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Effort, Fit, Gravity, OutputFormat, Thumbnails, Variant};

/// The variants of an image in words, such as `128x128 inside auto 80 + 512x512 inside auto 80`: box, fit, format and
/// quality of each.
///
/// Names, keys and Cache-Control cost nothing, nor does the order: two lists of the same set are equal. Unlike
/// [`Thumbnails::spec`] it can be read by a person, who has to see what a table was measured for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariantSet(String);

impl VariantSet {
    /// Of these variants.
    #[must_use]
    pub fn of(variants: &[Variant]) -> Self {
        let mut words: Vec<String> = variants.iter().map(words).collect();
        words.sort_unstable();
        Self(words.join(" + "))
    }

    /// Why thresholds that were measured for `measured`, if that is known, are not for this set; `None` if they are.
    #[must_use]
    pub fn mismatch(&self, measured: Option<&Self>) -> Option<String> {
        match measured {
            Some(measured) if measured == self => None,
            Some(measured) => Some(format!(
                "the thresholds were measured for `{measured}`, not for `{self}`: other thumbnails take other time and \
                 memory, so run `make calibrate` and deploy again"
            )),
            None => Some(format!(
                "the table does not say what its thresholds were measured for (`measured_for`), so perhaps not for \
                 `{self}`: run `make calibrate` and deploy again"
            )),
        }
    }
}

impl fmt::Display for VariantSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Thumbnails {
    /// What thresholds for this list have to be measured for.
    #[must_use]
    pub fn set(&self) -> VariantSet {
        VariantSet::of(&self.variants)
    }
}

/// As `thumbnails.json` spells them.
fn words(variant: &Variant) -> String {
    let Variant { width_px, height_px, fit, format, quality, gravity, effort, animated, .. } = variant;
    let fit = match fit {
        Fit::Inside => "inside",
        Fit::Cover => "cover",
        Fit::Contain => "contain",
        Fit::Fill => "fill",
    };
    let format = format.name();
    let gravity = match (variant.fit, gravity) {
        (Fit::Cover, Gravity::Attention) => " attention",
        (Fit::Cover, Gravity::Entropy) => " entropy",
        _ => "",
    };
    let effort = match (variant.format, effort) {
        (OutputFormat::Auto | OutputFormat::Jpeg, Effort::Small) => " small",
        _ => "",
    };
    let frames = animated.map(|animated| format!(" animated {}", animated.max_frames)).unwrap_or_default();
    format!("{width_px}x{height_px} {fit} {format} {quality}{gravity}{effort}{frames}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(variants: &[(u32, &str)]) -> VariantSet {
        let variants: Vec<String> = variants
            .iter()
            .map(|(side, rest)| format!(r#"{{"width_px":{side},"height_px":{side},"format":"auto",{rest}}}"#))
            .collect();
        let json = format!(
            r#"{{"key":"{{key}}/{{variant}}","cache_control":"no-cache","variants":[{}]}}"#,
            variants.join(",")
        );
        Thumbnails::parse(&json).unwrap().set()
    }

    const A: &str = r#""name":"a","fit":"inside","quality":80"#;
    const B: &str = r#""name":"b","fit":"inside","quality":80"#;

    #[test]
    fn what_costs_is_in_the_words_and_what_does_not_is_not() {
        assert_eq!(set(&[(128, A)]).to_string(), "128x128 inside auto 80");
        assert_eq!(set(&[(512, A), (128, B)]).to_string(), "128x128 inside auto 80 + 512x512 inside auto 80");
        assert_eq!(set(&[(512, A), (128, B)]), set(&[(128, A), (512, B)]));
        assert_ne!(set(&[(128, A)]), set(&[(128, r#""name":"a","fit":"cover","quality":80"#)]));
        assert_ne!(set(&[(128, A)]), set(&[(128, r#""name":"a","fit":"inside","quality":81"#)]));
        let small = set(&[(128, r#""name":"a","fit":"inside","quality":80,"effort":"small""#)]);
        assert_eq!(small.to_string(), "128x128 inside auto 80 small");
    }

    #[test]
    fn words_are_spelled_as_in_the_file() {
        for word in ["inside", "cover", "contain", "fill"] {
            let rest = format!(r#""name":"a","quality":80,"fit":"{word}""#);
            assert_eq!(set(&[(9, &rest)]).to_string(), format!("9x9 {word} auto 80"));
        }
        for word in ["auto", "jpeg", "png", "webp", "avif", "gif"] {
            let format: OutputFormat = serde_json::from_value(word.into()).unwrap();
            let variant = Variant { format, ..Thumbnails::builtin().unwrap().variants.remove(0) };
            assert_eq!(VariantSet::of(&[variant]).to_string(), format!("128x128 inside {word} 80"));
        }
    }

    #[test]
    fn a_mismatch_names_both_and_what_to_run() {
        let (one, two) = (set(&[(128, A)]), set(&[(2048, A)]));
        assert_eq!(one.mismatch(Some(&one)), None);
        let words = two.mismatch(Some(&one)).unwrap();
        assert!(words.contains("`128x128 inside auto 80`, not for `2048x2048 inside auto 80`"), "{words}");
        assert!(words.contains("make calibrate") && two.mismatch(None).unwrap().contains("make calibrate"));
    }
}
