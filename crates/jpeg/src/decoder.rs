//! The decoder as its callers see it.

use std::io::Read;

use crate::error::Error;
use crate::header::{self, Header};
use crate::input::Input;
use crate::outcome::Outcome;
use crate::plan::plan;
use crate::relay::pays;
use crate::scale::Scale;
use crate::session::Session;
use crate::sink::Sink;
use crate::tables::Tables;

/// A JPEG whose header has been read.
pub struct Decoder<R> {
    input: Input<R>,
    header: Header,
    tables: Tables,
    beside: bool,
}

impl<R: Read> Decoder<R> {
    /// Reads the header, up to the first scan.
    ///
    /// # Errors
    /// [`Error::Unsupported`], with the size of the image, if another decoder must do it; that one needs the file from
    /// its beginning. Every other kind if the header is no use, or [`Error::Read`].
    pub fn new(reader: R) -> Result<Self, Error> {
        let mut input = Input::new(reader);
        let (header, tables) = header::read(&mut input)?;
        header.check_supported()?;
        Ok(Self { input, header, tables, beside: false })
    }

    /// What the file says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// From now on blocks are transformed, and the sink works, on a second thread beside the one that reads codes, where
    /// that pays; [`beside_bytes`](crate::beside_bytes) is what it holds. A panic of the sink is still the caller's.
    #[must_use]
    pub fn beside(self) -> Self {
        Self { beside: true, ..self }
    }

    /// Decodes the image into `sink`, each component at its scale of `scales`.
    ///
    /// The sink gets every row of every component, unless an error ends the decode.
    /// Reading stops with the last byte needed; in a progressive file that may be far from its end.
    ///
    /// # Errors
    /// [`Error::Scales`] unless there is one scale per component; [`Error::Read`]; [`Error::TooDamaged`] below
    /// [`USABLE_SHARE`]; [`Error::Segment`] and [`Error::MissingTable`] if the first scan is no use.
    pub fn decode<S: Sink + ?Sized>(self, scales: &[Scale], sink: &mut S) -> Result<Outcome, Error> {
        let Self { input, header, tables, beside } = self;
        let plan = plan(&header, scales)?;
        let beside = beside && pays(scales);
        Session::new(input, tables, &header, plan, sink, beside).decode()
    }
}
