//! JPEG in strips and tiles, and the old style. Source: TIFF, Technical Note 2; TIFF 6.0, section 22.

use ::jpeg::{Rows, Scale, Sink};
use contract::ImageFormat;

use super::{
    directory::{Directory, Gap, Values},
    header::{OLD_JPEG_STREAM, OLD_JPEG_TABLES, TiffDetail},
};
use crate::{Colour, EngineError, Probe};

const FORMAT: ImageFormat = ImageFormat::Tiff;
const START: [u8; 2] = [0xFF, 0xD8];
const END: [u8; 2] = [0xFF, 0xD9];

/// A strip with the directory's tables as one file. Tables end with EOI, the chunk starts with SOI: both go.
pub(super) fn with_tables(chunk: &[u8], tables: &[u8]) -> Vec<u8> {
    let tables = tables.strip_suffix(&END).unwrap_or(tables);
    match tables.is_empty() {
        true => chunk.to_vec(),
        false => [tables, chunk.get(2..).unwrap_or_default()].concat(),
    }
}

/// Decodes a JPEG to rows of `row_bytes`; `rows` of them are needed.
pub(super) fn decode(
    file: &[u8],
    probe: &Probe,
    (width, row_bytes): (usize, usize),
    rows: usize,
) -> Result<Vec<u8>, EngineError> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let fault = |cause: zune_jpeg::errors::DecodeErrors| EngineError::decoder(FORMAT, cause);
    // Others hold the coefficients of the whole picture, which nobody has planned; TIFF allows none of them.
    if let Some(other) = segments(file).map(|(marker, _)| marker).find(|marker| matches!(marker, 0xC2 | 0xC3 | 0xC5..))
        && is_frame(other)
    {
        return Err(EngineError::unsupported(FORMAT, format!("a JPEG inside whose frame is 0xFF{other:02X}")));
    }
    let options = DecoderOptions::default()
        .set_max_width(width.max(1))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(false);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(fault)?;
    let wanted = match (probe.colour, decoder.input_colorspace()) {
        (Colour::Grey | Colour::Palette, _) => ColorSpace::Luma,
        (Colour::Rgb, Some(ColorSpace::RGB)) => ColorSpace::RGB,
        // Stored as they are: without an Adobe segment the decoder takes them for YCbCr and must not convert.
        (Colour::Rgb, _) => ColorSpace::YCbCr,
        (Colour::Cmyk, _) => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let (found_width, found_height) = decoder.dimensions().unwrap_or_default();
    if found_width != width || found_height < rows || found_height > rows.next_multiple_of(16).max(64) * 64 {
        return Err(EngineError::header(FORMAT, "width of the JPEG inside", found_width as u64));
    }
    let samples = decoder.decode().map_err(fault)?;
    if samples.len() < rows * row_bytes || samples.len() / found_height.max(1) != row_bytes {
        return Err(EngineError::header(FORMAT, "samples of the JPEG inside", samples.len() as u64));
    }
    Ok(samples)
}

/// Whether codes in the JPEG are wrong or missing, or make values that no samples have. The decoder above fills that up
/// without a word, so a decode reads all codes once more: at full size, the only one where AC is looked at. That takes 75
/// ms for 12 MP beside 310, and at 1/8 it took 16: in one of 100,000 damaged files another picture came out.
pub(super) fn is_damaged(file: &[u8]) -> bool {
    let Ok(decoder) = ::jpeg::Decoder::new(file) else { return true };
    let scales = vec![Scale::Full; decoder.header().components.len()];
    decoder.decode(&scales, &mut Nowhere).map_or(true, |outcome| outcome.warning.is_some())
}

/// Takes rows that nobody needs.
struct Nowhere;

impl Sink for Nowhere {
    fn rows(&mut self, _: usize, _: Rows<'_>) {}
}

/// Whether a marker starts a frame.
const fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Markers and where each stands, up to the first scan.
fn segments(file: &[u8]) -> impl Iterator<Item = (u8, usize)> + '_ {
    let mut at = 2;
    let mut is_over = false;
    std::iter::from_fn(move || {
        let marker = loop {
            let [0xFF, marker] = *file.get(at..)?.first_chunk::<2>()? else { return None };
            if marker != 0xFF {
                break marker;
            }
            at += 1;
        };
        if is_over || marker == 0xD9 {
            return None;
        }
        is_over = marker == 0xDA;
        let found = at;
        let length = file.get(at + 2..)?.first_chunk::<2>().map_or(0, |length| u16::from_be_bytes(*length));
        at += 2 + usize::from(length);
        Some((marker, found))
    })
}

/// The one JPEG that the tags of old-style compression describe.
///
/// Three forms are known, as libtiff's `tif_ojpeg.c` lists them: a whole file at JPEGInterchangeFormat, into which the
/// strips point; a whole file in the only strip; and tables in the directory with bare scans in the strips.
pub(super) fn old_style(
    file: &[u8],
    directory: &Directory<'_>,
    probe: &Probe,
    detail: &TiffDetail,
    strips: &[(u64, u64)],
) -> Result<Vec<u8>, Gap> {
    let part = |start: u64, end: u64| {
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        range.and_then(|(start, end)| file.get(start..end.min(file.len()))).unwrap_or_default()
    };
    let scans = || strips.iter().map(|(start, end)| part(*start, *end));
    let [start, length] = OLD_JPEG_STREAM;
    let start = directory.value(start)?.unwrap_or_default();
    let length = directory.value(length)?.unwrap_or_default();
    if start > 0 {
        let strips_end = strips.iter().map(|(_, end)| *end).max().unwrap_or_default();
        let whole = part(start, start.saturating_add(length).max(strips_end));
        if whole.starts_with(&START) && segments(whole).any(|(marker, _)| marker == 0xDA) {
            return Ok(whole.to_vec());
        }
    }
    let first = scans().next().unwrap_or_default();
    if first.starts_with(&START) {
        if strips.len() > 1 {
            return Err(EngineError::unsupported(FORMAT, "old-style JPEG with a file in each strip").into());
        }
        return Ok(first.to_vec());
    }
    let mut stream = Vec::from(START);
    let components = detail.samples;
    let tables = OLD_JPEG_TABLES.map(|tag| directory.values(tag));
    for (kind, places) in tables.into_iter().enumerate() {
        table_segments(&mut stream, kind, places?, components, &part)?;
    }
    let segment = |stream: &mut Vec<u8>, marker: u8, body: &[u8]| {
        stream.extend([0xFF, marker]);
        stream.extend((body.len() as u16 + 2).to_be_bytes());
        stream.extend(body);
    };
    let sampling = directory.values(530)?;
    let side = |index| sampling.and_then(|values| values.get(index)).unwrap_or(2);
    let (across, down) = if components == 1 { (1, 1) } else { (side(0).clamp(1, 4), side(1).clamp(1, 4)) };
    let [width, height] = [probe.width_px, probe.height_px].map(|side| u16::try_from(side).unwrap_or_default());
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    let mut scan = vec![components as u8];
    frame.push(components as u8);
    for component in 0..components as u8 {
        let factors = if component == 0 { (across << 4 | down) as u8 } else { 0x11 };
        frame.extend([component + 1, factors, component]);
        scan.extend([component + 1, component << 4 | component]);
    }
    scan.extend([0, 63, 0]);
    segment(&mut stream, 0xC0, &frame);
    // Every strip starts anew, as behind a restart.
    let rows = directory.side(278)?.filter(|rows| *rows > 0).unwrap_or(probe.height_px).min(probe.height_px);
    let blocks = u64::from(probe.width_px).div_ceil(8 * across) * u64::from(rows).div_ceil(8 * down);
    let interval = if strips.len() > 1 { blocks } else { directory.value(515)?.unwrap_or_default() };
    let interval =
        u16::try_from(interval).map_err(|_| EngineError::header(FORMAT, "JPEG restart interval", interval))?;
    segment(&mut stream, 0xDD, &interval.to_be_bytes());
    segment(&mut stream, 0xDA, &scan);
    for (index, scan) in scans().enumerate() {
        if index > 0 {
            stream.extend([0xFF, 0xD0 + ((index - 1) % 8) as u8]);
        }
        stream.extend(scan.strip_suffix(&END).unwrap_or(scan));
    }
    stream.extend(END);
    Ok(stream)
}

/// Segments of quantisation (kind 0), DC (1) or AC tables (2), one for each component.
fn table_segments<'file>(
    stream: &mut Vec<u8>,
    kind: usize,
    places: Option<Values<'_>>,
    components: u16,
    part: &impl Fn(u64, u64) -> &'file [u8],
) -> Result<(), EngineError> {
    for component in 0..usize::from(components) {
        let place = places.and_then(|places| places.get(component)).unwrap_or_default();
        let table = part(place, place.saturating_add(272));
        let length = match kind {
            0 => 64,
            _ => 16 + table.iter().take(16).map(|count| usize::from(*count)).sum::<usize>(),
        };
        let Some(table) = table.get(..length).filter(|_| place > 0) else {
            return Err(EngineError::header(FORMAT, "place of a JPEG table", place));
        };
        let class = if kind == 2 { 0x10 } else { 0 };
        stream.extend([0xFF, if kind == 0 { 0xDB } else { 0xC4 }]);
        stream.extend((length as u16 + 3).to_be_bytes());
        stream.push(class | component as u8);
        stream.extend(table);
    }
    Ok(())
}
