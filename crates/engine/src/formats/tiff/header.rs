//! What the directory says of the picture. Source: TIFF 6.0; its supplements of 1995 and 2002 (Adobe Photoshop).

use std::sync::Arc;

use contract::ImageFormat;

use super::{
    chunk::{ChunkTables, TABLES},
    directory::{Directory, Gap},
};
use crate::{
    Colour, EngineError, Orientation, Probe,
    exif::Order,
    previews::{self, Found},
    room::Step,
};

const FORMAT: ImageFormat = ImageFormat::Tiff;
/// Sizes from a file are cut here, so that sums of them stay numbers; no budget is as large.
const MOST_BYTES: u64 = 1 << 48;
/// A colour profile further behind the pixels than this is not fetched, and the thumbnail says so.
const MAX_PROFILE_GAP_BYTES: u64 = 16 << 20;

/// The tag of the colour profile.
pub(super) const PROFILE: u16 = 34_675;
/// The tag of what JPEG strips have in common.
pub(super) const JPEG_TABLES: u16 = 347;
pub(super) const COLOUR_MAP: u16 = 320;
pub(super) const OLD_JPEG_STREAM: [u16; 2] = [513, 514];
/// Quantisation, DC and AC tables of old-style JPEG: offsets of each.
pub(super) const OLD_JPEG_TABLES: [u16; 3] = [519, 520, 521];
/// What the header and the row format are made of, and may stand anywhere in the file.
const ARRAYS: [u16; 21] =
    [256, 257, 258, 259, 262, 266, 274, 277, 278, 284, 292, 317, COLOUR_MAP, 322, 323, 338, 339, 519, 520, 521, 530];
/// The same for colours: coefficients and reference levels of YCbCr.
pub(super) const LUMA_COEFFICIENTS: u16 = 529;
pub(super) const REFERENCE_LEVELS: u16 = 532;

/// Compressions by their numbers in the file.
pub(super) mod compression {
    pub(in super::super) const NONE: u16 = 1;
    /// CCITT run lengths without line ends, each row from a whole byte.
    pub(in super::super) const FAX_RUNS: u16 = 2;
    pub(in super::super) const FAX_3: u16 = 3;
    pub(in super::super) const FAX_4: u16 = 4;
    pub(in super::super) const LZW: u16 = 5;
    pub(in super::super) const OLD_JPEG: u16 = 6;
    /// Baseline JPEG in a strip or tile.
    pub(in super::super) const JPEG: u16 = 7;
    pub(in super::super) const DEFLATE: u16 = 8;
    /// As `FAX_RUNS`, each row from a whole word.
    pub(in super::super) const FAX_WORDS: u16 = 32_771;
    pub(in super::super) const PACK_BITS: u16 = 32_773;
    pub(in super::super) const OLD_DEFLATE: u16 = 32_946;
}

/// What the strip reader and the planner need of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TiffDetail {
    pub(super) order: Order,
    /// Where the directory of the picture starts.
    pub(super) directory_at: u64,
    pub(super) bits: u8,
    pub(super) compression: u16,
    pub(super) photometric: u16,
    pub(super) samples: u16,
    /// 1: unsigned, 2: signed, 3: float.
    pub(super) sample_format: u16,
    pub(super) predictor: u16,
    /// Samples of one pixel in separate planes.
    pub(super) planar: bool,
    pub(super) alpha: Option<Alpha>,
    /// Width and height of a strip or tile, in pixels.
    pub(super) chunk_px: (u32, u32),
    /// Whether chunks are tiles: padded to their full size at the right and the bottom.
    pub(super) tiled: bool,
    /// The least significant bit of each byte comes first.
    pub(super) reversed_bits: bool,
    pub(super) fax_options: u64,
    /// Luma samples to one of chroma, across and down; 1 and 1 for all that is no YCbCr, and for JPEG, which has its own.
    pub(super) subsampling: (u32, u32),
    pub(super) chunks: u64,
    /// Where the last chunk ends, and what else decoding needs, in bytes from the start of the file; 0 where the
    /// table of chunks is not known yet.
    pub(super) data_end: u64,
    /// The longest chunk as stored, in bytes.
    pub(super) longest_chunk_bytes: u64,
    /// Profile, colour map and JPEG tables, in bytes.
    pub(super) extra_bytes: u64,
    /// The profile's part of them; 0 where there is none, or it is not fetched.
    pub(super) profile_bytes: u64,
}

/// Which sample is alpha, and of what kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    /// Its place among the samples of a pixel.
    pub(super) channel: u16,
    pub(super) premultiplied: bool,
}

impl TiffDetail {
    /// Samples of a pixel that follow one another.
    pub(super) const fn stride(&self) -> u16 {
        if self.planar { 1 } else { self.samples }
    }

    /// A row of `width_px` pixels of one plane as stored, in bytes; of subsampled YCbCr a row of its blocks.
    pub(super) fn row_bytes(&self, width_px: u32) -> u64 {
        let (across, down) = self.subsampling;
        let samples = match (across, down) {
            (1, 1) => u64::from(width_px) * u64::from(self.stride()),
            _ => u64::from(width_px.div_ceil(across)) * u64::from(across * down + 2),
        };
        (samples * u64::from(self.bits)).div_ceil(8)
    }

    /// One plane of a strip or tile when it is decoded, in bytes.
    pub(super) fn chunk_bytes(&self) -> u64 {
        let rows = u64::from(self.chunk_px.1.div_ceil(self.subsampling.1));
        self.row_bytes(self.chunk_px.0).saturating_mul(rows).min(MOST_BYTES)
    }

    pub(super) const fn is_fax(&self) -> bool {
        matches!(self.compression, compression::FAX_RUNS..=compression::FAX_4 | compression::FAX_WORDS)
    }

    pub(super) const fn is_jpeg(&self) -> bool {
        matches!(self.compression, compression::OLD_JPEG | compression::JPEG)
    }

    /// The tables of strips or tiles.
    pub(super) fn tables<'file>(&self, directory: &Directory<'file>) -> Result<Option<ChunkTables<'file>>, Gap> {
        ChunkTables::of(directory, self.tiled, self.chunk_bytes(), self.compression != compression::NONE)
    }
}

/// Samples of a pixel that are colour.
pub(super) const fn colours(colour: Colour) -> u16 {
    match colour {
        Colour::Grey | Colour::Palette => 1,
        Colour::Cmyk => 4,
        _ => 3,
    }
}

pub(super) fn step(prefix: &[u8], page: u32) -> Result<Step, EngineError> {
    match read(prefix, page) {
        Ok(step) => Ok(step),
        Err(Gap::Beyond(need)) => Ok(Step::More(need)),
        Err(Gap::Fault(fault)) => Err(fault),
    }
}

fn read(prefix: &[u8], page: u32) -> Result<Step, Gap> {
    // DNG, NEF and ARW start as any TIFF does; CR2 has two letters behind its header.
    match previews::find(prefix, prefix.get(8..10) == Some(b"CR")) {
        Found::Previews(previews) => return Ok(Step::Previews(previews)),
        Found::More(need) => return Err(Gap::Beyond(need)),
        Found::Nothing => {}
    }
    let directory = Directory::of_page(prefix, page)?;
    // All at once, so that a large file is not moved in memory for each.
    let mut need = 0;
    for tag in ARRAYS.into_iter().chain([LUMA_COEFFICIENTS, REFERENCE_LEVELS]) {
        need = need.max(directory.end_of(tag)?);
    }
    if need > prefix.len() as u64 {
        return Err(Gap::Beyond(need));
    }
    let (Some(width_px), Some(height_px)) = (directory.side(256)?, directory.side(257)?) else {
        return Err(EngineError::header(FORMAT, "width or height", 0_u8).into());
    };
    let detail = detail(&directory, (width_px, height_px))?;
    let colour = colour(detail.photometric)?;
    let mut probe = Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: detail.bits,
        colour,
        has_alpha: detail.alpha.is_some(),
        interlaced: false,
        orientation: Orientation::from_exif(directory.value(274)?.unwrap_or(1)).unwrap_or_default(),
        header_bytes: directory.end() as u64,
        detail: Arc::new(detail),
    };
    for (offsets, lengths) in TABLES {
        need = need.max(directory.end_of(offsets)?).max(directory.end_of(lengths)?);
    }
    if need > prefix.len() as u64 {
        return Ok(Step::Known(probe, need));
    }
    probe.detail = Arc::new(with_extent(detail, &directory)?);
    Ok(Step::Done(probe))
}

fn detail(directory: &Directory<'_>, (width_px, height_px): (u32, u32)) -> Result<TiffDetail, Gap> {
    let compression = directory.short(259, 1)?;
    let is_jpeg = matches!(compression, compression::OLD_JPEG | compression::JPEG);
    let (bits, widths) = bits_per_sample(directory, if is_jpeg { 8 } else { 1 })?;
    // Without SamplesPerPixel there are as many as have a width.
    let samples = directory.short(277, widths)?;
    let photometric = match directory.value(262)? {
        // Old-style JPEG of three samples is YCbCr whatever the tag says. Source: libtiff, `tif_dirread.c`.
        _ if compression == compression::OLD_JPEG && samples == 3 => 6,
        Some(value) => u16::try_from(value).unwrap_or(u16::MAX),
        None => assumed_photometric(directory, compression, samples)?,
    };
    let colours = colours(colour(photometric)?);
    let tiled = directory.side(322)?.is_some();
    let chunk_px = if tiled {
        (directory.side(322)?.unwrap_or_default(), directory.side(323)?.unwrap_or_default())
    } else {
        // 0 means what 2^32-1 means, and what a missing one does: one strip. Source: libtiff, `tif_dirread.c`.
        let rows = directory.side(278)?.filter(|rows| *rows > 0).unwrap_or(height_px);
        // Old-style JPEG is one picture, whatever its strips.
        (width_px, if compression == compression::OLD_JPEG { height_px } else { rows.min(height_px) })
    };
    if width_px > 0 && height_px > 0 && (chunk_px.0 == 0 || chunk_px.1 == 0) {
        return Err(EngineError::header(FORMAT, "strip or tile size", 0_u8).into());
    }
    let mut subsampling = (1, 1);
    if photometric == 6 && !is_jpeg {
        let values = directory.values(530)?;
        let side = |index| values.and_then(|values| values.get(index)).unwrap_or(2);
        subsampling = match (side(0), side(1)) {
            (across @ (1 | 2 | 4), down @ (1 | 2 | 4)) => (across as u32, down as u32),
            (across, down) => {
                return Err(EngineError::unsupported(FORMAT, format!("chroma subsampled by {across}x{down}")).into());
            }
        };
    }
    Ok(TiffDetail {
        order: directory.order,
        directory_at: directory.at,
        bits,
        compression,
        photometric,
        samples,
        sample_format: directory.short(339, 1)?,
        predictor: directory.short(317, 1)?,
        planar: directory.short(284, 1)? == 2 && samples > 1,
        alpha: alpha(directory, colours, samples)?,
        chunk_px,
        tiled,
        // JPEG has an order of its own, whatever the tag says. Source: libtiff, `TIFF_NOBITREV`.
        reversed_bits: directory.short(266, 1)? == 2 && !is_jpeg,
        fax_options: directory.value(292)?.unwrap_or_default(),
        subsampling,
        chunks: 0,
        data_end: 0,
        longest_chunk_bytes: 0,
        extra_bytes: 0,
        profile_bytes: 0,
    })
}

fn colour(photometric: u16) -> Result<Colour, EngineError> {
    Ok(match photometric {
        0 | 1 => Colour::Grey,
        2 => Colour::Rgb,
        3 => Colour::Palette,
        5 => Colour::Cmyk,
        6 => Colour::YCbCr,
        8 | 9 => Colour::Lab,
        other => return Err(EngineError::unsupported(FORMAT, format!("photometric interpretation {other}"))),
    })
}

/// What a file without the tag is taken for. Source: libtiff, `TIFFRGBAImageBegin`: by its samples, and a fax is ink
/// on white.
fn assumed_photometric(directory: &Directory<'_>, compression: u16, samples: u16) -> Result<u16, Gap> {
    let extra = directory.values(338)?.map_or(0, |values| values.len());
    Ok(match (usize::from(samples).saturating_sub(extra), compression) {
        (1, compression::FAX_RUNS..=compression::FAX_4 | compression::FAX_WORDS) => 0,
        (1, _) => 1,
        (3, _) => 2,
        _ => {
            let what = format!("{samples} samples per pixel and no photometric interpretation");
            return Err(EngineError::unsupported(FORMAT, what).into());
        }
    })
}

/// Where alpha is. Only the kinds 1 (premultiplied) and 2 (straight) are alpha, wherever they stand among the extra
/// samples. One extra sample without the tag is taken for straight alpha, as Pillow and libvips do; one that is said
/// to be unspecified is left out, as Pillow does.
fn alpha(directory: &Directory<'_>, colours: u16, samples: u16) -> Result<Option<Alpha>, Gap> {
    let Some(kinds) = directory.values(338)? else {
        let has_one = samples == colours + 1 && colours != 4;
        return Ok(has_one.then_some(Alpha { channel: colours, premultiplied: false }));
    };
    let extra = samples.saturating_sub(colours);
    // Inks are drawn without alpha.
    let mut places = (0..extra).filter(|_| colours != 4);
    let kind = |place: u16| kinds.get(usize::from(place)).unwrap_or_default();
    let place = places.find(|place| matches!(kind(*place), 1 | 2));
    Ok(place.map(|place| Alpha { channel: colours + place, premultiplied: kind(place) == 1 }))
}

/// One width for all samples, as every writer has it, and how many samples have one.
fn bits_per_sample(directory: &Directory<'_>, default: u8) -> Result<(u8, u16), Gap> {
    let Some(values) = directory.values(258)? else { return Ok((default, 1)) };
    let first = values.get(0).unwrap_or_default();
    if let Some(other) = (1..values.len().min(16)).filter_map(|index| values.get(index)).find(|bits| *bits != first) {
        return Err(EngineError::unsupported(FORMAT, format!("samples of {first} and of {other} bits")).into());
    }
    let bits = u8::try_from(first).ok().filter(|bits| (1..=64).contains(bits));
    let bits = bits.ok_or_else(|| EngineError::header(FORMAT, "bits per sample", first))?;
    Ok((bits, u16::try_from(values.len()).unwrap_or(u16::MAX)))
}

/// How much of the file decoding needs.
fn with_extent(detail: TiffDetail, directory: &Directory<'_>) -> Result<TiffDetail, Gap> {
    let (mut end, mut longest, mut chunks, mut extra_bytes, mut profile_bytes) = (0, 0, 0, 0, 0);
    if let Some(tables) = detail.tables(directory)? {
        chunks = tables.len() as u64;
        for index in 0..tables.len() {
            let (start, chunk_end) = tables.range(index);
            end = end.max(chunk_end);
            longest = longest.max(chunk_end - start);
        }
    }
    if detail.compression == compression::OLD_JPEG {
        let [start, length] = OLD_JPEG_STREAM;
        let start = directory.value(start)?.unwrap_or_default();
        end = end.max(start.saturating_add(directory.value(length)?.unwrap_or_default()));
        for tag in OLD_JPEG_TABLES {
            let places = directory.values(tag)?;
            let places = (0..4).filter_map(|index| places.and_then(|places| places.get(index)));
            // The longest table: 16 counts and 256 values.
            end = places.fold(end, |end, place| end.max(place.saturating_add(272)));
        }
        // All strips become one stream.
        longest = end;
    }
    let cut = |bytes: u64| bytes.min(MOST_BYTES);
    for tag in [COLOUR_MAP, JPEG_TABLES] {
        end = end.max(directory.end_of(tag)?);
        extra_bytes = cut(directory.length_of(tag)?.saturating_add(extra_bytes));
    }
    let profile_end = directory.end_of(PROFILE)?;
    if profile_end <= end.max(directory.end() as u64).saturating_add(MAX_PROFILE_GAP_BYTES) {
        end = end.max(profile_end);
        profile_bytes = cut(directory.length_of(PROFILE)?);
        extra_bytes = cut(profile_bytes.saturating_add(extra_bytes));
    }
    let (data_end, longest_chunk_bytes) = (cut(end), cut(longest));
    Ok(TiffDetail { chunks, data_end, longest_chunk_bytes, extra_bytes, profile_bytes, ..detail })
}
