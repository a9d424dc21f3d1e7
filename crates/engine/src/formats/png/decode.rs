//! PNG by rows through the `png` crate; an interlaced one pixel by pixel into the small image.
//!
//! The crate inflates with `fdeflate`: 7.0 ms at 1 MP and 81 at 12 where zlib-rs took 11.6 and 134, libdeflate in C 10.5
//! and 125. With 16 bits, whose lower eight are noise, all three take as long (64, 70, 64 at 3 MP), and inflating is 49 of
//! the 58 ms of the whole; the best peer, libvips, takes 77 for all of it. A sample there takes eight or nine bits, so
//! that a table of twelve holds one at a time, and each waits for the one before: 2.7 ns. So 0.76 is near the limit.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use contract::ImageFormat;
use png::{BitDepth, ColorType, Decoder, Transformations};

use super::{
    colour,
    header::{PngDetail, hide_unused},
};
use crate::{
    Colour, EngineError, Plan, Probe, Warning,
    decoded::{self, Decoded},
    exif,
    raster::Channels,
    row_sink::{RowSink, at_least_half},
    samples::round_16,
    shrink::Scattered,
    source::Source,
};

/// The stream is read in blocks of this size, in bytes.
const BLOCK_BYTES: usize = 64 << 10;
/// fdeflate's tables, its 32 KiB window and the crate's slack around a row, rounded up.
const INFLATE_BYTES: u64 = 384 << 10;

/// What the samples become once palettes and transparent colours are expanded.
pub(super) fn channels(probe: &Probe) -> Channels {
    match (probe.colour, probe.has_alpha) {
        (Colour::Grey, false) => Channels::Grey,
        (Colour::Grey, true) => Channels::GreyAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::Rgba,
    }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe, detail: &PngDetail) -> u64 {
    let sample_bytes = if probe.bits_per_sample == 16 { 2 } else { 1 };
    let row_bytes = u64::from(probe.width_px) * channels(probe).count() as u64 * sample_bytes;
    // Its buffer grows by copies.
    let profile_bytes = detail.iccp.map_or(0, |_| 3 * detail.profile_bytes);
    // The crate keeps two unfiltered rows in a buffer that it doubles, and gives one expanded row.
    7 * row_bytes + BLOCK_BYTES as u64 + INFLATE_BYTES + profile_bytes
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &PngDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let (mut reader, profile) = open(source, probe, detail)?;
    let (channels, depth) = output(&reader);
    let size = (probe.width_px, probe.height_px);
    let mut row = vec![0; reader.output_line_size(probe.width_px).unwrap_or_default()];
    let mut rounded = vec![0; if depth == BitDepth::Sixteen { size.0 as usize * channels.count() } else { 0 }];
    let no_row = || EngineError::header(ImageFormat::Png, "rows", 0_u8);
    let mut warnings;
    let pixels = if probe.interlaced {
        let mut small = Scattered::new(channels, size, plan.row_shrink);
        for (y, first_x, step_x) in interlaced_rows(size) {
            // Damage in one pass leaves its pixels blank all over the image: that is no thumbnail.
            if reader.read_row(&mut row).map_err(fault)?.is_none() {
                return Err(no_row());
            }
            let pixels = (size.0 as usize - first_x).div_ceil(step_x);
            small.push(in_8_bits(&row, depth, &mut rounded, pixels * channels.count()), y, first_x, step_x);
        }
        warnings = at_end(&mut reader, &mut row);
        let (raster, extent) = small.finish();
        decoded::Pixels::Raster(raster, extent, channels.model())
    } else {
        let mut sink = RowSink::new(probe, plan, channels);
        let mut stopped = None;
        while sink.rows() < probe.height_px {
            match reader.read_row(&mut row) {
                Ok(Some(_)) => {
                    sink.push(in_8_bits(&row, depth, &mut rounded, size.0 as usize * channels.count()));
                }
                Ok(None) => break,
                Err(cause) => {
                    stopped = Some(cause);
                    break;
                }
            }
        }
        let is_whole = sink.rows() == probe.height_px;
        warnings = at_least_half(probe, sink.rows(), || stopped.map_or_else(no_row, fault))?;
        if is_whole {
            warnings = at_end(&mut reader, &mut row);
        }
        sink.finish()
    };
    // The crate passes over such chunks in silence.
    if detail.is_damaged && !warnings.contains(&Warning::Damaged) {
        warnings.push(Warning::Damaged);
    }
    let profile = colour::profile(reader.info(), channels, (profile, detail), &mut warnings);
    // What is behind the pixels says how they are turned, and nothing else that is needed; frames are not read for it. A
    // second one may not be there, and the rows went by the first.
    if !detail.has_exif && detail.frames <= 1 {
        _ = reader.finish();
    }
    let exif = reader.info().exif_metadata.as_deref().filter(|_| !detail.has_exif);
    Ok(Decoded { orientation: exif.and_then(exif::orientation), ..Decoded::of_pixels(pixels, profile, warnings) })
}

/// A reader of the source's pixels.
pub(super) type Pixels<'source, 'caller> = png::Reader<BufReader<Forward<&'source mut Source<'caller>>>>;

pub(super) fn fault(cause: png::DecodingError) -> EngineError {
    EngineError::decoder(ImageFormat::Png, cause)
}

/// Reads up to the first pixels; with the inflated profile.
pub(super) fn open<'source, 'caller>(
    source: &'source mut Source<'caller>,
    probe: &Probe,
    detail: &PngDetail,
) -> Result<(Pixels<'source, 'caller>, Option<Vec<u8>>), EngineError> {
    let profile = colour::inflated(source.prefix(), detail);
    hide_unused(source.prefix_mut());
    // A row, and chunks that are short.
    let row_bytes = probe.width_px as usize * channels(probe).count() * 2;
    let crate_limit_bytes = row_bytes + INFLATE_BYTES as usize / 2;
    let stream = BufReader::with_capacity(BLOCK_BYTES, Forward(source));
    let mut decoder = Decoder::new_with_limits(stream, png::Limits { bytes: crate_limit_bytes });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    Ok((decoder.read_info().map_err(fault)?, profile))
}

/// What the crate gives.
pub(super) fn output(reader: &Pixels<'_, '_>) -> (Channels, BitDepth) {
    let (colour, depth) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
    };
    (channels, depth)
}

/// What is wrong with a picture of which every row is there: the checksum of its last chunk stands behind it.
fn at_end<R: BufRead + Seek>(reader: &mut png::Reader<R>, row: &mut [u8]) -> Vec<Warning> {
    match reader.read_row(row) {
        Ok(_) => Vec::new(),
        Err(_) => vec![Warning::Damaged],
    }
}

/// The rows of an interlaced image as they are stored: which row, its first pixel, and how far the next ones are.
///
/// Source: W3C PNG, third edition, section 8.1; a pass without pixels has no rows.
pub(super) fn interlaced_rows((width, height): (u32, u32)) -> impl Iterator<Item = (usize, usize, usize)> {
    const PASSES: [(usize, usize, usize, usize); 7] =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let (width, height) = (width as usize, height as usize);
    let passes = PASSES.into_iter().filter(move |(first_x, ..)| *first_x < width);
    passes.flat_map(move |(first_x, first_y, step_x, step_y)| {
        (first_y..height).step_by(step_y).map(move |y| (y, first_x, step_x))
    })
}

/// `samples` samples of `row` in 8 bits, in `rounded` where they are in 16.
pub(super) fn in_8_bits<'row>(row: &'row [u8], depth: BitDepth, rounded: &'row mut [u8], samples: usize) -> &'row [u8] {
    if depth != BitDepth::Sixteen {
        return &row[..samples];
    }
    round_16(&row[..samples * 2], rounded);
    &rounded[..samples]
}

/// The crate asks for `Seek` and never seeks (0.18.1); a stream cannot.
pub(super) struct Forward<R>(R);

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
