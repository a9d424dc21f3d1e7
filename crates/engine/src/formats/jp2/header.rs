//! Boxes of JP2 up to the codestream, its main header, and what the crate makes of both.
//!
//! Source: ITU-T T.800, annexes A and I.

use std::sync::Arc;

use hayro_jpeg2000::{ColorSpace, DecodeSettings, Image};

use super::{
    FORMAT, decode,
    main_header::{Found, MainHeader},
};
use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe,
    decoded::Decoded,
    fields::Fields,
    raster::Channels,
    room::{Cost, Detail, Step, guarded},
    source::Source,
};

/// More components than inks and their transparency are no picture.
const MOST_COMPONENTS: u32 = 5;

/// Of a palette. Source: I.5.3.4.
const MOST_COLOURS: u16 = 1024;

#[derive(Debug)]
pub(super) struct Jp2Detail {
    pub(super) main: MainHeader,
    pub(super) channels: Channels,
    pub(super) profile: Option<Vec<u8>>,
    /// A table of colours, which is read at full size.
    pub(super) has_palette: bool,
    /// The boxes give channels another order.
    pub(super) has_order: bool,
    /// Where the codestream starts.
    pub(super) start: u64,
    /// Where it ends, if the boxes say so.
    pub(super) end: Option<u64>,
}

/// Where the codestream is in the file.
struct Place {
    start: u64,
    end: Option<u64>,
    has_palette: bool,
    has_order: bool,
}

/// `Err` of a number where so many bytes are needed.
fn place(prefix: &[u8]) -> Result<Result<Place, u64>, EngineError> {
    let mut place = Place { start: 0, end: None, has_palette: false, has_order: false };
    if prefix.starts_with(&[0xFF, 0x4F]) {
        return Ok(Ok(place));
    }
    let mut at = 0_u64;
    loop {
        let head = usize::try_from(at).ok().and_then(|at| prefix.get(at..)).unwrap_or_default();
        let (Some(size), Some(kind)) = (head.be32(0), head.array::<4>(4)) else { return Ok(Err(at + 4096)) };
        let (size, header) = match size {
            1 => {
                let Some(size) = head.array(8).map(u64::from_be_bytes) else { return Ok(Err(at + 4096)) };
                (size, 16)
            }
            size => (u64::from(size), 8),
        };
        if &kind == b"jp2c" {
            place.start = at + header;
            place.end = (size >= header).then(|| at.saturating_add(size));
            return Ok(Ok(place));
        }
        if size < header {
            return Err(EngineError::header(FORMAT, "size of a box", size));
        }
        if &kind == b"jp2h" {
            let Some(boxes) = usize::try_from(size).ok().and_then(|size| head.get(header as usize..size)) else {
                return Ok(Err(at.saturating_add(size)));
            };
            place.has_palette = boxes.windows(4).any(|word| word == b"pclr");
            // Of each colour the crate makes a vector.
            let longest =
                boxes.windows(6).filter(|word| word.starts_with(b"pclr")).filter_map(|word| word.be16(4)).max();
            if let Some(colours) = longest.filter(|colours| *colours > MOST_COLOURS) {
                return Err(EngineError::header(FORMAT, "number of colours", colours));
            }
            place.has_order = boxes.windows(4).any(|word| word == b"cdef");
        }
        at = at.saturating_add(size);
    }
}

pub(super) fn fault(cause: hayro_jpeg2000::DecodeError) -> EngineError {
    EngineError::decoder(FORMAT, cause.to_string())
}

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let place = match place(prefix)? {
        Ok(place) => place,
        Err(more) => return Ok(Step::More(more)),
    };
    let codestream = usize::try_from(place.start).ok().and_then(|start| prefix.get(start..)).unwrap_or_default();
    let main = match MainHeader::read(codestream)? {
        Found::Whole(main) => *main,
        Found::More(bytes) => return Ok(Step::More(place.start + bytes as u64)),
    };
    if main.components > MOST_COMPONENTS {
        return Err(EngineError::unsupported(FORMAT, format!("{} components", main.components)));
    }
    let (size, colours, has_alpha) = guarded(FORMAT, || {
        let image = Image::new(prefix, &DecodeSettings::default()).map_err(fault)?;
        Ok(((image.width(), image.height()), image.color_space().clone(), image.has_alpha()))
    })?;
    if size != main.size_px {
        return Err(EngineError::header(FORMAT, "width", size.0));
    }
    let (channels, profile) = channels(&colours, has_alpha)?;
    let bits_per_sample = main.bits as u8;
    let colour = match channels {
        Channels::Grey | Channels::GreyAlpha => Colour::Grey,
        Channels::Cmyk => Colour::Cmyk,
        _ => Colour::Rgb,
    };
    let Place { start, end, has_palette, has_order } = place;
    Ok(Step::Done(Probe {
        format: FORMAT,
        width_px: size.0,
        height_px: size.1,
        bits_per_sample,
        colour,
        has_alpha: channels.has_alpha(),
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes: start,
        detail: Arc::new(Jp2Detail { main, channels, profile, has_palette, has_order, start, end }),
    }))
}

fn channels(colours: &ColorSpace, has_alpha: bool) -> Result<(Channels, Option<Vec<u8>>), EngineError> {
    let refused = |what: String| Err(EngineError::unsupported(FORMAT, what));
    let profile = match colours {
        ColorSpace::Icc { profile, .. } => Some(profile.clone()),
        _ => None,
    };
    if profile.as_ref().is_some_and(|profile| profile.get(16..20) == Some(b"Lab ")) {
        return refused("CIE L*a*b*".to_owned());
    }
    let channels = match (colours.num_channels(), has_alpha) {
        (1, false) => Channels::Grey,
        (1, true) => Channels::GreyAlpha,
        (3, false) => Channels::Rgb,
        (3, true) => Channels::Rgba,
        (4, false) => Channels::Cmyk,
        (count, _) => return refused(format!("{count} channels and transparency {has_alpha}")),
    };
    Ok((channels, profile))
}

impl Detail for Jp2Detail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        decode::cost(self, probe, least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.profile.as_ref().map_or(0, |profile| profile.len() as u64)
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan)
    }
}
