//! The first frame of a GIF, by rows on its canvas; an interlaced frame into the small image, in its own order.

use std::io::{self, BufReader, Read};

use contract::ImageFormat;

use super::{
    blocks::{self, Blocks},
    header::{GifDetail, table_bytes},
    lzw::{self, End, Lzw},
};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    row_sink::{RowSink, at_least_half},
    shrink::Scattered,
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Gif;
pub(super) const READ_BYTES: usize = 64 << 10;
/// The image separator and the image descriptor.
const DESCRIPTOR_BYTES: usize = 10;

/// RGB where the first frame covers its canvas and has no transparent colour.
pub(super) const fn channels(probe: &Probe) -> Channels {
    if probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe) -> u64 {
    // The canvas row, the buffers, and three tables of colours.
    u64::from(probe.width_px) * 4 + (READ_BYTES + blocks::BYTES + lzw::BYTES + 3 * 1_024) as u64
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &GifDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let (palette, has_colours) = palette(source, probe, detail)?;
    let mut pixels = pixels(source)?;
    let channels = channels(probe);
    let size = (probe.width_px, probe.height_px);
    let mut canvas = Canvas { row: vec![0; size.0 as usize * channels.count()], palette, detail: *detail, channels };
    let (width, height) = (detail.frame_px.0 as usize, detail.frame_px.1 as usize);
    if probe.interlaced {
        // What of the canvas is beside the frame stays transparent.
        let mut small = Scattered::new(channels, size, plan.row_shrink);
        for y in interlaced_rows(height) {
            let indices = pixels.row(width).map_err(fault)?;
            small.push(canvas.paint(indices), y + detail.frame_at.1 as usize, 0, 1);
        }
        let (raster, extent) = small.finish();
        return Ok(Decoded::of_raster(raster, extent, None, at_end(&mut pixels, has_colours)));
    }
    let mut sink = RowSink::new(probe, plan, channels);
    // Canvas rows above the frame are transparent.
    (0..detail.frame_at.1).for_each(|_| sink.push(&canvas.row));
    let mut stopped = End::Data;
    let mut rows_decoded = 0;
    while rows_decoded < height {
        match pixels.row(width) {
            Ok(indices) => sink.push(canvas.paint(indices)),
            Err(end) => {
                stopped = end;
                break;
            }
        }
        rows_decoded += 1;
    }
    // Rows below the frame are transparent too, unless the frame itself was cut.
    if rows_decoded == height {
        canvas.row.fill(0);
        while sink.rows() < size.1 {
            sink.push(&canvas.row);
        }
    }
    let mut warnings = at_least_half(probe, sink.rows(), || fault(stopped))?;
    if rows_decoded == height {
        warnings = at_end(&mut pixels, has_colours);
    }
    Ok(sink.decoded(None, warnings))
}

/// RGBA of each index.
pub(super) type Palette = [[u8; 4]; 256];

/// The colours of the first frame, and whether the file has any; reads up to the end of the frame's own table.
///
/// Without a colour table of the frame or the screen all colours are black, as in Chrome (Wuffs). GIF89a, section 18,
/// leaves the choice to the reader.
fn palette(source: &mut Source<'_>, probe: &Probe, detail: &GifDetail) -> Result<(Box<Palette>, bool), EngineError> {
    let (prefix, at) = (source.prefix(), probe.header_bytes as usize);
    let screen = prefix[13..][..table_bytes(prefix[10])].to_vec();
    let mut frame = vec![0; table_bytes(prefix[at + DESCRIPTOR_BYTES - 1])];
    io::copy(&mut source.take(probe.header_bytes + DESCRIPTOR_BYTES as u64), &mut io::sink()).map_err(cut)?;
    source.read_exact(&mut frame).map_err(cut)?;
    let table = match (frame.is_empty(), screen.is_empty()) {
        (false, _) => &frame,
        (true, false) => &screen,
        (true, true) => return Ok((colours(&[0; 256 * 3], detail.transparent), false)),
    };
    Ok((colours(table, detail.transparent), true))
}

/// The pixels that begin here in the file, with their code size.
fn pixels<'source, 'caller>(
    source: &'source mut Source<'caller>,
) -> Result<Lzw<BufReader<&'source mut Source<'caller>>>, EngineError> {
    let mut literal_bits = [0];
    source.read_exact(&mut literal_bits).map_err(cut)?;
    lzw(Blocks::new(BufReader::with_capacity(READ_BYTES, source)), literal_bits[0])
}

/// The pixels of a frame's data, by its code size.
pub(super) fn lzw<R: Read>(blocks: Blocks<R>, literal_bits: u8) -> Result<Lzw<R>, EngineError> {
    if !(1..=11).contains(&literal_bits) {
        return Err(EngineError::header(FORMAT, "LZW minimum code size", literal_bits));
    }
    Ok(Lzw::new(blocks, literal_bits))
}

pub(super) fn cut(cause: io::Error) -> EngineError {
    EngineError::decoder(FORMAT, cause)
}

/// Why a frame has too few rows.
pub(super) fn fault(end: End) -> EngineError {
    match end {
        End::Data => EngineError::header(FORMAT, "rows", 0_u8),
        End::File => cut(io::ErrorKind::UnexpectedEof.into()),
        End::Code(code) => EngineError::header(FORMAT, "LZW code", code),
    }
}

/// What is wrong with a frame of which every row is there.
///
/// There is no checksum, but pixels that go on behind the last row are those of another size, or damaged.
pub(super) fn at_end(pixels: &mut Lzw<impl Read>, has_colours: bool) -> Vec<Warning> {
    match pixels.row(1) {
        Ok(_) | Err(End::Code(_)) => vec![Warning::Damaged],
        // A picture without its colours is not the one that was drawn.
        _ if !has_colours => vec![Warning::Damaged],
        // Nothing more is needed, so a file may also be cut here.
        _ => Vec::new(),
    }
}

/// The rows of an interlaced frame as they are stored. Source: GIF89a, appendix E.
pub(super) fn interlaced_rows(height: usize) -> impl Iterator<Item = usize> {
    [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(move |(first, step)| (first..height).step_by(step))
}

/// 256 colours with alpha; indices past the table are transparent, as in browsers.
pub(super) fn colours(palette: &[u8], transparent: Option<u8>) -> Box<Palette> {
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
    palette: Box<Palette>,
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
