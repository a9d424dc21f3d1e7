//! An animated thumbnail, frame by frame. Each waits for the next one: a GIF's frame says what becomes of it.

use contract::{Animated, OutputFormat, Variant};

use super::{
    Thumbnail, encode_raster,
    gif::{self, GifFile},
    thumbnail,
    webp::WebpFile,
};
use crate::{
    EngineError, colour,
    error::EncodeFault,
    raster::{Channels, Raster},
    render,
};

/// Times of frames are stored in 24 bits in a WebP.
const MOST_MS: u32 = (1 << 24) - 1;

/// A thumbnail that grows by frames.
pub(crate) struct Moving {
    limits: Animated,
    quality: u8,
    file: Option<File>,
    /// The frame before the one that waits.
    shown: Option<Raster>,
    /// And when it ends, in milliseconds from the start.
    waits: Option<(Raster, u32)>,
    /// Where it starts.
    start_ms: u32,
    /// Frames of the file that were taken, equal ones too.
    taken: u32,
    /// Frames that were written.
    written: u32,
    /// One more would be over the limit of bytes.
    is_full: bool,
}

enum File {
    Gif(GifFile),
    Webp(WebpFile),
}

impl Moving {
    pub(crate) const fn new(limits: Animated, quality: u8) -> Self {
        let (shown, waits, file) = (None, None, None);
        Self { limits, quality, file, shown, waits, start_ms: 0, taken: 0, written: 0, is_full: false }
    }

    /// What it holds at the most of a thumbnail of so many pixels, in bytes: the frame that was shown, the one that waits
    /// and the one that comes, what the encoder holds, and the file, copied as it grows.
    pub(crate) fn bytes(variant: &Variant, limits: &Animated, pixels: u64) -> u64 {
        let (encoder_bytes, pixel_bytes) = match variant.format {
            OutputFormat::Gif => (gif::ENCODER_BYTES, gif::PIXEL_BYTES),
            // The part of it, what libwebp makes of that, and the frame's file twice.
            _ => (super::ENCODER_BYTES, 4 + 8 + 8),
        };
        pixels * (3 * 4 + pixel_bytes) + encoder_bytes + 3 * u64::from(limits.max_bytes)
    }

    /// Whether one more frame is within the limits.
    pub(crate) fn wants(&self) -> bool {
        let Animated { max_frames, max_ms, .. } = self.limits;
        !self.is_full && self.taken < max_frames && self.waits.as_ref().is_none_or(|(_, end_ms)| *end_ms < max_ms)
    }

    /// Takes a frame that is seen for so many milliseconds.
    ///
    /// # Errors
    /// Of the encoder.
    pub(crate) fn push(&mut self, image: Raster, variant: &Variant, ms: u32) -> Result<(), EngineError> {
        let mut image = with_alpha(image);
        if variant.format == OutputFormat::Gif {
            GifFile::prepare(&mut image);
        }
        self.taken += 1;
        let end_ms = self.waits.as_ref().map_or(0, |(_, end_ms)| *end_ms).saturating_add(ms).min(self.limits.max_ms);
        match &mut self.waits {
            // It looks the same for longer.
            Some((waiting, its_end_ms)) if *waiting == image => *its_end_ms = end_ms,
            Some(_) => {
                self.write(Some(&image), variant)?;
                self.waits = Some((image, end_ms));
            }
            None => self.waits = Some((image, end_ms)),
        }
        Ok(())
    }

    /// Writes the frame that waits.
    fn write(&mut self, next: Option<&Raster>, variant: &Variant) -> Result<(), EngineError> {
        let Some((frame, end_ms)) = self.waits.take().filter(|_| !self.is_full) else { return Ok(()) };
        let size = (frame.width, frame.height);
        let (quality, shown) = (self.quality, self.shown.as_ref());
        let file = self.file.get_or_insert_with(|| match variant.format {
            OutputFormat::Gif => File::Gif(GifFile::new(size)),
            _ => File::Webp(WebpFile::new(size, quality)),
        });
        let is_first = self.written == 0;
        let max_bytes = self.limits.max_bytes as usize;
        let has_room = |all: usize, more: usize| is_first || all + more <= max_bytes;
        let kept = match file {
            File::Gif(file) => file.frame(shown, &frame, next, end_ms).map(|frame| {
                // The trailer and the number of repetitions are still to come.
                let has_room = has_room(file.len() + 20, frame.bytes.len());
                has_room.then(|| file.push(&frame)).is_some()
            }),
            File::Webp(file) => file.frame(shown, &frame, (end_ms - self.start_ms).min(MOST_MS)).map(|frame| {
                let has_room = has_room(file.len(), frame.bytes.len());
                has_room.then(|| file.push(&frame)).is_some()
            }),
        };
        self.is_full = !kept.map_err(|cause| fault(cause, variant))?;
        if !self.is_full {
            self.written += 1;
        }
        (self.shown, self.start_ms) = (Some(frame), end_ms);
        Ok(())
    }

    /// The thumbnail, which runs so many `times`; `None` for ever. And whether the limit of bytes has cut it.
    ///
    /// # Errors
    /// Of the encoder.
    pub(crate) fn finish(mut self, times: Option<u32>, variant: &Variant) -> Result<(Thumbnail, bool), EngineError> {
        // One picture all the time is a still.
        if self.written == 0 {
            let (image, _) = self.waits.take().expect("a first frame was pushed");
            let image = if image.is_opaque() { image.without_alpha() } else { image };
            return Ok((encode_raster(image, variant, 1)?, false));
        }
        self.write(None, variant)?;
        let size_px = self.shown.as_ref().map_or((0, 0), |frame| (frame.width as u32, frame.height as u32));
        let (names, bytes) = match self.file.expect("a frame was written") {
            File::Gif(file) => (("gif", "image/gif"), file.finish(times)),
            File::Webp(file) => (("webp", "image/webp"), file.finish(times)),
        };
        let thumbnail = Thumbnail { frames: self.written, ..thumbnail(size_px, names, Ok(bytes), variant)? };
        Ok((thumbnail, self.is_full))
    }
}

/// A still, as a GIF of one frame.
///
/// # Errors
/// Of the encoder.
pub(super) fn still_gif(image: Raster) -> Result<Vec<u8>, EncodeFault> {
    let mut image = with_alpha(image);
    GifFile::prepare(&mut image);
    let mut file = GifFile::new((image.width, image.height));
    let frame = file.frame(None, &image, None, 0)?;
    file.push(&frame);
    Ok(file.finish(Some(1)))
}

fn fault(cause: EncodeFault, variant: &Variant) -> EngineError {
    EngineError::Encode { variant: variant.name.clone(), extension: variant.format.name(), cause }
}

/// What is in sRGB as RGBA.
fn with_alpha(image: Raster) -> Raster {
    let image = render::to_rgb(colour::ycbcr_to_rgb(image));
    if image.channels == Channels::Rgba {
        return image;
    }
    let pixels = image.samples.as_chunks::<3>().0.iter();
    let samples = pixels.flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect();
    Raster { channels: Channels::Rgba, samples, ..image }
}
