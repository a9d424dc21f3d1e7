//! The rarer formats through crate `image`, whose decoders give the whole picture at once.
//!
//! The header is read by the crate too, from the bytes at hand. The plan counts the picture as the crate gives it; what
//! it allocates beside that is the room's to count. A cut file is refused: the crate does not say how far it came.

use std::{
    fmt,
    io::{self, BufReader, Cursor, Read},
    sync::Arc,
};

use contract::ImageFormat;
use image::{ColorType, ImageDecoder, ImageError, ImageResult};

use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    room::{Cost, Detail, Step},
    row_sink::RowSink,
    samples::to_8,
    source::Source,
};

const BLOCK_BYTES: usize = 64 << 10;
/// None of these formats has a profile or a large table before its pixels; the crate keeps every line of a header.
const MAX_HEADER_BYTES: u64 = 64 << 10;

/// What a decoder reads from: the file's first bytes for the header, or the file for the picture.
pub(crate) enum Input<'source> {
    Header(&'source mut dyn Read),
    File(BufReader<&'source mut (dyn Read + 'source)>),
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Header(prefix) => prefix.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

/// A room's decoder, ready to say what the header says or to give the picture.
pub(crate) type Open = for<'source> fn(Input<'source>) -> ImageResult<Box<dyn ImageDecoder + 'source>>;

/// A picture that comes out of one decoder of crate `image`, read from the front to the back.
struct Whole {
    /// What the decoder gives.
    colour: ColorType,
    /// What it holds beside the picture, in bytes.
    beside_bytes: u64,
    open: Open,
}

impl fmt::Debug for Whole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { colour, beside_bytes, open: _ } = self;
        formatter.debug_struct("Whole").field("colour", colour).field("beside_bytes", beside_bytes).finish()
    }
}

impl Detail for Whole {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        cost(probe, self.colour, self.beside_bytes + BLOCK_BYTES as u64, least_shrink)
    }

    fn decode(
        &self,
        source: &mut Source<'_>,
        probe: &Probe,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Decoded, EngineError> {
        let decoder = (self.open)(Input::File(BufReader::with_capacity(BLOCK_BYTES, source)));
        decode(decoder.map_err(|cause| named(probe.format, cause))?, probe, self.colour, plan, limits)
    }
}

/// What a header says, as crate `image` reads it.
pub(crate) struct Found {
    pub(crate) size_px: (u32, u32),
    pub(crate) colour: ColorType,
    /// Bits of a sample as stored.
    pub(crate) bits: u8,
    /// Where the pixels start.
    pub(crate) header_bytes: u64,
}

impl Found {
    pub(crate) fn of(decoder: &dyn ImageDecoder) -> Self {
        let original = decoder.original_color_type();
        let bits = original.bits_per_pixel() / u16::from(original.channel_count().max(1));
        Self {
            size_px: decoder.dimensions(),
            colour: decoder.color_type(),
            bits: u8::try_from(bits).unwrap_or(u8::MAX),
            header_bytes: 0,
        }
    }

    /// The probe of a picture that `detail` decodes.
    pub(crate) fn probe(&self, format: ImageFormat, detail: impl Detail + 'static) -> Probe {
        Probe {
            format,
            width_px: self.size_px.0,
            height_px: self.size_px.1,
            bits_per_sample: self.bits,
            colour: if self.colour.has_color() { Colour::Rgb } else { Colour::Grey },
            has_alpha: self.colour.has_alpha(),
            interlaced: false,
            orientation: Orientation::Upright,
            header_bytes: self.header_bytes,
            detail: Arc::new(detail),
        }
    }
}

/// What `read` finds in the bytes at hand; `Err` of a number where it needs more of them.
///
/// What a decoder makes of a header that reaches the end of the bytes is not believed, neither a success nor an error:
/// a number may go on, and a line that is not there yet is not a missing line.
pub(crate) fn header<'prefix>(
    format: ImageFormat,
    prefix: &'prefix [u8],
    read: impl FnOnce(&mut Cursor<&'prefix [u8]>) -> ImageResult<Found>,
) -> Result<Result<Found, u64>, EngineError> {
    let mut cursor = Cursor::new(prefix);
    let found = read(&mut cursor);
    let header_bytes = cursor.position();
    if header_bytes >= prefix.len() as u64 {
        return match prefix.len() as u64 {
            length if length >= MAX_HEADER_BYTES => Err(EngineError::header(format, "header length", length)),
            length => Ok(Err((length * 2).max(64))),
        };
    }
    found.map(|found| Ok(Found { header_bytes, ..found })).map_err(|cause| named(format, cause))
}

/// The whole step of a room of which only `open` is its own, and what its decoder holds beside the picture, in bytes.
pub(crate) fn step(
    format: ImageFormat,
    prefix: &[u8],
    open: Open,
    beside_bytes: impl FnOnce(&Found) -> u64,
) -> Result<Step, EngineError> {
    let found = header(format, prefix, |cursor| Ok(Found::of(open(Input::Header(cursor))?.as_ref())))?;
    Ok(match found {
        Ok(found) => {
            let whole = Whole { colour: found.colour, beside_bytes: beside_bytes(&found), open };
            Step::Done(found.probe(format, whole))
        }
        Err(need) => Step::More(need),
    })
}

/// What a picture of `colour` costs, with `beside_bytes` of the room's own.
pub(crate) fn cost(probe: &Probe, colour: ColorType, beside_bytes: u64, least_shrink: f64) -> Cost {
    let row_bytes = u64::from(probe.width_px) * channels(colour).count() as u64;
    let picture_bytes = probe.pixels() * u64::from(colour.bytes_per_pixel());
    Cost::of_rows(probe, channels(colour), picture_bytes + row_bytes + beside_bytes, least_shrink)
}

/// The small image of the whole picture in `decoder`, which must be what was planned.
pub(crate) fn decode(
    mut decoder: Box<dyn ImageDecoder + '_>,
    probe: &Probe,
    colour: ColorType,
    plan: &Plan,
    limits: &Limits,
) -> Result<Decoded, EngineError> {
    let fault = |cause| named(probe.format, cause);
    let mut crate_limits = image::Limits::no_limits();
    crate_limits.max_image_width = Some(limits.max_side_px);
    crate_limits.max_image_height = Some(limits.max_side_px);
    crate_limits.max_alloc = Some(plan.peak_bytes);
    decoder.set_limits(crate_limits).map_err(fault)?;
    if decoder.dimensions() != (probe.width_px, probe.height_px) || decoder.color_type() != colour {
        return Err(EngineError::header(probe.format, "width", decoder.dimensions().0));
    }
    let row_bytes = probe.width_px as usize * usize::from(colour.bytes_per_pixel());
    let mut picture = vec![0; row_bytes * probe.height_px as usize];
    decoder.read_image_boxed(&mut picture).map_err(fault)?;
    let mut sink = RowSink::new(probe, plan, channels(colour));
    let mut pixels = vec![0; probe.width_px as usize * channels(colour).count()];
    let is_wide = usize::from(colour.bytes_per_pixel()) == 2 * channels(colour).count();
    for row in picture.chunks_exact(row_bytes) {
        if is_wide {
            for (pixel, sample) in pixels.iter_mut().zip(row.as_chunks::<2>().0) {
                *pixel = to_8(u16::from_ne_bytes(*sample));
            }
            sink.push(&pixels);
        } else {
            sink.push(row);
        }
    }
    Ok(sink.decoded(None, Vec::new()))
}

fn channels(colour: ColorType) -> Channels {
    match colour.channel_count() {
        1 => Channels::Grey,
        2 => Channels::GreyAlpha,
        3 => Channels::Rgb,
        _ => Channels::Rgba,
    }
}

/// An error of crate `image` in this crate's words.
pub(crate) fn named(format: ImageFormat, error: ImageError) -> EngineError {
    match error {
        ImageError::Unsupported(what) => EngineError::unsupported(format, what.to_string()),
        error => EngineError::decoder(format, error),
    }
}
