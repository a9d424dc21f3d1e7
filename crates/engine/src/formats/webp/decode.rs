//! WebP through libwebp, whole: the format predicts from any earlier row and keeps its metadata behind the pixels.
//!
//! Of an animation the first frame, on its canvas. A cut file is refused: libwebp gives no rows of it in one call.

use contract::ImageFormat;

use super::header::{Coding, WebpDetail};
use crate::{
    EngineError, Plan, Probe,
    decoded::Decoded,
    error::Damage,
    exif,
    fields::Fields,
    raster::Channels,
    shrink::{RowOrder, Shrinker},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Webp;

/// What rows become; an animation's first frame may be smaller than its canvas.
pub(super) const fn channels(probe: &Probe, detail: &WebpDetail) -> Channels {
    if detail.animated || probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

/// What decoding holds beside the small image, in bytes.
///
/// libwebp's own memory is not seen by a counting allocator in Rust; this follows its `VP8InitFrame`, `ALPHNew` and
/// `AllocateInternalBuffers32b`.
pub(super) fn plan_bytes(probe: &Probe, detail: &WebpDetail) -> u64 {
    let (pixels, width) = (probe.pixels(), u64::from(probe.width_px));
    let internal = match detail.coding {
        Coding::Lossless => pixels * 4 + width * 4 * 17,
        Coding::Lossy => width * 128 + if probe.has_alpha { pixels } else { 0 },
    };
    // An animation's first frame is copied out of the file.
    let files = if detail.animated { 2 } else { 1 };
    detail.file_bytes * files + pixels * channels(probe, detail).count() as u64 + internal + width * 4 + (256 << 10)
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &WebpDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    source.fill_prefix(detail.file_bytes)?;
    let file = source.prefix();
    let chunks: Vec<_> = Chunks { file, at: 12 }.collect();
    let first = |kind: &[u8; 4]| chunks.iter().find(|(found, _)| found == kind).map(|(_, body)| *body);
    let frame;
    let (bytes, (left, top)) = match first(b"ANMF") {
        Some(body) if detail.animated => {
            let at = |at| body.le24(at).unwrap_or_default() as usize;
            frame = still(body).ok_or_else(|| EngineError::header(FORMAT, "frame length", body.len() as u64))?;
            (frame.as_slice(), (at(0) * 2, at(3) * 2))
        }
        _ => (file, (0, 0)),
    };
    let damaged = || match (file.len() as u64) < detail.file_bytes {
        true => EngineError::Corrupt {
            format: FORMAT,
            cause: Damage::Ends { bytes: file.len() as u64, bytes_expected: detail.file_bytes },
        },
        false => EngineError::Corrupt { format: FORMAT, cause: Damage::Unreadable },
    };
    // The library allocates by what the frame says: that must be what was planned.
    let features = webp::BitstreamFeatures::new(bytes).ok_or_else(damaged)?;
    let (frame_width, frame_height) = (features.width() as usize, features.height() as usize);
    let (width, height) = (probe.width_px as usize, probe.height_px as usize);
    let fits = left + frame_width <= width && top + frame_height <= height;
    if !fits || (!detail.animated && (frame_width, frame_height) != (width, height)) {
        return Err(EngineError::header(FORMAT, "frame width", frame_width as u64));
    }
    let image = webp::Decoder::new(bytes).decode().ok_or_else(damaged)?;
    let alpha = image.is_alpha();
    let channels = channels(probe, detail);
    let size = (probe.width_px, probe.height_px);
    let mut shrinker = Shrinker::new(channels, size, plan.row_shrink, RowOrder::TopDown);
    if (alpha, left, frame_width) == (channels == Channels::Rgba, 0, width) && frame_height == height {
        image.chunks_exact(width * channels.count()).for_each(|row| shrinker.push(row));
    } else {
        on_canvas(&image, alpha, (left, top, frame_width), channels, size, &mut shrinker);
    }
    drop(image);
    let profile = if detail.profile_bytes > 0 { first(b"ICCP").map(<[u8]>::to_vec) } else { None };
    let orientation = first(b"EXIF").and_then(exif::orientation);
    Ok(Decoded { orientation, ..Decoded::of_rows(shrinker, profile, Vec::new()) })
}

/// Pushes the rows of a frame of `(left, top, width)` that has other channels, or another size, than its canvas.
fn on_canvas(
    image: &[u8],
    alpha: bool,
    (left, top, frame_width): (usize, usize, usize),
    channels: Channels,
    (width, height): (u32, u32),
    shrinker: &mut Shrinker,
) {
    let (from, to) = (if alpha { 4 } else { 3 }, channels.count());
    let blank = vec![0; width as usize * to];
    (0..top).for_each(|_| shrinker.push(&blank));
    let mut canvas = blank.clone();
    for row in image.chunks_exact(frame_width * from) {
        let pixels = canvas.chunks_exact_mut(to).skip(left).zip(row.chunks_exact(from));
        for (out, pixel) in pixels {
            let rgba = [pixel[0], pixel[1], pixel[2], pixel.get(3).copied().unwrap_or(255)];
            out.copy_from_slice(&rgba[..to]);
        }
        shrinker.push(&canvas);
    }
    while shrinker.rows() < height {
        shrinker.push(&blank);
    }
}

/// An animation's frame as a file of its own. Source: RFC 9649, section 2.7.1.1.
fn still(frame: &[u8]) -> Option<Vec<u8>> {
    let (size, chunks) = (frame.get(6..12)?, frame.get(16..)?);
    let length = u32::try_from(chunks.len()).ok()?.checked_add(22)?;
    let has_alpha = chunks.starts_with(b"ALPH") || chunks.starts_with(b"VP8L");
    let mut file = Vec::with_capacity(chunks.len() + 30);
    file.extend(b"RIFF");
    file.extend(length.to_le_bytes());
    file.extend(b"WEBPVP8X\x0A\0\0\0");
    file.extend([if has_alpha { 0x10 } else { 0 }, 0, 0, 0]);
    file.extend(size);
    file.extend(chunks);
    Some(file)
}

/// Name and body of each chunk that lies wholly in the file.
struct Chunks<'file> {
    file: &'file [u8],
    at: usize,
}

impl<'file> Iterator for Chunks<'file> {
    type Item = ([u8; 4], &'file [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (self.file.array::<4>(self.at)?, self.file.le32(self.at + 4)? as usize);
        let start = self.at + 8;
        let body = self.file.get(start..start.checked_add(length)?)?;
        self.at = start + length + length % 2;
        Some((kind, body))
    }
}
