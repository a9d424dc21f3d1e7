//! GIF blocks up to the first frame. Source: GIF89a specification, sections 18 to 23.
//!
//! What is behind the first frame's descriptor is read by `decode.rs`.

use std::sync::Arc;

use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, fields::Fields, room::Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GifDetail {
    /// The first frame's size, in pixels.
    pub(super) frame_px: (u32, u32),
    /// Where it lies on the canvas.
    pub(super) frame_at: (u32, u32),
    /// The index of the transparent colour.
    pub(super) transparent: Option<u8>,
}

const FORMAT: ImageFormat = ImageFormat::Gif;

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (Some(width), Some(height), Some(packed)) = (prefix.le16(6), prefix.le16(8), prefix.get(10)) else {
        return Ok(Step::More(13));
    };
    let mut at = 13 + table_bytes(*packed);
    let mut transparent = None;
    loop {
        let Some(&introducer) = prefix.get(at) else { return Ok(Step::More(at as u64 + 1)) };
        match introducer {
            // No block at all. GIF87a says: ignore what is between blocks, and Pillow does. Other bytes are refused: a
            // reader that searches through them finds frames in noise.
            0 => at += 1,
            0x21 => {
                let Some(block) = prefix.array::<6>(at + 1) else { return Ok(Step::More(at as u64 + 7)) };
                if block[0] == 0xF9 {
                    transparent = (block[2] & 1 != 0).then_some(block[5]);
                }
                at += 2;
                // Sub-blocks, each with its length, up to an empty one.
                loop {
                    let Some(&length) = prefix.get(at) else { return Ok(Step::More(at as u64 + 1)) };
                    at += 1 + usize::from(length);
                    if length == 0 {
                        break;
                    }
                }
            }
            0x2C => {
                let Some(descriptor) = prefix.array::<9>(at + 1) else { return Ok(Step::More(at as u64 + 10)) };
                let canvas = (u32::from(width), u32::from(height));
                return Ok(Step::Done(first_frame(canvas, transparent, &descriptor, at)?));
            }
            0x3B => return Err(EngineError::header(FORMAT, "number of frames", 0_u8)),
            _ => return Err(EngineError::header(FORMAT, "block introducer", introducer)),
        }
    }
}

/// The length of a colour table, in bytes, by the flags of its screen or frame.
pub(super) fn table_bytes(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// The picture is the canvas, which grows to the right and down until the first frame lies on it: Chrome does so, and
/// libvips; a canvas without a side is the same case.
fn first_frame(
    canvas: (u32, u32),
    transparent: Option<u8>,
    descriptor: &[u8; 9],
    at: usize,
) -> Result<Probe, EngineError> {
    let field = |at| u32::from(descriptor.le16(at).unwrap_or_default());
    let (frame_at, frame_px) = ((field(0), field(2)), (field(4), field(6)));
    for (name, side_px) in [("frame width", frame_px.0), ("frame height", frame_px.1)] {
        // A canvas without its picture would be blank in silence.
        if side_px == 0 {
            return Err(EngineError::header(FORMAT, name, side_px));
        }
    }
    let (width_px, height_px) = (canvas.0.max(frame_at.0 + frame_px.0), canvas.1.max(frame_at.1 + frame_px.1));
    Ok(Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: 8,
        colour: Colour::Palette,
        has_alpha: transparent.is_some() || frame_px != (width_px, height_px),
        interlaced: descriptor[8] & 0x40 != 0,
        orientation: Orientation::Upright,
        header_bytes: at as u64,
        detail: Arc::new(GifDetail { frame_px, frame_at, transparent }),
    })
}
