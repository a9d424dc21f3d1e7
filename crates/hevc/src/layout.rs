//! The order of coding tree blocks. Source: 6.5.1.

use crate::{pps::Pps, sps::Sps};

/// Tiles of a picture, and the order of its blocks by them.
pub(crate) struct Layout {
    /// Coding tree blocks in a row.
    pub(crate) across: u32,
    /// How many there are.
    pub(crate) blocks: u32,
    pub(crate) filters_across_tiles: bool,
    /// The first column and row of each tile, and what is behind the last.
    columns: Vec<u32>,
    rows: Vec<u32>,
    /// Of each column and row of blocks, that of its tile.
    column_of: Vec<u8>,
    row_of: Vec<u8>,
}

impl Layout {
    pub(crate) fn new(sps: &Sps, pps: &Pps) -> Self {
        let (across, down) = sps.tree_blocks();
        let (columns, rows) =
            pps.tiles.as_ref().map_or_else(|| (vec![0, across], vec![0, down]), |tiles| tiles.edges((across, down)));
        let of = |edges: &[u32]| {
            let tiles = edges.windows(2).enumerate();
            tiles.flat_map(|(index, edges)| (edges[0]..edges[1]).map(move |_| index as u8)).collect()
        };
        let (column_of, row_of) = (of(&columns), of(&rows));
        let filters_across_tiles = pps.tiles.as_ref().is_none_or(|tiles| tiles.filters_across);
        Self { across, blocks: across * down, filters_across_tiles, columns, rows, column_of, row_of }
    }

    /// Whether tiles lie beside each other, so that rows are not decoded one after the other.
    pub(crate) fn is_sideways(&self) -> bool {
        self.columns.len() > 2
    }

    /// Column and row of a block.
    pub(crate) const fn place(&self, address: u32) -> (u32, u32) {
        (address % self.across, address / self.across)
    }

    /// Column and row of the tile of a block.
    pub(crate) fn tile(&self, address: u32) -> (u8, u8) {
        let (x, y) = self.place(address);
        (self.column_of[x as usize], self.row_of[y as usize])
    }

    /// Whether a block is the first of a row in its tile.
    pub(crate) fn begins_row(&self, address: u32) -> bool {
        let (x, _) = self.place(address);
        x == self.columns[usize::from(self.column_of[x as usize])]
    }

    /// Whether a block is the first of its tile.
    pub(crate) fn begins_tile(&self, address: u32) -> bool {
        let (_, y) = self.place(address);
        self.begins_row(address) && y == self.rows[usize::from(self.row_of[y as usize])]
    }

    /// The block behind `address` in the order of decoding; none behind the last.
    pub(crate) fn next(&self, address: u32) -> Option<u32> {
        let (x, y) = self.place(address);
        let (column, row) = (usize::from(self.column_of[x as usize]), usize::from(self.row_of[y as usize]));
        let at = |x: u32, y: u32| Some(y * self.across + x);
        if x + 1 < self.columns[column + 1] {
            return at(x + 1, y);
        }
        if y + 1 < self.rows[row + 1] {
            return at(self.columns[column], y + 1);
        }
        if column + 2 < self.columns.len() {
            return at(self.columns[column + 1], self.rows[row]);
        }
        if row + 2 < self.rows.len() { at(0, self.rows[row + 1]) } else { None }
    }
}
