//! An animation on its way to thumbnails: each frame is brought to its size as soon as it is composed.
//!
//! Variants that are not animated are made of the first frame, as they are of a file whose other frames are not read.

use contract::{Placeholder, Variant};

use crate::{
    EngineError, Orientation, Plan, Probe, Warning,
    canvas::Canvas,
    colour::Colours,
    encode::{self, Moving, Thumbnail},
    geometry::Window,
    placeholder::{placeholder, smallest},
    raster::{Channels, Model, Raster},
    render::{self, Picture},
    room::{Frames, Screen},
    shrink::Shrinker,
    source::Source,
};

/// Browsers show a frame of up to 10 ms for so long. Source: Chromium, `DeferredImageDecoder::FrameDurationAtIndex`;
/// Firefox, `FrameTimeout::FromRawMilliseconds`.
const HASTY_MS: u32 = 100;

/// What was made of an animation.
pub(crate) struct Shown {
    /// What the header said, with an orientation that was found later.
    pub(crate) probe: Probe,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) placeholder: Option<Placeholder>,
    /// In the order of the variants.
    pub(crate) thumbnails: Vec<Thumbnail>,
}

/// Composes the frames of `frames` and makes all `variants` of them.
///
/// # Errors
/// As [`Frames::play`].
pub(crate) fn film(
    source: &mut Source<'_>,
    frames: &dyn Frames,
    (probe, plan): (&Probe, &Plan),
    variants: &[Variant],
) -> Result<Shown, EngineError> {
    let track = |variant: &Variant| match variant.animated {
        Some(limits) => Track::Moving(Moving::new(limits, variant.quality), variant.clone()),
        None => Track::Still(None),
    };
    let mut film = Film {
        probe: probe.clone(),
        most_frames: plan.frames,
        row_shrink: plan.row_shrink,
        variants,
        tracks: variants.iter().map(track).collect(),
        colours: Colours::new(Model::Rgb, None, 0, &mut Vec::new()),
        has_cover: false,
        taken: 0,
        is_cut: false,
        placeholder: None,
        warnings: Vec::new(),
    };
    let played = frames.play(source, probe, &mut film)?;
    film.warnings.extend(played.warnings);
    film.finish(played.times)
}

/// What a second pass over the frames would have to remember.
struct Film<'make> {
    probe: Probe,
    most_frames: u32,
    row_shrink: u32,
    variants: &'make [Variant],
    tracks: Vec<Track>,
    colours: Colours,
    /// The stills are made.
    has_cover: bool,
    /// Frames so far.
    taken: u32,
    /// More frames are there than were wanted.
    is_cut: bool,
    placeholder: Option<Placeholder>,
    warnings: Vec<Warning>,
}

/// A thumbnail in the making.
enum Track {
    Still(Option<Thumbnail>),
    /// With the variant, whose crop the first frame decides.
    Moving(Moving, Variant),
}

impl Film<'_> {
    /// The canvas as the small image.
    fn small(&self, canvas: &Canvas) -> (Raster, Window) {
        let size = (self.probe.width_px, self.probe.height_px);
        let mut shrinker = Shrinker::new(canvas.channels(), size, self.row_shrink);
        canvas.rows().for_each(|row| shrinker.push(row));
        shrinker.finish()
    }

    /// Makes the thumbnails that are not animated.
    fn stills(&mut self, (small, extent): (&Raster, Window)) -> Result<(), EngineError> {
        let smallest = smallest(self.variants);
        for (number, (variant, track)) in self.variants.iter().zip(&mut self.tracks).enumerate() {
            let Track::Still(thumbnail) = track else { continue };
            let picture = render::render_small((small, extent), &self.probe, &self.colours, variant);
            if smallest == Some(number) {
                self.placeholder = Some(placeholder(&picture));
            }
            *thumbnail = Some(encode::encode(picture, variant, 1)?);
        }
        self.has_cover = true;
        Ok(())
    }

    fn finish(mut self, times: Option<u32>) -> Result<Shown, EngineError> {
        let mut thumbnails = Vec::with_capacity(self.tracks.len());
        for track in self.tracks {
            thumbnails.push(match track {
                Track::Still(thumbnail) => thumbnail.expect("the first frame was shown"),
                Track::Moving(moving, variant) => {
                    let (thumbnail, is_cut) = moving.finish(times, &variant)?;
                    self.is_cut |= is_cut;
                    thumbnail
                }
            });
        }
        if self.is_cut {
            self.warnings.push(Warning::FramesCut { frames: self.taken });
        }
        let Self { probe, placeholder, warnings, .. } = self;
        Ok(Shown { probe, warnings, placeholder, thumbnails })
    }
}

impl Screen for Film<'_> {
    fn open(&mut self, channels: Channels, profile: Option<Vec<u8>>, orientation: Option<Orientation>) {
        self.probe.orientation = orientation.unwrap_or(self.probe.orientation);
        let model = if channels == Channels::GreyAlpha { Model::Grey } else { Model::Rgb };
        let most_bytes = self.probe.detail.profile_bytes();
        self.colours = Colours::new(model, profile.as_deref(), most_bytes, &mut self.warnings);
    }

    fn cover(&mut self, canvas: &Canvas) -> Result<(), EngineError> {
        let (small, extent) = self.small(canvas);
        self.stills((&small, extent))
    }

    fn wants(&mut self) -> bool {
        let one_wants = |track: &Track| matches!(track, Track::Moving(moving, _) if moving.wants());
        let wants = self.taken < self.most_frames && self.tracks.iter().any(one_wants);
        self.is_cut |= !wants;
        wants
    }

    fn show(&mut self, canvas: &Canvas, ms: u32) -> Result<(), EngineError> {
        let ms = if ms <= 10 { HASTY_MS } else { ms };
        let (small, extent) = self.small(canvas);
        if !self.has_cover {
            self.stills((&small, extent))?;
        }
        for (number, track) in self.tracks.iter_mut().enumerate() {
            let Track::Moving(moving, variant) = track else { continue };
            if self.taken == 0 {
                *variant = render::hold_crop((&small, extent), &self.probe, &self.colours, variant);
            } else if !moving.wants() {
                self.is_cut = true;
                continue;
            }
            let picture = render::render_small((&small, extent), &self.probe, &self.colours, variant);
            if self.taken == 0 && smallest(self.variants) == Some(number) {
                self.placeholder = Some(placeholder(&picture));
            }
            if let Picture::Raster(image) = picture {
                moving.push(image, variant, ms)?;
            }
        }
        self.taken += 1;
        Ok(())
    }
}
