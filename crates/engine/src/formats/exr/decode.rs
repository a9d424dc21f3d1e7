//! Blocks of OpenEXR into the small image: light to sRGB, alpha undone.

use std::io::BufReader;

use exr::{
    block::{UncompressedBlock, reader::ChunksReader},
    meta::attribute::SampleType,
    prelude::f16,
};

use super::{
    forward::Forward,
    header::{Channel, ExrDetail, named},
};
use crate::{
    Colour, EngineError, Plan, Probe, decoded::Decoded, raster::Channels, samples::Light, shrink::Scattered,
    source::Source,
};

const BUFFER_BYTES: usize = 64 << 10;

/// What rows become.
pub(super) const fn channels(probe: &Probe) -> Channels {
    match (probe.colour, probe.has_alpha) {
        (Colour::Grey, false) => Channels::Grey,
        (Colour::Grey, true) => Channels::GreyAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::Rgba,
    }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe, detail: &ExrDetail) -> u64 {
    // A block as stored and as decoded, and what the codecs hold between the two: copies, planes, wavelets.
    let block_bytes = detail.block_bytes.saturating_mul(5);
    let row_bytes = u64::from(probe.width_px) * (channels(probe).count() as u64 + 16);
    block_bytes.saturating_add(detail.table_bytes + row_bytes + Light::BYTES + BUFFER_BYTES as u64 + (64 << 10))
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &ExrDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let stream = Forward::new(BufReader::with_capacity(BUFFER_BYTES, source));
    let parts = exr::block::read(stream, false).map_err(named)?;
    let chunks = parts
        .filter_chunks(false, |_, tile, block| block.layer == detail.part && tile.is_largest_resolution_level())
        .map_err(named)?;
    let mut picture = Picture {
        detail,
        channels: channels(probe),
        size: (i64::from(probe.width_px), i64::from(probe.height_px)),
        light: Light::new(),
        row: Vec::new(),
        small: Scattered::new(channels(probe), (probe.width_px, probe.height_px), plan.row_shrink),
    };
    chunks
        .decompress_sequential(false, |_, block| {
            picture.add(&block);
            Ok(())
        })
        .map_err(named)?;
    let (raster, extent) = picture.small.finish();
    Ok(Decoded::of_raster(raster, extent, None, Vec::new()))
}

struct Picture<'plan> {
    detail: &'plan ExrDetail,
    channels: Channels,
    /// Of the display window.
    size: (i64, i64),
    light: Light,
    /// What is shown of one row of a block.
    row: Vec<u8>,
    small: Scattered,
}

impl Picture<'_> {
    /// The part of a block that lies on the display window.
    fn add(&mut self, block: &UncompressedBlock) {
        let (width, position) = (block.index.pixel_size.x(), block.index.pixel_position);
        let left = position.x() as i64 + self.detail.data_at.0;
        let top = position.y() as i64 + self.detail.data_at.1;
        let shown = (-left).clamp(0, width as i64) as usize..(self.size.0 - left).clamp(0, width as i64) as usize;
        let row_bytes = width * self.detail.pixel_bytes as usize;
        if shown.is_empty() || row_bytes == 0 {
            return;
        }
        for (y, row) in block.data.chunks_exact(row_bytes).enumerate() {
            let y = top + y as i64;
            if (0..self.size.1).contains(&y) {
                self.row.clear();
                for x in shown.clone() {
                    self.add_pixel(row, width, x);
                }
                let first_x = (left + shown.start as i64) as usize;
                self.small.push(&self.row, y as usize, first_x, 1);
            }
        }
    }

    /// Colours are premultiplied by alpha in linear light, and wanted straight.
    fn add_pixel(&mut self, row: &[u8], width: usize, x: usize) {
        let alpha = self.detail.alpha.map_or(1.0, |alpha| sample(alpha, row, width, x).clamp(0.0, 1.0));
        let over = if alpha > 0.0 { 1.0 / alpha } else { 1.0 };
        for colour in &self.detail.colours {
            self.row.push(self.light.to_srgb(sample(*colour, row, width, x) * over));
        }
        if self.channels.has_alpha() {
            // In range; what is no number is 0.
            self.row.push((alpha * 255.0).round() as u8);
        }
    }
}

/// Sample `x` of a channel in a row of all channels, each of `width` samples.
fn sample(channel: Channel, row: &[u8], width: usize, x: usize) -> f32 {
    let bytes = &row[channel.before_bytes * width + x * channel.kind.bytes_per_sample()..];
    match channel.kind {
        SampleType::F16 => f16::from_ne_bytes(bytes.first_chunk().copied().unwrap_or_default()).to_f32(),
        SampleType::F32 => f32::from_ne_bytes(bytes.first_chunk().copied().unwrap_or_default()),
        SampleType::U32 => u32::from_ne_bytes(bytes.first_chunk().copied().unwrap_or_default()) as f32,
    }
}
