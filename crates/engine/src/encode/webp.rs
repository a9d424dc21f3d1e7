//! Frames to an animated WebP: of each the part that changed, as a still of libwebp's in a frame of its own.
//!
//! libwebp's own encoder of animations tries several codings of each frame, for two to four times the CPU, and says what a
//! file has only at its end; here a frame that is over the limit of bytes is left out. Source: RFC 9649, section 2.7.

use super::{
    part::{Part, changed, rows},
    webp_file,
};
use crate::{
    error::EncodeFault,
    raster::{Channels, Raster},
};

/// RIFF, VP8X and ANIM.
const HEADER_BYTES: usize = 12 + 18 + 14;
/// The head of a chunk.
const CHUNK_BYTES: usize = 8;

/// A WebP that grows by frames.
pub(super) struct WebpFile {
    size: (usize, usize),
    quality: u8,
    /// The header, filled in at the end, and frames.
    bytes: Vec<u8>,
    has_alpha: bool,
}

/// A frame that is written, but not kept yet.
pub(super) struct WebpFrame {
    pub(super) bytes: Vec<u8>,
    has_alpha: bool,
}

impl WebpFile {
    pub(super) fn new(size: (usize, usize), quality: u8) -> Self {
        Self { size, quality, bytes: vec![0; HEADER_BYTES], has_alpha: false }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Writes a frame that is seen for `ms`, behind `shown`.
    ///
    /// # Errors
    /// Of libwebp.
    pub(super) fn frame(&self, shown: Option<&Raster>, frame: &Raster, ms: u32) -> Result<WebpFrame, EncodeFault> {
        let whole = Part { left: 0, top: 0, width: frame.width, height: frame.height };
        // Offsets are stored in halves.
        let part = shown.map_or(whole, |shown| changed(shown, frame, 2));
        let samples = rows(frame, part).flat_map(<[[u8; 4]]>::as_flattened).copied().collect();
        let image = Raster { width: part.width, height: part.height, channels: Channels::Rgba, samples };
        let has_alpha = !image.is_opaque();
        let still = webp_file(&if has_alpha { image } else { image.without_alpha() }, self.quality)?;
        let chunks = chunks(&still);
        let mut bytes = Vec::with_capacity(CHUNK_BYTES + 16 + chunks.len());
        bytes.extend(b"ANMF");
        bytes.extend((16 + chunks.len() as u32).to_le_bytes());
        let sides = [part.left / 2, part.top / 2, part.width - 1, part.height - 1, ms as usize];
        sides.iter().for_each(|side| bytes.extend(&side.to_le_bytes()[..3]));
        // It takes the place of what is there, and stays.
        bytes.push(2);
        bytes.extend_from_slice(chunks);
        Ok(WebpFrame { bytes, has_alpha })
    }

    /// Keeps the frame that was written last.
    pub(super) fn push(&mut self, frame: &WebpFrame) {
        self.has_alpha |= frame.has_alpha;
        self.bytes.extend_from_slice(&frame.bytes);
    }

    /// The file, which runs so many `times`; `None` for ever.
    pub(super) fn finish(mut self, times: Option<u32>) -> Vec<u8> {
        let times = times.map_or(0, |times| times.clamp(1, u32::from(u16::MAX))) as u16;
        let side = |side: usize| (side - 1).to_le_bytes();
        let (width, height) = (side(self.size.0), side(self.size.1));
        let flags = if self.has_alpha { 0x12 } else { 0x02 };
        let length = (self.bytes.len() - CHUNK_BYTES) as u32;
        let header = [
            b"RIFF".as_slice(),
            &length.to_le_bytes(),
            b"WEBPVP8X\x0A\0\0\0",
            &[flags, 0, 0, 0],
            &width[..3],
            &height[..3],
            b"ANIM\x06\0\0\0\0\0\0\0",
            &times.to_le_bytes(),
        ];
        self.bytes[..HEADER_BYTES].copy_from_slice(&header.concat());
        self.bytes
    }
}

/// What a frame has of a still: its alpha and its pixels, without the header of an extended file.
fn chunks(still: &[u8]) -> &[u8] {
    let extended = CHUNK_BYTES + 10;
    let behind = &still[12..];
    if behind.starts_with(b"VP8X") { &behind[extended..] } else { behind }
}
