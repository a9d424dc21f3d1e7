//! PNG by rows through the `png` crate; an interlaced one whole, at its expanded size.
//!
//! The crate inflates with `fdeflate`, the fastest inflate in safe Rust that was measured (figures at `Cargo.toml`).

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use contract::ImageFormat;
use png::{BitDepth, ColorType, Decoder, Transformations};

use super::{Decoded, at_least_half};
use crate::{
    Colour, EngineError, Limits, Plan, Probe,
    probe::exif_orientation,
    raster::Channels,
    shrink::{RowOrder, Shrinker},
    source::Source,
};

/// The stream is read in blocks of this size, in bytes.
const BLOCK_BYTES: usize = 64 << 10;
/// fdeflate's tables, its 32 KiB window and the crate's slack around a row, rounded up.
const INFLATE_BYTES: u64 = 256 << 10;

/// What the samples become once palettes and transparent colours are expanded.
pub(crate) fn channels(probe: &Probe) -> Channels {
    match (probe.colour, probe.has_alpha) {
        (Colour::Grey, false) => Channels::Grey,
        (Colour::Grey, true) => Channels::GreyAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::Rgba,
    }
}

/// What decoding holds beside the small image, in bytes.
pub(crate) fn plan_bytes(probe: &Probe) -> u64 {
    let sample_bytes = if probe.bits_per_sample == 16 { 2 } else { 1 };
    let row_bytes = u64::from(probe.width_px) * channels(probe).count() as u64 * sample_bytes;
    let rows = if probe.interlaced { u64::from(probe.height_px) } else { 2 };
    // The crate keeps two unfiltered rows in a buffer that it doubles, and gives one expanded row.
    rows * row_bytes + 5 * row_bytes + BLOCK_BYTES as u64 + INFLATE_BYTES
}

pub(crate) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    plan: &Plan,
    limits: &Limits,
) -> Result<Decoded, EngineError> {
    let fault = |cause| EngineError::decoder(ImageFormat::Png, cause);
    let crate_limit_bytes = usize::try_from(limits.max_header_bytes).unwrap_or(usize::MAX);
    let stream = BufReader::with_capacity(BLOCK_BYTES, Forward(source));
    let mut decoder = Decoder::new_with_limits(stream, png::Limits { bytes: crate_limit_bytes });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(fault)?;
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
    };
    let size = (probe.width_px, probe.height_px);
    let mut shrinker = Shrinker::new(channels, size, plan.row_shrink, RowOrder::TopDown);
    let mut rounded = vec![0; if depth == BitDepth::Sixteen { size.0 as usize * channels.count() } else { 0 }];
    let mut push = |shrinker: &mut Shrinker, row: &[u8]| {
        if depth == BitDepth::Sixteen {
            round_16(row, &mut rounded);
            shrinker.push(&rounded);
        } else {
            shrinker.push(row);
        }
    };
    let row_bytes = reader.output_line_size(probe.width_px).unwrap_or_default();
    let mut stopped = None;
    if probe.interlaced {
        let mut image = vec![0; reader.output_buffer_size().unwrap_or_default()];
        // Passes that arrived before damage are in the image: blank pixels between them are the price.
        if let Err(cause) = reader.next_frame(&mut image) {
            return Err(fault(cause));
        }
        image.chunks_exact(row_bytes).for_each(|row| push(&mut shrinker, row));
    } else {
        let mut row = vec![0; row_bytes];
        while shrinker.rows() < probe.height_px {
            match reader.read_row(&mut row) {
                Ok(Some(_)) => push(&mut shrinker, &row),
                Ok(None) => break,
                Err(cause) => {
                    stopped = Some(cause);
                    break;
                }
            }
        }
    }
    let warnings = at_least_half(probe, shrinker.rows(), || match stopped {
        Some(cause) => fault(cause),
        None => EngineError::header(ImageFormat::Png, "rows", 0_u8),
    })?;
    let profile = reader.info().icc_profile.as_deref().map(<[u8]>::to_vec);
    let orientation = reader.info().exif_metadata.as_deref().and_then(exif_orientation);
    Ok(Decoded { orientation, ..Decoded::of_rows(shrinker, profile, warnings) })
}

/// Big-endian 16-bit samples to the nearest of 8 bits: 65,535 is 255.
fn round_16(row: &[u8], out: &mut [u8]) {
    for (out, sample) in out.iter_mut().zip(row.as_chunks::<2>().0) {
        *out = to_8(u16::from_be_bytes(*sample));
    }
}

/// The nearest of 8 bits.
pub(crate) fn to_8(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_895) >> 16) as u8
}

/// The crate asks for `Seek` and never seeks (0.18.1); a stream cannot.
struct Forward<R>(R);

impl<R: Read> Read for Forward<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R> Seek for Forward<R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        for sample in 0..=u16::MAX {
            let exact = f64::from(sample) / 257.0;
            assert_eq!(f64::from(to_8(sample)), exact.round(), "{sample}");
        }
    }
}
