//! A body, opened: which decoder it goes through, by its header and its first bytes.

use std::io::{self, BufRead, Read};

use contract::{ImageFormat, MAGIC_BYTES, unread_format};

use crate::brotli::Brotli;
use crate::encoding::ContentEncoding;
use crate::error::{CodingError, Warning};
use crate::gzip::{self, Gzip};
use crate::input::Input;

/// How much is decoded behind an image to come to the body's end, in bytes: only there is its checksum.
const REST_BYTES: u64 = 64 << 10;

/// A body that is read as the file that it holds.
pub struct Body<R>(Kind<R>);

enum Kind<R> {
    /// Nothing names a coding: nothing stands between the body and who reads it.
    Plain(R),
    /// The header names a coding that the bytes do not have.
    Mislabelled(Input<R>),
    Gzip(Box<Gzip<R>>),
    Brotli(Brotli<R>),
}

/// Opens a body by what its Content-Encoding says, and by its first bytes where that says anything.
///
/// # Errors
/// [`CodingError`]; `Read` is `reader`'s own.
pub fn open<R: BufRead>(reader: R, encoding: &ContentEncoding) -> Result<Body<R>, CodingError> {
    if *encoding == ContentEncoding::Identity {
        return Ok(Body(Kind::Plain(reader)));
    }
    let mut input = Input::new(reader);
    let start = input.look(MAGIC_BYTES).map_err(CodingError::Read)?;
    let (first, is_gzip, is_image) = (start.first().copied(), start.starts_with(&gzip::MAGIC), is_image(start));
    Ok(Body(match encoding {
        ContentEncoding::Gzip if is_gzip => Kind::Gzip(Box::new(Gzip::new(input))),
        // Whatever it is, it is not gzip.
        ContentEncoding::Gzip | ContentEncoding::Identity => Kind::Mislabelled(input),
        _ if is_image => Kind::Mislabelled(input),
        ContentEncoding::Brotli => Kind::Brotli(Brotli::new(input, first.unwrap_or_default())?),
        ContentEncoding::Other(codings) => return Err(CodingError::Unsupported { codings: codings.clone() }),
    }))
}

/// Whether a body that starts like this is an image already.
///
/// Brotli has no signature of its own, so that a stream of it could start like an image. A JPEG's first byte is none of
/// Brotli's, and other signatures are long; the two letters of BMP stand at the start of one small stream in 2,000 or
/// so. They count with a header's length behind them.
fn is_image(start: &[u8]) -> bool {
    match ImageFormat::from_bytes(start) {
        Some(ImageFormat::Bmp) => matches!(start.get(..18), Some([.., 0..=124, 0, 0, 0])),
        // An SVG in gzip, or anything else that was coded twice.
        Some(ImageFormat::Svg) => !start.starts_with(&gzip::MAGIC),
        // Anywhere near the start, so that a short stream could have it in a part that is not compressed.
        Some(ImageFormat::Pdf) => start.starts_with(b"%PDF-"),
        Some(_) => true,
        None => unread_format(start).is_some(),
    }
}

impl<R: BufRead> Body<R> {
    /// What its decoder holds at the most, in bytes; 0 without one.
    pub const fn held_bytes(&self) -> u64 {
        match &self.0 {
            Kind::Plain(_) | Kind::Mislabelled(_) => 0,
            Kind::Gzip(_) => gzip::HELD_BYTES,
            Kind::Brotli(brotli) => brotli.held_bytes(),
        }
    }

    /// The file. It ends where the body ends, or cannot be decoded any further; its errors are those of the body's
    /// reader.
    pub fn reader(&mut self) -> &mut dyn Read {
        match &mut self.0 {
            Kind::Plain(reader) => reader,
            Kind::Mislabelled(input) => input,
            Kind::Gzip(gzip) => gzip,
            Kind::Brotli(brotli) => brotli,
        }
    }

    /// The body's own reader, where nothing stands between it and the file.
    pub const fn plain(&mut self) -> Option<&mut R> {
        match &mut self.0 {
            Kind::Plain(reader) => Some(reader),
            Kind::Mislabelled(_) | Kind::Gzip(_) | Kind::Brotli(_) => None,
        }
    }

    /// The file, as [`Body::reader`] gives it, for whoever asks for nothing else.
    #[must_use]
    pub fn into_reader<'reader>(self) -> Box<dyn Read + 'reader>
    where
        R: 'reader,
    {
        match self.0 {
            Kind::Plain(reader) => Box::new(reader),
            Kind::Mislabelled(input) => Box::new(input),
            Kind::Gzip(gzip) => gzip,
            Kind::Brotli(brotli) => Box::new(brotli),
        }
    }

    /// Where the decoder stopped before the body's end, if it did: why what was read is no image.
    #[must_use]
    pub fn into_fault(mut self) -> Option<CodingError> {
        let (coding, cause) = self.take_fault()?;
        Some(CodingError::Corrupt { coding, cause })
    }

    /// What was wrong with it, after an image was read. Reads on to the end, if that is near.
    #[must_use]
    pub fn into_warning(mut self) -> Option<Warning> {
        match &mut self.0 {
            Kind::Plain(_) => return None,
            Kind::Mislabelled(_) => return Some(Warning::Ignored),
            // A connection that breaks now takes nothing from the image.
            Kind::Gzip(_) | Kind::Brotli(_) => {
                let _ = io::copy(&mut self.reader().take(REST_BYTES), &mut io::sink());
            }
        }
        self.take_fault().map(|_| Warning::Damaged)
    }

    fn take_fault(&mut self) -> Option<(&'static str, io::Error)> {
        match &mut self.0 {
            Kind::Plain(_) | Kind::Mislabelled(_) => None,
            Kind::Gzip(gzip) => gzip.take_fault().map(|fault| ("gzip", fault)),
            Kind::Brotli(brotli) => brotli.take_fault().map(|fault| ("br", fault)),
        }
    }
}
