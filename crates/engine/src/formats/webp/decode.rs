//! WebP through libwebp, from the whole file: metadata stands behind the pixels.
//!
//! An opaque picture that is averaged anyway comes out of libwebp small: it scales its rows as it decodes them, holds no
//! picture, and below 3/4 leaves out the loop filter and smooth chroma by itself. With alpha libwebp would average the
//! colours of hidden pixels too, so such a picture is decoded whole.
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
    geometry::Window,
    raster::{Channels, Raster},
    room::Cost,
    row_sink::RowSink,
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Webp;

/// What rows become; an animation's first frame may be smaller than its canvas.
pub(super) const fn channels(probe: &Probe, detail: &WebpDetail) -> Channels {
    if detail.animated || probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

/// The size of the small image, where libwebp makes it.
///
/// SSIMULACRA2 against Lanczos3 from full resolution, camera pictures of 1.6, 8 and 12 MP: three pixels of libwebp's to
/// one of the thumbnail leave 95.6 to 96.4, block means of a full decode 96.2 to 96.9; two leave 93.8 to 95.5. Two are
/// taken of a lossy picture where three would be above 3/4 of its size, below which libwebp leaves out its filters; libvips
/// asks it for one to two, which leaves 84 to 91. Tried and dropped: no filters in a whole picture that becomes a thumbnail
/// of half its size, 1.04 of the time, because `webpx` copies the picture then.
fn scaled_px(probe: &Probe, detail: &WebpDetail, least_shrink: f64) -> Option<(u32, u32)> {
    if probe.has_alpha || detail.animated {
        return None;
    }
    let oversampling: &[f64] = if matches!(detail.coding, Coding::Lossy) { &[3.0, 2.0] } else { &[3.0] };
    let factor = oversampling.iter().map(|pixels| least_shrink / pixels).find(|factor| *factor >= 4.0 / 3.0)?;
    // In range: a side becomes smaller, and none is 0.
    let side = |side: u32| ((f64::from(side) / factor).ceil() as u32).max(1);
    Some((side(probe.width_px), side(probe.height_px)))
}

/// The file, and what libwebp holds of it; `is_played` for any of its frames.
///
/// libwebp's own memory is not seen by a counting allocator in Rust; this follows its `VP8InitFrame`, `ALPHNew`,
/// `AllocateInternalBuffers32b` and `InitRGBRescaler`.
pub(super) fn held_bytes(probe: &Probe, detail: &WebpDetail, is_played: bool) -> u64 {
    let (pixels, width) = (probe.pixels(), u64::from(probe.width_px));
    let lossless = pixels * 4 + width * 4 * 17;
    let internal = match detail.coding {
        // Frames behind the first one may have another coding.
        _ if is_played => lossless.max(width * 128 + pixels),
        Coding::Lossless => lossless,
        Coding::Lossy => width * 128 + if probe.has_alpha { pixels } else { 0 },
    };
    // An animation's frame is copied out of the file.
    let files = if detail.animated { 2 } else { 1 };
    detail.file_bytes * files + internal + (256 << 10)
}

/// What decoding holds, and how far it shrinks.
pub(super) fn cost(probe: &Probe, detail: &WebpDetail, least_shrink: f64) -> Cost {
    let (pixels, width) = (probe.pixels(), u64::from(probe.width_px));
    let held = held_bytes(probe, detail, false);
    let channels = channels(probe, detail);
    if let Some((width, height)) = scaled_px(probe, detail, least_shrink) {
        // The small image is copied once; the rescaler has two rows of sums for each channel, and a row of samples.
        let small = u64::from(width) * u64::from(height) * channels.count() as u64;
        let bytes = held + 2 * small + u64::from(width) * 32;
        return Cost { shrink: 1, row_shrink: 1, bytes, rows: None, small_px: Some((width, height)) };
    }
    let decoder_bytes = held + pixels * channels.count() as u64 + width * 4;
    Cost::of_rows(probe, channels, decoder_bytes, least_shrink)
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
    let damaged = || damage(file, detail);
    // The library allocates by what the frame says: that must be what was planned.
    let decoder = webpx::Decoder::new(bytes).map_err(|_| damaged())?;
    let (frame_width, frame_height) = (decoder.info().width as usize, decoder.info().height as usize);
    let (width, height) = (probe.width_px as usize, probe.height_px as usize);
    let fits = left + frame_width <= width && top + frame_height <= height;
    if !fits || (!detail.animated && (frame_width, frame_height) != (width, height)) {
        return Err(EngineError::header(FORMAT, "frame width", frame_width as u64));
    }
    // The plan was checked.
    let decoder = decoder.config(webpx::DecoderConfig::new().limits(webpx::Limits::none()));
    let channels = channels(probe, detail);
    let profile = if detail.profile_bytes > 0 { first(b"ICCP").map(<[u8]>::to_vec) } else { None };
    let orientation = first(b"EXIF").and_then(exif::orientation);
    // Smaller than the picture, and not because rows are averaged.
    if plan.row_shrink == 1 && plan.decoded_px != (probe.width_px, probe.height_px) {
        let (width, height) = plan.decoded_px;
        let (samples, ..) = decoder.scale(width, height).decode_rgb_raw().map_err(|_| damaged())?;
        let extent = Window { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) };
        let raster = Raster { width: width as usize, height: height as usize, channels, samples };
        return Ok(Decoded { orientation, ..Decoded::of_raster(raster, extent, profile, Vec::new()) });
    }
    let row_bytes = frame_width * channels.count();
    let mut image = vec![0; row_bytes * frame_height];
    match channels {
        Channels::Rgba => decoder.decode_rgba_into(&mut image, row_bytes as u32),
        _ => decoder.decode_rgb_into(&mut image, row_bytes as u32),
    }
    .map_err(|_| damaged())?;
    let size = (probe.width_px, probe.height_px);
    let seen = Probe { orientation: orientation.unwrap_or(probe.orientation), ..probe.clone() };
    let mut sink = RowSink::new(&seen, plan, channels);
    if (left, frame_width, frame_height) == (0, width, height) {
        image.chunks_exact(row_bytes).for_each(|row| sink.push(row));
    } else {
        on_canvas(&image, (left, top, frame_width), channels, size, &mut sink);
    }
    drop(image);
    Ok(Decoded { orientation, ..sink.decoded(profile, Vec::new()) })
}

/// Why libwebp makes nothing of the file.
pub(super) fn damage(file: &[u8], detail: &WebpDetail) -> EngineError {
    let (bytes, bytes_expected) = (file.len() as u64, detail.file_bytes);
    let cause = if bytes < bytes_expected { Damage::Ends { bytes, bytes_expected } } else { Damage::Unreadable };
    EngineError::Corrupt { format: FORMAT, cause }
}

/// Pushes the rows of a frame of `(left, top, width)` that is smaller than its canvas.
fn on_canvas(
    image: &[u8],
    (left, top, frame_width): (usize, usize, usize),
    channels: Channels,
    (width, height): (u32, u32),
    sink: &mut RowSink,
) {
    let count = channels.count();
    let blank = vec![0; width as usize * count];
    (0..top).for_each(|_| sink.push(&blank));
    let mut canvas = blank.clone();
    for row in image.chunks_exact(frame_width * count) {
        canvas[left * count..][..row.len()].copy_from_slice(row);
        sink.push(&canvas);
    }
    while sink.rows() < height {
        sink.push(&blank);
    }
}

/// An animation's frame as a file of its own. Source: RFC 9649, section 2.7.1.1.
pub(super) fn still(frame: &[u8]) -> Option<Vec<u8>> {
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
pub(super) struct Chunks<'file> {
    pub(super) file: &'file [u8],
    pub(super) at: usize,
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
