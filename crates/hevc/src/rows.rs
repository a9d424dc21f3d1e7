//! Rows of a picture on their way out, behind the filters.

use crate::{deblock, picture::Picture, pps::Pps, sao, sps::Sps};

/// Whether deblocking and sample adaptive offset are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filters {
    /// As the standard says.
    On,
    /// Left out: edges of blocks are seen at full size, and vanish where a picture becomes far smaller.
    Off,
}

/// A line of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Row<'picture> {
    /// From the top of what is shown.
    pub y: u32,
    /// Luma, and the line of blue and red chroma that belongs to it: both empty where there is no chroma.
    pub planes: [&'picture [u16]; 3],
}

/// Filters rows of coding tree blocks as far as those below them are there, and hands on their lines.
///
/// Blocks are predicted from samples without filters, so that a row is filtered when the one below it is decoded. The upper
/// edges of that one change three of its lines, so that it is handed on one row later.
pub(crate) struct Rows<'decode> {
    sps: &'decode Sps,
    pps: &'decode Pps,
    filters: Filters,
    sink: &'decode mut dyn FnMut(Row<'_>),
    /// Rows of blocks that were filtered, and those that were handed on.
    filtered: u32,
    passed: u32,
    lines: [Vec<u16>; 3],
}

impl<'decode> Rows<'decode> {
    pub(crate) fn new(
        (sps, pps): (&'decode Sps, &'decode Pps),
        filters: Filters,
        sink: &'decode mut dyn FnMut(Row<'_>),
    ) -> Self {
        let (across, _) = sps.chroma_shifts();
        let width = sps.width as usize;
        let chroma = if sps.chroma_format == 0 { 0 } else { width >> across };
        let lines = [width, chroma, chroma].map(|width| vec![0; width]);
        Self { sps, pps, filters, sink, filtered: 0, passed: 0, lines }
    }

    /// The first `rows` rows of blocks are decoded.
    pub(crate) fn pass(&mut self, picture: &mut Picture, rows: u32) {
        let (filtered, passed) = match self.filters {
            Filters::On => (rows.saturating_sub(1), rows.saturating_sub(2)),
            Filters::Off => (0, rows),
        };
        self.go_on(picture, filtered, passed);
    }

    /// No more than `rows` rows of blocks are decoded.
    pub(crate) fn end(&mut self, picture: &mut Picture, rows: u32) {
        let filtered = if self.filters == Filters::On { rows } else { 0 };
        self.go_on(picture, filtered, rows);
    }

    fn go_on(&mut self, picture: &mut Picture, filtered: u32, passed: u32) {
        while self.filtered < filtered {
            deblock::filter_row(picture, (self.sps, self.pps), self.filtered);
            self.filtered += 1;
        }
        while self.passed < passed {
            self.hand_on(picture, self.passed);
            self.passed += 1;
        }
    }

    fn hand_on(&mut self, picture: &Picture, row: u32) {
        let sps = self.sps;
        let [left, right, top, bottom] = sps.window.map(|side| side as usize);
        let side = 1 << sps.tree_block_log2;
        let first = row as usize * side;
        let end = (first + side).min(sps.height as usize - bottom);
        let (across, down) = sps.chroma_shifts();
        for y in first.max(top)..end {
            for plane in 0..sps.planes() {
                let line = if plane == 0 { y } else { y >> down };
                // A line of chroma may serve two of luma.
                if plane == 0 || y % (1 << down) == 0 || y == first.max(top) {
                    let out = &mut self.lines[plane];
                    match self.filters {
                        Filters::On => sao::apply(picture, sps, plane, line, out),
                        Filters::Off => {
                            let width = out.len();
                            out.copy_from_slice(&picture.planes[plane].row(line)[..width]);
                        }
                    }
                }
            }
            let (from, to) = (left, sps.width as usize - right);
            let [luma, blue, red] = &self.lines;
            let chroma = |plane: &'_ [u16]| (from >> across)..(to >> across).min(plane.len());
            let (blue, red) =
                if sps.planes() == 3 { (&blue[chroma(blue)], &red[chroma(red)]) } else { (&[][..], &[][..]) };
            (self.sink)(Row { y: (y - top) as u32, planes: [&luma[from..to], blue, red] });
        }
    }
}
