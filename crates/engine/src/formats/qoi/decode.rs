//! Chunks of one to five bytes, each a pixel or a run of it.
//!
//! Not through crate `qoi`, which `image` takes: it holds the whole picture, and where damage refers to a colour that
//! was never seen it goes on with another one than the reference decoder (found by `tests/differential.rs`).

use std::io::{self, BufReader, Read};

use super::{FORMAT, HEADER_BYTES};
use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::Decoded,
    raster::Channels,
    room::at_least_half,
    shrink::{RowOrder, Shrinker},
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
    let mut stream = BufReader::with_capacity(BLOCK_BYTES, source);
    stream.read_exact(&mut [0; HEADER_BYTES]).map_err(fault)?;
    let channels = channels(probe);
    let size = (probe.width_px, probe.height_px);
    let mut shrinker = Shrinker::new(channels, size, plan.row_shrink, RowOrder::TopDown);
    let mut row = vec![0; probe.width_px as usize * channels.count()];
    let mut pixels = Pixels {
        stream,
        has_alpha: probe.has_alpha,
        pixel: [0, 0, 0, 255],
        run: 0,
        seen: [None; 64],
        is_damaged: false,
    };
    let mut stopped = None;
    while shrinker.rows() < size.1 && stopped.is_none() {
        match pixels.fill(&mut row, channels.count()) {
            Ok(()) => shrinker.push(&row),
            Err(cause) => stopped = Some(cause),
        }
    }
    let is_whole = stopped.is_none();
    let mut warnings =
        at_least_half(probe, shrinker.rows(), || fault(stopped.unwrap_or(io::ErrorKind::UnexpectedEof.into())))?;
    if pixels.is_damaged || (is_whole && !pixels.is_at_end()) {
        warnings.push(Warning::Damaged);
    }
    Ok(Decoded::of_rows(shrinker, None, warnings))
}

struct Pixels<R> {
    stream: R,
    has_alpha: bool,
    /// The last one.
    pixel: [u8; 4],
    /// How often it comes again.
    run: u8,
    /// The last pixel of each hash.
    seen: [Option<[u8; 4]>; 64],
    is_damaged: bool,
}

impl<R: Read> Pixels<R> {
    fn fill(&mut self, row: &mut [u8], channels: usize) -> io::Result<()> {
        for out in row.chunks_exact_mut(channels) {
            match self.run {
                0 => self.chunk()?,
                _ => self.run -= 1,
            }
            out.copy_from_slice(&self.pixel[..channels]);
        }
        Ok(())
    }

    /// Reads one chunk; its first pixel is then `pixel`.
    fn chunk(&mut self) -> io::Result<()> {
        let [tag] = self.bytes()?;
        match (tag >> 6, tag & 63) {
            (0, index) => {
                // No encoder refers to what it has not seen, but to the pixel of zeros that all start with.
                let pixel = self.seen[usize::from(index)];
                self.is_damaged |= pixel.is_none() && !(index == 0 && self.has_alpha);
                self.pixel = pixel.unwrap_or_default();
            }
            (1, steps) => {
                for (sample, shift) in self.pixel.iter_mut().zip([4, 2, 0]) {
                    *sample = sample.wrapping_add(steps >> shift & 3).wrapping_sub(2);
                }
            }
            (2, green) => {
                let [others] = self.bytes()?;
                let green = green.wrapping_sub(32);
                let step = |nibble: u8| green.wrapping_add(nibble).wrapping_sub(8);
                for (sample, step) in self.pixel.iter_mut().zip([step(others >> 4), green, step(others & 15)]) {
                    *sample = sample.wrapping_add(step);
                }
            }
            (_, 62) => {
                let [red, green, blue] = self.bytes()?;
                self.pixel = [red, green, blue, self.pixel[3]];
            }
            (_, 63) => self.pixel = self.bytes()?,
            (_, run) => self.run = run,
        }
        let [red, green, blue, alpha] = self.pixel.map(usize::from);
        self.seen[(red * 3 + green * 5 + blue * 7 + alpha * 11) % 64] = Some(self.pixel);
        Ok(())
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).map(|()| bytes)
    }

    /// Whether the file ends where the picture does: there is no checksum, but damage moves the end.
    fn is_at_end(&mut self) -> bool {
        self.run == 0 && self.bytes().is_ok_and(|end| end == END)
    }
}
