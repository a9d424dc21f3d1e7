//! A tile of AV1 by `rusty_av1d`, each by a decoder of its own: 0.3 MB of tables, and no frame before is kept.

use contract::ImageFormat;
use heif::{Av1, Still};
use rusty_av1d::{Decoder, InloopFilterType, Picture, PixelLayout, PlanarImageComponent, Rav1dError, Settings};

use super::frame::{Lines, Planes, Shape, TileDecoder, hand_on, unreadable};
use crate::EngineError;

/// More tiles of a frame are refused: a decoder has 20 kB of tables for each, and encoders write one for 512 by 512 pixels
/// or fewer.
const MOST_TILES: u32 = 64;
/// Tables of a tile, and of a column of blocks in it.
const TILE_BYTES: u64 = 20 << 10;
const COLUMN_BYTES: u64 = 1 << 10;
/// Tables of a block of 128 by 128: masks and levels of filters, segments, vectors.
const BLOCK_BYTES: u64 = 10 << 10;
/// Everything of fixed size.
const FIXED_BYTES: u64 = 400 << 10;

/// What is held, in bytes. Source: `rusty_av1d` 1.2.1, `rav1d_decode_frame_init` and the allocator of pictures.
pub(super) fn need(samples: Av1, (width, height): (u32, u32), most_tile_bytes: u64) -> u64 {
    let aligned = |side: u32| u64::from(side).next_multiple_of(128);
    let (width, height) = (aligned(width), aligned(height));
    let is_wide = u64::from(samples.bits > 8);
    // Strides are kept off multiples of a page.
    let stride = |bytes: u64| if bytes.is_multiple_of(1024) { bytes + 64 } else { bytes };
    let luma = stride(width << is_wide);
    let chroma = if matches!(samples.chroma, 1 | 2) { stride(luma / 2) } else { stride(luma) };
    let (chroma, chroma_rows) = match samples.chroma {
        0 => (0, 0),
        1 => (chroma, height / 2),
        _ => (chroma, height),
    };
    let planes = luma * height + 2 * chroma * chroma_rows + 256;
    let (columns, rows) = (width / 128, height / 64);
    // Lines that the filters keep, edges for prediction.
    let lines = rows * (4 * luma + 8 * chroma) + 12 * (luma + 2 * chroma) + rows * columns * (384 << is_wide);
    let tiles = u64::from(MOST_TILES).min(columns * 2 * rows);
    let tables = tiles * TILE_BYTES
        + columns * rows.min(tiles) * COLUMN_BYTES
        + columns * rows.div_ceil(2) * BLOCK_BYTES
        + FIXED_BYTES;
    planes + lines + tables + most_tile_bytes
}

/// Decodes what was planned and nothing else.
pub(super) struct Av1Tiles {
    pub(super) format: ImageFormat,
    /// By the configuration.
    pub(super) samples: Av1,
    pub(super) size: (u32, u32),
    /// Filters smooth the edges of blocks, which says nothing where several pixels become one.
    pub(super) with_filters: bool,
}

impl Av1Tiles {
    fn check(&self, still: &Still) -> Result<(), EngineError> {
        let header = |field, value: u32| Err(EngineError::header(self.format, field, value));
        match still {
            still if still.samples.bits != self.samples.bits => {
                header("bit depth of a tile", still.samples.bits.into())
            }
            still if still.samples.chroma != self.samples.chroma => {
                header("chroma of a tile", still.samples.chroma.into())
            }
            still if still.size != self.size => header("width of a tile", still.size.0),
            still if still.tiles > MOST_TILES => {
                Err(EngineError::unsupported(self.format, format!("{} tiles in a frame of AV1", still.tiles)))
            }
            _ => Ok(()),
        }
    }
}

impl TileDecoder for Av1Tiles {
    fn decode(&mut self, bytes: Vec<u8>, out: &mut dyn Lines) -> Result<(), EngineError> {
        let still = Still::read(&bytes).map_err(|fault| super::refused(self.format, fault))?;
        self.check(&still)?;
        let fault = |cause: Rav1dError| EngineError::decoder(self.format, format!("{cause:?}"));
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        // Grain is noise that averages to nothing.
        settings.set_apply_grain(false);
        settings.set_all_layers(false);
        settings.set_frame_size_limit(self.size.0.saturating_mul(self.size.1));
        if !self.with_filters {
            settings.set_inloop_filters(InloopFilterType::empty());
        }
        let mut decoder = Decoder::with_settings(&settings).map_err(fault)?;
        match decoder.send_data(bytes.into_boxed_slice(), None, None, None) {
            Ok(()) | Err(Rav1dError::TryAgain) => {}
            Err(cause) => return Err(fault(cause)),
        }
        let picture = decoder.get_picture().map_err(fault)?;
        let is_planned = (picture.width(), picture.height()) == self.size
            && picture.bit_depth() == usize::from(self.samples.bits)
            && (picture.pixel_layout() == PixelLayout::I400) == (self.samples.chroma == 0);
        match is_planned {
            true => hand_on(&picture, Some(still.nclx), out),
            false => Err(unreadable(self.format)),
        }
    }
}

impl Planes for Picture {
    fn shape(&self) -> Shape {
        let halved = match self.pixel_layout() {
            PixelLayout::I420 => (true, true),
            PixelLayout::I422 => (true, false),
            PixelLayout::I400 | PixelLayout::I444 => (false, false),
        };
        let is_grey = self.pixel_layout() == PixelLayout::I400;
        Shape { size: (self.width(), self.height()), halved, is_grey }
    }

    fn row(&self, plane: usize, y: u32, out: &mut [u16]) {
        let plane = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V][plane];
        let samples = &self.plane(plane)[self.stride(plane) as usize * y as usize..];
        if self.bit_depth() == 8 {
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from(*sample));
        } else {
            let samples = samples.as_chunks::<2>().0;
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from_ne_bytes(*sample));
        }
    }
}
