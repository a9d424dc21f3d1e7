//! Which formats a deployment reads: all, or those of its parameter `formats`.

use std::fmt;

use super::ImageFormat;

/// A set of formats, in the order of [`ImageFormat::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats(u64);

/// A word in the parameter `formats` that names no format.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("formats has `{word}`: expected any of {}, by commas", ImageFormat::names())]
pub struct BadFormats {
    /// As written.
    pub word: String,
}

impl Formats {
    /// Every format.
    pub const ALL: Self = Self(u64::MAX >> (u64::BITS as usize - ImageFormat::ALL.len()));

    /// The formats that `text` names, by commas; without a name it is every format.
    ///
    /// # Errors
    /// [`BadFormats`].
    pub fn parse(text: &str) -> Result<Self, BadFormats> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let formats = words.map(|word| {
            let found = ImageFormat::ALL.into_iter().find(|format| format.name() == word);
            found.ok_or_else(|| BadFormats { word: word.to_owned() })
        });
        let formats = formats.collect::<Result<Vec<_>, _>>()?;
        Ok(if formats.is_empty() { Self::ALL } else { formats.into_iter().fold(Self(0), Self::with) })
    }

    const fn with(self, format: ImageFormat) -> Self {
        Self(self.0 | 1 << format as u32)
    }

    /// The same without `format`.
    #[must_use]
    pub const fn without(self, format: ImageFormat) -> Self {
        Self(self.0 & !(1 << format as u32))
    }

    /// Those that both have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `format` is on.
    #[must_use]
    pub const fn contains(self, format: ImageFormat) -> bool {
        self.0 & 1 << format as u32 != 0
    }

    /// Each that is on.
    pub fn iter(self) -> impl Iterator<Item = ImageFormat> {
        ImageFormat::ALL.into_iter().filter(move |format| self.contains(*format))
    }
}

impl fmt::Display for Formats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.iter().map(ImageFormat::name).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_what_is_on_and_none_is_all() {
        let formats = Formats::parse(" png,jpeg ,").unwrap();
        assert_eq!(formats.to_string(), "jpeg, png");
        assert!(formats.contains(ImageFormat::Png) && !formats.contains(ImageFormat::Psd));
        assert_eq!(Formats::parse(""), Ok(Formats::ALL));
        assert_eq!(Formats::ALL.iter().count(), ImageFormat::ALL.len());
        assert!(!Formats::ALL.without(ImageFormat::Heic).contains(ImageFormat::Heic));
        assert_eq!(formats.and(Formats::ALL.without(ImageFormat::Png)).to_string(), "jpeg");
    }

    #[test]
    fn a_word_that_is_no_format_is_named() {
        let words = Formats::parse("jpeg,jpg").unwrap_err().to_string();
        assert!(words.starts_with("formats has `jpg`: expected any of jpeg, png, "), "{words}");
    }
}
