//! Variants as `thumbnails.json` may write several of them in one: `srcset_px` has their widths, `format` their formats.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{Background, Effort, Fit, OutputFormat, Variant};
use crate::{Animated, Gravity, animated};

/// One entry of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    width_px: u32,
    height_px: u32,
    /// A variant for each of these widths, its height in proportion to the box.
    #[serde(default)]
    srcset_px: Option<Vec<u32>>,
    fit: Fit,
    format: OneOrMore,
    quality: u8,
    #[serde(default)]
    background: Background,
    #[serde(default)]
    gravity: Gravity,
    #[serde(default)]
    effort: Effort,
    #[serde(default, deserialize_with = "animated::written")]
    animated: Option<Animated>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(OutputFormat),
    More(Vec<OutputFormat>),
}

/// The variants of a list, each by itself.
pub(super) fn variants<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Variant>, D::Error> {
    let written = Vec::<Written>::deserialize(deserializer)?;
    let each: Result<Vec<_>, _> = written.into_iter().map(Written::expand).collect();
    Ok(each.map_err(D::Error::custom)?.concat())
}

impl Written {
    /// # Errors
    /// A list without an entry, in words.
    fn expand(self) -> Result<Vec<Variant>, String> {
        let Self { name, width_px, height_px, srcset_px, fit, format, quality, background, gravity, effort, animated } =
            self;
        let boxes = match srcset_px {
            None => vec![(name.clone(), (width_px, height_px))],
            Some(widths) => widths
                .into_iter()
                .map(|width| {
                    let height = f64::from(width) * f64::from(height_px) / f64::from(width_px.max(1));
                    (format!("{name}-{width}"), (width, (height.round() as u32).max(1)))
                })
                .collect(),
        };
        let formats = match format {
            OneOrMore::One(format) => vec![(String::new(), format)],
            OneOrMore::More(all) => all.into_iter().map(|format| (format!("-{}", format.name()), format)).collect(),
        };
        for (list, is_empty) in [("srcset_px", boxes.is_empty()), ("format", formats.is_empty())] {
            if is_empty {
                return Err(format!("variant `{name}`: {list} is empty: write at least one"));
            }
        }
        let variants = boxes.iter().flat_map(|(name, (width_px, height_px))| {
            formats.iter().map(move |(suffix, format)| Variant {
                name: format!("{name}{suffix}"),
                width_px: *width_px,
                height_px: *height_px,
                fit,
                format: *format,
                quality,
                background,
                gravity,
                effort,
                animated,
            })
        });
        Ok(variants.collect())
    }
}
