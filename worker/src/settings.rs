//! The environment, read once. Nothing else in this crate looks at it.

use std::time::Duration;

use contract::{BadPreviewUse, PreviewUse, Tier};
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

/// What draws SVG and PDF in a tier: this program, started once more, if `main` calls `vector::serve_if_asked`.
#[must_use]
pub fn renderer(tier: &Tier) -> Option<&'static dyn Renderer> {
    // CPU bounds a drawing, in all tiers alike: two seconds of it are 14 in the smallest. This is for one that gets none.
    vector::by_this_program(Duration::from_secs(tier.timeout_s) * 2 / 3)
}
