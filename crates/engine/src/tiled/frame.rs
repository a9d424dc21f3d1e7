//! What a codec gives of a tile: planes of samples, row by row.

use contract::ImageFormat;
use heif::Nclx;

use crate::{EngineError, error::Damage};

/// Decodes tile after tile.
pub(super) trait TileDecoder {
    /// # Errors
    /// [`EngineError::Corrupt`] and [`EngineError::Unsupported`]. May panic on damage; then it is not used again.
    fn decode(&mut self, bytes: Vec<u8>) -> Result<Tile, EngineError>;
}

/// A decoded tile.
pub(super) struct Tile {
    pub(super) planes: Box<dyn Planes>,
    /// Colours by the sequence header of the codec.
    pub(super) nclx: Option<Nclx>,
}

/// Luma, and blue and red chroma where there is chroma.
pub(super) trait Planes {
    fn shape(&self) -> Shape;

    /// Fills `out`, which is as long as a row of that plane, 0 to 2, with the row `y` of it.
    fn row(&self, plane: usize, y: u32, out: &mut [u16]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Width and height of luma.
    pub(super) size: (u32, u32),
    /// Whether chroma has a sample for two columns, and for two rows.
    pub(super) halved: (bool, bool),
}

pub(super) const fn unreadable(format: ImageFormat) -> EngineError {
    EngineError::Corrupt { format, cause: Damage::Unreadable }
}
