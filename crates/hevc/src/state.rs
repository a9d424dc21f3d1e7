//! What is known while a picture is decoded.

use crate::{
    cabac::Contexts, intra::Room, picture::Picture, pps::Pps, quantiser::Quantiser, residual::Coefficients, sps::Sps,
    transform::MOST,
};

/// A picture that is being decoded, block by block.
pub(crate) struct Tree<'sets> {
    pub(crate) sps: &'sets Sps,
    pub(crate) pps: &'sets Pps,
    pub(crate) picture: Picture,
    pub(crate) quantiser: Quantiser,
    pub(crate) scaling: Option<Scaling>,
    pub(crate) coefficients: Coefficients,
    /// Of the block at hand, and of luma where chroma is predicted from it.
    pub(crate) residuals: [[i32; MOST]; 2],
    pub(crate) room: Room,
    pub(crate) middle: [i16; MOST],
    /// Contexts behind the second block of a row, for the row below it; and behind the segment before.
    pub(crate) of_row: Option<Contexts>,
    pub(crate) of_segment: Option<Contexts>,
    /// The block to come; none behind the last.
    pub(crate) next: Option<u32>,
}

/// A coding unit.
pub(crate) struct Unit {
    pub(crate) log2: u32,
    pub(crate) is_bypass: bool,
    /// Whether its luma has four parts.
    pub(crate) is_split: bool,
    /// Of each part.
    pub(crate) modes: [u8; 4],
    pub(crate) chroma_modes: [u8; 4],
    /// Whether chroma has the mode of luma by name.
    pub(crate) is_as_luma: [bool; 4],
}

impl<'sets> Tree<'sets> {
    pub(crate) fn new(sps: &'sets Sps, pps: &'sets Pps) -> Self {
        Self {
            sps,
            pps,
            picture: Picture::new(sps, pps),
            quantiser: Quantiser::new(sps, pps),
            scaling: Scaling::new(sps, pps),
            coefficients: Coefficients::new(),
            residuals: [[0; MOST]; 2],
            room: [[0; 32 * 32]; 2],
            middle: [0; MOST],
            of_row: None,
            of_segment: None,
            next: Some(0),
        }
    }
}

/// Factors of each size, 4 to 32, and component.
pub(crate) struct Scaling([[Vec<u8>; 3]; 4]);

impl Scaling {
    /// Of the picture's own lists, else of its sequence's.
    pub(crate) fn new(sps: &Sps, pps: &Pps) -> Option<Self> {
        let of_sequence = sps.scaling.as_ref()?;
        let lists = pps.scaling.as_ref().unwrap_or(of_sequence);
        Some(Self([2, 3, 4, 5].map(|log2| [0, 1, 2].map(|component| lists.factors(log2, component)))))
    }

    /// By row, of a block of `1 << log2`.
    pub(crate) fn factors(&self, log2: u32, plane: usize) -> &[u8] {
        &self.0[log2 as usize - 2][plane]
    }
}
