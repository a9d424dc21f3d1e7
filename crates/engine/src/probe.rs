//! The header read, and nothing else: what an image is, before a pixel is decoded.
//!
//! Pure: bytes in, [`Probe`] out. Every number in it is the file's claim; decoders check it against the data.

mod bmp;
mod exif;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod webp;

use contract::ImageFormat;

use crate::{EngineError, Orientation, error::Damage};

pub(crate) use exif::orientation as exif_orientation;

/// How many leading bytes `probe` is given at first: enough for the header of most files.
pub const PREFIX_BYTES: usize = 64 << 10;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// By the first bytes, never by name.
    pub format: ImageFormat,
    /// Width as stored, before orientation; at least 1.
    pub width_px: u32,
    /// Height as stored, before orientation; at least 1.
    pub height_px: u32,
    /// 1 to 64.
    pub bits_per_sample: u8,
    /// What the samples mean.
    pub colour: Colour,
    /// An alpha channel, a transparent colour, or a first frame smaller than its canvas.
    pub has_alpha: bool,
    /// Several passes over the whole image: progressive JPEG, interlaced PNG or GIF.
    pub interlaced: bool,
    /// From Exif or TIFF tag 274. PNG and WebP may carry it after the pixels; then this is updated by `make`.
    pub orientation: Orientation,
    /// Where the pixels start, in bytes from the start of the file; for TIFF where its first directory ends.
    pub header_bytes: u64,
    pub(crate) detail: Detail,
}

/// What samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One channel of light.
    Grey,
    /// Indices into a table of colours.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Luma and two chromas.
    YCbCr,
    /// Cyan, magenta, yellow, black: also Adobe's YCCK.
    Cmyk,
    /// CIE L*a*b*.
    Lab,
}

/// What only the planner and the decoder of one format need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Jpeg(self::jpeg::JpegDetail),
    Png,
    Webp(webp::WebpDetail),
    Gif(gif::GifDetail),
    Bmp(bmp::BmpDetail),
    Tiff(tiff::TiffDetail),
}

pub(crate) use bmp::{BmpDetail, Compression as BmpCompression, RowOrder as BmpRowOrder};
pub(crate) use gif::GifDetail;
pub(crate) use self::jpeg::{Coding, JpegDetail, Model};
pub(crate) use exif::Order;
pub(crate) use tiff::{CHUNK_TABLES, Directory, TiffDetail, Values as TiffValues};
pub(crate) use webp::{Coding as WebpCoding, WebpDetail};

/// How far a header parser came.
pub(crate) enum Step {
    /// The whole header was there.
    Done(Probe),
    /// Size and kind are known, what follows (orientation, profile) is not yet.
    Known(Probe, u64),
    /// Nothing certain; at least that many bytes are needed.
    More(u64),
}

impl Probe {
    /// Width times height.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width_px) * u64::from(self.height_px)
    }

    /// Width and height as seen, after orientation.
    #[must_use]
    pub const fn seen_px(&self) -> (u32, u32) {
        self.orientation.seen((self.width_px, self.height_px))
    }
}

/// Reads the header in `prefix`, the file's first bytes: [`PREFIX_BYTES`] are enough for most files.
///
/// A header that goes on past the prefix is no error once the size is known; orientation is then upright.
///
/// # Errors
/// [`EngineError::NotAnImage`], [`EngineError::Unsupported`], [`EngineError::Corrupt`], and
/// [`EngineError::HeaderBeyondPrefix`] where the size stands further on (most TIFF files: at the end).
pub fn probe(prefix: &[u8]) -> Result<Probe, EngineError> {
    let format = format(prefix)?;
    match step(format, prefix)? {
        Step::Done(probe) | Step::Known(probe, _) => Ok(probe),
        Step::More(needed_bytes) => {
            Err(EngineError::HeaderBeyondPrefix { format, needed_bytes, have_bytes: prefix.len() as u64 })
        }
    }
}

/// The format of the first bytes.
pub(crate) fn format(prefix: &[u8]) -> Result<ImageFormat, EngineError> {
    ImageFormat::from_bytes(prefix).ok_or_else(|| {
        if let Some(name) = contract::unread_format(prefix) {
            return EngineError::UnreadFormat { name };
        }
        let head: Vec<String> = prefix.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let head = if head.is_empty() { "no byte".to_owned() } else { head.join(" ") };
        EngineError::NotAnImage { head }
    })
}

/// One try at the header with the bytes at hand.
pub(crate) fn step(format: ImageFormat, prefix: &[u8]) -> Result<Step, EngineError> {
    let step = match format {
        ImageFormat::Jpeg => self::jpeg::step(prefix),
        ImageFormat::Png => png::step(prefix),
        ImageFormat::Webp => webp::step(prefix),
        ImageFormat::Gif => gif::step(prefix),
        ImageFormat::Bmp => bmp::step(prefix),
        ImageFormat::Tiff => tiff::step(prefix),
    }?;
    if let Step::Done(probe) | Step::Known(probe, _) = &step {
        for (field, side_px) in [("width", probe.width_px), ("height", probe.height_px)] {
            if side_px == 0 {
                return Err(EngineError::header(format, field, side_px));
            }
        }
    }
    Ok(step)
}

/// The header of a file that ended at `prefix`.
pub(crate) fn step_at_end(format: ImageFormat, prefix: &[u8]) -> Result<Probe, EngineError> {
    match step(format, prefix)? {
        Step::Done(probe) | Step::Known(probe, _) => Ok(probe),
        Step::More(_) => {
            let cause = Damage::HeaderEnds { bytes: prefix.len() as u64 };
            Err(EngineError::Corrupt { format, cause })
        }
    }
}

/// Reads of fixed width that end in `None` past the end.
pub(crate) trait Fields {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]>;

    fn be16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }
    fn be32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }
    fn le16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }
    fn le24(&self, at: usize) -> Option<u32> {
        self.array(at).map(|[low, middle, high]| u32::from_le_bytes([low, middle, high, 0]))
    }
    fn le32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }
}

impl Fields for [u8] {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.get(at..)?.first_chunk::<N>().copied()
    }
}
