//! `thumbnails.json`: which thumbnails are made of every image, and under which key they are stored.

use serde::{Deserialize, Serialize};

use crate::fnv1a;
use crate::keys::{fill, thumbnail_key};

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
}

impl OutputFormat {
    /// The extensions that a thumbnail may get, two only where the image's alpha decides.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Auto => &["jpg", "png"],
            Self::Jpeg => &["jpg"],
            Self::Png => &["png"],
            Self::Webp => &["webp"],
        }
    }
}

/// One thumbnail to make of every image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in keys, logs and messages: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The box's width, 1 to 4,096 pixels.
    pub width_px: u32,
    /// The box's height, 1 to 4,096 pixels.
    pub height_px: u32,
    /// How the image fills the box.
    pub fit: Fit,
    /// What it is encoded as.
    pub format: OutputFormat,
    /// 1 to 100, for JPEG and WebP.
    pub quality: u8,
    /// What shows through alpha in a JPEG, and around the image in `Fit::Contain`.
    #[serde(default)]
    pub background: Background,
}

/// The whole of `thumbnails.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thumbnails {
    /// The key of a thumbnail in the destination bucket, with the placeholders `{key}`, `{variant}` and `{ext}`.
    pub key: String,
    /// The Cache-Control of every thumbnail. Not `immutable`: a new upload under the same key replaces it.
    pub cache_control: String,
    /// At least one.
    pub variants: Vec<Variant>,
}

/// What is wrong with `thumbnails.json`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThumbnailsError {
    /// Not JSON, or not its shape.
    #[error("thumbnails.json has not the expected shape")]
    Shape(#[source] serde_json::Error),
    /// The template would give two sources, or two variants, one key.
    #[error("thumbnails.json: key is `{template}`: it must contain {missing}, or thumbnails overwrite each other")]
    KeyCollides {
        /// The template as written.
        template: String,
        /// The placeholder that it lacks.
        missing: &'static str,
    },
    /// The list is empty.
    #[error("thumbnails.json: variants is empty: write at least one")]
    NoVariant,
    /// Two variants of one name.
    #[error("thumbnails.json: two variants are named `{name}`: rename one")]
    SameName {
        /// The name.
        name: String,
    },
    /// A name that cannot stand in a key.
    #[error("thumbnails.json: variant name `{name}`: expected 1 to 64 letters, digits, `-`, `_` or `.`")]
    BadName {
        /// The name as written.
        name: String,
    },
    /// A number outside its range.
    #[error("thumbnails.json: variant `{name}`: {what} is {value}: expected 1 to {max}")]
    OutOfRange {
        /// The variant.
        name: String,
        /// The field.
        what: &'static str,
        /// Its value.
        value: u32,
        /// The largest value it may have.
        max: u32,
    },
}

/// A thumbnail is not a print: larger boxes are refused.
const MAX_SIDE_PX: u32 = 4096;

impl Variant {
    /// Checks the name and the ranges.
    ///
    /// # Errors
    /// [`ThumbnailsError::BadName`] and [`ThumbnailsError::OutOfRange`].
    pub fn check(&self) -> Result<(), ThumbnailsError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(allowed) {
            return Err(ThumbnailsError::BadName { name: self.name.clone() });
        }
        let fields = [
            ("width_px", self.width_px, MAX_SIDE_PX),
            ("height_px", self.height_px, MAX_SIDE_PX),
            ("quality", u32::from(self.quality), 100),
        ];
        for (what, value, max) in fields {
            if value == 0 || value > max {
                return Err(ThumbnailsError::OutOfRange { name: self.name.clone(), what, value, max });
            }
        }
        Ok(())
    }
}

impl Thumbnails {
    /// The list that this build was made with.
    ///
    /// # Errors
    /// As [`Thumbnails::parse`]; a test keeps the shipped file free of them.
    pub fn builtin() -> Result<Self, ThumbnailsError> {
        Self::parse(include_str!("../../../thumbnails.json"))
    }

    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ThumbnailsError`], for the first thing that is wrong.
    pub fn parse(json: &str) -> Result<Self, ThumbnailsError> {
        let thumbnails: Self = serde_json::from_str(json).map_err(ThumbnailsError::Shape)?;
        let Self { key: template, variants, .. } = &thumbnails;
        // `{ext}` may be left out: a variant's name alone tells its siblings apart.
        for missing in ["{key}", "{variant}"] {
            if !template.contains(missing) {
                return Err(ThumbnailsError::KeyCollides { template: template.clone(), missing });
            }
        }
        if variants.is_empty() {
            return Err(ThumbnailsError::NoVariant);
        }
        for (position, variant) in variants.iter().enumerate() {
            variant.check()?;
            if variants[..position].iter().any(|earlier| earlier.name == variant.name) {
                return Err(ThumbnailsError::SameName { name: variant.name.clone() });
            }
        }
        Ok(thumbnails)
    }

    /// A short name for what is made: another file gives another name, and then thumbnails are made again.
    ///
    /// # Panics
    /// Never: strings and numbers serialise.
    #[must_use]
    pub fn spec(&self) -> String {
        let json = serde_json::to_vec(self).expect("strings and numbers serialise");
        format!("{:016x}", fnv1a(&json))
    }

    /// Every key that a thumbnail of `key` may have, each once; those that S3 does not allow are left out.
    #[must_use]
    pub fn keys_of(&self, key: &str) -> Vec<String> {
        self.variants.iter().flat_map(|variant| self.keys_of_variant(key, variant)).collect()
    }

    /// The keys that the thumbnail of one variant of `key` may have: two where the image's alpha decides.
    #[must_use]
    pub fn keys_of_variant(&self, key: &str, variant: &Variant) -> Vec<String> {
        let extensions = variant.format.extensions().iter();
        let mut keys: Vec<_> =
            extensions.filter_map(|extension| thumbnail_key(&self.key, key, &variant.name, extension).ok()).collect();
        keys.dedup(); // A template without `{ext}` gives siblings one key.
        keys
    }

    /// The other key that the thumbnail `name` of `key` may have, if the image's alpha chooses between two.
    #[must_use]
    pub fn sibling_of(&self, key: &str, name: &str, extension: &str) -> Option<String> {
        let variant = self.variants.iter().find(|variant| variant.name == name)?;
        let other = variant.format.extensions().iter().find(|other| **other != extension)?;
        let key_of = |extension| thumbnail_key(&self.key, key, name, extension).ok();
        key_of(other).filter(|sibling| Some(sibling) != key_of(extension).as_ref())
    }

    /// Whether `key` is a key that thumbnails get: in the bucket of thumbnails it is one.
    #[must_use]
    pub fn may_have_made(&self, key: &str) -> bool {
        let (prefix, _) = self.key.split_once("{key}").unwrap_or_default();
        let (_, suffix) = self.key.rsplit_once("{key}").unwrap_or_default();
        self.variants.iter().any(|variant| {
            variant.format.extensions().iter().any(|extension| {
                let literal = |part| fill(part, "", &variant.name, extension);
                key.strip_prefix(&literal(prefix)).is_some_and(|rest| rest.ends_with(&literal(suffix)))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str, variants: &str) -> Result<Thumbnails, ThumbnailsError> {
        Thumbnails::parse(&format!(r#"{{"key":"{key}","cache_control":"no-cache","variants":[{variants}]}}"#))
    }

    const GOOD: &str = r#"{"name":"a","width_px":9,"height_px":9,"fit":"inside","format":"auto","quality":80}"#;

    #[test]
    fn the_shipped_file_makes_one_thumbnail_of_128_by_128() {
        let thumbnails = Thumbnails::builtin().unwrap();
        let [variant] = thumbnails.variants.as_slice() else { panic!("one variant") };
        assert_eq!((variant.width_px, variant.height_px, variant.fit), (128, 128, Fit::Inside));
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |result: Result<Thumbnails, ThumbnailsError>, want: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(want), "`{error}` does not say `{want}`");
        };
        check(with("{key}.{ext}", GOOD), "must contain {variant}");
        check(with("{variant}.{ext}", GOOD), "must contain {key}");
        check(with("{key}/{variant}", ""), "variants is empty");
        check(with("{key}/{variant}", &format!("{GOOD},{GOOD}")), "two variants are named `a`");
        check(with("{key}/{variant}", &GOOD.replace("\"a\"", "\"../a\"")), "variant name `../a`");
        check(with("{key}/{variant}", &GOOD.replace(":9", ":5000")), "width_px is 5000: expected 1 to 4096");
        check(with("{key}/{variant}", &GOOD.replace(":80", ":0")), "quality is 0: expected 1 to 100");
        check(with("{key}/{variant}", &GOOD.replace("inside", "outside")), "expected shape");
    }

    #[test]
    fn the_spec_changes_with_the_file_and_only_with_it() {
        let spec = |key: &str, variant: &str| with(key, variant).unwrap().spec();
        let one = spec("{key}/{variant}", GOOD);
        assert_eq!((one.len(), &one), (16, &spec("{key}/{variant}", GOOD)));
        assert_ne!(one, spec("{key}/{variant}", &GOOD.replace(":80", ":81")));
        assert_ne!(one, spec("{key}-{variant}", GOOD));
    }

    #[test]
    fn all_keys_of_a_source_are_known_and_recognised() {
        let check = |template: &str, want: &[&str]| {
            let thumbnails = with(template, GOOD).unwrap();
            assert_eq!(thumbnails.keys_of("cat.png"), want, "{template}");
            for key in want {
                assert!(thumbnails.may_have_made(key), "{template} {key}");
            }
            assert!(!thumbnails.may_have_made("cat.png"), "{template}");
        };
        check("{key}/{variant}.{ext}", &["cat.png/a.jpg", "cat.png/a.png"]);
        check("t/{variant}/{key}", &["t/a/cat.png"]);
        check("{variant}-{key}.{ext}", &["a-cat.png.jpg", "a-cat.png.png"]);
    }

    #[test]
    fn only_alpha_gives_a_thumbnail_a_sibling() {
        let sibling =
            |template, variant: &str, extension| with(template, variant).unwrap().sibling_of("k", "a", extension);
        assert_eq!(sibling("{key}/{variant}.{ext}", GOOD, "jpg").as_deref(), Some("k/a.png"));
        assert_eq!(sibling("{key}/{variant}.{ext}", GOOD, "png").as_deref(), Some("k/a.jpg"));
        assert_eq!(sibling("{key}/{variant}", GOOD, "jpg"), None);
        assert_eq!(sibling("{key}/{variant}.{ext}", &GOOD.replace("auto", "webp"), "webp"), None);
    }

    #[test]
    fn a_background_is_six_digits_and_white_by_default() {
        let background = |field: &str| {
            let json = GOOD.replace("\"quality\"", &format!("{field}\"quality\""));
            with("{key}/{variant}", &json).map(|thumbnails| thumbnails.variants[0].background.rgb)
        };
        assert_eq!(background("").unwrap(), [255; 3]);
        assert_eq!(background(r##""background":"#0a80FF","##).unwrap(), [10, 128, 255]);
        for bad in [r##""background":"#fff","##, r#""background":"white","#, r##""background":"#+12345","##] {
            background(bad).unwrap_err();
        }
        assert_eq!(String::from(Background { rgb: [10, 128, 255] }), "#0a80ff");
    }
}
