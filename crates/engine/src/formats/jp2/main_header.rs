//! The markers before the first tile: sizes of tiles, blocks and precincts, by which memory is planned.
//!
//! Source: ITU-T T.800, A.5.1 (SIZ), A.6.1 (COD), A.6.2 (COC), A.4.2 (SOT).

use super::FORMAT;
use crate::{EngineError, fields::Fields};

const SIZ: u16 = 0xFF51;
const COD: u16 = 0xFF52;
const COC: u16 = 0xFF53;
const SOT: u16 = 0xFF90;
const SOD: u16 = 0xFF93;

/// How a component is coded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Style {
    /// How often it is halved.
    levels: u32,
    /// Sides of a block of code, as powers of 2.
    block: (u32, u32),
    /// The same of precincts, for each resolution, the smallest first.
    precincts: Vec<(u32, u32)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MainHeader {
    /// Width and height of the largest component.
    pub(super) size_px: (u32, u32),
    pub(super) components: u32,
    /// Of the deepest component.
    pub(super) bits: u32,
    tile_px: (u32, u32),
    tiles: u64,
    layers: u32,
    style: Style,
    others: Vec<Style>,
}

/// What there is of the main header in `bytes`, which start with its first marker.
pub(super) enum Found {
    Whole(Box<MainHeader>),
    /// At least so many bytes of it are needed.
    More(usize),
}

impl MainHeader {
    pub(super) fn read(bytes: &[u8]) -> Result<Found, EngineError> {
        let mut header = Self::default();
        let mut at = 2;
        loop {
            let Some(marker) = bytes.be16(at) else { return Ok(Found::More(at + 4096)) };
            if marker == SOT {
                break;
            }
            // Some have no segment.
            if (0xFF30..=0xFF3F).contains(&marker) {
                at += 2;
                continue;
            }
            let Some(length) = bytes.be16(at + 2) else { return Ok(Found::More(at + 4096)) };
            let end = at + 2 + usize::from(length);
            let Some(segment) = bytes.get(at + 4..end.max(at + 4)) else { return Ok(Found::More(end + 4096)) };
            let is_read = match marker {
                SIZ => header.read_sizes(segment),
                COD => header.read_style(segment),
                COC => header.read_other(segment),
                _ => Some(()),
            };
            if is_read.is_none() || marker < 0xFF00 {
                return Err(EngineError::header(FORMAT, "marker", marker));
            }
            at = end;
        }
        if header.tiles == 0 || header.layers == 0 {
            return Err(EngineError::header(FORMAT, "number of layers", header.layers));
        }
        Ok(Found::Whole(Box::new(header)))
    }

    fn read_sizes(&mut self, segment: &[u8]) -> Option<()> {
        let number = |at: usize| segment.be32(at);
        let (right, bottom, left, top) = (number(2)?, number(6)?, number(10)?, number(14)?);
        let (tile_width, tile_height, tile_left, tile_top) = (number(18)?, number(22)?, number(26)?, number(30)?);
        self.components = segment.be16(34)?.into();
        let mut steps = (u32::MAX, u32::MAX);
        for component in segment.get(36..)?.chunks_exact(3).take(self.components as usize) {
            self.bits = self.bits.max(u32::from(component[0] & 0x7F) + 1);
            steps = (steps.0.min(component[1].into()), steps.1.min(component[2].into()));
        }
        let side = |to: u32, from: u32, step: u32| to.checked_sub(from)?.checked_add(step - 1)?.checked_div(step);
        if steps.0 == 0 || steps.1 == 0 || tile_width == 0 || tile_height == 0 || self.components == 0 {
            return None;
        }
        self.size_px = (side(right, left, steps.0)?, side(bottom, top, steps.1)?);
        let (across, down) = (side(right, tile_left, tile_width)?, side(bottom, tile_top, tile_height)?);
        self.tiles = u64::from(across) * u64::from(down);
        let most = |tile: u32, step: u32, whole: u32| (tile.div_ceil(step) + 1).min(whole);
        self.tile_px = (most(tile_width, steps.0, self.size_px.0), most(tile_height, steps.1, self.size_px.1));
        Some(())
    }

    fn read_style(&mut self, segment: &[u8]) -> Option<()> {
        self.layers = segment.be16(2)?.into();
        self.style = Style::read(*segment.first()?, segment.get(5..)?)?;
        Some(())
    }

    fn read_other(&mut self, segment: &[u8]) -> Option<()> {
        let segment = segment.get(if self.components < 257 { 1 } else { 2 }..)?;
        self.others.push(Style::read(*segment.first()?, segment.get(1..)?)?);
        // One for each component, at the most.
        (self.others.len() as u64 <= u64::from(self.components)).then_some(())
    }

    fn styles(&self) -> impl Iterator<Item = &Style> {
        std::iter::once(&self.style).chain(&self.others)
    }

    /// How often every component can be left halved.
    pub(super) fn levels(&self) -> u32 {
        self.styles().map(|style| style.levels).min().unwrap_or_default()
    }

    /// A tile's width and height, at the most, halved so often.
    pub(super) const fn tile_px(&self, halved: u32) -> (u64, u64) {
        ((self.tile_px.0 >> halved) as u64 + 1, (self.tile_px.1 >> halved) as u64 + 1)
    }

    /// What the crate holds of a tile's structure, in bytes, and of the list of tiles.
    pub(super) fn table_bytes(&self) -> u64 {
        const BLOCK_BYTES: u64 = 96 + 2 * 48;
        const LAYER_BYTES: u64 = 32 + 48;
        const PRECINCT_BYTES: u64 = 256;
        const TILE_BYTES: u64 = 512;
        const COMPONENT_BYTES: u64 = 768;
        let components = u64::from(self.components);
        let most = |count: fn(&Style, (u64, u64)) -> u64| {
            let tile = (u64::from(self.tile_px.0), u64::from(self.tile_px.1));
            self.styles().map(|style| count(style, tile)).max().unwrap_or_default()
        };
        let blocks = most(|style, tile| style.counts(tile).0).saturating_mul(components);
        let precincts = most(|style, tile| style.counts(tile).1).saturating_mul(components);
        // Vectors double as they grow.
        let tile = blocks
            .saturating_mul(BLOCK_BYTES + LAYER_BYTES * u64::from(self.layers))
            .saturating_add(precincts.saturating_mul(PRECINCT_BYTES))
            .saturating_mul(2);
        let list = self.tiles.saturating_mul(TILE_BYTES + COMPONENT_BYTES * components);
        tile.saturating_add(list)
    }
}

impl Style {
    fn read(flags: u8, parameters: &[u8]) -> Option<Self> {
        let [levels, width, height, _, _, sizes @ ..] = parameters else { return None };
        let levels = u32::from(*levels);
        let block = (u32::from(*width) + 2, u32::from(*height) + 2);
        let precincts = match flags & 1 {
            0 => vec![(15, 15); levels as usize + 1],
            _ => {
                sizes.get(..=levels as usize)?.iter().map(|size| (u32::from(size & 15), u32::from(size >> 4))).collect()
            }
        };
        (levels <= 32 && block.0 <= 10 && block.1 <= 10).then_some(Self { levels, block, precincts })
    }

    /// Blocks and precincts of a component of a tile, at the most.
    fn counts(&self, tile: (u64, u64)) -> (u64, u64) {
        let (mut blocks, mut precincts) = (0_u64, 0_u64);
        for (resolution, precinct) in self.precincts.iter().enumerate() {
            let halved = self.levels - resolution as u32;
            // The smallest has one band, the others three of half its size.
            let (bands, of_band) = if resolution == 0 { (1, 0) } else { (3, 1) };
            let side = |side: u64, precinct: u32, block: u32| {
                let side = (side >> halved.min(63)) + 1;
                let whole = (side >> precinct) + 2;
                let block = block.min(precinct.saturating_sub(of_band));
                // A precinct starts with a block of its own.
                (whole, ((side >> of_band >> block) + 2).saturating_add(whole))
            };
            let (across, blocks_across) = side(tile.0, precinct.0, self.block.0);
            let (down, blocks_down) = side(tile.1, precinct.1, self.block.1);
            precincts = precincts.saturating_add(across.saturating_mul(down).saturating_mul(bands));
            blocks = blocks.saturating_add(blocks_across.saturating_mul(blocks_down).saturating_mul(bands));
        }
        (blocks, precincts)
    }
}

/// What is wrong with the parts of tiles in `bytes`, a whole codestream, if anything is.
pub(super) fn check_tiles(bytes: &[u8]) -> Result<(), EngineError> {
    let ends = |expected: usize| EngineError::ends(FORMAT, bytes.len() as u64, expected as u64);
    let mut at = 2;
    let mut in_tile = false;
    let mut next = None;
    loop {
        let marker = bytes.be16(at).ok_or_else(|| ends(at + 2))?;
        match marker {
            SOT => {
                let length = bytes.be32(at + 6).ok_or_else(|| ends(at + 12))? as usize;
                in_tile = true;
                next = (length != 0).then_some(at.saturating_add(length.max(14)));
            }
            SOD => match next {
                // Up to the end of the file.
                None => return Ok(()),
                Some(end) if end > bytes.len() => return Err(ends(end)),
                Some(end) => {
                    // What stands behind the last one is its end, or nothing.
                    if bytes.be16(end) != Some(SOT) {
                        return Ok(());
                    }
                    at = end;
                    continue;
                }
            },
            COD | COC if in_tile => return Err(EngineError::unsupported(FORMAT, "a tile in a coding of its own")),
            0xFF30..=0xFF3F => {
                at += 2;
                continue;
            }
            0xFF01.. => {}
            _ => return Err(EngineError::header(FORMAT, "marker", marker)),
        }
        at += 2 + usize::from(bytes.be16(at + 2).ok_or_else(|| ends(at + 4))?);
    }
}
