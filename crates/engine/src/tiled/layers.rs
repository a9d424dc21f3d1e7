//! Tile by tile into rows of the picture: the alpha plane's first, then that of the colours at the same place.
//!
//! The file is read once, from front to back. What stands before it is needed is kept as it is coded, which is a fraction
//! of its pixels: the colours of a grid, where its alpha plane stands behind them.

use std::io::{self, Read};

use contract::ImageFormat;
use heif::{Codec, Extent, Layer, Nclx, Picture};

use super::{
    TiledDetail,
    colour::{self, Matrix, assumed},
    frame::{Lines, Shape, TileDecoder, unreadable},
};
use crate::{
    EngineError, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    room::guarded,
    row_sink::{RowSink, at_least_half},
    source::Source,
};

/// What a file is refused for whose reader cannot go back.
pub(crate) const AN_INDEX_BEHIND: &str = "an index behind the pixels, in a compressed body";

pub(crate) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &TiledDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let picture = &detail.picture;
    let mut tiles = Tiles::new(source, probe.format, picture);
    let with_filters = plan.row_shrink == 1;
    let mut colours = decoder(probe.format, &picture.colour, picture.tile, with_filters)?;
    let mut alphas = match &picture.alpha {
        Some(alpha) => Some(decoder(probe.format, alpha, picture.tile, with_filters)?),
        None => None,
    };
    let channels = detail.channels();
    let row = vec![0; picture.tile.0 as usize * channels.count()];
    let levels = if picture.alpha.is_some() { vec![0; level_bytes(picture.tile) as usize] } else { Vec::new() };
    let sink = RowSink::of_stored(probe, (picture.crop.width, picture.crop.height), plan, channels);
    let band = vec![0; band_bytes(picture, channels) as usize];
    let mut rows = Rows { format: probe.format, picture, sink, band, row, levels, matrix: None, nclx: None };
    let mut fault = None;
    // Of tiles without damage.
    let mut whole = 0;
    'rows: for down in 0..picture.grid.1 {
        for across in 0..picture.grid.0 {
            let index = (down * picture.grid.0 + across) as usize;
            let mut add = || {
                if let (Some(layer), Some(decoder)) = (&picture.alpha, &mut alphas) {
                    let mut levels = Levels { rows: &mut rows, layer, matrix: None };
                    tiles.decode(layer.tiles[index], decoder.as_mut(), &mut levels)?;
                }
                let mut lines = Colours { rows: &mut rows, place: (across, down), shape: None };
                tiles.decode(picture.colour.tiles[index], colours.as_mut(), &mut lines)
            };
            if let Err(cause) = add() {
                fault = Some(cause);
                break 'rows;
            }
        }
        rows.pass_band(down);
        whole = rows.sink.rows();
    }
    let fault = fault.unwrap_or(unreadable(probe.format));
    // What is well-formed and not decoded is said, whatever came before.
    if matches!(fault, EngineError::Unsupported { .. }) && whole < picture.crop.height {
        return Err(fault);
    }
    let stored = Probe { height_px: picture.crop.height, ..probe.clone() };
    let warnings = at_least_half(&stored, whole, || fault)?;
    let profile = picture.profile.clone().or_else(|| colour::profile(rows.nclx));
    Ok(rows.sink.decoded(profile, warnings))
}

/// What is held of the alpha plane of a tile, until its colours are decoded.
pub(super) fn level_bytes((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// What is held of a row of tiles, where there are several in it, until its rows are whole.
pub(super) fn band_bytes(picture: &Picture, channels: Channels) -> u64 {
    let rows = if picture.grid.0 == 1 { 0 } else { picture.tile.1.min(picture.crop.height) };
    u64::from(picture.crop.width) * u64::from(rows) * channels.count() as u64
}

/// A decoder of the layer's tiles; without the feature of its codec `check` refuses the file.
#[cfg_attr(not(all(feature = "av1", feature = "hevc", feature = "h264", feature = "vp9")), allow(unused_variables))]
fn decoder<'picture>(
    format: ImageFormat,
    layer: &'picture Layer,
    size: (u32, u32),
    with_filters: bool,
) -> Result<Box<dyn TileDecoder + 'picture>, EngineError> {
    match &layer.codec {
        #[cfg(feature = "hevc")]
        Codec::Hevc(configuration) => Ok(Box::new(super::hevc::Hevc::new(format, configuration, with_filters)?)),
        #[cfg(feature = "av1")]
        Codec::Av1(samples) => Ok(Box::new(super::av1::Av1Tiles { format, samples: *samples, size, with_filters })),
        #[cfg(feature = "h264")]
        Codec::Avc(configuration) => Ok(Box::new(super::avc::AvcFrames { format, configuration })),
        #[cfg(feature = "vp9")]
        Codec::Vp9(samples) => Ok(Box::new(super::vp9::Vp9Frames { format, samples: *samples, size })),
        #[cfg(not(all(feature = "av1", feature = "hevc", feature = "h264", feature = "vp9")))]
        _ => unreachable!("`check` refuses the file"),
    }
}

/// The tiles of both layers, in the order of the file.
pub(super) fn in_order(picture: &Picture) -> Vec<Extent> {
    let alpha = picture.alpha.iter().flat_map(|alpha| &alpha.tiles);
    let mut all: Vec<_> = picture.colour.tiles.iter().chain(alpha).copied().collect();
    all.sort_unstable_by_key(|tile| tile.offset);
    all
}

/// The most bytes of tiles that are kept until they are needed.
pub(super) fn kept_bytes(picture: &Picture) -> u64 {
    let (mut next, mut kept, mut most) = (in_order(picture).into_iter(), 0_u64, 0);
    let mut read_to = 0;
    for (index, colour) in picture.colour.tiles.iter().enumerate() {
        let alpha = picture.alpha.as_ref().map(|alpha| alpha.tiles[index]);
        for wanted in alpha.iter().chain([colour]) {
            while wanted.offset >= read_to {
                let Some(tile) = next.next() else { break };
                read_to = tile.offset + 1;
                kept = kept.saturating_add(tile.bytes);
            }
            most = most.max(kept - wanted.bytes.min(kept));
            kept -= wanted.bytes.min(kept);
        }
    }
    most
}

struct Tiles<'decode, 'caller> {
    source: &'decode mut Source<'caller>,
    format: ImageFormat,
    /// Not read yet.
    next: std::vec::IntoIter<Extent>,
    /// Read and not needed yet.
    kept: Vec<(Extent, Vec<u8>)>,
}

impl<'decode, 'caller> Tiles<'decode, 'caller> {
    fn new(source: &'decode mut Source<'caller>, format: ImageFormat, picture: &Picture) -> Self {
        Self { source, format, next: in_order(picture).into_iter(), kept: Vec::new() }
    }

    fn decode(
        &mut self,
        tile: Extent,
        decoder: &mut (dyn TileDecoder + '_),
        out: &mut dyn Lines,
    ) -> Result<(), EngineError> {
        let bytes = self.bytes(tile)?;
        guarded(self.format, || decoder.decode(bytes, out))
    }

    fn bytes(&mut self, wanted: Extent) -> Result<Vec<u8>, EngineError> {
        if let Some(at) = self.kept.iter().position(|(tile, _)| *tile == wanted) {
            return Ok(self.kept.swap_remove(at).1);
        }
        while let Some(tile) = self.next.next() {
            let bytes = self.read(tile)?;
            if tile == wanted {
                return Ok(bytes);
            }
            self.kept.push((tile, bytes));
        }
        Err(unreadable(self.format))
    }

    fn read(&mut self, tile: Extent) -> Result<Vec<u8>, EngineError> {
        let cause = |cause: io::Error| EngineError::decoder(self.format, cause);
        let end = tile.offset.saturating_add(tile.bytes);
        self.source.go_to(tile.offset).map_err(|error| match error.kind() {
            io::ErrorKind::Unsupported => EngineError::unsupported(self.format, AN_INDEX_BEHIND),
            _ => cause(error),
        })?;
        let mut at = tile.offset;
        let mut bytes = Vec::new();
        bytes.reserve_exact(usize::try_from(tile.bytes).map_err(|_| unreadable(self.format))?);
        at += self.source.take(tile.bytes).read_to_end(&mut bytes).map_err(cause)? as u64;
        if at < end { Err(EngineError::ends(self.format, at, end)) } else { Ok(bytes) }
    }
}

struct Rows<'picture> {
    format: ImageFormat,
    picture: &'picture Picture,
    sink: RowSink,
    /// The rows that the crop keeps of a row of tiles; empty where a tile is as wide as the picture.
    band: Vec<u8>,
    /// Of a tile, in the channels of the picture.
    row: Vec<u8>,
    /// The alpha plane of a tile; empty without one.
    levels: Vec<u8>,
    matrix: Option<Matrix>,
    /// Colours of the last tile.
    nclx: Option<Nclx>,
}

impl Rows<'_> {
    /// Which rows of the picture, crop or not, the crop keeps of row `down` of tiles: the first, and the one behind the last.
    fn kept_rows(&self, down: u32) -> (u32, u32) {
        // Sides are below 2^31 in all: a grid has at the most 256 tiles on a side, each of what a codec can code.
        kept((down * self.picture.tile.1, self.picture.tile.1), (self.picture.crop.top, self.picture.crop.height))
    }

    /// Hands on the rows of row `down` of tiles, which are whole now.
    fn pass_band(&mut self, down: u32) {
        if self.picture.grid.0 > 1 {
            let (from_y, to_y) = self.kept_rows(down);
            let rows = self.band.chunks_exact(self.sink.row_bytes());
            rows.take(to_y.saturating_sub(from_y) as usize).for_each(|row| self.sink.push(row));
        }
    }

    fn check(&self, shape: Shape) -> Result<(), EngineError> {
        match shape.size == self.picture.tile {
            true => Ok(()),
            false => Err(EngineError::header(self.format, "width of a tile", shape.size.0)),
        }
    }

    /// Adds line `y` of a tile, of which the crop keeps a part or nothing.
    fn add(&mut self, y: u32, planes: [&[u16]; 3], shape: Shape, (across, down): (u32, u32)) {
        let (crop, (width, height)) = (self.picture.crop, self.picture.tile);
        let (left, top) = (across * width, down * height);
        let (from_x, to_x) = kept((left, width), (crop.left, crop.width));
        let (from_y, to_y) = self.kept_rows(down);
        if from_x >= to_x || !(from_y..to_y).contains(&(top + y)) {
            return;
        }
        let count = self.row.len() / width as usize;
        let [luma, blue, red] = planes;
        let chroma = (!shape.is_grey).then_some([blue, red]);
        if let Some(matrix) = &self.matrix {
            matrix.row(luma, chroma, u32::from(shape.halved.0), &mut self.row, count);
        }
        if !self.levels.is_empty() {
            let levels = &self.levels[(y * width) as usize..][..width as usize];
            for (pixel, level) in self.row.chunks_exact_mut(count).zip(levels) {
                pixel[count - 1] = *level;
                if self.picture.is_premultiplied {
                    divide(pixel);
                }
            }
        }
        let pixels = &self.row[(from_x - left) as usize * count..(to_x - left) as usize * count];
        if self.picture.grid.0 == 1 {
            self.sink.push(pixels);
        } else {
            let at = (top + y - from_y) as usize * self.sink.row_bytes() + (from_x - crop.left) as usize * count;
            self.band[at..][..pixels.len()].copy_from_slice(pixels);
        }
    }
}

/// Lines of a tile of the alpha plane.
struct Levels<'rows, 'picture> {
    rows: &'rows mut Rows<'picture>,
    layer: &'picture Layer,
    matrix: Option<Matrix>,
}

impl Lines for Levels<'_, '_> {
    fn begin(&mut self, shape: Shape, nclx: Option<Nclx>) -> Result<(), EngineError> {
        self.rows.check(shape)?;
        // Whole levels, if nothing is said.
        let full_range = self.layer.nclx.or(nclx).is_none_or(|nclx| nclx.full_range);
        let nclx = Nclx { primaries: 2, transfer: 2, matrix: 2, full_range };
        self.matrix = Some(Matrix::new(self.rows.format, Some(nclx), super::bits(&self.layer.codec))?);
        Ok(())
    }

    fn line(&mut self, y: u32, [luma, ..]: [&[u16]; 3]) {
        let width = self.rows.picture.tile.0 as usize;
        let levels = &mut self.rows.levels[y as usize * width..][..width];
        if let Some(matrix) = &self.matrix {
            matrix.row(luma, None, 0, levels, 1);
        }
    }
}

/// Lines of a tile of the colours.
struct Colours<'rows, 'picture> {
    rows: &'rows mut Rows<'picture>,
    /// Column and row of the tile.
    place: (u32, u32),
    shape: Option<Shape>,
}

impl Lines for Colours<'_, '_> {
    fn begin(&mut self, shape: Shape, nclx: Option<Nclx>) -> Result<(), EngineError> {
        let Rows { format, picture, .. } = *self.rows;
        self.rows.check(shape)?;
        let is_grey = super::is_grey(&picture.colour.codec);
        let shape = Shape { is_grey, ..shape };
        let nclx = picture.colour.nclx.or(nclx);
        if self.rows.matrix.is_none() {
            let nclx = assumed(format, shape.size, nclx);
            // Without chroma there is no matrix.
            let nclx = if is_grey { nclx.map(|nclx| Nclx { matrix: 2, ..nclx }) } else { nclx };
            self.rows.matrix = Some(Matrix::new(format, nclx, super::bits(&picture.colour.codec))?);
        }
        (self.rows.nclx, self.shape) = (nclx, Some(shape));
        Ok(())
    }

    fn line(&mut self, y: u32, planes: [&[u16]; 3]) {
        if let Some(shape) = self.shape {
            self.rows.add(y, planes, shape, self.place);
        }
    }
}

/// What a crop keeps of a side that begins at `first`: both as their first and how many there are.
fn kept((first, side): (u32, u32), (crop_first, crop_side): (u32, u32)) -> (u32, u32) {
    (first.max(crop_first), (first + side).min(crop_first + crop_side))
}

/// Colours that were multiplied by alpha, as they were before.
fn divide(pixel: &mut [u8]) {
    if let Some((alpha @ 1.., colours)) = pixel.split_last_mut() {
        let alpha = u32::from(*alpha);
        colours.iter_mut().for_each(|colour| *colour = ((u32::from(*colour) * 255 + alpha / 2) / alpha).min(255) as u8);
    }
}

pub(super) const fn channels(is_grey: bool, has_alpha: bool) -> Channels {
    match (is_grey, has_alpha) {
        (true, false) => Channels::Grey,
        (true, true) => Channels::GreyAlpha,
        (false, false) => Channels::Rgb,
        (false, true) => Channels::Rgba,
    }
}
