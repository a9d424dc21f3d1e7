//! The environment, read once. Nothing else in this crate looks at it.

use std::time::Duration;

use contract::{BadPreviewUse, PreviewUse, Thumbnails, Tier, Variant};
use engine::Renderer;
use function::{Environment, SettingsError};

/// What differs per deployment and per tier.
#[derive(Debug)]
pub struct Settings {
    /// What every function of the deployment is told.
    pub shared: function::Settings,
    /// The row of tiers.json that this deployment is.
    pub tier: Tier,
    /// The largest image that is decoded, width times height.
    pub max_pixels: u64,
    /// When a smaller picture that a file carries stands in for its own.
    pub previews: PreviewUse,
    /// What draws SVG and PDF.
    pub renderer: Option<&'static dyn Renderer>,
}

impl Settings {
    /// Reads the variables and the packed files.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that is missing or wrong.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut environment = Environment::of_process();
        let name = environment.variable("TIER", "the name of a tier in tiers.json");
        let max_pixels = environment.number("MAX_PIXELS", "the largest image that is decoded, width times height");
        let previews = environment.optional("PREVIEWS").unwrap_or_default().parse();
        let previews = previews.map_err(|error: BadPreviewUse| environment.problem(error.to_string())).ok();
        let shared = function::Settings::from_environment(&mut environment, name.as_deref());
        let unwritten = shared.as_ref().and_then(|shared| unwritten(&shared.thumbnails));
        if let Some(problem) = unwritten {
            environment.problem(problem);
            return Err(environment.into_error());
        }
        let tier = name.zip(shared.as_ref()).and_then(|(name, shared)| shared.tiers.get(&name).cloned());
        let (Some(tier), Some(max_pixels), Some(previews), Some(shared)) = (tier, max_pixels, previews, shared) else {
            return Err(environment.into_error());
        };
        let renderer = renderer(&tier);
        Ok(Self { tier, max_pixels, previews, renderer, shared })
    }

    /// The tier that takes what is too much for this one; `None` for the largest.
    #[must_use]
    pub fn next_tier(&self) -> Option<&Tier> {
        self.shared.tiers.next_after(&self.tier.name)
    }
}

/// What is wrong where a variant's format is none that this build writes: no upload would have a thumbnail.
#[must_use]
pub fn unwritten(thumbnails: &Thumbnails) -> Option<String> {
    let Variant { name, format, .. } = thumbnails.all_variants().find(|variant| !engine::writes(variant.format))?;
    let format = format.name();
    Some(format!(
        "thumbnails.json: variant `{name}`: format is {format}, which this worker does not write: build it with AVIF=on, or \
         write webp"
    ))
}

/// What draws SVG and PDF in a tier: this program, started once more, if `main` calls `vector::serve_if_asked`.
#[must_use]
pub fn renderer(tier: &Tier) -> Option<&'static dyn Renderer> {
    // CPU bounds a drawing, in all tiers alike: two seconds of it are 14 in the smallest. This is for one that gets none.
    vector::by_this_program(Duration::from_secs(tier.timeout_s) * 2 / 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_that_this_build_does_not_write_is_a_problem_before_the_first_upload() {
        let thumbnails = Thumbnails::builtin().unwrap();
        assert_eq!(unwritten(&thumbnails), None);
        let mut with = thumbnails.clone();
        with.variants[0].format = contract::OutputFormat::Avif;
        let problem = unwritten(&with);
        assert_eq!(problem.is_none(), cfg!(feature = "avif-output"), "{problem:?}");
        assert!(problem.is_none_or(|problem| problem.contains("variant `128x128`: format is avif")));
    }
}
