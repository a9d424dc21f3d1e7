//! When a smaller picture that a file carries stands in for its own.

use std::str::FromStr;

/// The parameter `previews`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreviewUse {
    /// Never.
    Never,
    /// Where the picture itself is unsupported, damaged, or over the largest tier's budget.
    #[default]
    Fallback,
    /// Also wherever it has pixels enough for every thumbnail.
    Prefer,
}

/// Another word in the parameter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("previews is `{word}`: expected never, fallback or prefer")]
pub struct BadPreviewUse {
    /// As written.
    pub word: String,
}

impl FromStr for PreviewUse {
    type Err = BadPreviewUse;

    fn from_str(word: &str) -> Result<Self, BadPreviewUse> {
        match word {
            "never" => Ok(Self::Never),
            "" | "fallback" => Ok(Self::Fallback),
            "prefer" => Ok(Self::Prefer),
            _ => Err(BadPreviewUse { word: word.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_has_three_words() {
        let uses = ["never", "fallback", "prefer", ""].map(|word| word.parse::<PreviewUse>().unwrap());
        assert_eq!(uses, [PreviewUse::Never, PreviewUse::Fallback, PreviewUse::Prefer, PreviewUse::default()]);
        let words = "on".parse::<PreviewUse>().unwrap_err().to_string();
        assert_eq!(words, "previews is `on`: expected never, fallback or prefer");
    }
}
