//! What a codec gives of a tile: lines of samples.

use contract::ImageFormat;
use heif::Nclx;

use crate::{EngineError, error::Damage};

/// Decodes tile after tile.
pub(super) trait TileDecoder {
    /// Decodes a tile, and hands on its lines, once each, from the top.
    ///
    /// # Errors
    /// [`EngineError::Corrupt`] and [`EngineError::Unsupported`]. May panic on damage; then it is not used again.
    fn decode(&mut self, bytes: Vec<u8>, out: &mut dyn Lines) -> Result<(), EngineError>;
}

/// What takes the lines of a tile.
pub(super) trait Lines {
    /// Before the first line: the tile's shape, and its colours by the sequence header of the codec.
    ///
    /// # Errors
    /// A tile of another size than the boxes say, and colours that are not read.
    fn begin(&mut self, shape: Shape, nclx: Option<Nclx>) -> Result<(), EngineError>;

    /// Line `y`: luma, and blue and red chroma where there is chroma.
    fn line(&mut self, y: u32, planes: [&[u16]; 3]);
}

/// A frame that a codec gives as a whole.
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
    /// Whether there is no chroma.
    pub(super) is_grey: bool,
}

/// Hands on the lines of a whole frame.
///
/// # Errors
/// As [`Lines::begin`].
pub(super) fn hand_on(frame: &dyn Planes, nclx: Option<Nclx>, out: &mut dyn Lines) -> Result<(), EngineError> {
    let shape = frame.shape();
    out.begin(shape, nclx)?;
    let width = shape.size.0 as usize;
    let chroma = if shape.is_grey { 0 } else { width.div_ceil(1 << u32::from(shape.halved.0)) };
    let mut samples = [width, chroma, chroma].map(|width| vec![0; width]);
    for y in 0..shape.size.1 {
        for (plane, samples) in samples.iter_mut().enumerate().filter(|(_, samples)| !samples.is_empty()) {
            frame.row(plane, if plane == 0 { y } else { y >> u32::from(shape.halved.1) }, samples);
        }
        out.line(y, samples.each_ref().map(Vec::as_slice));
    }
    Ok(())
}

pub(super) const fn unreadable(format: ImageFormat) -> EngineError {
    EngineError::Corrupt { format, cause: Damage::Unreadable }
}
