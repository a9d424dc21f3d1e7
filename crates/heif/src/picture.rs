//! The primary item as a decoder needs it: its tiles in the order of the file, and what is done to them afterwards.

use crate::{
    av1::Av1,
    avc::Avc,
    boxes::{Cursor, Fault, Header, cut},
    facts::{Extent, Nclx},
    hevc::Configuration,
    items::Meta,
    vp9::Vp9,
};

/// A longer `meta` is refused: an iPhone's has 4 kB, one with a profile of a printer 2 MB.
const MOST_META_BYTES: u64 = 4 << 20;

/// How far the header was there.
#[derive(Debug)]
pub enum Read {
    /// All of it.
    Done(Box<Picture>),
    /// At least that many bytes of the file are needed.
    More(u64),
}

/// What coded an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codec {
    /// `hvc1`, with its decoder's configuration.
    Hevc(Configuration),
    /// `av01`, with what its configuration says.
    Av1(Av1),
    /// `avc1`, of films.
    Avc(Avc),
    /// `vp09`, of films.
    Vp9(Vp9),
}

/// What is done to the picture to see it, in the file's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// `irot`: quarter turns against the clock, 1 to 3.
    Quarters(u8),
    /// `imir` with axis 0: top and bottom change places.
    TopBottom,
    /// `imir` with axis 1: left and right change places.
    LeftRight,
}

/// `clap`, in whole pixels of the picture as it is stored; never empty, never outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Columns left out on the left.
    pub left: u32,
    /// Rows left out above.
    pub top: u32,
    /// Columns kept.
    pub width: u32,
    /// Rows kept.
    pub height: u32,
}

/// The tiles of the colours, or of the alpha plane.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What decodes them.
    pub codec: Codec,
    /// Row by row, in any order in the file, and none over another.
    pub tiles: Vec<Extent>,
    /// Of the item.
    pub nclx: Option<Nclx>,
}

/// The primary item.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its colours.
    pub colour: Layer,
    /// Its alpha plane, in tiles like those of the colours.
    pub alpha: Option<Layer>,
    /// Whether colours were multiplied by alpha before they were coded.
    pub is_premultiplied: bool,
    /// Columns and rows of pixels, before the crop.
    pub size: (u32, u32),
    /// Columns and rows of tiles; 1 and 1 for a single image.
    pub grid: (u32, u32),
    /// Width and height of every tile, in pixels; those at the right and below may stand over.
    pub tile: (u32, u32),
    /// What is kept of the picture.
    pub crop: Crop,
    /// Applied after the crop.
    pub turns: Vec<Turn>,
    /// An ICC profile.
    pub profile: Option<Vec<u8>>,
    /// Where `meta` ends, in bytes from the start of the file.
    pub header_bytes: u64,
}

/// Reads the header in the first bytes of a file.
///
/// # Errors
/// [`Fault`], with what is wrong or not read.
pub fn read(prefix: &[u8]) -> Result<Read, Fault> {
    let mut at = 0_u64;
    // A film, as image sequences have one beside their primary item.
    let mut has_film = false;
    loop {
        let rest = usize::try_from(at).ok().and_then(|at| prefix.get(at..)).unwrap_or_default();
        let Some(Header { kind, header_bytes, bytes }) = Header::read(rest) else { return Ok(Read::More(at + 16)) };
        if bytes < header_bytes as u64 || at + header_bytes as u64 > MOST_META_BYTES {
            return Err(Fault::Value { field: "length of a box", value: bytes });
        }
        match &kind {
            b"meta" if bytes > MOST_META_BYTES => return Err(Fault::Value { field: "length of meta", value: bytes }),
            b"meta" => {
                let end = at + bytes;
                let Some(body) = rest.get(header_bytes..bytes as usize) else { return Ok(Read::More(end)) };
                return Ok(Read::Done(Box::new(picture(&Meta::read(body)?, end)?)));
            }
            b"mdat" if has_film => return Err(Fault::Unsupported("a track without a primary item")),
            b"mdat" => return Err(Fault::Unsupported("an index behind the pixels")),
            _ => at = at.checked_add(bytes).ok_or(Fault::Value { field: "length of a box", value: bytes })?,
        }
        has_film |= kind == *b"moov";
    }
}

/// The item that `meta` has for its primary one.
pub(crate) fn picture(meta: &Meta<'_>, header_bytes: u64) -> Result<Picture, Fault> {
    let primary = meta.primary;
    let properties = meta.properties(primary);
    let Tiled { size, grid, tile, items } = tiled(meta, primary)?;
    let first = meta.properties(items[0]);
    // Colours of the whole, else of its tiles.
    let (own_nclx, own_profile) = colours(&properties);
    let (tile_nclx, tile_profile) = colours(&first);
    let colour = layer(meta, &items, tile, own_nclx.or(tile_nclx))?;
    let (crop, turns) = transforms(&properties, size)?;
    let alpha = match meta.auxiliaries(primary).find(|item| is_alpha(&meta.properties(*item))) {
        None => None,
        Some(item) => {
            let alpha = tiled(meta, item)?;
            if (alpha.size, alpha.grid, alpha.tile) != (size, grid, tile) {
                return Err(Fault::Unsupported("an alpha plane of another size, or in other tiles"));
            }
            let nclx = colours(&meta.properties(item)).0.or(colours(&meta.properties(alpha.items[0])).0);
            let is_premultiplied = meta.is_premultiplied(primary, item);
            Some((layer(meta, &alpha.items, tile, nclx)?, is_premultiplied))
        }
    };
    let (alpha, is_premultiplied) = alpha.map_or((None, false), |(alpha, is)| (Some(alpha), is));
    check_places(colour.tiles.iter().chain(alpha.iter().flat_map(|alpha| &alpha.tiles)), header_bytes)?;
    Ok(Picture {
        colour,
        alpha,
        is_premultiplied,
        size,
        grid,
        tile,
        crop,
        turns,
        profile: own_profile.or(tile_profile).map(<[u8]>::to_vec),
        header_bytes,
    })
}

/// An item, and the items that are its tiles: a single image is its own.
struct Tiled {
    size: Sides,
    grid: Sides,
    tile: Sides,
    /// At least one.
    items: Vec<u32>,
}

fn tiled(meta: &Meta<'_>, item: u32) -> Result<Tiled, Fault> {
    let no_item = Fault::Value { field: "primary item", value: item.into() };
    let properties = meta.properties(item);
    let kind = meta.kind(item).ok_or(no_item)?;
    let size = size(&properties)?;
    let (grid, tile, items) = match &kind {
        b"hvc1" | b"hev1" | b"av01" => ((1, 1), size, vec![item]),
        b"grid" => {
            let items = meta.parts(item);
            let (grid, whole) = grid(meta, item)?;
            if whole != size || items.len() as u64 != u64::from(grid.0) * u64::from(grid.1) {
                return Err(Fault::Value { field: "number of tiles", value: items.len() as u64 });
            }
            let tile = self::size(&meta.properties(items[0]))?;
            (grid, tile, items)
        }
        b"iovl" => return Err(Fault::Unsupported("an overlay")),
        b"iden" => return Err(Fault::Unsupported("a derived picture")),
        b"tmap" => return Err(Fault::Unsupported("a gain map as its primary item")),
        _ => return Err(Fault::Unsupported("its codec")),
    };
    let covers = |count: u32, tile: u32, side: u32| {
        let all = u64::from(count) * u64::from(tile);
        all >= u64::from(side) && all - u64::from(tile) < u64::from(side)
    };
    if !covers(grid.0, tile.0, size.0) || !covers(grid.1, tile.1, size.1) {
        return Err(Fault::Value { field: "width of a tile", value: tile.0.into() });
    }
    [item].iter().chain(&items).try_for_each(|item| meta.check_properties(*item))?;
    Ok(Tiled { size, grid, tile, items })
}

fn layer(meta: &Meta<'_>, items: &[u32], tile: Sides, nclx: Option<Nclx>) -> Result<Layer, Fault> {
    let first = meta.properties(items[0]);
    let codec = codec(meta.kind(items[0]), &first)?;
    check_same(meta, items, &first, tile)?;
    Ok(Layer { codec, tiles: tiles(meta, items)?, nclx })
}

/// Across and down.
type Sides = (u32, u32);
type Properties<'file> = [([u8; 4], &'file [u8])];

fn body<'file>(properties: &Properties<'file>, wanted: &[u8; 4]) -> Option<&'file [u8]> {
    properties.iter().find(|(kind, _)| kind == wanted).map(|(_, body)| *body)
}

/// `ispe`.
pub(crate) fn size(properties: &Properties<'_>) -> Result<(u32, u32), Fault> {
    let body = body(properties, b"ispe").unwrap_or_default();
    let mut cursor = Cursor { bytes: body.get(4..).unwrap_or_default() };
    match (cursor.u32(), cursor.u32()) {
        (Some(width @ 1..), Some(height @ 1..)) => Ok((width, height)),
        _ => Err(cut("length of ispe", body)),
    }
}

/// Columns and rows, and the size of the whole: the bytes of the item `grid`.
fn grid(meta: &Meta<'_>, item: u32) -> Result<(Sides, Sides), Fault> {
    let place = meta.place(item).filter(|place| place.method == 1 && place.parts == 1);
    let place = place.ok_or(Fault::Unsupported("a grid outside of idat"))?;
    let (at, bytes) = (usize::try_from(place.extent.offset), usize::try_from(place.extent.bytes));
    let body = at.ok().zip(bytes.ok()).and_then(|(at, bytes)| meta.data.get(at..)?.get(..bytes)).unwrap_or_default();
    let mut cursor = Cursor { bytes: body };
    let grid = (|| {
        let [_, flags, rows, columns] = *cursor.take(4)?.first_chunk::<4>()?;
        let width = if flags & 1 == 0 { 2 } else { 4 };
        let size = (cursor.number(width)? as u32, cursor.number(width)? as u32);
        Some(((u32::from(columns) + 1, u32::from(rows) + 1), size))
    })();
    grid.ok_or(cut("length of the grid", body))
}

fn codec(kind: Option<[u8; 4]>, properties: &Properties<'_>) -> Result<Codec, Fault> {
    match kind.as_ref() {
        Some(b"hvc1" | b"hev1") => Ok(Codec::Hevc(Configuration::read(body(properties, b"hvcC").unwrap_or_default())?)),
        Some(b"av01") => Ok(Codec::Av1(Av1::read(body(properties, b"av1C").unwrap_or_default())?)),
        _ => Err(Fault::Unsupported("its codec")),
    }
}

/// Every tile has the codec, the configuration and the size of the first: one decoder serves all.
fn check_same(meta: &Meta<'_>, items: &[u32], first: &Properties<'_>, tile: (u32, u32)) -> Result<(), Fault> {
    let kind = meta.kind(items[0]);
    for item in items.iter().skip(1) {
        let properties = meta.properties(*item);
        let is_same = meta.kind(*item) == kind
            && body(&properties, b"hvcC") == body(first, b"hvcC")
            && body(&properties, b"av1C") == body(first, b"av1C")
            && size(&properties)? == tile;
        if !is_same {
            return Err(Fault::Unsupported("a grid of different tiles"));
        }
    }
    Ok(())
}

pub(crate) fn tiles(meta: &Meta<'_>, items: &[u32]) -> Result<Vec<Extent>, Fault> {
    let place = |item: &u32| {
        let place = meta.place(*item).ok_or(Fault::Value { field: "item of a tile", value: (*item).into() })?;
        if place.method != 0 || place.parts != 1 {
            return Err(Fault::Unsupported("a tile in several parts"));
        }
        if place.extent.bytes == 0 {
            return Err(Fault::Value { field: "length of a tile", value: 0 });
        }
        Ok(place.extent)
    };
    items.iter().map(place).collect()
}

/// Every tile is behind the boxes, and none over another: the file is read once, from front to back.
fn check_places<'file>(tiles: impl Iterator<Item = &'file Extent>, header_bytes: u64) -> Result<(), Fault> {
    let mut tiles: Vec<_> = tiles.collect();
    tiles.sort_by_key(|tile| tile.offset);
    let mut end = header_bytes;
    for tile in tiles {
        if tile.offset < end {
            return Err(Fault::Unsupported("tiles that share bytes, or stand before their boxes"));
        }
        let tile_end = tile.offset.checked_add(tile.bytes);
        end = tile_end.ok_or(Fault::Value { field: "length of a tile", value: tile.bytes })?;
    }
    Ok(())
}

/// `colr` in both of its forms.
fn colours<'file>(properties: &Properties<'file>) -> (Option<Nclx>, Option<&'file [u8]>) {
    let (mut nclx, mut profile) = (None, None);
    for (_, body) in properties.iter().filter(|(kind, _)| kind == b"colr") {
        match body.split_first_chunk::<4>() {
            Some((b"nclx", [_, primaries, _, transfer, _, matrix, range, ..])) => {
                let (primaries, transfer, matrix) = (*primaries, *transfer, *matrix);
                nclx = nclx.or(Some(Nclx { primaries, transfer, matrix, full_range: range & 0x80 != 0 }));
            }
            Some((b"prof" | b"rICC", bytes)) => profile = profile.or(Some(bytes)),
            _ => {}
        }
    }
    (nclx, profile)
}

fn is_alpha(properties: &Properties<'_>) -> bool {
    let name = body(properties, b"auxC").and_then(|body| body.get(4..)).unwrap_or_default();
    let names = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha".as_slice(), b"urn:mpeg:hevc:2015:auxid:1"];
    names.iter().any(|known| name.starts_with(known))
}

pub(crate) fn transforms(properties: &Properties<'_>, size: (u32, u32)) -> Result<(Crop, Vec<Turn>), Fault> {
    let whole = Crop { left: 0, top: 0, width: size.0, height: size.1 };
    let (mut crop, mut turns) = (whole, Vec::new());
    for (kind, body) in properties {
        let value = body.first().copied().unwrap_or_default();
        match kind {
            b"clap" if crop == whole && turns.is_empty() => crop = clap(body, size)?,
            b"clap" => return Err(Fault::Unsupported("a crop behind a rotation")),
            b"irot" if value & 3 != 0 => turns.push(Turn::Quarters(value & 3)),
            b"imir" => turns.push(if value & 1 == 0 { Turn::TopBottom } else { Turn::LeftRight }),
            _ => {}
        }
    }
    Ok((crop, turns))
}

/// Size and the offset of its centre from the picture's, as fractions.
fn clap(body: &[u8], (width, height): (u32, u32)) -> Result<Crop, Fault> {
    let mut cursor = Cursor { bytes: body };
    let mut fraction = || {
        let (numerator, denominator) = (cursor.u32()?.cast_signed(), cursor.u32()?.cast_signed());
        (denominator > 0).then(|| f64::from(numerator) / f64::from(denominator))
    };
    let (Some(wide), Some(high), Some(right), Some(down)) = (fraction(), fraction(), fraction(), fraction()) else {
        return Err(cut("length of clap", body));
    };
    let side = |whole: u32, kept: f64, shift: f64| {
        let first = ((f64::from(whole) - kept) / 2.0 + shift).round();
        let kept = kept.round();
        let is_inside = first >= 0.0 && kept >= 1.0 && first + kept <= f64::from(whole);
        is_inside.then_some((first as u32, kept as u32))
    };
    match (side(width, wide, right), side(height, high, down)) {
        (Some((left, width)), Some((top, height))) => Ok(Crop { left, top, width, height }),
        _ => Err(Fault::Value { field: "width of clap", value: wide.max(0.0) as u64 }),
    }
}
