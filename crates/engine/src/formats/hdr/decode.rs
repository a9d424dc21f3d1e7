//! Rows of red, green, blue and their exponent: as they are, or in run lengths of two kinds.
//!
//! Not through crate `image` (0.25.10), which holds the picture in 12 bytes a pixel, and takes a row that says it has
//! another length than the picture's width, so that damage is another picture (found by `tests/differential.rs`).
//! Source: Radiance, `color.c`, `freadcolrs` and `oldreadcolrs`.

use std::io::{self, BufRead, BufReader, Read};

use super::FORMAT;
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    row_sink::{RowSink, rows_until_damage},
    samples::Light,
    source::Source,
};

const BLOCK_BYTES: usize = 64 << 10;
pub(super) const CHANNELS: Channels = Channels::Rgb;
/// The widths of which a row can be in run lengths of each channel; others are in those of pixels.
const WIDTHS_BY_CHANNEL: std::ops::Range<usize> = 8..0x8000;

type Rgbe = [u8; 4];

/// What decoding holds beside the small image, in bytes; and before it the lines of the header, as pairs of strings.
pub(super) fn plan_bytes(probe: &Probe) -> u64 {
    u64::from(probe.width_px) * 7 + BLOCK_BYTES as u64 + Light::BYTES + probe.header_bytes * 40 + 1024
}

pub(super) fn decode(source: &mut Source<'_>, probe: &Probe, plan: &Plan) -> Result<Decoded, EngineError> {
    let fault = |cause: io::Error| EngineError::decoder(FORMAT, cause);
    let mut stream = BufReader::with_capacity(BLOCK_BYTES, source);
    io::copy(&mut stream.by_ref().take(probe.header_bytes), &mut io::sink()).map_err(fault)?;
    let mut sink = RowSink::new(probe, plan, CHANNELS);
    let light = Light::new();
    let mut row = vec![[0; 4]; probe.width_px as usize];
    let mut pixels = vec![0; row.len() * 3];
    let mut warnings = rows_until_damage(probe, &mut sink, &mut pixels, |pixels| {
        fill(&mut stream, &mut row)?;
        for (out, rgbe) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(&row) {
            *out = seen(*rgbe, &light);
        }
        Ok(())
    })?;
    // There is no checksum, but damage moves the end. Zeros behind it are padding.
    if warnings.is_empty() && stream.fill_buf().is_ok_and(|rest| rest.iter().any(|byte| *byte != 0)) {
        warnings.push(Warning::Damaged);
    }
    Ok(sink.decoded(None, warnings))
}

/// As sRGB.
fn seen([red, green, blue, exponent]: Rgbe, light: &Light) -> [u8; 3] {
    // 2^(exponent - 136); what is too small for a normal number is black anyway.
    let scale = f32::from_bits(u32::from(exponent.saturating_sub(9)) << 23);
    [red, green, blue].map(|mantissa| light.to_srgb(f32::from(mantissa) * scale))
}

/// Reads a row. Whatever is not exactly its pixels is damage.
fn fill(stream: &mut impl Read, row: &mut [Rgbe]) -> io::Result<()> {
    let first = bytes(stream)?;
    match first {
        [2, 2, high @ ..128, low] if WIDTHS_BY_CHANNEL.contains(&row.len()) => {
            match usize::from(u16::from_be_bytes([high, low])) == row.len() {
                true => (0..4).try_for_each(|channel| by_channel(stream, row, channel)),
                false => Err(damage("a row has another length than the picture")),
            }
        }
        _ => by_pixels(stream, row, first),
    }
}

/// Up to 128 samples as they are, or up to 127 times the same one.
fn by_channel(stream: &mut impl Read, row: &mut [Rgbe], channel: usize) -> io::Result<()> {
    let mut left = row.iter_mut().map(|pixel| &mut pixel[channel]);
    while left.len() > 0 {
        let [code] = bytes(stream)?;
        let (count, is_run) = if code > 128 { (code - 128, true) } else { (code, false) };
        if usize::from(count) > left.len() {
            return Err(damage("a run is longer than its row"));
        }
        let samples = left.by_ref().take(usize::from(count));
        if is_run {
            let [sample] = bytes(stream)?;
            samples.for_each(|out| *out = sample);
        } else {
            let mut plain = [0; 128];
            stream.read_exact(&mut plain[..usize::from(count)])?;
            samples.zip(plain).for_each(|(out, sample)| *out = sample);
        }
    }
    Ok(())
}

/// Pixels as they are; 1, 1, 1 is no pixel but how often the last one comes again, the low byte of the number first.
fn by_pixels(stream: &mut impl Read, row: &mut [Rgbe], first: Rgbe) -> io::Result<()> {
    let (mut at, mut shift, mut next) = (0, 0, first);
    loop {
        match next {
            [1, 1, 1, count] => {
                let last = *row[..at].last().ok_or_else(|| damage("a run before the first pixel"))?;
                let count = usize::from(count).checked_shl(shift).unwrap_or(usize::MAX);
                let run = at.checked_add(count).and_then(|end| row.get_mut(at..end));
                run.ok_or_else(|| damage("a run is longer than its row"))?.fill(last);
                at += count;
                shift += 8;
            }
            pixel => {
                row[at] = pixel;
                at += 1;
                shift = 0;
            }
        }
        if at == row.len() {
            return Ok(());
        }
        next = bytes(stream)?;
    }
}

fn bytes<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn damage(words: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of `width` pixels, or `None` for damage.
    fn row(width: usize, mut file: &[u8]) -> Option<Vec<Rgbe>> {
        let mut row = vec![[0; 4]; width];
        fill(&mut file, &mut row).ok().map(|()| row)
    }

    #[test]
    fn rows_are_read_by_channel_or_by_pixel() {
        let by_channel = [2, 2, 0, 8, 136, 9, 136, 8, 136, 7, 8, 1, 2, 3, 4, 5, 6, 7, 128];
        let want: Vec<_> = [1, 2, 3, 4, 5, 6, 7, 128].map(|exponent| [9, 8, 7, exponent]).into();
        assert_eq!(row(8, &by_channel), Some(want));
        // Too narrow for that: pixels, the first of them 2, 2, 0, 2.
        assert_eq!(row(2, &[2, 2, 0, 2, 5, 6, 7, 8]), Some(vec![[2, 2, 0, 2], [5, 6, 7, 8]]));
        let runs = [5, 6, 7, 8, 1, 1, 1, 2, 1, 1, 1, 1, 9, 9, 9, 9];
        assert_eq!(row(260, &runs), Some([vec![[5, 6, 7, 8]; 259], vec![[9; 4]]].concat()));
    }

    #[test]
    fn a_row_that_is_not_exactly_its_pixels_is_damage() {
        assert_eq!(row(9, &[2, 2, 0, 8, 137, 9, 137, 8, 137, 7, 137, 6]), None, "another length than the width");
        assert_eq!(row(8, &[2, 2, 0, 8, 137, 9, 136, 8, 136, 7, 136, 6]), None, "a run over the end");
        assert_eq!(row(8, &[2, 2, 0, 8, 136, 9, 136, 8, 136, 7]), None, "an end too early");
        assert_eq!(row(3, &[1, 1, 1, 2, 5, 6, 7, 8]), None, "a run of nothing");
        assert_eq!(row(3, &[5, 6, 7, 8, 1, 1, 1, 3]), None, "a run over the end");
        let many = [[5, 6, 7, 8].as_slice(), &[1, 1, 1, 0].repeat(20), &[1, 1, 1, 1]].concat();
        assert_eq!(row(3, &many), None, "a number beyond all bounds");
    }

    #[test]
    fn light_is_the_mantissa_times_a_power_of_two() {
        let light = Light::new();
        assert_eq!(seen([128, 0, 255, 129], &light), [255, 0, 255]);
        assert_eq!(seen([128, 64, 32, 128], &light), [188, 137, 99]);
        assert_eq!(seen([255; 4], &light), [255; 3]);
        assert_eq!(seen([255, 255, 255, 0], &light), [0; 3]);
    }
}
