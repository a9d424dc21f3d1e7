//! Pixels: the crate draws the whole picture, and stops at its eighth where that is enough.
//!
//! No more of the file is read than the crate asks for, section by section, so that the blocks behind the low frequencies
//! of a picture are not read where they are not needed. libjxl writes pictures above 2,048 pixels in strips, each with all
//! that belongs to it; these are read to their end.

use std::io;

use jxl::api::{Event, JxlColorType, JxlDataFormat, JxlDecoder, JxlOutputBuffer, JxlPixelFormat};

use super::{
    FORMAT,
    boxes::Codestream,
    frame::{Frame, Sections},
    header::{Given, JxlDetail, fault, options},
};
use crate::{
    EngineError, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    room::{Cost, guarded, row_shrink},
    row_sink::RowSink,
    samples::{Light, to_8},
    shrink::MAX_FACTOR,
    source::Source,
};

/// How much is read at once, at the most.
const BLOCK_BYTES: usize = 64 << 10;
/// Tables of entropy codes, trees, matrices; the header as it was read.
const FIXED_BYTES: u64 = 4 << 20;
/// Rows that wait for their neighbours, by channel and pixel of the width.
const COLUMN_BYTES: u64 = 640;

pub(super) fn cost(detail: &JxlDetail, probe: &Probe, least_shrink: f64) -> Cost {
    let shrink = if detail.stops_early(least_shrink) { 8 } else { 1 };
    let row_shrink = row_shrink(least_shrink / f64::from(shrink)).min(MAX_FACTOR / shrink);
    let picture = probe.pixels().saturating_mul(detail.pixel_bytes());
    let row = u64::from(probe.width_px) * detail.pixel_bytes();
    let light = if detail.is_linear { Light::BYTES } else { 0 };
    let frames: u64 = detail.frames.iter().map(|(frame, _)| detail.kept_bytes(frame)).fold(0, u64::saturating_add);
    let most = detail.frames.iter().map(|frame| detail.frame_bytes(frame)).max().unwrap_or_default();
    let bytes = [picture, row, light, frames, most, 2 * detail.profile_length(), FIXED_BYTES + 2 * BLOCK_BYTES as u64];
    let bytes = bytes.into_iter().fold(0, u64::saturating_add);
    Cost { shrink, row_shrink, bytes, rows: Some(detail.channels), small_px: None }
}

/// How a frame's colours are coded.
#[derive(Clone, Copy)]
enum Coding {
    Modular,
    VarDct { passes: u32 },
}

impl Coding {
    /// What samples and rows of a frame take. A header may name sides of 32 bits, whose products have more than 64.
    fn bytes(self, (width_px, height_px): (u32, u32), extra_channels: usize) -> u64 {
        let extra_channels = extra_channels as u128;
        let channels = 3 + extra_channels;
        let pixels = u128::from(width_px) * u128::from(height_px);
        // Frames are padded to blocks.
        let side = |side: u32| u128::from(side).next_multiple_of(16);
        let padded = side(width_px) * side(height_px);
        let samples = match self {
            Self::Modular => pixels * channels * 4,
            // Low frequencies, what is said of blocks, and the same once more while they are smoothed; other channels are
            // modular in every frame.
            Self::VarDct { passes: 1 } => padded * 48 / 64 + pixels * extra_channels * 4,
            // Coefficients too.
            Self::VarDct { .. } => padded * 48 / 64 + padded * 12 + pixels * extra_channels * 4,
        };
        let rows = side(width_px) * channels * u128::from(COLUMN_BYTES);
        u64::try_from(samples + rows).unwrap_or(u64::MAX)
    }
}

impl JxlDetail {
    fn pixel_bytes(&self) -> u64 {
        self.channels.count() as u64 * if self.is_linear { 2 } else { 1 }
    }

    /// What is left of a frame for those behind it: floats.
    fn kept_bytes(&self, frame: &Frame) -> u64 {
        let channels = 3 + self.extra_channels as u64;
        let bytes = |(width, height)| (u64::from(width) * u64::from(height)).saturating_mul(channels * 4);
        frame.kept_px.map_or(0, bytes)
    }

    /// What is held while a frame is decoded.
    fn frame_bytes(&self, (frame, sections): &(Frame, Sections)) -> u64 {
        let waiting = match sections {
            Sections::InOrder { longest_bytes, .. } => longest_bytes.saturating_mul(2),
            Sections::Permuted => self.most_waiting_bytes(frame),
        };
        let coding = if frame.is_modular { Coding::Modular } else { Coding::VarDct { passes: frame.passes } };
        coding.bytes(frame.size_px, self.extra_channels).saturating_add(waiting)
    }

    /// How much of a frame with an order of its own is read: it waits until its first section is there.
    fn most_waiting_bytes(&self, frame: &Frame) -> u64 {
        let bits = if frame.is_modular { (3 + self.extra_channels as u64) * u64::from(self.bits) } else { 8 };
        (frame.pixels() / 8).saturating_add(1).saturating_mul(bits).saturating_add(BLOCK_BYTES as u64)
    }

    fn format(&self) -> JxlPixelFormat {
        let color_type = match self.channels {
            Channels::Grey => JxlColorType::Grayscale,
            Channels::GreyAlpha => JxlColorType::GrayscaleAlpha,
            Channels::Rgba => JxlColorType::Rgba,
            _ => JxlColorType::Rgb,
        };
        let data = match self.is_linear {
            true => JxlDataFormat::U16 { endianness: jxl::api::Endianness::native(), bit_depth: 16 },
            false => JxlDataFormat::U8 { bit_depth: 8 },
        };
        JxlPixelFormat {
            color_type,
            color_data_format: Some(data),
            extra_channel_format: vec![None; self.extra_channels],
        }
    }
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &JxlDetail,
    plan: &Plan,
    profile: Option<Vec<u8>>,
) -> Result<Decoded, EngineError> {
    let row_bytes = probe.width_px as usize * detail.pixel_bytes() as usize;
    let mut picture = vec![0; row_bytes * probe.height_px as usize];
    draw(source, probe, detail, plan.shrink > 1, &mut picture, row_bytes)?;
    let mut sink = RowSink::new(probe, plan, detail.channels);
    let light = detail.is_linear.then(Light::new);
    let mut pixels = vec![0; if detail.is_linear { row_bytes / 2 } else { 0 }];
    let count = detail.channels.count();
    for row in picture.chunks_exact(row_bytes) {
        let Some(light) = &light else {
            sink.push(row);
            continue;
        };
        for (at, (pixel, sample)) in pixels.iter_mut().zip(row.as_chunks::<2>().0).enumerate() {
            let sample = u16::from_ne_bytes(*sample);
            let is_alpha = detail.channels.has_alpha() && at % count == count - 1;
            *pixel = if is_alpha { to_8(sample) } else { light.to_srgb(f32::from(sample) / 65_535.0) };
        }
        sink.push(&pixels);
    }
    Ok(sink.decoded(profile, Vec::new()))
}

/// Draws the frame that is shown, or its eighth.
fn draw(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &JxlDetail,
    stops_early: bool,
    picture: &mut [u8],
    row_bytes: usize,
) -> Result<(), EngineError> {
    let ends = || EngineError::decoder(FORMAT, io::Error::from(io::ErrorKind::UnexpectedEof));
    let rows = probe.height_px as usize;
    let (_, sections) = detail.shown();
    let most_bytes = match sections {
        Sections::InOrder { .. } => u64::MAX,
        Sections::Permuted => detail.most_waiting_bytes(&detail.shown().0).saturating_add(probe.header_bytes),
    };
    let mut boxes = Codestream::new(source);
    let mut decoder = JxlDecoder::new(options());
    let mut bytes = Vec::new();
    let (mut is_ready, mut is_shown, mut given) = (false, false, 0_u64);
    loop {
        let mut rest = Given { bytes: &bytes };
        let event = guarded(FORMAT, || {
            let mut buffers = [JxlOutputBuffer::new(picture, rows, row_bytes)];
            let buffers = is_ready.then_some(buffers.as_mut_slice());
            decoder.process(&mut rest, buffers, None).map_err(fault)
        })?;
        let left = rest.bytes.len();
        bytes.drain(..bytes.len() - left);
        match event {
            Event::BasicInfo => {
                check(&decoder, probe, detail)?;
                decoder.set_pixel_format(detail.format()).map_err(fault)?;
                is_ready = true;
            }
            Event::FrameHeader => is_shown = true,
            Event::FrameComplete { .. } => return Ok(()),
            Event::Complete => return Err(ends()),
            Event::NeedMoreInput { size_hint } => {
                if stops_early && is_shown && flush(&mut decoder, picture, rows, row_bytes)? {
                    return Ok(());
                }
                let before = bytes.len();
                boxes.fill(&mut bytes, before + size_hint.clamp(1, BLOCK_BYTES))?;
                given += (bytes.len() - before) as u64;
                if bytes.len() == before {
                    return Err(ends());
                }
                if given > most_bytes {
                    let what = format!("more than {most_bytes} bytes in an order of their own");
                    return Err(EngineError::unsupported(FORMAT, what));
                }
            }
        }
    }
}

/// What there is of the picture; false where that is nothing yet.
fn flush(decoder: &mut JxlDecoder, picture: &mut [u8], rows: usize, row_bytes: usize) -> Result<bool, EngineError> {
    guarded(FORMAT, || {
        let mut buffers = [JxlOutputBuffer::new(picture, rows, row_bytes)];
        decoder.flush_pixels(&mut buffers, None).map_err(fault)
    })
}

/// What is decoded must be what was planned.
fn check(decoder: &JxlDecoder, probe: &Probe, detail: &JxlDetail) -> Result<(), EngineError> {
    let size = (probe.width_px as usize, probe.height_px as usize);
    let is_planned = decoder
        .basic_info()
        .is_some_and(|info| info.size == size && info.extra_channels.len() == detail.extra_channels);
    match is_planned {
        true => Ok(()),
        false => Err(EngineError::header(FORMAT, "width", probe.width_px)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by `make mutations`, seed 70989773.
    #[test]
    fn sides_that_lie_are_a_plan_that_no_budget_holds() {
        for coding in [Coding::Modular, Coding::VarDct { passes: 1 }, Coding::VarDct { passes: 3 }] {
            assert!(coding.bytes((u32::MAX, u32::MAX), 4) > 1 << 62);
            assert!(coding.bytes((1 << 30, 1 << 31), 0) > 1 << 60);
            assert_eq!(coding.bytes((0, 0), 4), 0);
        }
        let rows = 32 * 3 * COLUMN_BYTES;
        assert_eq!(Coding::Modular.bytes((20, 10), 0), 20 * 10 * 3 * 4 + rows);
        assert_eq!(Coding::VarDct { passes: 1 }.bytes((20, 10), 0), 32 * 16 * 48 / 64 + rows);
        assert_eq!(Coding::VarDct { passes: 2 }.bytes((20, 10), 0), 32 * 16 * 48 / 64 + 32 * 16 * 12 + rows);
    }
}
