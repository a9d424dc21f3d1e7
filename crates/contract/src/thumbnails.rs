//! `thumbnails.json`: which thumbnails are made of every image, and under which key they are stored.

mod options;
mod written;

pub use options::{Background, BadBackground, Effort, Fit, OutputFormat};

use serde::{Deserialize, Serialize};

use crate::keys::{fill, thumbnail_key};
use crate::{Animated, Gravity, Manifest, animated, fnv1a};

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
    /// 1 to 100, for JPEG, WebP and AVIF.
    pub quality: u8,
    /// What shows through alpha in a JPEG, and around the image in `Fit::Contain`.
    #[serde(default)]
    pub background: Background,
    /// What `Fit::Cover` keeps, unless the upload has a focus.
    #[serde(default, skip_serializing_if = "Gravity::is_centre")]
    pub gravity: Gravity,
    /// How much time a JPEG is worth.
    #[serde(default, skip_serializing_if = "Effort::is_fast")]
    pub effort: Effort,
    /// All frames of an animation, within limits; without it the first one.
    #[serde(default, deserialize_with = "animated::written", skip_serializing_if = "Option::is_none")]
    pub animated: Option<Animated>,
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
    #[serde(deserialize_with = "written::variants")]
    pub variants: Vec<Variant>,
    /// Beside the thumbnails of each source stands a [`Manifest`], under the same template.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manifest: bool,
    /// Other variants for uploads whose keys begin so; of several prefixes that fit the longest counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<PrefixVariants>,
}

/// The variants of the uploads under a prefix, instead of those that all others get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixVariants {
    /// What the uploads' keys begin with.
    pub prefix: String,
    /// At least one.
    #[serde(deserialize_with = "written::variants")]
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
    /// A list is empty.
    #[error("thumbnails.json: {of}variants is empty: write at least one")]
    NoVariant {
        /// The prefix that it is of, as `prefix `…`: `; empty for the list of all others.
        of: String,
    },
    /// A prefix that is empty or stands there twice.
    #[error("thumbnails.json: prefix is `{prefix}`: expected one that is not empty, and each once")]
    BadPrefix {
        /// As written.
        prefix: String,
    },
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
    /// A variant that is animated, in a format that is not.
    #[error(
        "thumbnails.json: variant `{name}`: animated: format is {format}, which has no animations: write gif or webp"
    )]
    NotAnimated {
        /// The variant.
        name: String,
        /// Its format.
        format: &'static str,
    },
    /// An AVIF that takes longer than a worker should.
    #[error(
        "thumbnails.json: variant `{name}`: format is avif and the box has {pixels} pixels: {max} at the most, or write \
         webp"
    )]
    LargeAvif {
        /// The variant.
        name: String,
        /// Width times height of its box.
        pixels: u32,
        /// As many as there may be.
        max: u32,
    },
    /// A GIF that is not animated.
    #[error(
        "thumbnails.json: variant `{name}`: format is gif, which is written of animations alone: write \
         `\"animated\": true` beside it, or another format"
    )]
    StillGif {
        /// The variant.
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
/// 1,024 times 1,024 pixels take 0.7 s of CPU as AVIF, 4.6 s of the smallest tier's clock.
const MAX_AVIF_PIXELS: u32 = 1 << 20;

impl Variant {
    /// Inside a square of `side_px`, of quality 80, with nothing else asked for; its size is its name.
    #[must_use]
    pub fn inside(side_px: u32, format: OutputFormat) -> Self {
        Self {
            name: format!("{side_px}x{side_px}"),
            width_px: side_px,
            height_px: side_px,
            fit: Fit::Inside,
            format,
            quality: 80,
            background: Background::default(),
            gravity: Gravity::Centre,
            effort: Effort::Fast,
            animated: None,
        }
    }

    /// Checks the name and the ranges.
    ///
    /// # Errors
    /// [`ThumbnailsError::BadName`], [`ThumbnailsError::OutOfRange`], [`ThumbnailsError::LargeAvif`],
    /// [`ThumbnailsError::NotAnimated`] and [`ThumbnailsError::StillGif`].
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
        let pixels = self.width_px * self.height_px;
        if self.format == OutputFormat::Avif && pixels > MAX_AVIF_PIXELS {
            return Err(ThumbnailsError::LargeAvif { name: self.name.clone(), pixels, max: MAX_AVIF_PIXELS });
        }
        self.check_animated()
    }

    fn check_animated(&self) -> Result<(), ThumbnailsError> {
        let name = || self.name.clone();
        let format = self.format;
        match &self.animated {
            None if format == OutputFormat::Gif => Err(ThumbnailsError::StillGif { name: name() }),
            Some(_) if !matches!(format, OutputFormat::Gif | OutputFormat::Webp) => {
                Err(ThumbnailsError::NotAnimated { name: name(), format: format.name() })
            }
            Some(animated) => match animated.out_of_range() {
                Some((what, value, max)) => Err(ThumbnailsError::OutOfRange { name: name(), what, value, max }),
                None => Ok(()),
            },
            None => Ok(()),
        }
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
        check(variants, String::new)?;
        for (position, PrefixVariants { prefix, variants }) in thumbnails.prefixes.iter().enumerate() {
            if prefix.is_empty() || thumbnails.prefixes[..position].iter().any(|earlier| earlier.prefix == *prefix) {
                return Err(ThumbnailsError::BadPrefix { prefix: prefix.clone() });
            }
            check(variants, || format!("prefix `{prefix}`: "))?;
        }
        if thumbnails.manifest && thumbnails.all_variants().any(|variant| variant.name == Manifest::NAME) {
            return Err(ThumbnailsError::SameName { name: Manifest::NAME.to_owned() });
        }
        Ok(thumbnails)
    }

    /// The same with `prefix` in front of every thumbnail's key.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.key.insert_str(0, prefix);
        self
    }

    /// What every thumbnail's key begins with, as far as it is the same for all.
    #[must_use]
    pub fn written_prefix(&self) -> &str {
        self.key.split_once('{').map_or(self.key.as_str(), |(prefix, _)| prefix)
    }

    /// What is made of `key`.
    #[must_use]
    pub fn variants_of(&self, key: &str) -> &[Variant] {
        let fitting = self.prefixes.iter().filter(|one| key.starts_with(&one.prefix));
        fitting.max_by_key(|one| one.prefix.len()).map_or(&self.variants, |one| &one.variants)
    }

    /// The variants of every list.
    pub fn all_variants(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().chain(self.prefixes.iter().flat_map(|one| &one.variants))
    }

    /// A short name for what is made of `key`: another name, and its thumbnails are made again. Other prefixes' variants
    /// are not in it.
    ///
    /// # Panics
    /// Never: strings and numbers serialise.
    #[must_use]
    pub fn spec_of(&self, key: &str) -> String {
        let own = Self { variants: self.variants_of(key).to_vec(), prefixes: Vec::new(), ..self.clone() };
        let json = serde_json::to_vec(&own).expect("strings and numbers serialise");
        format!("{:016x}", fnv1a(&json))
    }

    /// Every key that a thumbnail of `key` may have, each once; those that S3 does not allow are left out.
    #[must_use]
    pub fn keys_of(&self, key: &str) -> Vec<String> {
        let keys = self.variants_of(key).iter().flat_map(|variant| self.keys_of_variant(key, variant));
        keys.chain(self.manifest_key(key)).collect()
    }

    /// The key of the manifest of `key`, where there are manifests and S3 allows it.
    #[must_use]
    pub fn manifest_key(&self, key: &str) -> Option<String> {
        let made = self.manifest.then(|| thumbnail_key(&self.key, key, Manifest::NAME, Manifest::EXTENSION))?;
        made.ok()
    }

    /// How many objects are stored for `key`.
    #[must_use]
    pub fn objects_of(&self, key: &str) -> usize {
        self.variants_of(key).len() + usize::from(self.manifest)
    }

    /// The keys that the thumbnail of one variant of `key` may have: two where the image's alpha decides.
    #[must_use]
    pub fn keys_of_variant(&self, key: &str, variant: &Variant) -> Vec<String> {
        self.places_of_variant(key, variant).into_iter().map(|(_, key)| key).collect()
    }

    /// The same, each with its extension.
    #[must_use]
    pub fn places_of_variant(&self, key: &str, variant: &Variant) -> Vec<(&'static str, String)> {
        let extensions = variant.format.extensions().iter();
        let place = |extension: &&'static str| {
            Some((*extension, thumbnail_key(&self.key, key, &variant.name, extension).ok()?))
        };
        let mut places: Vec<_> = extensions.filter_map(place).collect();
        places.dedup_by(|one, other| one.1 == other.1); // A template without `{ext}` gives siblings one key.
        places
    }

    /// The other key that the thumbnail `name` of `key` may have, if the image's alpha chooses between two.
    #[must_use]
    pub fn sibling_of(&self, key: &str, name: &str, extension: &str) -> Option<String> {
        let variant = self.variants_of(key).iter().find(|variant| variant.name == name)?;
        let other = variant.format.extensions().iter().find(|other| **other != extension)?;
        let key_of = |extension| thumbnail_key(&self.key, key, name, extension).ok();
        key_of(other).filter(|sibling| Some(sibling) != key_of(extension).as_ref())
    }

    /// The keys of which `key` may be a thumbnail; usually one, and none of what no thumbnail is called.
    #[must_use]
    pub fn sources_of(&self, key: &str) -> Vec<String> {
        let (prefix, _) = self.key.split_once("{key}").unwrap_or_default();
        let (_, suffix) = self.key.rsplit_once("{key}").unwrap_or_default();
        let variants = self.all_variants().flat_map(|variant| {
            variant.format.extensions().iter().map(|extension| (variant.name.as_str(), *extension))
        });
        let manifest = self.manifest.then_some((Manifest::NAME, Manifest::EXTENSION));
        let mut sources = Vec::new();
        for (name, extension) in variants.chain(manifest) {
            let literal = |part| fill(part, "", name, extension);
            let source = key.strip_prefix(&literal(prefix)).and_then(|rest| rest.strip_suffix(&literal(suffix)));
            let source =
                source.filter(|source| !source.is_empty() && self.keys_of(source).iter().any(|made| made == key));
            sources.extend(source.map(str::to_owned));
        }
        sources.sort();
        sources.dedup();
        sources
    }

    /// Whether `key` is a key that thumbnails get: in the bucket of thumbnails it is one.
    #[must_use]
    pub fn may_have_made(&self, key: &str) -> bool {
        let (prefix, _) = self.key.split_once("{key}").unwrap_or_default();
        let (_, suffix) = self.key.rsplit_once("{key}").unwrap_or_default();
        let fits = |name: &str, extension: &str| {
            let literal = |part| fill(part, "", name, extension);
            key.strip_prefix(&literal(prefix)).is_some_and(|rest| rest.ends_with(&literal(suffix)))
        };
        (self.manifest && fits(Manifest::NAME, Manifest::EXTENSION))
            || self
                .all_variants()
                .any(|variant| variant.format.extensions().iter().any(|extension| fits(&variant.name, extension)))
    }
}

fn check(variants: &[Variant], of: impl Fn() -> String) -> Result<(), ThumbnailsError> {
    if variants.is_empty() {
        return Err(ThumbnailsError::NoVariant { of: of() });
    }
    for (position, variant) in variants.iter().enumerate() {
        variant.check()?;
        if variants[..position].iter().any(|earlier| earlier.name == variant.name) {
            return Err(ThumbnailsError::SameName { name: variant.name.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
