//! The composite, channel by channel: each becomes a small plane by itself, and these a small image.

use std::io::{self, BufReader, Read};

use flate2::bufread::ZlibDecoder;

use super::header::{FORMAT, Mode, PsdDetail};
use crate::{
    EngineError, Plan, Probe,
    decoded::Decoded,
    lab::Lab,
    raster::{Channels, Raster},
    room::{Cost, row_shrink},
    row_sink::RowSink,
    samples::{Light, round_16},
    shrink::Shrinker,
    source::Source,
};

const BLOCK_BYTES: usize = 64 << 10;
/// What inflating holds: its window and tables.
const INFLATE_BYTES: u64 = 96 << 10;

pub(super) fn cost(probe: &Probe, detail: &PsdDetail, least_shrink: f64) -> Cost {
    let row_shrink = row_shrink(least_shrink);
    let size = (probe.width_px, probe.height_px);
    let planes = u64::from(detail.planes());
    let small_px = u64::from(size.0.div_ceil(row_shrink)) * u64::from(size.1.div_ceil(row_shrink));
    // Planes, then the same interleaved; with a palette rows are pixels.
    let small = match detail.mode {
        Mode::Indexed => 0,
        _ => planes * (Shrinker::bytes(Channels::Grey, size, row_shrink) + small_px),
    };
    // A row as it is stored, packed, and of 8 bits; the lengths of the rows that are packed.
    let row = detail.row_bytes(probe.width_px) * 4 + u64::from(probe.width_px) * 5;
    let lengths = u64::from(probe.height_px) * planes * 4;
    let bytes = small + row + lengths + BLOCK_BYTES as u64 + INFLATE_BYTES + Light::BYTES;
    let rows = (detail.mode == Mode::Indexed).then(|| indexed(probe));
    Cost { shrink: 1, row_shrink, bytes, rows, small_px: None }
}

/// What colours of a palette are.
const fn indexed(probe: &Probe) -> Channels {
    if probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

impl PsdDetail {
    /// Channels that are used.
    fn planes(&self) -> u16 {
        self.mode.colours() + u16::from(self.has_alpha)
    }

    fn row_bytes(&self, width_px: u32) -> u64 {
        (u64::from(width_px) * u64::from(self.depth)).div_ceil(8)
    }
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &PsdDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let fault = |cause: io::Error| EngineError::decoder(FORMAT, cause);
    source.pass(detail.composite_at).map_err(fault)?;
    let mut stream = BufReader::with_capacity(BLOCK_BYTES, source);
    let mut compression = [0; 2];
    stream.read_exact(&mut compression).map_err(fault)?;
    let lengths = match u16::from_be_bytes(compression) {
        0 => Vec::new(),
        1 => lengths(&mut stream, probe, detail).map_err(fault)?,
        2 | 3 => Vec::new(),
        other => return Err(EngineError::header(FORMAT, "compression", other)),
    };
    // Of ZIP all channels are one stream.
    let stream: Box<dyn Read + '_> = match compression {
        [0, 2 | 3] => Box::new(ZlibDecoder::new(stream)),
        _ => Box::new(stream),
    };
    let mut rows = Rows {
        stream,
        width_px: probe.width_px as usize,
        predicted_bits: if compression == [0, 3] { detail.depth } else { 0 },
        lengths: lengths.into_iter(),
        is_packed: compression == [0, 1],
        packed: Vec::new(),
        stored: vec![0; detail.row_bytes(probe.width_px) as usize],
        light: Light::new(),
    };
    let size = (probe.width_px, probe.height_px);
    if detail.mode == Mode::Indexed {
        let channels = indexed(probe);
        let mut sink = RowSink::new(probe, plan, channels);
        let mut row = Vec::new();
        for _ in 0..probe.height_px {
            rows.next().map_err(fault)?;
            row.clear();
            row.extend(rows.stored.iter().flat_map(|index| colour(detail, *index)).take(sink.row_bytes() * 4));
            if channels == Channels::Rgb {
                row = row.as_chunks::<4>().0.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
            }
            sink.push(&row);
        }
        return Ok(sink.decoded(detail.profile.clone(), Vec::new()));
    }
    let mut planes = Vec::new();
    let mut extent = None;
    let mut row = vec![0; probe.width_px as usize];
    for plane in 0..detail.planes() {
        let mut shrinker = Shrinker::new(Channels::Grey, size, plan.row_shrink);
        let is_alpha = plane == detail.mode.colours();
        for _ in 0..probe.height_px {
            rows.next().map_err(fault)?;
            rows.to_8(detail, is_alpha, &mut row);
            shrinker.push(&row);
        }
        let (raster, window) = shrinker.finish();
        extent = Some(window);
        planes.push(raster);
    }
    let (Some(extent), Some(raster)) = (extent, interleaved(detail, planes)) else {
        unreachable!("every mode has a channel")
    };
    let profile = if detail.mode == Mode::Lab { None } else { detail.profile.clone() };
    Ok(Decoded::of_raster(raster, extent, profile, Vec::new()))
}

/// Reads and drops.
fn pass(stream: &mut impl Read, bytes: u64) -> io::Result<()> {
    match io::copy(&mut stream.take(bytes), &mut io::sink())? {
        read if read < bytes => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// How long each packed row is, of the channels that are used.
fn lengths(stream: &mut impl Read, probe: &Probe, detail: &PsdDetail) -> io::Result<Vec<u32>> {
    let width = if detail.is_large { 4 } else { 2 };
    let of = |channels: u16| probe.height_px as usize * usize::from(channels);
    let mut lengths = Vec::with_capacity(of(detail.planes()));
    for _ in 0..of(detail.planes()) {
        let mut length = [0; 4];
        stream.read_exact(&mut length[4 - width..])?;
        lengths.push(u32::from_be_bytes(length));
    }
    pass(stream, (of(detail.channels - detail.planes()) * width) as u64)?;
    Ok(lengths)
}

/// The composite's rows, in the order of the file.
struct Rows<R> {
    stream: R,
    width_px: usize,
    /// Bits of a sample that is stored as its difference from the one before; 0 where none is.
    predicted_bits: u16,
    lengths: std::vec::IntoIter<u32>,
    is_packed: bool,
    packed: Vec<u8>,
    /// The last row, as it is stored.
    stored: Vec<u8>,
    light: Light,
}

impl<R: Read> Rows<R> {
    fn next(&mut self) -> io::Result<()> {
        if !self.is_packed {
            self.stream.read_exact(&mut self.stored)?;
            // In range: a row of 32 bits is four of bytes.
            self.packed.resize(if self.predicted_bits == 32 { self.stored.len() } else { 0 }, 0);
            add_up(self.predicted_bits, self.width_px, &mut self.stored, &mut self.packed);
            return Ok(());
        }
        let length = self.lengths.next().unwrap_or_default() as usize;
        // Nothing is packed to twice its length: a header for each byte.
        if length > self.stored.len() * 2 + 2 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a packed row has {length} bytes")));
        }
        self.packed.resize(length, 0);
        self.stream.read_exact(&mut self.packed)?;
        match unpack(&self.packed, &mut self.stored) {
            Some(()) => Ok(()),
            None => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a packed row is shorter or longer than its length"))
            }
        }
    }

    /// The last row in 8 bits, 255 for white, light or opaque; of CMYK for all of the ink.
    fn to_8(&self, detail: &PsdDetail, is_alpha: bool, out: &mut [u8]) {
        match detail.depth {
            1 => {
                for (x, out) in out.iter_mut().enumerate() {
                    // 1 is black.
                    *out = if self.stored[x / 8] >> (7 - x % 8) & 1 == 0 { 255 } else { 0 };
                }
            }
            8 => out.copy_from_slice(&self.stored),
            16 => round_16(&self.stored, out),
            _ => {
                for (out, sample) in out.iter_mut().zip(self.stored.as_chunks::<4>().0) {
                    let sample = f32::from_be_bytes(*sample);
                    *out = match is_alpha {
                        true => (sample * 255.0).round() as u8,
                        false => self.light.to_srgb(sample),
                    };
                }
            }
        }
        if detail.mode == Mode::Cmyk {
            out.iter_mut().for_each(|ink| *ink = !*ink);
        }
    }
}

/// Differences to samples. Those of 32 bits are stored byte by byte: the first of each, then the second.
///
/// Source: Adobe Photoshop File Formats Specification, "ZIP with prediction", and Technical Note 3 of TIFF for 32 bits.
fn add_up(bits: u16, width_px: usize, row: &mut [u8], bytes: &mut [u8]) {
    match bits {
        8 => {
            row.iter_mut().fold(0_u8, |before, sample| {
                *sample = sample.wrapping_add(before);
                *sample
            });
        }
        16 => {
            row.as_chunks_mut::<2>().0.iter_mut().fold(0_u16, |before, sample| {
                let level = u16::from_be_bytes(*sample).wrapping_add(before);
                *sample = level.to_be_bytes();
                level
            });
        }
        32 => {
            add_up(8, width_px, row, &mut []);
            bytes.copy_from_slice(row);
            for (x, sample) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                sample.iter_mut().enumerate().for_each(|(byte, slot)| *slot = bytes[byte * width_px + x]);
            }
        }
        _ => {}
    }
}

/// Fills `out` with a row; `None` where the row ends before, or goes on behind: then its length is wrong, and those after
/// it are other rows. Source: TIFF 6.0, section 9.
fn unpack(mut packed: &[u8], mut out: &mut [u8]) -> Option<()> {
    while !out.is_empty() {
        let (header, rest) = packed.split_first()?;
        packed = rest;
        let count = match header.cast_signed() {
            -128 => continue,
            count @ 0.. => count as usize + 1,
            count => 1 + usize::from(count.unsigned_abs()),
        };
        let (filled, left) = out.split_at_mut_checked(count)?;
        match header.cast_signed() {
            0.. => {
                filled.copy_from_slice(packed.get(..filled.len())?);
                packed = packed.get(count..)?;
            }
            _ => {
                let (byte, rest) = packed.split_first()?;
                filled.fill(*byte);
                packed = rest;
            }
        }
        out = left;
    }
    // -128 is for padding.
    packed.iter().all(|byte| *byte == 0x80).then_some(())
}

/// Of the palette, opaque but for one index.
fn colour(detail: &PsdDetail, index: u8) -> [u8; 4] {
    let at = usize::from(index);
    let alpha = if detail.transparent == Some(index) { 0 } else { 255 };
    [detail.palette[at], detail.palette[256 + at], detail.palette[512 + at], alpha]
}

/// One image of the planes.
fn interleaved(detail: &PsdDetail, mut planes: Vec<Raster>) -> Option<Raster> {
    // Photoshop lays the picture on white before it stores it: what is left of a colour is itself times alpha.
    if detail.has_alpha {
        let (alpha, colours) = planes.split_last_mut()?;
        for colour in colours.iter_mut().filter(|_| detail.mode != Mode::Lab) {
            let pairs = colour.samples.iter_mut().zip(&alpha.samples);
            pairs.for_each(|(sample, alpha)| *sample = sample.saturating_sub(255 - *alpha));
        }
    }
    let channels = match (detail.mode, detail.has_alpha) {
        (Mode::Bitmap | Mode::Grey | Mode::Indexed, false) => Channels::Grey,
        (Mode::Bitmap | Mode::Grey | Mode::Indexed, true) => Channels::GreyAlpha,
        (Mode::Rgb | Mode::Lab, false) => Channels::Rgb,
        (Mode::Rgb | Mode::Lab, true) => Channels::Rgba,
        (Mode::Cmyk, _) => Channels::Cmyk,
    };
    let (width, height) = planes.first().map(|plane| (plane.width, plane.height))?;
    if let ([_], Channels::Grey) = (planes.as_slice(), channels) {
        return planes.pop();
    }
    let mut samples = vec![0; width * height * channels.count()];
    for (channel, plane) in planes.iter().enumerate() {
        let slots = samples.iter_mut().skip(channel).step_by(channels.count());
        slots.zip(&plane.samples).for_each(|(slot, sample)| *slot = *sample);
    }
    if detail.mode == Mode::Lab {
        let lab = Lab::new(true);
        for pixel in samples.chunks_exact_mut(channels.count()) {
            let rgb = lab.to_rgb([pixel[0], pixel[1], pixel[2]].map(u16::from), false);
            let alpha = pixel.get(3).map_or(255, |alpha| u32::from(*alpha));
            pixel.iter_mut().zip(rgb).for_each(|(slot, level)| {
                *slot = (u32::from(level).saturating_sub(255 - alpha)) as u8;
            });
        }
    }
    Some(Raster { width, height, channels, samples })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_add_up() {
        let check = |bits, row: &[u8], want: &[u8]| {
            let mut row = row.to_vec();
            add_up(bits, 2, &mut row, &mut [0; 8]);
            assert_eq!(row, want, "{bits}");
        };
        check(0, &[5, 6], &[5, 6]);
        check(8, &[5, 255], &[5, 4]);
        check(16, &[1, 255, 0, 2], &[1, 255, 2, 1]);
        check(32, &[1, 1, 1, 1, 1, 1, 1, 1], &[1, 3, 5, 7, 2, 4, 6, 8]);
    }

    #[test]
    fn run_lengths_fill_a_row_and_say_where_it_is_short() {
        let check = |packed: &[u8], want: Option<&[u8]>| {
            let mut out = [9; 5];
            assert_eq!(unpack(packed, &mut out).map(|()| out.as_slice()), want, "{packed:?}");
        };
        check(&[4, 1, 2, 3, 4, 5], Some(&[1, 2, 3, 4, 5]));
        check(&[0xFC, 7], Some(&[7; 5]));
        check(&[0x80, 1, 1, 2, 0xFE, 3], Some(&[1, 2, 3, 3, 3]));
        check(&[0x81, 3], None); // Longer than the row.
        check(&[4, 1, 2], None);
        check(&[0xFD, 1], None);
        check(&[0xFC], None);
        check(&[], None);
        check(&[0xFC, 7, 0x80], Some(&[7; 5]));
        check(&[0xFC, 7, 0, 1], None);
    }
}
