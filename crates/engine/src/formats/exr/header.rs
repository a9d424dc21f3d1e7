//! The parts of an OpenEXR file, of which one is taken. Source: OpenEXR 3, file layout.

use std::{io::Cursor, sync::Arc};

use contract::ImageFormat;
use exr::{
    block::reader::Reader,
    compression::Compression,
    error::Error,
    meta::{
        BlockDescription,
        attribute::{ChannelList, SampleType},
        header::Header,
    },
};

use crate::{Colour, EngineError, Orientation, Probe, room::Step};

pub(super) const FORMAT: ImageFormat = ImageFormat::Exr;
/// Attributes become larger in memory than they are in the file.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// Codes of 16 bits: their lengths, their values and the way back.
const HUFFMAN_BYTES: u64 = 3 << 19;
/// What a small attribute becomes, in times of its bytes.
const ATTRIBUTE_GROWTH: u64 = 32;

/// Where the samples of one channel stand, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Channel {
    /// Bytes of a pixel in the channels before it; times the width of a block, where its row starts.
    pub(super) before_bytes: usize,
    pub(super) kind: SampleType,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExrDetail {
    /// Which part of the file.
    pub(super) part: usize,
    /// One of grey, or red, green and blue.
    pub(super) colours: Vec<Channel>,
    pub(super) alpha: Option<Channel>,
    /// Where the data lies on the display window, in pixels: the picture is what the display window shows.
    pub(super) data_at: (i64, i64),
    /// A pixel of all channels, in bytes.
    pub(super) pixel_bytes: u64,
    /// The largest block, in bytes.
    pub(super) block_bytes: u64,
    /// What is held of header and tables, those of the codec too, in bytes.
    pub(super) table_bytes: u64,
}

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let mut cursor = Cursor::new(prefix);
    let parts = exr::block::read(&mut cursor, false).map(Reader::into_meta_data);
    let header_bytes = cursor.position();
    // Neither a success nor an error is believed that may be one of the bytes' end.
    if header_bytes >= prefix.len() as u64 {
        return match prefix.len() {
            MAX_HEADER_BYTES.. => Err(EngineError::header(FORMAT, "header length", prefix.len() as u64)),
            length => Ok(Step::More((length as u64 * 2).clamp(64, MAX_HEADER_BYTES as u64))),
        };
    }
    let parts = parts.map_err(named)?;
    let chunks: u64 = parts.headers.iter().map(|part| part.chunk_count as u64).sum();
    let found = parts.headers.iter().enumerate().find_map(|(index, part)| Some((index, part, colours(part)?)));
    let Some((part, header, colours)) = found else {
        return Err(EngineError::unsupported(FORMAT, "no part of flat R, G, B or Y samples"));
    };
    // Offsets, those of the part, and the room that a growing table takes.
    let codec_bytes = match header.compression {
        Compression::PIZ => HUFFMAN_BYTES,
        // Crate `exr` 1.74.0 does not read it; 1.74.2 believes lengths inside, asks for terabytes and ends the process.
        Compression::DWAA(_) | Compression::DWAB(_) => return Err(EngineError::unsupported(FORMAT, "DWA compression")),
        // It subtracts without a check, which ends in a panic.
        Compression::B44 | Compression::B44A => return Err(EngineError::unsupported(FORMAT, "B44 compression")),
        _ => 0,
    };
    let table_bytes = header_bytes * ATTRIBUTE_GROWTH + chunks * 8 * 4 + codec_bytes;
    probe(part, header, colours, header_bytes, table_bytes).map(Step::Done)
}

fn probe(
    part: usize,
    header: &Header,
    colours: Vec<Channel>,
    header_bytes: u64,
    table_bytes: u64,
) -> Result<Probe, EngineError> {
    let display = header.shared_attributes.display_window;
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let (width_px, height_px) = (side(display.size.x()), side(display.size.y()));
    let data = header.own_attributes.layer_position;
    let offset = |data: i32, display: i32| i64::from(data) - i64::from(display);
    let data_at = (offset(data.x(), display.position.x()), offset(data.y(), display.position.y()));
    let (data_width, data_height) = (header.layer_size.x() as i64, header.layer_size.y() as i64);
    let end = (data_at.0.saturating_add(data_width), data_at.1.saturating_add(data_height));
    let shown = (i64::from(width_px), i64::from(height_px));
    if data_at.0 >= shown.0 || data_at.1 >= shown.1 || end.0 <= 0 || end.1 <= 0 {
        return Err(EngineError::unsupported(FORMAT, "no data inside its display window"));
    }
    let covers = data_at.0 <= 0 && data_at.1 <= 0 && end.0 >= shown.0 && end.1 >= shown.1;
    let alpha = channel(&header.channels, "A");
    let pixel_bytes = header.channels.bytes_per_pixel as u64;
    let (block_width, block_height) = match header.blocks {
        BlockDescription::Tiles(tiles) => (tiles.tile_size.x() as u64, tiles.tile_size.y() as u64),
        BlockDescription::ScanLines => (data_width as u64, header.compression.scan_lines_per_block() as u64),
    };
    // Crate `exr` multiplies them without a check.
    if let Some(side) = [block_width, block_height].into_iter().find(|side| *side > 1 << 16) {
        return Err(EngineError::header(FORMAT, "side of a block", side));
    }
    let block_pixels = block_width.min(data_width as u64) * block_height.min(data_height as u64);
    Ok(Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: colours.first().map_or(0, |channel| channel.kind.bytes_per_sample() as u8 * 8),
        colour: if colours.len() == 1 { Colour::Grey } else { Colour::Rgb },
        has_alpha: alpha.is_some() || !covers,
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes,
        detail: Arc::new(ExrDetail {
            part,
            colours,
            alpha,
            data_at,
            pixel_bytes,
            block_bytes: block_pixels.saturating_mul(pixel_bytes),
            table_bytes,
        }),
    })
}

/// The channels that are seen, where the part has them and all of its channels are whole.
fn colours(part: &Header) -> Option<Vec<Channel>> {
    let is_flat = !part.deep && part.channels.list.iter().all(|channel| channel.sampling.area() == 1);
    let of = |names: &[&str]| names.iter().map(|name| channel(&part.channels, name)).collect::<Option<Vec<_>>>();
    is_flat.then(|| of(&["R", "G", "B"]).or_else(|| of(&["Y"])))?
}

fn channel(list: &ChannelList, name: &str) -> Option<Channel> {
    let mut before_bytes = 0;
    for channel in &list.list {
        if channel.name.as_slice() == name.as_bytes() {
            return Some(Channel { before_bytes, kind: channel.sample_type });
        }
        before_bytes += channel.sample_type.bytes_per_sample();
    }
    None
}

/// An error of crate `exr` in this crate's words.
pub(super) fn named(error: Error) -> EngineError {
    match error {
        Error::NotSupported(what) => EngineError::unsupported(FORMAT, what),
        error => EngineError::decoder(FORMAT, error),
    }
}
