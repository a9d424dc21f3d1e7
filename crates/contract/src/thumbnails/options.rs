//! What a variant may ask for: how it fills its box, on which colour, in which format.

use serde::{Deserialize, Serialize};

/// How an image fills its variant's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// The whole image inside the box, its aspect ratio kept, never enlarged.
    Inside,
    /// The box filled, its aspect ratio kept, what stands out cut off evenly; never enlarged.
    Cover,
    /// As `Inside`, then padded to the box with the variant's background: every thumbnail has the box's size.
    Contain,
    /// Each side brought to the box's on its own, the aspect ratio given up; no side is ever enlarged.
    Fill,
}

/// The opaque colour that alpha is laid on where the output has none, and that `Fit::Contain` pads with.
///
/// In JSON `"#rrggbb"`; white where it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Background {
    /// Red, green and blue, in sRGB.
    pub rgb: [u8; 3],
}

impl Default for Background {
    fn default() -> Self {
        Self { rgb: [255; 3] }
    }
}

impl From<Background> for String {
    fn from(Background { rgb: [red, green, blue] }: Background) -> Self {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

impl TryFrom<String> for Background {
    type Error = BadBackground;

    fn try_from(text: String) -> Result<Self, BadBackground> {
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).ok_or(BadBackground { text })?;
        let [_, rgb @ ..] = number.to_be_bytes();
        Ok(Self { rgb })
    }
}

/// A background that is no colour.
#[derive(Debug, thiserror::Error)]
#[error("background is `{text}`: expected six hexadecimal digits, e.g. #ffffff")]
pub struct BadBackground {
    /// As written.
    pub text: String,
}

/// How much time a JPEG is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// The least time.
    #[default]
    Fast,
    /// Fewer bytes at the same quality, for more time; the file is progressive.
    Small,
}

impl Effort {
    pub(super) const fn is_fast(&self) -> bool {
        matches!(self, Self::Fast)
    }
}

/// What a thumbnail is encoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// JPEG for an opaque image, PNG for one with alpha.
    Auto,
    /// JPEG; alpha is laid on the variant's background.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// AVIF, of builds that have its encoder: fewer bytes than a JPEG, for far more CPU.
    Avif,
    /// GIF, of animations alone: JPEG and PNG are smaller and have more colours.
    Gif,
}

impl OutputFormat {
    /// The word in `thumbnails.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Gif => "gif",
        }
    }

    /// The extensions that a thumbnail may get, two only where the image's alpha decides.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Auto => &["jpg", "png"],
            Self::Jpeg => &["jpg"],
            Self::Png => &["png"],
            Self::Webp => &["webp"],
            Self::Avif => &["avif"],
            Self::Gif => &["gif"],
        }
    }
}
