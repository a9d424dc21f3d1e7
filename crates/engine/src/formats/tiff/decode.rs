//! The first image of a TIFF, by rows of strips or by bands of tiles. Source: TIFF 6.0; TechNote 2 for JPEG inside.
//!
//! The directory may stand anywhere, and most writers put it last (libtiff does), so the file is held as it was uploaded:
//! 36 of the 40 MiB that a 37 MB one takes. The pixels are not.

use std::io::Read;

use contract::ImageFormat;

use super::{
    chunk::Chunk,
    header::{CHUNK_TABLES, Directory, TiffDetail, Values},
    inflate::Inflate,
    lzw::{LZW_BYTES, Lzw},
    rows::{self, PackBits, RowFormat},
};
use crate::{
    Colour, EngineError, Limits, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    room::at_least_half,
    shrink::{RowOrder, Shrinker},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Tiff;
/// Baseline JPEG in a strip or tile.
const JPEG: u16 = 7;

/// What rows become.
pub(super) const fn channels(probe: &Probe) -> Channels {
    match (probe.colour, probe.has_alpha) {
        (Colour::Cmyk, _) => Channels::Cmyk,
        (Colour::Grey, false) => Channels::Grey,
        (Colour::Grey, true) => Channels::GreyAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::Rgba,
    }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe, detail: &TiffDetail) -> u64 {
    let row_bytes = stored_row_bytes(probe, detail, probe.width_px);
    let samples = u64::from(detail.samples.max(1));
    let chunk_bytes = stored_row_bytes(probe, detail, detail.chunk_px.0) * u64::from(detail.chunk_px.1);
    let decoders = if detail.planar { samples } else { 1 };
    let (rows, chunks) = match (detail.tiled, detail.compression) {
        (true, _) => (u64::from(detail.chunk_px.1), chunk_bytes),
        // A strip of JPEG comes in one piece, with its file and the decoder's own rows.
        (false, JPEG) => (u64::from(detail.chunk_px.1), chunk_bytes),
        (false, _) => (1, 0),
    };
    let jpeg = if detail.compression == JPEG { 2 * detail.longest_chunk_bytes + chunk_bytes + (1 << 20) } else { 0 };
    let file_bytes = detail.data_end.max(probe.header_bytes).max(crate::PREFIX_BYTES as u64);
    file_bytes + rows * row_bytes + chunks + row_bytes * 3 + decoders * LZW_BYTES + jpeg
}

/// All samples of a row of `width_px` pixels as stored.
fn stored_row_bytes(probe: &Probe, detail: &TiffDetail, width_px: u32) -> u64 {
    let bits = u64::from(width_px) * u64::from(probe.bits_per_sample) * u64::from(detail.samples.max(1));
    bits.div_ceil(8) + u64::from(detail.samples)
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &TiffDetail,
    plan: &Plan,
    limits: &Limits,
) -> Result<Decoded, EngineError> {
    check_supported(probe, detail)?;
    // The plan counted the file up to its last chunk; a table that lies is cut there.
    let file_bytes = detail.data_end.min(limits.max_source_bytes).max(source.prefix().len() as u64);
    source.fill_prefix(file_bytes)?;
    let file = source.prefix();
    let Ok(directory) = Directory::first(file)? else {
        return Err(EngineError::header(FORMAT, "directory offset", 0_u8));
    };
    let (offsets, lengths) = CHUNK_TABLES[usize::from(detail.tiled)];
    let (Some(Ok(offsets)), Some(Ok(lengths))) = (directory.values(offsets), directory.values(lengths)) else {
        return Err(EngineError::header(FORMAT, "strip or tile table", 0_u8));
    };
    let image = Tiff {
        file,
        probe,
        detail,
        offsets,
        lengths,
        jpeg_tables: directory.blob(347),
        format: RowFormat::new(probe, detail, &directory)?,
    };
    let size = (probe.width_px, probe.height_px);
    let mut shrinker = Shrinker::new(channels(probe), size, plan.row_shrink, RowOrder::TopDown);
    let result = if detail.tiled || detail.compression == JPEG {
        image.bands(&mut shrinker)
    } else {
        image.strips(&mut shrinker)
    };
    let warnings = at_least_half(probe, shrinker.rows(), || match result {
        Err(cause) => cause,
        Ok(()) => EngineError::header(FORMAT, "rows", 0_u8),
    })?;
    let profile = directory.blob(34675).map(<[u8]>::to_vec);
    Ok(Decoded::of_rows(shrinker, profile, warnings))
}

fn check_supported(probe: &Probe, detail: &TiffDetail) -> Result<(), EngineError> {
    let refuse = |what: String| Err(EngineError::unsupported(FORMAT, what));
    let TiffDetail { compression, sample_format, predictor, samples, photometric, .. } = *detail;
    match compression {
        1 | 5 | 7 | 8 | 32_773 | 32_946 => {}
        2..=4 => return refuse("CCITT fax compression".to_owned()),
        6 => return refuse("old-style JPEG compression".to_owned()),
        other => return refuse(format!("compression {other}")),
    }
    if sample_format > 1 && sample_format != 4 {
        return refuse("signed or floating-point samples".to_owned());
    }
    if predictor > 2 || (predictor == 2 && !matches!(probe.bits_per_sample, 8 | 16)) {
        return refuse(format!("predictor {predictor} on {} bits per sample", probe.bits_per_sample));
    }
    if !matches!(probe.bits_per_sample, 1 | 2 | 4 | 8 | 16) || (compression == JPEG && probe.bits_per_sample != 8) {
        return refuse(format!("{} bits per sample", probe.bits_per_sample));
    }
    if probe.colour == Colour::Lab || (probe.colour == Colour::YCbCr && compression != JPEG) {
        return refuse(format!("photometric interpretation {photometric} and compression {compression}"));
    }
    if samples == 0 || samples > 16 || (compression == JPEG && (samples > 4 || samples == 2 || detail.planar)) {
        return refuse(format!("{samples} samples per pixel and compression {compression}"));
    }
    Ok(())
}

struct Tiff<'file> {
    file: &'file [u8],
    probe: &'file Probe,
    detail: &'file TiffDetail,
    offsets: Values<'file>,
    lengths: Values<'file>,
    jpeg_tables: Option<&'file [u8]>,
    format: RowFormat,
}

impl<'file> Tiff<'file> {
    /// The stored bytes of a chunk; empty where they lie outside the file.
    fn chunk(&self, index: usize) -> &'file [u8] {
        let range = || {
            let start = usize::try_from(self.offsets.get(index)?).ok()?;
            let end = start.checked_add(usize::try_from(self.lengths.get(index)?).ok()?)?;
            Some(start.min(self.file.len())..end.min(self.file.len()))
        };
        range().and_then(|range| self.file.get(range)).unwrap_or_default()
    }

    fn reader(&self) -> Box<dyn Chunk<'file> + 'file> {
        match self.detail.compression {
            5 => Box::new(Lzw::new()),
            8 | 32_946 => Box::new(Inflate::new()),
            32_773 => Box::new(PackBits::new()),
            _ => Box::new([].as_slice()),
        }
    }

    /// Planes: one, or one for each sample.
    fn planes(&self) -> usize {
        if self.detail.planar { usize::from(self.detail.samples) } else { 1 }
    }

    /// Rows as they come out of the decompressor, strip by strip.
    fn strips(&self, shrinker: &mut Shrinker) -> Result<(), EngineError> {
        let fault = |cause: std::io::Error| EngineError::decoder(FORMAT, cause);
        let (height, rows_per_strip) = (self.probe.height_px, self.detail.chunk_px.1);
        let strips = height.div_ceil(rows_per_strip) as usize;
        let planes = self.planes();
        let plane_bytes = self.format.plane_row_bytes(self.probe.width_px as usize, self.detail);
        let mut stored = vec![0; plane_bytes * planes];
        let mut pixels = vec![0; self.probe.width_px as usize * channels(self.probe).count()];
        let mut readers: Vec<_> = (0..planes).map(|_| self.reader()).collect();
        for strip in 0..strips {
            for (plane, reader) in readers.iter_mut().enumerate() {
                reader.start(self.chunk(plane * strips + strip));
            }
            for _ in 0..rows_per_strip.min(height - shrinker.rows()) {
                for (reader, row) in readers.iter_mut().zip(stored.chunks_exact_mut(plane_bytes)) {
                    reader.read_exact(row).map_err(fault)?;
                    self.format.undo_prediction(row);
                }
                shrinker.push(self.format.pixels(&stored, plane_bytes, &mut pixels));
            }
        }
        Ok(())
    }

    /// Bands of tiles (or of one JPEG strip), assembled and then taken row by row.
    fn bands(&self, shrinker: &mut Shrinker) -> Result<(), EngineError> {
        let fault = |cause: std::io::Error| EngineError::decoder(FORMAT, cause);
        let (width, height) = (self.probe.width_px, self.probe.height_px);
        let (tile_width, tile_height) = self.detail.chunk_px;
        let (across, down) = (width.div_ceil(tile_width) as usize, height.div_ceil(tile_height) as usize);
        let planes = self.planes();
        let tile_row_bytes = self.format.plane_row_bytes(tile_width as usize, self.detail);
        let band_row_bytes = tile_row_bytes * across;
        let plane_bytes = band_row_bytes * tile_height as usize;
        let mut band = vec![0; plane_bytes * planes];
        let mut stored = vec![0; band_row_bytes * planes];
        let mut tile_row = vec![0; tile_row_bytes];
        let mut pixels = vec![0; width as usize * channels(self.probe).count()];
        let mut reader = self.reader();
        for band_index in 0..down {
            let rows = tile_height.min(height - shrinker.rows()) as usize;
            for (plane, band) in band.chunks_exact_mut(plane_bytes).enumerate() {
                for tile in 0..across {
                    let index = (plane * down + band_index) * across + tile;
                    let decoded;
                    let mut samples: &[u8];
                    let reader: &mut dyn Read = if self.detail.compression == JPEG {
                        let tables = self.jpeg_tables.unwrap_or_default();
                        let size = (tile_width as usize, tile_row_bytes);
                        decoded = rows::jpeg_chunk(self.chunk(index), tables, self.probe, size, rows)?;
                        samples = decoded.as_slice();
                        &mut samples
                    } else {
                        reader.start(self.chunk(index));
                        &mut reader
                    };
                    for row in band.chunks_exact_mut(band_row_bytes).take(rows) {
                        reader.read_exact(&mut tile_row).map_err(fault)?;
                        self.format.undo_prediction(&mut tile_row);
                        row[tile * tile_row_bytes..][..tile_row_bytes].copy_from_slice(&tile_row);
                    }
                }
            }
            for row in 0..rows {
                for plane in 0..planes {
                    let at = plane * plane_bytes + row * band_row_bytes;
                    stored[plane * band_row_bytes..][..band_row_bytes].copy_from_slice(&band[at..at + band_row_bytes]);
                }
                shrinker.push(self.format.pixels(&stored, band_row_bytes, &mut pixels));
            }
        }
        Ok(())
    }
}
