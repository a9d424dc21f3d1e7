//! A tile of HEVC by crate `hevc`.
//!
//! Parameter sets come from `hvcC` alone, where they were read and planned by; in a tile's bytes they are passed over.

use contract::ImageFormat;
use heif::Configuration;
use hevc::{Decoder, Filters, HevcError};

use super::frame::{Lines, Shape, TileDecoder};
use crate::EngineError;

/// A decoder by the parameter sets.
///
/// # Errors
/// What they ask for and is not decoded, and what in them is damaged.
pub(super) fn decoder(format: ImageFormat, configuration: &Configuration) -> Result<Decoder, EngineError> {
    Decoder::new(configuration.units.iter().map(Vec::as_slice)).map_err(|cause| fault(format, cause))
}

/// What is held, in bytes, with a tile's own and a copy of them without escapes.
pub(super) fn need(format: ImageFormat, configuration: &Configuration, most_tile_bytes: u64) -> u64 {
    let decoder_bytes = decoder(format, configuration).map_or(0, |decoder| decoder.held_bytes());
    decoder_bytes.saturating_add(most_tile_bytes.saturating_mul(2))
}

fn fault(format: ImageFormat, cause: HevcError) -> EngineError {
    match cause {
        HevcError::Unsupported(what) => EngineError::unsupported(format, what),
        cause => EngineError::decoder(format, cause),
    }
}

pub(super) struct Hevc<'picture> {
    format: ImageFormat,
    decoder: Decoder,
    configuration: &'picture Configuration,
    filters: Filters,
}

impl<'picture> Hevc<'picture> {
    pub(super) fn new(
        format: ImageFormat,
        configuration: &'picture Configuration,
        with_filters: bool,
    ) -> Result<Self, EngineError> {
        let filters = if with_filters { Filters::On } else { Filters::Off };
        Ok(Self { format, decoder: decoder(format, configuration)?, configuration, filters })
    }
}

impl TileDecoder for Hevc<'_> {
    fn decode(&mut self, bytes: Vec<u8>, out: &mut dyn Lines) -> Result<(), EngineError> {
        let Self { format, decoder, configuration, filters } = self;
        let (size, halved) = (decoder.size(), decoder.halves_chroma());
        out.begin(Shape { size, halved, is_grey: configuration.sequence.chroma == 0 }, configuration.sequence.nclx)?;
        let units: Result<Vec<_>, _> = hevc::units(&bytes, configuration.length_bytes).collect();
        let units = units.map_err(|cause| fault(*format, cause))?;
        let decoded = decoder.decode(units, *filters, &mut |row| out.line(row.y, row.planes));
        decoded.map_err(|cause| fault(*format, cause))
    }
}
