//! The arguments that subcommands share: the thumbnail to make, and the tier table.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use contract::{Animated, Background, Effort, Fit, Focus, Gravity, OutputFormat, ThumbnailsError, TierTable, Variant};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

/// Which thumbnail.
#[derive(Clone, Debug, Args)]
pub struct VariantArguments {
    /// The box that holds the thumbnail, in pixels; nothing is ever enlarged
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "128x128", value_parser = size)]
    size: (u32, u32),
    /// How the image fills the box: inside, cover, contain (padded) or fill (aspect ratio given up)
    #[arg(long, default_value = "inside", value_parser = word::<Fit>)]
    fit: Fit,
    /// What to write: auto (JPEG, PNG where there is alpha; WebP with --animated), jpeg, png, webp, avif or gif
    #[arg(long, default_value = "auto", value_parser = word::<OutputFormat>)]
    format: OutputFormat,
    /// Quality of JPEG, WebP and AVIF, 1 to 100
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// How much time a JPEG is worth: fast, or small for fewer bytes at the same quality
    #[arg(long, default_value = "fast", value_parser = word::<Effort>)]
    effort: Effort,
    /// What shows through alpha in a JPEG, and around the image with --fit contain
    #[arg(long, value_name = "#RRGGBB", default_value = "#ffffff", value_parser = background)]
    background: Background,
    /// What --fit cover keeps: centre, attention (edges, skin, colours) or entropy
    #[arg(long, default_value = "centre", value_parser = word::<Gravity>)]
    gravity: Gravity,
    /// The point that --fit cover keeps, in the image as it is seen; wins over --gravity
    #[arg(long, value_name = "X,Y", value_parser = str::parse::<Focus>)]
    focus: Option<Focus>,
    /// All frames of an animated GIF, WebP or PNG instead of the first one, as WebP or with --format gif as GIF
    #[arg(long)]
    animated: bool,
    /// At most so many frames; the rest is cut off
    #[arg(long, value_name = "N", requires = "animated", default_value_t = Animated::default().max_frames,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Animated::MOST.max_frames)))]
    max_frames: u32,
    /// At most so many milliseconds of the animation
    #[arg(long, value_name = "MS", requires = "animated", default_value_t = Animated::default().max_ms,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Animated::MOST.max_ms)))]
    max_ms: u32,
    /// At most so many bytes of an animated thumbnail
    #[arg(long, value_name = "BYTES", requires = "animated", default_value_t = Animated::default().max_bytes,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Animated::MOST.max_bytes)))]
    max_bytes: u32,
}

/// Which tier table.
#[derive(Clone, Debug, Args)]
pub struct TierArguments {
    /// A tiers.json instead of the table that this build was made with
    #[arg(long, value_name = "FILE")]
    tiers: Option<PathBuf>,
}

impl VariantArguments {
    /// The variant, named by its size.
    ///
    /// # Errors
    /// An animation in a format that has none, and a GIF that is not to be one.
    pub fn variant(&self) -> anyhow::Result<Variant> {
        let (width_px, height_px) = self.size;
        let Self { fit, quality, effort, background, max_frames, max_ms, max_bytes, .. } = *self;
        let format = match (self.format, self.animated) {
            (OutputFormat::Auto, true) => OutputFormat::Webp,
            (OutputFormat::Jpeg | OutputFormat::Png | OutputFormat::Avif, true) => {
                bail!("--format {} has no animations: write webp or gif, or leave out --animated", self.format.name())
            }
            (OutputFormat::Gif, false) => bail!("--format gif is for animations: write --animated too"),
            (format, _) => format,
        };
        let animated = self.animated.then_some(Animated { max_frames, max_ms, max_bytes });
        let gravity = self.focus.map_or(self.gravity, Gravity::Focus);
        let name = format!("{width_px}x{height_px}");
        Ok(Variant { name, width_px, height_px, fit, format, quality, background, gravity, effort, animated })
    }
}

impl TierArguments {
    /// The file to change, `tiers.json` here unless another was named, and its text.
    pub fn text(&self) -> anyhow::Result<(PathBuf, String)> {
        let path = self.tiers.clone().unwrap_or_else(|| PathBuf::from("tiers.json"));
        let json = std::fs::read_to_string(&path);
        let json = json.with_context(|| format!("reading tier table `{}`: name it by --tiers", path.display()))?;
        Ok((path, json))
    }

    /// The table, and how to call it in a sentence.
    pub fn table(&self) -> anyhow::Result<(TierTable, String)> {
        let Some(path) = &self.tiers else {
            return Ok((TierTable::builtin()?, "tiers.json as built in".to_owned()));
        };
        let name = path.display().to_string();
        let json = std::fs::read_to_string(path).with_context(|| format!("reading tier table `{name}`"))?;
        let table = TierTable::parse(&json).with_context(|| format!("tier table `{name}`"))?;
        Ok((table, name))
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let (width_px, height_px) = sides.ok_or("expected WIDTHxHEIGHT, e.g. 200x200")?;
    let name = text.to_owned();
    let variant = Variant { name, width_px, height_px, ..Variant::inside(1, OutputFormat::Auto) };
    match variant.check() {
        Ok(()) => Ok((width_px, height_px)),
        Err(ThumbnailsError::OutOfRange { what, value, max, .. }) => {
            Err(format!("{what} is {value}: expected 1 to {max}"))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Digits only: `parse` alone would take a plus sign.
fn side(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A word as thumbnails.json spells it: one definition serves both.
fn word<Word: DeserializeOwned>(text: &str) -> Result<Word, WordError> {
    let deserializer: StrDeserializer<'_, WordError> = text.into_deserializer();
    Word::deserialize(deserializer)
}

fn background(text: &str) -> Result<Background, String> {
    Background::try_from(text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_two_numbers_within_the_range_of_a_thumbnail() {
        assert_eq!(size("200x100"), Ok((200, 100)));
        for bad in ["", "x", "20x", "x20", "20", "20x20x20", "+2x2", "2 x2", "-1x2", "99999999999x1"] {
            assert_eq!(size(bad), Err("expected WIDTHxHEIGHT, e.g. 200x200".to_owned()), "{bad}");
        }
        assert_eq!(size("0x9"), Err("width_px is 0: expected 1 to 4096".to_owned()));
        assert_eq!(size("9x5000"), Err("height_px is 5000: expected 1 to 4096".to_owned()));
    }

    #[test]
    fn words_are_those_of_thumbnails_json() {
        assert_eq!(word::<Fit>("cover"), Ok(Fit::Cover));
        assert_eq!(word::<OutputFormat>("webp"), Ok(OutputFormat::Webp));
        let error = word::<Fit>("crop").unwrap_err().to_string();
        assert!(error.contains("inside") && error.contains("cover"), "{error}");
    }
}
