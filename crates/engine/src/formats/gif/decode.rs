//! The first frame of a GIF, by rows on its canvas; an interlaced frame into the small image, in its own order.

use std::io::{self, BufReader, Read};

use contract::ImageFormat;
use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::header::{GifDetail, table_bytes};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    room::at_least_half,
    shrink::{RowOrder, Scattered, Shrinker},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Gif;
const BLOCK_BYTES: usize = 64 << 10;
/// The image separator and the image descriptor.
const DESCRIPTOR_BYTES: usize = 10;

/// RGB where the first frame covers its canvas and has no transparent colour.
pub(super) const fn channels(probe: &Probe) -> Channels {
    if probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe, detail: &GifDetail) -> u64 {
    // A row of indices, the canvas row, and the LZW tables with their 64 KiB buffer.
    u64::from(detail.frame_px.0) + u64::from(probe.width_px) * 4 + 2 * BLOCK_BYTES as u64 + (128 << 10)
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &GifDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let fault = |cause: gif::DecodingError| EngineError::decoder(FORMAT, cause);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // The plan has counted what is held; the crate's own limit of 50 MB would refuse what the budget allows.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let has_colours = has_colours(source.prefix(), probe.header_bytes as usize);
    let head = head(source.prefix(), probe.header_bytes as usize);
    let skipped = io::copy(&mut source.take(probe.header_bytes + DESCRIPTOR_BYTES as u64), &mut io::sink());
    skipped.map_err(|cause| fault(cause.into()))?;
    let stream = head.chain(BufReader::with_capacity(BLOCK_BYTES, source));
    let mut decoder = options.read_info(stream).map_err(fault)?;
    let frame = decoder.next_frame_info().map_err(fault)?;
    let Some(frame) = frame else { return Err(EngineError::header(FORMAT, "number of frames", 0_u8)) };
    if (u32::from(frame.width), u32::from(frame.height)) != detail.frame_px {
        return Err(EngineError::header(FORMAT, "frame width", frame.width));
    }
    let palette = colours(decoder.palette().unwrap_or_default(), detail.transparent);
    let channels = channels(probe);
    let size = (probe.width_px, probe.height_px);
    let mut canvas = Canvas { row: vec![0; size.0 as usize * channels.count()], palette, detail: *detail, channels };
    let (width, height) = (detail.frame_px.0 as usize, detail.frame_px.1 as usize);
    let mut indices = vec![0; width];
    if probe.interlaced {
        // What of the canvas is beside the frame stays transparent.
        let mut small = Scattered::new(channels, size, plan.row_shrink);
        for y in interlaced_rows(height) {
            if !decoder.fill_buffer(&mut indices).map_err(fault)? {
                return Err(EngineError::header(FORMAT, "rows", 0_u8));
            }
            small.push(canvas.paint(&indices), y + detail.frame_at.1 as usize, 0, 1);
        }
        let (raster, extent) = small.finish();
        return Ok(Decoded::of_raster(raster, extent, None, at_end(&mut decoder, has_colours)));
    }
    let mut shrinker = Shrinker::new(channels, size, plan.row_shrink, RowOrder::TopDown);
    // Canvas rows above the frame are transparent.
    (0..detail.frame_at.1).for_each(|_| shrinker.push(&canvas.row));
    let mut stopped = None;
    let mut rows_decoded = 0;
    while rows_decoded < height {
        match decoder.fill_buffer(&mut indices) {
            Ok(true) => shrinker.push(canvas.paint(&indices)),
            Ok(false) => break,
            Err(cause) => {
                stopped = Some(cause);
                break;
            }
        }
        rows_decoded += 1;
    }
    // Rows below the frame are transparent too, unless the frame itself was cut.
    if rows_decoded == height {
        canvas.row.fill(0);
        while shrinker.rows() < size.1 {
            shrinker.push(&canvas.row);
        }
    }
    let mut warnings = at_least_half(probe, shrinker.rows(), || match stopped {
        Some(cause) => fault(cause),
        None => EngineError::header(FORMAT, "rows", 0_u8),
    })?;
    if rows_decoded == height {
        warnings = at_end(&mut decoder, has_colours);
    }
    Ok(Decoded::of_rows(shrinker, None, warnings))
}

/// The start of a file that has nothing in front of its first frame: what `at` bytes of the real one are for the crate.
///
/// Without a colour table of the frame or the screen all colours are black, as in Chrome (Wuffs). GIF89a, section 18,
/// leaves the choice to the reader.
fn head(prefix: &[u8], at: usize) -> io::Cursor<Vec<u8>> {
    let descriptor = &prefix[at..at + DESCRIPTOR_BYTES];
    let mut head = prefix[..13 + table_bytes(prefix[10])].to_vec();
    if !has_colours(prefix, at) {
        head[10] |= 0x87;
        head.extend([0; 3 << 8]);
    }
    head.extend(descriptor);
    io::Cursor::new(head)
}

/// Whether there is a colour table, of the screen or of the frame at `at`.
fn has_colours(prefix: &[u8], at: usize) -> bool {
    table_bytes(prefix[10]) > 0 || table_bytes(prefix[at + DESCRIPTOR_BYTES - 1]) > 0
}

/// What is wrong with a frame of which every row is there.
///
/// There is no checksum, but pixels that go on behind the last row are those of another size, or damaged.
fn at_end(decoder: &mut gif::Decoder<impl Read>, has_colours: bool) -> Vec<Warning> {
    use gif::DecodingError::{Format, LzwError};
    match decoder.fill_buffer(&mut [0]) {
        Ok(true) | Err(Format(_) | LzwError(_)) => vec![Warning::Damaged],
        // A picture without its colours is not the one that was drawn.
        _ if !has_colours => vec![Warning::Damaged],
        // Nothing more is needed, so a file may also be cut here.
        _ => Vec::new(),
    }
}

/// The rows of an interlaced frame as they are stored. Source: GIF89a, appendix E.
fn interlaced_rows(height: usize) -> impl Iterator<Item = usize> {
    [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(move |(first, step)| (first..height).step_by(step))
}

/// 256 colours with alpha; indices past the table are transparent, as in browsers.
fn colours(palette: &[u8], transparent: Option<u8>) -> Box<[[u8; 4]; 256]> {
    let mut colours = Box::new([[0; 4]; 256]);
    for (colour, [red, green, blue]) in colours.iter_mut().zip(palette.as_chunks::<3>().0) {
        *colour = [*red, *green, *blue, 255];
    }
    if let Some(index) = transparent {
        colours[usize::from(index)] = [0; 4];
    }
    colours
}

/// One row of the canvas, the frame's part of which changes.
struct Canvas {
    row: Vec<u8>,
    palette: Box<[[u8; 4]; 256]>,
    detail: GifDetail,
    channels: Channels,
}

impl Canvas {
    fn paint(&mut self, indices: &[u8]) -> &[u8] {
        let left = self.detail.frame_at.0 as usize;
        if self.channels == Channels::Rgb {
            let pixels = self.row.as_chunks_mut::<3>().0.iter_mut().skip(left);
            for (pixel, index) in pixels.zip(indices) {
                let [red, green, blue, _] = self.palette[usize::from(*index)];
                *pixel = [red, green, blue];
            }
        } else {
            let pixels = self.row.as_chunks_mut::<4>().0.iter_mut().skip(left);
            pixels.zip(indices).for_each(|(pixel, index)| *pixel = self.palette[usize::from(*index)]);
        }
        &self.row
    }
}
