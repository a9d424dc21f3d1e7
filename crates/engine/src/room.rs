//! What the rest of the engine and the rooms of `formats/` agree on: bytes become a [`Probe`], probe and variants a
//! [`Cost`], source and plan a small image.
//!
//! Types only, and what every room needs of them; nothing here knows a format.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use contract::{ImageFormat, Variant};
use vector::Kind;

use crate::{
    EngineError, Limits, Orientation, Warning,
    canvas::Canvas,
    decoded::{Component, Decoded},
    error::Damage,
    geometry,
    raster::Channels,
    shrink::{MAX_FACTOR, Scattered},
    source::Source,
};

/// How many leading bytes `probe` is given at first: enough for the header of most files.
pub const PREFIX_BYTES: usize = 64 << 10;

/// What the header says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// By the first bytes, never by name.
    pub format: ImageFormat,
    /// Width as stored, before orientation; at least 1.
    pub width_px: u32,
    /// Height as stored, before orientation; at least 1.
    pub height_px: u32,
    /// 1 to 64.
    pub bits_per_sample: u8,
    /// What the samples mean.
    pub colour: Colour,
    /// An alpha channel, a transparent colour, or a first frame smaller than its canvas.
    pub has_alpha: bool,
    /// Several passes over the whole image: progressive JPEG, interlaced PNG or GIF.
    pub interlaced: bool,
    /// From Exif or TIFF tag 274. PNG and WebP may carry it after the pixels; then this is updated by `make`.
    pub orientation: Orientation,
    /// Where the pixels start, in bytes from the start of the file; for TIFF where its first directory ends.
    pub header_bytes: u64,
    pub(crate) detail: Arc<dyn Detail>,
}

/// What samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One channel of light.
    Grey,
    /// Indices into a table of colours.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Luma and two chromas.
    YCbCr,
    /// Cyan, magenta, yellow, black: also Adobe's YCCK.
    Cmyk,
    /// CIE L*a*b*.
    Lab,
}

impl Probe {
    /// Width times height.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width_px) * u64::from(self.height_px)
    }

    /// Width and height as seen, after orientation.
    #[must_use]
    pub const fn seen_px(&self) -> (u32, u32) {
        self.orientation.seen((self.width_px, self.height_px))
    }
}

/// What an image will cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Source pixels to one pixel of the decoder, on each side: 1, 2, 4 or 8. Above 1 for JPEG only.
    pub shrink: u32,
    /// The decoder's pixels to one pixel of the small image, on each side: rows are averaged as they come.
    pub row_shrink: u32,
    /// Width and height of the small image that the variants are resized from, in pixels.
    pub decoded_px: (u32, u32),
    /// The most that is held at once, in bytes, from the first read to the last encoded variant.
    pub peak_bytes: u64,
    /// The most frames that are composed, each of the whole picture: 1 but for an animation whose thumbnail is one.
    pub frames: u32,
    /// How many threads share the work: 1, or 2 where the limits allow two and their memory is in the budget.
    pub threads: u32,
    /// What it was planned for.
    pub(crate) variants: Vec<Variant>,
}

/// A format's room as the rest of the engine sees it: its one line in the table of `formats.rs`.
pub(crate) struct Room {
    /// One try at the header with the file's first bytes; a format of several pages takes the number of one, from 1 on.
    ///
    /// # Errors
    /// [`EngineError::Corrupt`] and [`EngineError::Unsupported`]; bytes that are missing are no error but a step.
    pub(crate) step: fn(&[u8], u32) -> Result<Step, EngineError>,
    /// Where the header may stand.
    pub(crate) header_place: HeaderPlace,
}

/// Where the header of a format may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderPlace {
    /// Before the pixels: [`Limits::max_header_bytes`] bound it.
    Front,
    /// Behind the pixels too, as in most TIFF files: only the memory bounds it.
    Anywhere,
}

/// How far a header parser came.
pub(crate) enum Step {
    /// The whole header was there.
    Done(Probe),
    /// Size and kind are known, what follows (orientation, profile) is not yet.
    Known(Probe, u64),
    /// Nothing certain; at least that many bytes are needed.
    More(u64),
    /// A file whose own pixels are not read, with JPEG files in it that show them.
    Previews(Previews),
    /// A drawing, of which the caller's renderer knows the rest.
    #[cfg_attr(not(any(feature = "pdf", feature = "svg")), expect(dead_code, reason = "both are left out"))]
    Drawn(Kind),
    /// A film, whose index may stand anywhere.
    Film,
}

/// The JPEG files in a file of a camera.
#[derive(Clone, Debug)]
pub(crate) struct Previews {
    /// One or more.
    pub(crate) all: Vec<Preview>,
    /// What the file says of all of them; where it says nothing, their own Exif does.
    pub(crate) orientation: Option<Orientation>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    /// Where it starts, in bytes from the start of the file.
    pub(crate) at: u64,
    /// Its length, in bytes.
    pub(crate) bytes: u64,
    /// Width and height, in pixels, where the file says them.
    pub(crate) size_px: Option<(u32, u32)>,
}

/// A smaller picture of the same that a file carries beside its own.
#[derive(Clone, Debug)]
pub(crate) struct Embedded {
    /// Of the file that it is in.
    pub(crate) format: ImageFormat,
    /// Width and height of the whole picture as seen, which it must have the shape of.
    pub(crate) whole_px: (u32, u32),
    pub(crate) inner: Inner,
}

/// Where it stands.
#[derive(Clone, Debug)]
pub(crate) enum Inner {
    /// A JPEG file, turned as this says.
    Jpeg { at: u64, bytes: u64, orientation: Orientation },
    /// A picture that the room of the file decodes, and where its bytes end.
    OfRoom { probe: Probe, end: u64 },
}

impl Preview {
    /// Width and height; a guess by its bytes where nothing says them.
    fn size(&self) -> (u32, u32) {
        // Cameras store previews in about two bits a pixel, of 4 by 3.
        let width = (self.bytes as f64 * 4.0 * 4.0 / 3.0).sqrt();
        self.size_px.unwrap_or(((width as u32).max(1), (width * 0.75) as u32 + 1))
    }
}

impl Previews {
    /// The smallest one that leaves enough to every variant, else the largest.
    pub(crate) fn choose(&self, variants: &[Variant]) -> Option<Preview> {
        let pixels = |preview: &&Preview| {
            let (width, height) = preview.size();
            u64::from(width) * u64::from(height)
        };
        let enough = self.all.iter().filter(|preview| is_enough(preview.size(), variants)).min_by_key(pixels);
        enough.or_else(|| self.all.iter().max_by_key(pixels)).copied()
    }
}

/// What a room has read of a file, and what it can do with the rest.
pub(crate) trait Detail: fmt::Debug + Send + Sync {
    /// What decoding will cost. `least_shrink` is source over target, in pixels per pixel, on the side of the variant
    /// that shrinks least; infinite without variants.
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost;

    /// The components that `decode` hands to `Streams` at that cost, which then does not count them: each variant is
    /// resized as their rows come. Empty for a room that gives a small image.
    fn components(&self, _probe: &Probe, _cost: &Cost) -> Vec<Component> {
        Vec::new()
    }

    /// What `decode` holds besides that cost where it may use a second thread, in bytes; 0 for a room that uses none.
    fn beside_bytes(&self, _probe: &Probe, _cost: &Cost) -> u64 {
        0
    }

    /// The most bytes that an embedded profile may have; 0 where there is none. The transform is planned by it, and a
    /// longer profile is left out with a warning.
    fn profile_bytes(&self) -> u64 {
        0
    }

    /// Whether the orientation may stand behind the pixels, where `decode` would find it too late for its rows.
    fn may_turn(&self) -> bool {
        false
    }

    /// Whether `decode` keeps a picture while it looks for a better one.
    fn looks_further(&self) -> bool {
        false
    }

    /// The frames of the file, where its format has animations and this may be one.
    fn frames(&self) -> Option<&dyn Frames> {
        None
    }

    /// The small image of `plan`, from what is left of `source`.
    ///
    /// # Errors
    /// [`EngineError::Corrupt`] and [`EngineError::Unsupported`].
    fn decode(
        &self,
        source: &mut Source<'_>,
        probe: &Probe,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Decoded, EngineError>;
}

/// A file that may have more than one frame.
pub(crate) trait Frames {
    /// How many there are, where the header says it; it may lie.
    fn count(&self) -> Option<u32>;

    /// What decoding them holds beside the canvas, in bytes.
    fn bytes(&self, probe: &Probe) -> u64;

    /// The channels of the canvas: grey or RGB, and alpha.
    fn channels(&self, probe: &Probe) -> Channels;

    /// Composes one frame after another, and shows each.
    ///
    /// # Errors
    /// [`EngineError::Corrupt`] and [`EngineError::Unsupported`] where there is no first frame, and those of `screen`.
    /// Damage behind it is a warning, and the end.
    fn play(&self, source: &mut Source<'_>, probe: &Probe, screen: &mut dyn Screen) -> Result<Played, EngineError>;
}

/// What looks at the frames of an animation.
pub(crate) trait Screen {
    /// What the colours of the canvas mean, before the first frame: an ICC profile; and an orientation, where the file
    /// says one.
    fn open(&mut self, channels: Channels, profile: Option<Vec<u8>>, orientation: Option<Orientation>);

    /// A picture that stands for the animation, and is no frame of it.
    ///
    /// # Errors
    /// [`EngineError::Encode`].
    fn cover(&mut self, canvas: &Canvas) -> Result<(), EngineError>;

    /// Whether one more frame, which is there, is to be decoded.
    fn wants(&mut self) -> bool;

    /// Takes a frame, which is seen for so many milliseconds.
    ///
    /// # Errors
    /// [`EngineError::Encode`].
    fn show(&mut self, canvas: &Canvas, ms: u32) -> Result<(), EngineError>;
}

/// What is known once the last frame was shown.
pub(crate) struct Played {
    /// How often the animation runs; `None` for ever.
    pub(crate) times: Option<u32>,
    pub(crate) warnings: Vec<Warning>,
}

/// How a room will decode, and what it holds meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// [`Plan::shrink`].
    pub(crate) shrink: u32,
    /// [`Plan::row_shrink`].
    pub(crate) row_shrink: u32,
    /// The most that is held until the small image is there, and it, in bytes; what `Streams` or a `RowSink` holds is not
    /// in it.
    pub(crate) bytes: u64,
    /// The channels of the rows that go to a `RowSink`, where there is no small image.
    pub(crate) rows: Option<Channels>,
    /// Width and height of the small image, where no whole number of pixels become one of its own.
    pub(crate) small_px: Option<(u32, u32)>,
}

impl Cost {
    /// Of a decoder that holds `decoder_bytes` and gives rows of `channels`, in their order unless it is interlaced.
    pub(crate) fn of_rows(probe: &Probe, channels: Channels, decoder_bytes: u64, least_shrink: f64) -> Self {
        let row_shrink = row_shrink(least_shrink);
        if !probe.interlaced {
            return Self { shrink: 1, row_shrink, bytes: decoder_bytes, rows: Some(channels), small_px: None };
        }
        let small_bytes = Scattered::bytes(channels, (probe.width_px, probe.height_px), row_shrink);
        Self { shrink: 1, row_shrink, bytes: decoder_bytes + small_bytes, rows: None, small_px: None }
    }
}

/// The small image keeps at least this many pixels to one of the largest variant, on each side, for Lanczos3.
///
/// SSIMULACRA2 against Lanczos3 from full resolution, PNG of 1, 3, 12 and 50 MP to 128 px: 1.5 leaves 90.8 to 91.6,
/// 2 leaves 94.7 to 95.3, 3 leaves 95.7 to 95.8, 4 leaves 96.6 to 96.7; libvips and sharp score 88 to 95.
const OVERSAMPLING: f64 = 3.0;

/// Whether a picture of `size` leaves enough to every one of `variants`.
pub(crate) fn is_enough(size: (u32, u32), variants: &[Variant]) -> bool {
    variants.iter().all(|variant| least_shrink_of(size, variant) >= OVERSAMPLING)
}

/// Source over target, in pixels per pixel, on the side of `variant` that shrinks least.
pub(crate) fn least_shrink(probe: &Probe, variant: &Variant) -> f64 {
    if probe.format.is_drawn() {
        return geometry::layout(probe.seen_px(), variant).least_shrink();
    }
    least_shrink_of((probe.width_px, probe.height_px), variant)
}

fn least_shrink_of(size: (u32, u32), variant: &Variant) -> f64 {
    // Orientation may stand behind the pixels: the plan must do for both ways of turning.
    let layouts = [size, (size.1, size.0)].map(|size| geometry::layout(size, variant));
    layouts[0].least_shrink().min(layouts[1].least_shrink())
}

/// How far rows are averaged where `left` pixels of them are left to one of the largest variant, on each side.
pub(crate) fn row_shrink(left: f64) -> u32 {
    // In range: a finite quotient of sides, or infinity without variants.
    ((left / OVERSAMPLING) as u32).clamp(1, MAX_FACTOR)
}

/// A panic of a decoder is damage.
///
/// # Errors
/// [`EngineError::Corrupt`], and those of `work`.
pub(crate) fn guarded<T>(format: ImageFormat, work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    // What it leaves behind is not used again: the picture ends there.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(EngineError::Corrupt { format, cause: Damage::Unreadable }))
}
