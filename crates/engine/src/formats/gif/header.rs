//! GIF blocks up to the first frame. Source: GIF89a specification, sections 18 to 23.

use std::sync::Arc;

use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, fields::Fields, room::Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GifDetail {
    /// The first frame's size, in pixels.
    pub(super) frame_px: (u32, u32),
    /// Where it lies on the canvas.
    pub(super) frame_at: (u32, u32),
}

const FORMAT: ImageFormat = ImageFormat::Gif;

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (Some(width), Some(height), Some(packed)) = (prefix.le16(6), prefix.le16(8), prefix.get(10)) else {
        return Ok(Step::More(13));
    };
    let table_bytes = |packed: u8| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let mut at = 13 + table_bytes(*packed);
    let mut transparent = false;
    loop {
        let Some(&introducer) = prefix.get(at) else { return Ok(Step::More(at as u64 + 1)) };
        match introducer {
            0x21 => {
                let (Some(&label), Some(&flags)) = (prefix.get(at + 1), prefix.get(at + 3)) else {
                    return Ok(Step::More(at as u64 + 4));
                };
                if label == 0xF9 {
                    transparent = flags & 1 != 0;
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
                return Ok(Step::Done(first_frame(canvas, transparent, &descriptor, at)));
            }
            0x3B => return Err(EngineError::header(FORMAT, "number of frames", 0_u8)),
            _ => return Err(EngineError::header(FORMAT, "block introducer", introducer)),
        }
    }
}

fn first_frame(canvas: (u32, u32), transparent: bool, descriptor: &[u8; 9], at: usize) -> Probe {
    let field = |at| u32::from(descriptor.le16(at).unwrap_or_default());
    let (frame_at, frame_px) = ((field(0), field(2)), (field(4), field(6)));
    // Browsers take the frame's size where the canvas has none.
    let (width_px, height_px) = if canvas.0 == 0 || canvas.1 == 0 { frame_px } else { canvas };
    let covers = frame_at == (0, 0) && frame_px.0 >= width_px && frame_px.1 >= height_px;
    Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: 8,
        colour: Colour::Palette,
        has_alpha: transparent || !covers,
        interlaced: descriptor[8] & 0x40 != 0,
        orientation: Orientation::Upright,
        header_bytes: at as u64,
        detail: Arc::new(GifDetail { frame_px, frame_at }),
    }
}
