//! What stands before the composite. Source: Adobe Photoshop File Formats Specification, November 2019.

use std::sync::Arc;

use contract::ImageFormat;

use crate::{
    Colour, EngineError, Orientation, Probe,
    fields::Fields,
    room::{Embedded, Inner, Step},
};

pub(super) const FORMAT: ImageFormat = ImageFormat::Psd;

/// Image resources.
const PROFILE: u16 = 1039;
const THUMBNAIL: u16 = 1036;
const TRANSPARENT_INDEX: u16 = 1047;
const VERSION: u16 = 1057;

/// What the sections before the composite say.
#[derive(Debug)]
pub(super) struct PsdDetail {
    pub(super) mode: Mode,
    /// 1, 8, 16 or 32.
    pub(super) depth: u16,
    /// Channels that are stored; the first of them are used.
    pub(super) channels: u16,
    /// A PSB: lengths of rows have four bytes, not two.
    pub(super) is_large: bool,
    /// Where the compression of the composite stands, in bytes from the start of the file.
    pub(super) composite_at: u64,
    /// Reds, greens and blues of 256 colours.
    pub(super) palette: Vec<u8>,
    /// The index that is no colour.
    pub(super) transparent: Option<u8>,
    pub(super) profile: Option<Vec<u8>>,
    /// The first channel behind the colours is the transparency of the picture.
    pub(super) has_alpha: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Bitmap,
    Grey,
    Indexed,
    Rgb,
    Cmyk,
    Lab,
}

impl Mode {
    fn new(number: u16) -> Result<Self, EngineError> {
        Ok(match number {
            0 => Self::Bitmap,
            // A duotone is shown as its grey, because its inks are not documented.
            1 | 8 => Self::Grey,
            2 => Self::Indexed,
            3 => Self::Rgb,
            4 => Self::Cmyk,
            7 => return Err(EngineError::unsupported(FORMAT, "several channels without a colour space")),
            9 => Self::Lab,
            _ => return Err(EngineError::header(FORMAT, "colour mode", number)),
        })
    }

    /// Channels of colour.
    pub(super) const fn colours(self) -> u16 {
        match self {
            Self::Bitmap | Self::Grey | Self::Indexed => 1,
            Self::Rgb | Self::Lab => 3,
            Self::Cmyk => 4,
        }
    }

    const fn colour(self) -> Colour {
        match self {
            Self::Bitmap | Self::Grey => Colour::Grey,
            Self::Indexed => Colour::Palette,
            Self::Rgb => Colour::Rgb,
            Self::Cmyk => Colour::Cmyk,
            Self::Lab => Colour::Lab,
        }
    }
}

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let Some(header) = prefix.first_chunk::<26>() else { return Ok(Step::More(26)) };
    let field = |at| header.be16(at).unwrap_or_default();
    let side = |at| header.be32(at).unwrap_or_default();
    let (is_large, channels, depth) = (field(4) == 2, field(12), field(22));
    let (height_px, width_px) = (side(14), side(18));
    let mode = Mode::new(field(24))?;
    if channels < mode.colours() || channels > 56 {
        return Err(EngineError::header(FORMAT, "number of channels", channels));
    }
    let is_known = match mode {
        Mode::Bitmap => depth == 1,
        Mode::Indexed => depth == 8,
        Mode::Grey | Mode::Rgb => matches!(depth, 8 | 16 | 32),
        Mode::Cmyk | Mode::Lab => matches!(depth, 8 | 16),
    };
    if !is_known {
        return Err(EngineError::header(FORMAT, "depth", depth));
    }
    let (palette, at) = match section(prefix, 26) {
        Ok(section) => section,
        Err(need) => return Ok(Step::More(need)),
    };
    if mode == Mode::Indexed && palette.len() < 768 {
        return Err(EngineError::header(FORMAT, "length of the palette", palette.len() as u64));
    }
    let (resources, at) = match section(prefix, at) {
        Ok(section) => section,
        Err(need) => return Ok(Step::More(need)),
    };
    // Layers: the length of all, of the first of them, then how many they are.
    let length_bytes = if is_large { 8 } else { 4 };
    let layers_at = at as usize + length_bytes;
    let start = prefix.get(at as usize..);
    let length = start.and_then(|start| number(start, length_bytes));
    let Some(layers_bytes) = length else { return Ok(Step::More(at + 8)) };
    let mut is_transparent = false;
    if layers_bytes > length_bytes as u64 + 2 {
        let Some(layers) = prefix.get(layers_at..layers_at + length_bytes + 2) else {
            return Ok(Step::More((layers_at + length_bytes + 2) as u64));
        };
        let has_layers = number(layers, length_bytes).is_some_and(|bytes| bytes > 2);
        // A count below zero says so.
        is_transparent = has_layers && layers.be16(length_bytes).is_some_and(|count| count >> 15 != 0);
    }
    let composite_at = (layers_at as u64).checked_add(layers_bytes);
    let composite_at = composite_at.ok_or(EngineError::header(FORMAT, "length of the layers", layers_bytes))?;
    let resources = Resources::read(resources);
    if !resources.has_composite {
        return Err(EngineError::unsupported(FORMAT, "no composite (saved without \"maximise compatibility\")"));
    }
    let has_channel = channels > mode.colours() && matches!(mode, Mode::Grey | Mode::Rgb | Mode::Lab);
    let transparent = resources.transparent.filter(|_| mode == Mode::Indexed);
    let has_alpha = has_channel && is_transparent;
    let detail = PsdDetail {
        mode,
        depth,
        channels,
        is_large,
        composite_at,
        palette: if mode == Mode::Indexed { palette[..768].to_vec() } else { Vec::new() },
        transparent,
        profile: resources.profile.map(<[u8]>::to_vec),
        has_alpha,
    };
    Ok(Step::Done(Probe {
        format: FORMAT,
        width_px,
        height_px,
        bits_per_sample: depth as u8,
        colour: mode.colour(),
        has_alpha: has_alpha || transparent.is_some(),
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes: layers_at as u64,
        detail: Arc::new(detail),
    }))
}

/// The thumbnail among the resources: 28 bytes of facts, of which the first is 1, then a JPEG file.
pub(in crate::formats) fn embedded(prefix: &[u8]) -> Option<Embedded> {
    const FACTS_BYTES: usize = 28;
    let (height_px, width_px) = (prefix.be32(14)?, prefix.be32(18)?);
    let (_, at) = section(prefix, 26).ok()?;
    let (all, end) = section(prefix, at).ok()?;
    let mut rest = all;
    while let Some((kind, body, after)) = next(rest) {
        if kind == THUMBNAIL && body.be32(0) == Some(1) && body.len() > FACTS_BYTES {
            // Signature, number, name, length, then the body.
            let head_bytes = 10 + (usize::from(*rest.get(6)?) + 1).next_multiple_of(2);
            let at = end - rest.len() as u64 + (head_bytes + FACTS_BYTES) as u64;
            let bytes = (body.len() - FACTS_BYTES) as u64;
            let inner = Inner::Jpeg { at, bytes, orientation: Orientation::Upright };
            return Some(Embedded { format: FORMAT, whole_px: (width_px, height_px), inner });
        }
        rest = after;
    }
    None
}

/// A section that starts with its length, and where it ends; `Err` of a number where more bytes are needed.
fn section(prefix: &[u8], at: u64) -> Result<(&[u8], u64), u64> {
    let start = at as usize;
    let length = prefix.be32(start).ok_or(at + 4)?;
    let end = at + 4 + u64::from(length);
    let body = prefix.get(start + 4..end as usize).ok_or(end + 8)?;
    Ok((body, end))
}

/// A number of 4 or 8 bytes.
fn number(bytes: &[u8], width: usize) -> Option<u64> {
    match width {
        4 => bytes.be32(0).map(u64::from),
        _ => bytes.array::<8>(0).map(u64::from_be_bytes),
    }
}

struct Resources<'file> {
    profile: Option<&'file [u8]>,
    transparent: Option<u8>,
    has_composite: bool,
}

impl<'file> Resources<'file> {
    /// As far as they are well-formed: none of them is needed.
    fn read(mut section: &'file [u8]) -> Self {
        let mut resources = Self { profile: None, transparent: None, has_composite: true };
        while let Some((kind, body, rest)) = next(section) {
            match kind {
                PROFILE => resources.profile = resources.profile.or(Some(body)),
                TRANSPARENT_INDEX => resources.transparent = body.be16(0).and_then(|index| u8::try_from(index).ok()),
                VERSION => resources.has_composite = body.get(4).is_none_or(|has| *has != 0),
                _ => {}
            }
            section = rest;
        }
        resources
    }
}

/// Signature, number, a name and a body, both of even length.
fn next(section: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let kind = section.be16(4)?;
    let name = usize::from(*section.get(6)?) + 1;
    let at = 6 + name.next_multiple_of(2);
    let length = section.be32(at)? as usize;
    let (body, rest) = section.get(at + 4..)?.split_at_checked(length)?;
    Some((kind, body, rest.get(length % 2..).unwrap_or_default()))
}
