//! Films: one key frame of the first seconds, as a picture of one tile. The index by crate `heif`, key frames by
//! `tiled/`.
//!
//! The source goes to the index, wherever it stands, and from there to each key frame that is tried: of a film of hours no
//! more is read than these. How much work a film is says its size in pixels, not in bytes.

mod boxes;
mod clusters;

use std::{
    io::{self, Read},
    sync::Arc,
};

use contract::ImageFormat;
use heif::{Codec, Crop, Extent, Layer, Nclx, Picture, Turn};

use crate::{
    Colour, EngineError, Limits, Plan, Probe, Warning,
    decoded::{Decoded, Pixels},
    error::Damage,
    raster::Raster,
    room::{Cost, Detail},
    source::{Source, Streamed},
    tiled::{self, AN_INDEX_BEHIND, TiledDetail},
};

/// All key frames that are tried have no more pixels than this, but one always is: so many take 2 s of CPU at the most.
const MOST_TRIED_PIXELS: u64 = 36 << 20;
/// Nor are there more of them, and behind so many bytes no other one is tried: entropy codes take time by the byte.
const MOST_TRIED: u64 = 6;
const MOST_TRIED_BYTES: u64 = 16 << 20;
/// A pixel that is stored as it is has four bytes at the most, in 4:2:2 of 12 bits three.
const MOST_PIXEL_BYTES: u64 = 4;
/// A key frame that is found later has no more bytes than the picture has pixels, and than this.
const MOST_LATER_BYTES: u64 = 8 << 20;
/// Below this deviation of luma from its mean a frame is nearly one colour, in levels of 255: noise on black has 3, the
/// title of a film 20.
const LEAST_DEVIATION: f64 = 7.0;

/// What the index of a film says of its pictures.
struct Index {
    codec: Codec,
    /// Width and height as stored.
    size: (u32, u32),
    /// Width to height of a pixel.
    pixel: (u32, u32),
    nclx: Option<Nclx>,
    turns: Vec<Turn>,
    /// Key frames in the order in which they are tried; at least one.
    frames: Vec<Extent>,
    /// What is tried behind these.
    more: More,
    /// What was held of the file to read it.
    bytes: u64,
}

/// Key frames that are looked for only where the ones before are nearly one colour.
#[derive(Clone, Debug)]
enum More {
    Nothing,
    Fragments(boxes::Rest),
    Clusters(clusters::Rest),
}

impl More {
    fn next(&mut self, source: &mut Source<'_>, format: ImageFormat) -> Result<Option<Extent>, EngineError> {
        match self {
            Self::Nothing => Ok(None),
            Self::Fragments(rest) => rest.next(source, format),
            Self::Clusters(rest) => Ok(rest.next(source, format)?.map(|frame| frame.place)),
        }
    }
}

/// Reads the index of `source`, wherever it stands.
///
/// # Errors
/// [`EngineError::Corrupt`] and [`EngineError::Unsupported`], and what the reader said.
pub(crate) fn read(source: &mut Source<'_>, format: ImageFormat, limits: &Limits) -> Result<Probe, EngineError> {
    let most_bytes = limits.max_header_bytes.min(limits.budget_bytes / 4);
    let index = match format {
        ImageFormat::Webm => clusters::read(source, format, most_bytes),
        _ => boxes::read(source, format, most_bytes),
    };
    if let Some(failure) = source.failure() {
        return Err(failure);
    }
    probe_of(format, index?)
}

/// The same of a file's first bytes alone.
///
/// # Errors
/// As [`read`]; [`EngineError::HeaderBeyondPrefix`] where the index goes on behind them.
pub(crate) fn probe(format: ImageFormat, prefix: &[u8]) -> Result<Probe, EngineError> {
    let mut reader = prefix;
    let mut streamed = Streamed(&mut reader);
    let mut source = Source::new(&mut streamed, &Limits::for_budget(u64::MAX));
    source.fill_prefix(prefix.len() as u64)?;
    let have_bytes = prefix.len() as u64;
    read(&mut source, format, &Limits::for_budget(u64::MAX)).map_err(|error| match error {
        EngineError::Corrupt { cause: Damage::Ends { bytes_expected, .. }, .. } => {
            EngineError::HeaderBeyondPrefix { format, needed_bytes: bytes_expected, have_bytes }
        }
        error => error,
    })
}

fn probe_of(format: ImageFormat, index: Index) -> Result<Probe, EngineError> {
    let Index { codec, size, pixel, nclx, turns, frames, more, bytes } = index;
    let mut tiles = frames.clone();
    let mut most_frame_bytes = frames.iter().map(|frame| frame.bytes).max().unwrap_or_default();
    let pixels = u64::from(size.0) * u64::from(size.1);
    if most_frame_bytes > pixels.saturating_mul(MOST_PIXEL_BYTES) + (64 << 10) {
        return Err(EngineError::header(format, "length of a key frame", most_frame_bytes));
    }
    if !matches!(more, More::Nothing) {
        most_frame_bytes = most_frame_bytes.max(pixels.min(MOST_LATER_BYTES));
        tiles.push(Extent { offset: 0, bytes: most_frame_bytes });
    }
    let layer = Layer { codec, tiles, nclx };
    tiled::check(format, &layer, size)?;
    // The longer side grows, so that no pixel is lost.
    let stretched = |side: u32, (more, less): (u32, u32)| {
        // In range: a pixel is not wider than eight times its height.
        (u64::from(side) * u64::from(more) / u64::from(less).max(1)).min(u32::MAX.into()) as u32
    };
    let (width_px, height_px) = match pixel {
        (across, down) if across > down => (stretched(size.0, (across, down)), size.1),
        (across, down) => (size.0, stretched(size.1, (down, across))),
    };
    let is_grey = tiled::is_grey(&layer.codec);
    let (bits_per_sample, orientation) = (tiled::bits(&layer.codec), tiled::orientation(&turns));
    let picture = Picture {
        colour: layer,
        alpha: None,
        is_premultiplied: false,
        size,
        grid: (1, 1),
        tile: size,
        crop: Crop { left: 0, top: 0, width: size.0, height: size.1 },
        turns,
        profile: None,
        header_bytes: 0,
    };
    Ok(Probe {
        format,
        width_px,
        height_px,
        bits_per_sample,
        colour: if is_grey { Colour::Grey } else { Colour::YCbCr },
        has_alpha: false,
        interlaced: false,
        orientation,
        header_bytes: bytes,
        detail: Arc::new(VideoDetail { frames, more, most_frame_bytes, first: TiledDetail { picture } }),
    })
}

#[derive(Debug)]
struct VideoDetail {
    frames: Vec<Extent>,
    more: More,
    /// Longer ones were not planned.
    most_frame_bytes: u64,
    /// The first of them as a picture; its layer has all as tiles, of which the largest is planned.
    first: TiledDetail,
}

impl VideoDetail {
    /// How much wider, or higher, the picture is seen than it is stored.
    fn stretch(&self, probe: &Probe) -> f64 {
        let (width, height) = self.first.picture.size;
        let stretch = |seen: u32, stored: u32| f64::from(seen) / f64::from(stored);
        stretch(probe.width_px, width).max(stretch(probe.height_px, height)).max(1.0)
    }

    fn decode_frame(
        &self,
        source: &mut Source<'_>,
        probe: &Probe,
        plan: &Plan,
        frame: Extent,
    ) -> Result<Decoded, EngineError> {
        let mut picture = self.first.picture.clone();
        picture.colour.tiles = vec![frame];
        tiled::decode(source, probe, &TiledDetail { picture }, plan)
    }
}

impl Detail for VideoDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        self.first.cost(probe, least_shrink / self.stretch(probe))
    }

    fn profile_bytes(&self) -> u64 {
        self.first.profile_bytes()
    }

    /// A frame of one colour is kept until there is a better one.
    fn looks_further(&self) -> bool {
        true
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        let (width, height) = self.first.picture.size;
        let most = (MOST_TRIED_PIXELS / (u64::from(width) * u64::from(height)).max(1)).max(1);
        // Of one colour, and what was wrong.
        let (mut blank, mut fault) = (None, None);
        let (mut frames, mut more) = (self.frames.iter().copied(), self.more.clone());
        let mut bytes = 0_u64;
        for _ in 0..most.min(MOST_TRIED) {
            if bytes > MOST_TRIED_BYTES {
                break;
            }
            let frame = match frames.next() {
                Some(frame) => frame,
                None => match more.next(source, probe.format) {
                    Ok(Some(frame)) if frame.bytes <= self.most_frame_bytes => frame,
                    Ok(Some(_)) => continue,
                    Ok(None) => break,
                    // What is wrong behind frames that are there is no reason to refuse them.
                    Err(cause) => {
                        fault = fault.or(Some(cause));
                        break;
                    }
                },
            };
            bytes = bytes.saturating_add(frame.bytes);
            match self.decode_frame(source, probe, plan, frame) {
                Ok(decoded) if is_blank(&decoded) => blank = blank.or(Some(decoded)),
                Ok(decoded) => return Ok(instead(decoded, fault.is_some())),
                Err(cause) => fault = fault.or(Some(cause)),
            }
        }
        match blank {
            Some(decoded) => Ok(instead(decoded, fault.is_some())),
            None => Err(fault.unwrap_or(EngineError::Corrupt { format: probe.format, cause: Damage::Unreadable })),
        }
    }
}

/// A frame that is shown, with a word where another one would have been if the film were sound.
fn instead(mut decoded: Decoded, is_damaged: bool) -> Decoded {
    if is_damaged {
        decoded.warnings.push(Warning::Damaged);
    }
    decoded
}

/// Whether the picture is nearly one colour: black, or a fade.
fn is_blank(decoded: &Decoded) -> bool {
    match &decoded.pixels {
        Pixels::Resized(variants, _) => variants.first().is_some_and(|raster| deviation(raster) < LEAST_DEVIATION),
        Pixels::Raster(..) | Pixels::Variants(..) => false,
    }
}

/// Of the means of the channels from their mean, in levels.
fn deviation(raster: &Raster) -> f64 {
    let count = raster.channels.count();
    let light = |pixel: &[u8]| pixel.iter().map(|sample| f64::from(*sample)).sum::<f64>() / count as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    for pixel in raster.samples.chunks_exact(count) {
        let light = light(pixel);
        (sum, squares) = (sum + light, squares + light * light);
    }
    let pixels = (raster.width * raster.height).max(1) as f64;
    (squares / pixels - (sum / pixels).powi(2)).max(0.0).sqrt()
}

/// Whether the file has nothing from `at` on.
fn is_at_end(source: &mut Source<'_>, format: ImageFormat, at: u64) -> Result<bool, EngineError> {
    Ok(source.look(at, 1).map_err(|cause| no_way(format, cause))?.is_empty())
}

/// So many bytes from `at` on, or all that there are.
fn up_to(bytes: u64, source: &mut Source<'_>, format: ImageFormat, at: u64) -> Result<Vec<u8>, EngineError> {
    source.go_to(at).map_err(|cause| no_way(format, cause))?;
    let mut body = Vec::new();
    source.take(bytes).read_to_end(&mut body).map_err(|cause| no_way(format, cause))?;
    Ok(body)
}

/// What a source says that does not go where the index leads.
fn no_way(format: ImageFormat, cause: io::Error) -> EngineError {
    match cause.kind() {
        io::ErrorKind::Unsupported => EngineError::unsupported(format, AN_INDEX_BEHIND),
        _ => EngineError::decoder(format, cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Channels;

    #[test]
    fn a_frame_is_blank_unless_something_is_to_be_seen() {
        let of = |level: fn(usize) -> u8| {
            let samples = (0..64 * 64).flat_map(|at| [level(at); 3]).collect();
            deviation(&Raster { width: 64, height: 64, channels: Channels::Rgb, samples })
        };
        assert!(of(|_| 0) < LEAST_DEVIATION);
        assert!(of(|at| 16 + (at * 7919 % 9) as u8) < LEAST_DEVIATION); // Noise.
        assert!(of(|at| if at % 50 == 0 { 255 } else { 0 }) > LEAST_DEVIATION); // A title.
        assert!(of(|at| (at % 64) as u8) > LEAST_DEVIATION);
    }
}
