//! Chunks of one to five bytes, each a pixel or a run of it.
//!
//! Not through crate `qoi`, which `image` takes: it holds the whole picture, and where damage refers to a colour that
//! was never seen it goes on with another one than the reference decoder (found by `tests/differential.rs`).

use std::io::{self, Read};

use super::{FORMAT, HEADER_BYTES};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    row_sink::{RowSink, rows_until_damage},
    source::Source,
};

const BLOCK_BYTES: usize = 64 << 10;
/// What stands behind the last pixel.
const END: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];

/// Alpha as the header says, whatever chunks say.
pub(super) const fn channels(probe: &Probe) -> Channels {
    if probe.has_alpha { Channels::Rgba } else { Channels::Rgb }
}

/// What decoding holds beside the small image, in bytes.
pub(super) fn plan_bytes(probe: &Probe) -> u64 {
    u64::from(probe.width_px) * channels(probe).count() as u64 + BLOCK_BYTES as u64 + 1024
}

pub(super) fn decode(source: &mut Source<'_>, probe: &Probe, plan: &Plan) -> Result<Decoded, EngineError> {
    let fault = |cause: io::Error| EngineError::decoder(FORMAT, cause);
    source.read_exact(&mut [0; HEADER_BYTES]).map_err(fault)?;
    let channels = channels(probe);
    let mut sink = RowSink::new(probe, plan, channels);
    let mut row = vec![0; probe.width_px as usize * channels.count()];
    let mut pixels = Pixels {
        stream: source,
        block: Vec::with_capacity(BLOCK_BYTES),
        at: 0,
        has_alpha: probe.has_alpha,
        pixel: [0, 0, 0, 255],
        run: 0,
        seen: [[0; 4]; 64],
        hashes: 0,
        is_damaged: false,
    };
    let mut warnings = rows_until_damage(probe, &mut sink, &mut row, |row| {
        if probe.has_alpha { pixels.fill::<4>(row) } else { pixels.fill::<3>(row) }
    })?;
    if pixels.is_damaged || (warnings.is_empty() && !pixels.is_at_end()) {
        warnings.push(Warning::Damaged);
    }
    Ok(sink.decoded(None, warnings))
}

struct Pixels<R> {
    stream: R,
    block: Vec<u8>,
    /// Of the block, what is used.
    at: usize,
    has_alpha: bool,
    /// The last one.
    pixel: [u8; 4],
    /// How often it comes again.
    run: u8,
    /// The last pixel of each hash.
    seen: [[u8; 4]; 64],
    /// A bit for each hash that any pixel had.
    hashes: u64,
    is_damaged: bool,
}

impl<R: Read> Pixels<R> {
    /// A row of `N` channels.
    fn fill<const N: usize>(&mut self, row: &mut [u8]) -> io::Result<()> {
        for out in row.as_chunks_mut::<N>().0 {
            match self.run {
                0 => self.chunk()?,
                _ => self.run -= 1,
            }
            out.copy_from_slice(&self.pixel[..N]);
        }
        Ok(())
    }

    /// Reads one chunk; its first pixel is then `pixel`.
    fn chunk(&mut self) -> io::Result<()> {
        let [tag, first, second, third, fourth] = self.peek()?;
        let (kind, low) = (tag >> 6, tag & 63);
        let [red, green, blue, alpha] = self.pixel;
        let (length, pixel) = match kind {
            0 => {
                // No encoder refers to what it has not seen, but to the pixel of zeros that all start with.
                self.is_damaged |= self.hashes >> low & 1 == 0 && !(low == 0 && self.has_alpha);
                (1, self.seen[usize::from(low)])
            }
            1 => {
                let moved = |sample: u8, shift: u8| sample.wrapping_add(low >> shift & 3).wrapping_sub(2);
                (1, [moved(red, 4), moved(green, 2), moved(blue, 0), alpha])
            }
            2 => {
                let step = low.wrapping_sub(32);
                let moved = |sample: u8, nibble: u8| sample.wrapping_add(step).wrapping_add(nibble).wrapping_sub(8);
                (2, [moved(red, first >> 4), green.wrapping_add(step), moved(blue, first & 15), alpha])
            }
            _ if low == 62 => (4, [first, second, third, alpha]),
            _ if low == 63 => (5, [first, second, third, fourth]),
            _ => {
                self.run = low;
                (1, self.pixel)
            }
        };
        self.pixel = pixel;
        let [red, green, blue, alpha] = pixel.map(usize::from);
        let hash = (red * 3 + green * 5 + blue * 7 + alpha * 11) % 64;
        self.seen[hash] = pixel;
        self.hashes |= 1 << hash;
        self.skip(length)
    }

    /// The next bytes; zeros behind the end of the file.
    fn peek<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        if self.block.len() < self.at + N {
            self.block.drain(..self.at);
            self.at = 0;
            let missing = BLOCK_BYTES - self.block.len();
            self.stream.by_ref().take(missing as u64).read_to_end(&mut self.block)?;
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let mut bytes = [0; N];
        match rest.first_chunk() {
            Some(chunk) => bytes = *chunk,
            None => bytes[..rest.len()].copy_from_slice(rest),
        }
        Ok(bytes)
    }

    fn skip(&mut self, bytes: usize) -> io::Result<()> {
        self.at += bytes;
        if self.at > self.block.len() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Whether the file ends where the picture does: there is no checksum, but damage moves the end.
    fn is_at_end(&mut self) -> bool {
        self.run == 0 && self.peek().is_ok_and(|end| end == END)
    }
}
