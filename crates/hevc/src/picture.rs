//! What is known of a picture while it is decoded: samples, and what later blocks and filters ask of earlier ones.

use crate::{grid::Grid, layout::Layout, offsets::Offsets, pps::Pps, slice::Slice, sps::Sps};

/// Rows of coding tree blocks that are held: the one being decoded, and three for the filters behind it.
const HELD: usize = 4;
/// The slice of a coding tree block that is not decoded yet.
const NONE: u32 = u32::MAX;

/// Samples and facts of blocks.
pub(crate) struct Picture {
    /// Luma, blue and red chroma; these are empty where there is no chroma.
    pub(crate) planes: [Grid<u16>; 3],
    /// `QpY`, of blocks of 8 by 8.
    pub(crate) quantisers: Grid<i8>,
    /// Blocks of 8 by 8 whose samples no filter changes.
    pub(crate) fixed: Grid<bool>,
    /// How often the coding tree was split, of blocks of 8 by 8.
    pub(crate) depths: Grid<u8>,
    /// Modes of intra prediction, of blocks of 4 by 4.
    pub(crate) modes: Grid<u8>,
    /// Whether the left edge of a column of 8 is filtered, by rows of 4; and the upper edge of a row of 8, by columns of 4.
    pub(crate) edges: [Grid<bool>; 2],
    /// Of each coding tree block and plane.
    pub(crate) offsets: Grid<[Offsets; 3]>,
    /// Of each coding tree block, the index of its slice.
    slice_of: Vec<u32>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) layout: Layout,
    /// Of a coding tree block, as a power of two.
    pub(crate) log2: u32,
    size: (usize, usize),
}

/// The cells of each grid, for its size and for what all of them hold.
struct Sizes {
    samples: (usize, usize),
    chroma: (usize, usize),
    /// In rows of samples.
    held: Option<usize>,
}

fn sizes(sps: &Sps, layout: &Layout) -> Sizes {
    let side = 1 << sps.tree_block_log2;
    let whole = |length: u32| (length as usize).next_multiple_of(side);
    let samples = (whole(sps.width), whole(sps.height));
    let (across, down) = sps.chroma_shifts();
    let chroma = if sps.chroma_format == 0 { (0, 0) } else { (samples.0 >> across, samples.1 >> down) };
    Sizes { samples, chroma, held: (!layout.is_sideways()).then_some(HELD * side) }
}

/// What [`Picture::new`] allocates, in bytes.
pub(crate) fn held_bytes(sps: &Sps, pps: &Pps) -> u64 {
    let layout = Layout::new(sps, pps);
    let Sizes { samples: (width, height), chroma: (chroma_width, chroma_height), held } = sizes(sps, &layout);
    let rows = held.map_or(height, |held| held.min(height)) as u64;
    let chroma_rows = rows * chroma_height as u64 / height as u64;
    let (width, chroma_width) = (width as u64, chroma_width as u64);
    let blocks = u64::from(sps.tree_blocks().0) * u64::from(sps.tree_blocks().1);
    let facts = rows * width * 3 / 64 + rows * width / 16 + 2 * rows * width / 32;
    let offsets = (width >> sps.tree_block_log2) * (rows >> sps.tree_block_log2) * size_of::<[Offsets; 3]>() as u64;
    2 * (width * rows + 2 * chroma_width * chroma_rows)
        + facts
        + offsets
        + blocks * (4 + size_of::<Slice>() as u64 + 12)
}

impl Picture {
    pub(crate) fn new(sps: &Sps, pps: &Pps) -> Self {
        let layout = Layout::new(sps, pps);
        let Sizes { samples: (width, height), chroma, held } = sizes(sps, &layout);
        let cells = |across: usize, down: usize| (width / across, held.map(|held| held / down), height / down);
        fn grid<T: Copy + Default>((columns, held, rows): (usize, Option<usize>, usize)) -> Grid<T> {
            Grid::new(columns, held, rows)
        }
        let (across, down) = sps.tree_blocks();
        let side = 1 << sps.tree_block_log2;
        let chroma_held = held.map(|held| if chroma.1 < height { held / 2 } else { held });
        Self {
            planes: [
                Grid::new(width, held, height),
                Grid::new(chroma.0, chroma_held, chroma.1),
                Grid::new(chroma.0, chroma_held, chroma.1),
            ],
            quantisers: grid(cells(8, 8)),
            fixed: grid(cells(8, 8)),
            depths: grid(cells(8, 8)),
            modes: grid(cells(4, 4)),
            edges: [grid(cells(8, 4)), grid(cells(4, 8))],
            offsets: grid(cells(side, side)),
            slice_of: vec![NONE; (across * down) as usize],
            slices: Vec::new(),
            layout,
            log2: sps.tree_block_log2,
            size: (sps.width as usize, sps.height as usize),
        }
    }

    /// Width and height that are coded, in luma samples.
    pub(crate) const fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Enters that coding tree block `address` belongs to the last slice, and that the edges in it are not known yet.
    pub(crate) fn begin_block(&mut self, address: u32) {
        self.slice_of[address as usize] = self.slices.len() as u32 - 1;
        let (x, y) = self.layout.place(address);
        let side = 1_usize << self.log2;
        let (x, y) = (x as usize * side, y as usize * side);
        self.edges[0].fill((x / 8, y / 4), (side / 8, side / 4), false);
        self.edges[1].fill((x / 4, y / 8), (side / 4, side / 8), false);
        self.fixed.fill((x / 8, y / 8), (side / 8, side / 8), false);
    }

    /// The coding tree block of a luma sample.
    fn address(&self, x: usize, y: usize) -> u32 {
        (y >> self.log2) as u32 * self.layout.across + (x >> self.log2) as u32
    }

    /// The slice of a luma sample that is decoded.
    pub(crate) fn slice_at(&self, x: usize, y: usize) -> &Slice {
        let index = self.slice_of[self.address(x, y) as usize];
        &self.slices[index as usize]
    }

    /// 6.4.1: whether the block at `there` was decoded before that at `here`, in the same slice and tile.
    pub(crate) fn is_available(&self, here: (usize, usize), there: (isize, isize)) -> bool {
        let (Ok(x), Ok(y)) = (usize::try_from(there.0), usize::try_from(there.1)) else { return false };
        if x >= self.size.0 || y >= self.size.1 {
            return false;
        }
        let (own, other) = (self.address(here.0, here.1), self.address(x, y));
        if own == other {
            let mask = (1 << self.log2) - 1;
            return z_order(x & mask, y & mask) <= z_order(here.0 & mask, here.1 & mask);
        }
        let (own_slice, other_slice) = (self.slice_of[own as usize], self.slice_of[other as usize]);
        own_slice == other_slice && self.layout.tile(own) == self.layout.tile(other)
    }

    /// Whether filters cross from the block of luma sample `here` to that of `there`.
    ///
    /// `slice_loop_filter_across_slices_enabled_flag` of the later slice decides, and the flag for tiles (7.4.7.1, 7.4.3.3).
    pub(crate) fn filters_across(&self, here: (usize, usize), there: (usize, usize)) -> bool {
        let (own, other) = (self.address(here.0, here.1), self.address(there.0, there.1));
        if own == other {
            return true;
        }
        let (own_slice, other_slice) = (self.slice_of[own as usize], self.slice_of[other as usize]);
        // Below the damage of a picture.
        if other_slice == NONE {
            return false;
        }
        // Slices follow one another in the order of decoding.
        let crosses_slice = own_slice == other_slice || self.slices[own_slice.max(other_slice) as usize].filters_across;
        crosses_slice && (self.layout.filters_across_tiles || self.layout.tile(own) == self.layout.tile(other))
    }
}

/// The place of a block of 4 by 4 in the order of decoding, within a coding tree block.
fn z_order(x: usize, y: usize) -> usize {
    // The bits of 0 to 15, apart.
    const APART: [u8; 16] = [0, 1, 4, 5, 16, 17, 20, 21, 64, 65, 68, 69, 80, 81, 84, 85];
    usize::from(APART[x >> 2 & 15]) | usize::from(APART[y >> 2 & 15]) << 1
}
