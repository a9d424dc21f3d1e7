//! The picture of a TIFF, by rows of strips or by bands of tiles. Source: TIFF 6.0; TechNote 2 for JPEG inside.
//!
//! The directory may stand anywhere, and most writers put it last (libtiff does), so the file is held as it was uploaded:
//! 36 of the 40 MiB that a 37 MB one takes. The pixels are not.

use std::{cell::Cell, io::Read};

use contract::ImageFormat;

use super::{
    chunk::Chunk,
    depth::{Depth, Range},
    directory::{Directory, Gap},
    fax::Fax,
    header::{JPEG_TABLES, PROFILE, TiffDetail, colours, compression},
    inflate::Inflate,
    jpeg,
    lzw::{LZW_BYTES, Lzw},
    packbits::PackBits,
    rows::RowFormat,
};
use crate::{
    Colour, EngineError, Limits, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    row_sink::{RowSink, at_least_half},
    samples::Light,
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Tiff;

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

/// The rows of an MCU whose sampling factors are the largest ones.
const MOST_UNIT_ROWS: u64 = 32;

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe, detail: &TiffDetail) -> u64 {
    let (width, planes) = (u64::from(probe.width_px), planes(detail));
    let across = probe.width_px.div_ceil(detail.chunk_px.0.max(1));
    // Rows of tiles are as wide as the tiles.
    let row_bytes = detail.row_bytes(detail.chunk_px.0).saturating_mul(u64::from(across) * planes);
    let chunk_bytes = detail.chunk_bytes();
    let is_banded = detail.tiled || detail.is_jpeg();
    let band_bytes = if is_banded { chunk_bytes.saturating_mul(u64::from(across) * planes) } else { 0 };
    // JPEG comes in one piece, with its file and the decoder's own rows: those of a unit, however low the chunk is.
    let unit_bytes = MOST_UNIT_ROWS * detail.row_bytes(detail.chunk_px.0);
    let jpeg_bytes = match detail.is_jpeg() {
        true => 2 * detail.longest_chunk_bytes + 2 * chunk_bytes.max(unit_bytes) + (1 << 20),
        false => 0,
    };
    let fax_bytes = if detail.is_fax() { Fax::bytes(detail.chunk_px.0) } else { 0 };
    let decoder_bytes = if is_banded { 1 } else { planes } * (LZW_BYTES + fax_bytes);
    let colour_bytes = match probe.colour {
        Colour::Palette => 3 << detail.bits.min(16),
        Colour::Lab => Light::BYTES,
        _ => 0,
    };
    let file_bytes = detail.data_end.max(probe.header_bytes).max(crate::PREFIX_BYTES as u64);
    let table_bytes = 16 * detail.chunks + detail.extra_bytes;
    // A stored row, one of a tile, and another where floats are sorted; then pixels.
    let rows_bytes = row_bytes.saturating_mul(3).saturating_add(width * 4 + Depth::BYTES);
    let parts = [file_bytes, table_bytes, rows_bytes, band_bytes, jpeg_bytes, decoder_bytes, colour_bytes];
    parts.into_iter().fold(0, u64::saturating_add).min(1 << 56)
}

/// Planes: one, or one for each sample.
fn planes(detail: &TiffDetail) -> u64 {
    if detail.planar { u64::from(detail.samples) } else { 1 }
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
    let mut file = source.take_prefix();
    let mut image = Tiff::new(&file, probe, detail).map_err(|gap| match gap {
        // The file ends before what its directory points to.
        Gap::Beyond(bytes_expected) => EngineError::ends(FORMAT, file.len() as u64, bytes_expected),
        Gap::Fault(fault) => fault,
    })?;
    let profile = image.profile.take();
    if detail.reversed_bits {
        // Stored bytes are turned before they are decompressed, whatever the compression, as libtiff does. All that
        // is not pixels has been read.
        file.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    if image.format.is_stretched() {
        let mut range = Range::EMPTY;
        let width = probe.width_px as usize;
        // A file that ends early is stretched from what there is.
        let _ = image.each_row(&file, &mut |stored, plane_bytes, _| {
            image.format.add_range(stored, plane_bytes, width, &mut range);
        });
        image.format.set_range(range);
    }
    let mut sink = RowSink::new(probe, plan, channels(probe));
    let mut pixels = vec![0; probe.width_px as usize * channels(probe).count()];
    let result = image.each_row(&file, &mut |stored, plane_bytes, lines| {
        for line in 0..lines {
            sink.push(image.format.pixels(stored, plane_bytes, line, &mut pixels));
        }
    });
    let mut warnings = at_least_half(probe, sink.rows(), || match result {
        Err(cause) => cause,
        Ok(()) => EngineError::header(FORMAT, "rows", 0_u8),
    })?;
    if image.is_damaged.get() {
        warnings.push(Warning::Damaged);
    }
    Ok(sink.decoded(profile, warnings))
}

fn check_supported(probe: &Probe, detail: &TiffDetail) -> Result<(), EngineError> {
    let refuse = |what: String| Err(EngineError::unsupported(FORMAT, what));
    let TiffDetail { compression, sample_format, bits, samples, photometric, subsampling, chunk_px, .. } = *detail;
    match compression {
        compression::NONE | compression::LZW | compression::DEFLATE | compression::OLD_DEFLATE => {}
        compression::PACK_BITS | compression::OLD_JPEG | compression::JPEG => {}
        _ if detail.is_fax() => {}
        other => return refuse(format!("compression {other}")),
    }
    if detail.is_fax() && (bits != 1 || samples != 1) {
        return refuse(format!("CCITT fax of {samples} samples of {bits} bits"));
    }
    if detail.is_jpeg() && (bits != 8 || !matches!(sample_format, 1 | 4)) {
        return refuse(format!("JPEG of {bits} bits per sample"));
    }
    if probe.colour == Colour::Lab && detail.is_jpeg() {
        return refuse(format!("photometric interpretation {photometric} and compression {compression}"));
    }
    let most_samples = if detail.is_jpeg() { 4 } else { 16 };
    if samples == 0 || samples > most_samples || (detail.is_jpeg() && (samples == 2 || detail.planar)) {
        return refuse(format!("{samples} samples per pixel and compression {compression}"));
    }
    if samples < colours(probe.colour) {
        return Err(EngineError::header(FORMAT, "samples per pixel", samples));
    }
    if subsampling != (1, 1) && (bits != 8 || samples != 3 || detail.planar) {
        return refuse(format!("subsampled chroma of {samples} samples of {bits} bits"));
    }
    let (tile_width, tile_height) = chunk_px;
    let tile_bits = u64::from(tile_width) * u64::from(bits) * u64::from(detail.stride());
    let fits = tile_bits % 8 == 0 && tile_width % subsampling.0 == 0 && tile_height % subsampling.1 == 0;
    if detail.tiled && !fits {
        // TIFF asks for multiples of 16.
        return refuse(format!("tiles of {tile_width}x{tile_height}"));
    }
    Ok(())
}

/// What was read of the directory before the first pixel.
struct Tiff<'probe> {
    probe: &'probe Probe,
    detail: &'probe TiffDetail,
    /// Where chunks start and end in the file.
    chunks: Vec<(u64, u64)>,
    jpeg_tables: Vec<u8>,
    /// The stream that old-style JPEG describes.
    old_jpeg: Option<Vec<u8>>,
    format: RowFormat,
    /// Empty where the directory has one that the file does not.
    profile: Option<Vec<u8>>,
    is_damaged: Cell<bool>,
}

/// Takes a stored row of all planes, the bytes of one of them, and how many lines of pixels it is.
type StoredRows<'sink> = dyn FnMut(&[u8], usize, usize) + 'sink;

impl<'probe> Tiff<'probe> {
    fn new(file: &[u8], probe: &'probe Probe, detail: &'probe TiffDetail) -> Result<Self, Gap> {
        let directory = Directory::at(file, detail.directory_at)?;
        let tables = detail.tables(&directory)?;
        let is_old_jpeg = detail.compression == compression::OLD_JPEG;
        if tables.is_none() && !is_old_jpeg {
            return Err(EngineError::header(FORMAT, "number of strips or tiles", 0_u8).into());
        }
        let chunks = tables.map(|tables| tables.ranges()).unwrap_or_default();
        let old_jpeg = is_old_jpeg.then(|| jpeg::old_style(file, &directory, probe, detail, &chunks)).transpose()?;
        // The decoder makes RGB of YCbCr.
        let is_converted = detail.is_jpeg() && probe.colour == Colour::YCbCr;
        let colour = if is_converted { Colour::Rgb } else { probe.colour };
        let profile = match probe.colour {
            // Its pixels are sRGB by then.
            Colour::Lab => None,
            _ => directory.blob(PROFILE).unwrap_or(Some(&[])).map(<[u8]>::to_vec),
        };
        Ok(Self {
            probe,
            detail,
            chunks,
            jpeg_tables: directory.blob(JPEG_TABLES)?.unwrap_or_default().to_vec(),
            old_jpeg,
            format: RowFormat::new(colour, channels(probe).count(), detail, &directory)?,
            profile,
            is_damaged: Cell::new(false),
        })
    }

    /// The stored bytes of a chunk; empty where they lie outside the file.
    fn chunk<'file>(&self, file: &'file [u8], index: usize) -> &'file [u8] {
        let (start, end) = self.chunks.get(index).copied().unwrap_or_default();
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(file.len());
        &file[place(start)..place(end)]
    }

    fn reader<'file>(&self) -> Box<dyn Chunk<'file> + 'file> {
        match self.detail.compression {
            compression::LZW => Box::new(Lzw::new()),
            compression::DEFLATE | compression::OLD_DEFLATE => Box::new(Inflate::new()),
            compression::PACK_BITS => Box::new(PackBits::new()),
            _ if self.detail.is_fax() => Box::new(Fax::new(self.detail.chunk_px.0, self.detail)),
            _ => Box::new([].as_slice()),
        }
    }

    /// Gives `sink` the rows from the top, as far as they can be decoded.
    fn each_row(&self, file: &[u8], sink: &mut StoredRows<'_>) -> Result<(), EngineError> {
        if self.detail.tiled || self.detail.is_jpeg() { self.bands(file, sink) } else { self.strips(file, sink) }
    }

    /// Rows as they come out of the decompressor, strip by strip.
    fn strips(&self, file: &[u8], sink: &mut StoredRows<'_>) -> Result<(), EngineError> {
        let fault = |cause: std::io::Error| EngineError::decoder(FORMAT, cause);
        let (height, rows_per_strip) = (self.probe.height_px, self.detail.chunk_px.1);
        let strips = height.div_ceil(rows_per_strip) as usize;
        let planes = planes(self.detail) as usize;
        let plane_bytes = self.detail.row_bytes(self.probe.width_px) as usize;
        let down = self.detail.subsampling.1;
        let mut stored = vec![0; plane_bytes * planes];
        let mut readers: Vec<_> = (0..planes).map(|_| self.reader()).collect();
        let mut done = 0;
        for strip in 0..strips {
            for (plane, reader) in readers.iter_mut().enumerate() {
                reader.start(self.chunk(file, plane * strips + strip));
            }
            let end = height.min(done + rows_per_strip);
            while done < end {
                for (reader, row) in readers.iter_mut().zip(stored.chunks_exact_mut(plane_bytes)) {
                    reader.read_exact(row).map_err(fault)?;
                    self.format.undo_prediction(row);
                }
                let lines = down.min(end - done);
                sink(&stored, plane_bytes, lines as usize);
                done += lines;
                self.is_damaged.set(self.is_damaged.get() || readers.iter().any(|reader| reader.is_damaged()));
            }
        }
        Ok(())
    }

    /// Bands of tiles (or of one JPEG strip), assembled and then taken row by row.
    fn bands(&self, file: &[u8], sink: &mut StoredRows<'_>) -> Result<(), EngineError> {
        let (width, height) = (self.probe.width_px, self.probe.height_px);
        let (tile_width, tile_height) = self.detail.chunk_px;
        let (across, bands) = (width.div_ceil(tile_width) as usize, height.div_ceil(tile_height) as usize);
        let down = self.detail.subsampling.1;
        let planes = planes(self.detail) as usize;
        let tile_row_bytes = self.detail.row_bytes(tile_width) as usize;
        let band_row_bytes = tile_row_bytes * across;
        let plane_bytes = band_row_bytes * tile_height.div_ceil(down) as usize;
        let mut band = vec![0; plane_bytes * planes];
        let mut stored = vec![0; band_row_bytes * planes];
        let mut tile_row = vec![0; tile_row_bytes];
        let mut reader = self.reader();
        for band_index in 0..bands {
            let lines = tile_height.min(height - band_index as u32 * tile_height);
            let rows = lines.div_ceil(down) as usize;
            for (plane, band) in band.chunks_exact_mut(plane_bytes).enumerate() {
                for tile in 0..across {
                    let chunk = self.chunk(file, (plane * bands + band_index) * across + tile);
                    let decoded;
                    let mut samples: &[u8];
                    let reader: &mut dyn Read = if self.detail.is_jpeg() {
                        let size = (tile_width as usize, tile_row_bytes);
                        decoded = self.jpeg(chunk, size, rows)?;
                        samples = decoded.as_slice();
                        &mut samples
                    } else {
                        reader.start(chunk);
                        &mut reader
                    };
                    for row in band.chunks_exact_mut(band_row_bytes).take(rows) {
                        reader.read_exact(&mut tile_row).map_err(|cause| EngineError::decoder(FORMAT, cause))?;
                        self.format.undo_prediction(&mut tile_row);
                        row[tile * tile_row_bytes..][..tile_row_bytes].copy_from_slice(&tile_row);
                    }
                }
            }
            self.is_damaged.set(self.is_damaged.get() || reader.is_damaged());
            for row in 0..rows {
                for plane in 0..planes {
                    let at = plane * plane_bytes + row * band_row_bytes;
                    stored[plane * band_row_bytes..][..band_row_bytes].copy_from_slice(&band[at..at + band_row_bytes]);
                }
                sink(&stored, band_row_bytes, down.min(lines - row as u32 * down) as usize);
            }
        }
        Ok(())
    }

    fn jpeg(&self, chunk: &[u8], size: (usize, usize), rows: usize) -> Result<Vec<u8>, EngineError> {
        let with_tables;
        let stream = match &self.old_jpeg {
            Some(stream) => stream,
            None => {
                with_tables = jpeg::with_tables(chunk, &self.jpeg_tables);
                &with_tables
            }
        };
        let samples = jpeg::decode(stream, self.probe, size, rows)?;
        self.is_damaged.set(self.is_damaged.get() || jpeg::is_damaged(stream));
        Ok(samples)
    }
}
