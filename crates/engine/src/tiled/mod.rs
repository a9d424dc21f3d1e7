//! Pictures in the boxes of HEIF: HEIC, AVIF and whatever else says which codec its items have; and key frames of films,
//! each a picture of one tile. Boxes by crate `heif`, tiles by the codec's crate, tile by tile into the small image.

// Without a codec nothing is decoded.
#![cfg_attr(
    not(any(feature = "hevc", feature = "av1", feature = "h264", feature = "vp9")),
    allow(dead_code, unused_imports)
)]

#[cfg(feature = "av1")]
mod av1;
#[cfg(feature = "h264")]
mod avc;
mod colour;
mod frame;
#[cfg(feature = "hevc")]
mod hevc;
mod layers;
#[cfg(feature = "vp9")]
mod vp9;

use std::sync::Arc;

use contract::ImageFormat;
use heif::{Codec, Extent, Fault, Layer, Nclx, Picture, Read, Thumbnail, ThumbnailItem, Turn};

use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe,
    decoded::Decoded,
    raster::Channels,
    room::{Cost, Detail, Embedded, Inner, PREFIX_BYTES, Step, row_shrink},
    source::Source,
};
pub(crate) use layers::{AN_INDEX_BEHIND, decode};

/// What the boxes say.
#[derive(Clone, Debug)]
pub(crate) struct TiledDetail {
    pub(crate) picture: Picture,
}

/// One try at the header, for a room of `format`.
///
/// # Errors
/// [`EngineError::Corrupt`] and [`EngineError::Unsupported`].
pub(crate) fn step(format: ImageFormat, prefix: &[u8]) -> Result<Step, EngineError> {
    let picture = match heif::read(prefix) {
        Ok(Read::Done(picture)) => *picture,
        Ok(Read::More(bytes)) => return Ok(Step::More(bytes)),
        Err(fault) => return Err(refused(format, fault)),
    };
    probe_of(format, picture).map(Step::Done)
}

/// Of a picture whose codec is decoded.
fn probe_of(format: ImageFormat, picture: Picture) -> Result<Probe, EngineError> {
    check(format, &picture.colour, picture.tile)?;
    if let Some(alpha) = &picture.alpha {
        let of_alpha = |error| match error {
            EngineError::Unsupported { what, .. } => {
                EngineError::unsupported(format, format!("an alpha plane of {what}"))
            }
            error => error,
        };
        check(format, alpha, picture.tile).map_err(of_alpha)?;
    }
    let is_grey = is_grey(&picture.colour.codec);
    Ok(Probe {
        format,
        width_px: picture.crop.width,
        height_px: picture.crop.height,
        bits_per_sample: bits(&picture.colour.codec),
        colour: if is_grey { Colour::Grey } else { Colour::YCbCr },
        has_alpha: picture.alpha.is_some(),
        interlaced: false,
        orientation: orientation(&picture.turns),
        header_bytes: picture.header_bytes,
        detail: Arc::new(TiledDetail { picture }),
    })
}

/// The thumbnail item.
pub(crate) fn embedded(format: ImageFormat, prefix: &[u8]) -> Option<Embedded> {
    let Thumbnail { whole, turns, item } = heif::thumbnail(prefix)?;
    let inner = match item {
        ThumbnailItem::Jpeg(Extent { offset, bytes }, turns) => {
            Inner::Jpeg { at: offset, bytes, orientation: orientation(&turns) }
        }
        ThumbnailItem::Picture(picture) => {
            let layers = [Some(&picture.colour), picture.alpha.as_ref()];
            let tiles = layers.into_iter().flatten().flat_map(|layer| &layer.tiles);
            let end = tiles.map(|tile| tile.offset.saturating_add(tile.bytes)).max()?;
            Inner::OfRoom { probe: probe_of(format, *picture).ok()?, end }
        }
    };
    Some(Embedded { format, whole_px: orientation(&turns).seen(whole), inner })
}

pub(crate) fn refused(format: ImageFormat, fault: Fault) -> EngineError {
    match fault {
        Fault::Value { field, value } => EngineError::header(format, field, value),
        Fault::Unsupported(what) => EngineError::unsupported(format, what),
    }
}

/// Whether tiles of `layer` are decoded.
#[cfg_attr(not(feature = "hevc"), allow(unused_variables))]
pub(crate) fn check(format: ImageFormat, layer: &Layer, tile: (u32, u32)) -> Result<(), EngineError> {
    match &layer.codec {
        #[cfg(not(feature = "hevc"))]
        Codec::Hevc(_) => Err(EngineError::unsupported(format, "HEVC in a build without it (HEVC=on builds with it)")),
        #[cfg(feature = "hevc")]
        Codec::Hevc(configuration) => {
            let size = hevc::decoder(format, configuration)?.size();
            if size == tile { Ok(()) } else { Err(EngineError::header(format, "width of a tile", size.0)) }
        }
        #[cfg(not(feature = "av1"))]
        Codec::Av1(_) => Err(EngineError::unsupported(format, "AV1 in a build without it (feature `av1`)")),
        #[cfg(feature = "av1")]
        Codec::Av1(_) => Ok(()),
        #[cfg(not(feature = "h264"))]
        Codec::Avc(_) => Err(EngineError::unsupported(format, "H.264 in a build without it (HEVC=on builds with it)")),
        #[cfg(feature = "h264")]
        Codec::Avc(configuration) => match avc::refusal(configuration.sequence) {
            Some(what) => Err(EngineError::unsupported(format, what)),
            None => Ok(()),
        },
        #[cfg(not(feature = "vp9"))]
        Codec::Vp9(_) => Err(EngineError::unsupported(format, "VP9 in a build without it (feature `vp9`)")),
        #[cfg(feature = "vp9")]
        Codec::Vp9(_) => Ok(()),
    }
}

pub(crate) fn bits(codec: &Codec) -> u8 {
    match codec {
        Codec::Hevc(configuration) => configuration.sequence.bits,
        Codec::Av1(samples) => samples.bits,
        Codec::Avc(configuration) => configuration.sequence.bits,
        Codec::Vp9(samples) => samples.bits,
    }
}

pub(crate) fn is_grey(codec: &Codec) -> bool {
    match codec {
        Codec::Hevc(configuration) => configuration.sequence.chroma == 0,
        Codec::Av1(samples) => samples.chroma == 0,
        Codec::Avc(configuration) => configuration.sequence.chroma == 0,
        Codec::Vp9(_) => false,
    }
}

/// The boxes are all there is: Exif's orientation says the same once more, and is not read.
pub(crate) fn orientation(turns: &[Turn]) -> Orientation {
    // Source: the group of the square; a mirror turns the sense of what came before.
    let (mut quarters, mut is_mirrored) = (0, false);
    for turn in turns {
        match turn {
            // Against the clock, so three quarters with it.
            Turn::Quarters(count) => quarters = (quarters + 4 - count % 4) % 4,
            Turn::LeftRight => (quarters, is_mirrored) = ((4 - quarters) % 4, !is_mirrored),
            // A half turn and the other mirror.
            Turn::TopBottom => (quarters, is_mirrored) = ((6 - quarters) % 4, !is_mirrored),
        }
    }
    // First the mirror from left to right, then quarters with the clock.
    match (is_mirrored, quarters) {
        (false, 0) => Orientation::Upright,
        (false, 1) => Orientation::Rotate90,
        (false, 2) => Orientation::Rotate180,
        (false, _) => Orientation::Rotate270,
        (true, 0) => Orientation::FlipH,
        (true, 1) => Orientation::Transverse,
        (true, 2) => Orientation::FlipV,
        (true, _) => Orientation::Transpose,
    }
}

impl TiledDetail {
    fn channels(&self) -> Channels {
        layers::channels(is_grey(&self.picture.colour.codec), self.picture.alpha.is_some())
    }

    /// What is held beside the small image, in bytes: the header, tiles that wait, and the decoders.
    ///
    /// The alpha plane is decoded first; its levels wait for the colours.
    fn plan_bytes(&self, format: ImageFormat) -> u64 {
        let header = 3 * self.picture.header_bytes.max(PREFIX_BYTES as u64);
        let colour = self.need(format, &self.picture.colour);
        let alpha = self.picture.alpha.as_ref().map(|alpha| self.need(format, alpha));
        let levels = if alpha.is_some() { layers::level_bytes(self.picture.tile) } else { 0 };
        let most = colour.max(alpha.unwrap_or_default()).saturating_add(levels);
        most.saturating_add(layers::kept_bytes(&self.picture)).saturating_add(header + (1 << 20))
    }

    #[cfg_attr(not(all(feature = "av1", feature = "hevc", feature = "h264", feature = "vp9")), allow(unused_variables))]
    fn need(&self, format: ImageFormat, layer: &Layer) -> u64 {
        let most_tile_bytes = layer.tiles.iter().map(|tile| tile.bytes).max().unwrap_or_default();
        match &layer.codec {
            #[cfg(feature = "hevc")]
            Codec::Hevc(configuration) => hevc::need(format, configuration, most_tile_bytes),
            #[cfg(feature = "av1")]
            Codec::Av1(samples) => av1::need(*samples, self.picture.tile, most_tile_bytes),
            #[cfg(feature = "h264")]
            Codec::Avc(configuration) => avc::need(configuration.sequence, most_tile_bytes),
            #[cfg(feature = "vp9")]
            Codec::Vp9(samples) => vp9::need(*samples, self.picture.tile, most_tile_bytes),
            #[cfg(not(all(feature = "av1", feature = "hevc", feature = "h264", feature = "vp9")))]
            _ => unreachable!("`check` refuses the file"),
        }
    }

    /// Of the item, else of HEVC's VUI. AV1's sequence header stands in a tile, which is not read yet.
    fn nclx(&self) -> Option<Nclx> {
        let by_codec = match &self.picture.colour.codec {
            Codec::Hevc(configuration) => configuration.sequence.nclx,
            Codec::Avc(configuration) => configuration.sequence.nclx,
            Codec::Vp9(samples) => samples.nclx,
            Codec::Av1(_) => None,
        };
        self.picture.colour.nclx.or(by_codec)
    }
}

impl Detail for TiledDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        let row_shrink = row_shrink(least_shrink);
        let channels = self.channels();
        let band = layers::band_bytes(&self.picture, channels);
        // A row of three planes, and the same in channels, twice where they are multiplied by alpha.
        let row = u64::from(self.picture.tile.0) * (6 + 2 * channels.count() as u64);
        Cost {
            shrink: 1,
            row_shrink,
            bytes: self.plan_bytes(probe.format).saturating_add(band + row),
            rows: Some(channels),
            small_px: None,
        }
    }

    fn profile_bytes(&self) -> u64 {
        let nclx = self.nclx();
        match &self.picture.profile {
            Some(profile) => profile.len() as u64,
            None if colour::has_profile(nclx) => colour::PROFILE_BYTES,
            None if nclx.is_none() && matches!(self.picture.colour.codec, Codec::Av1(_)) => colour::PROFILE_BYTES,
            None => 0,
        }
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode(source, probe, self, plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_add_up() {
        let check = |turns: &[Turn], want| assert_eq!(orientation(turns), want, "{turns:?}");
        check(&[], Orientation::Upright);
        check(&[Turn::Quarters(1)], Orientation::Rotate270);
        check(&[Turn::Quarters(3)], Orientation::Rotate90);
        check(&[Turn::Quarters(1), Turn::Quarters(1)], Orientation::Rotate180);
        check(&[Turn::LeftRight], Orientation::FlipH);
        check(&[Turn::TopBottom], Orientation::FlipV);
        check(&[Turn::LeftRight, Turn::TopBottom], Orientation::Rotate180);
        check(&[Turn::LeftRight, Turn::Quarters(1)], Orientation::Transpose);
        check(&[Turn::Quarters(3), Turn::LeftRight], Orientation::Transpose);
        check(&[Turn::Quarters(1), Turn::LeftRight], Orientation::Transverse);
    }
}
