//! JPEG markers up to the first scan. Source: ITU-T T.81, annex B; Exif 2.32; Adobe technical note 5116.

use contract::ImageFormat;

use super::{Colour, Detail, Fields, Probe, Step, exif};
use crate::{EngineError, Orientation};

/// How the coefficients are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Baseline or extended, Huffman.
    Sequential,
    /// Progressive, Huffman.
    Progressive,
    /// Arithmetic, sequential or progressive.
    Arithmetic,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JpegDetail {
    pub(crate) coding: Coding,
    pub(crate) model: Model,
    pub(crate) components: u8,
    /// How many of them the first scan has; 0 as long as that is not known.
    pub(crate) first_scan_components: u8,
    /// The same header as crate `jpeg` reads it, for its planner; `None` for what that crate refuses.
    pub(crate) header: Option<Box<::jpeg::Header>>,
}

/// What the components mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Grey,
    YCbCr,
    Rgb,
    /// Adobe stores ink inverted: 255 is none.
    CmykInverted,
    Cmyk,
    /// YCbCr of inverted ink, and inverted black.
    YcckInverted,
}

const FORMAT: ImageFormat = ImageFormat::Jpeg;

/// Segments until the first SOS.
pub(crate) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (mut frame, mut orientation, mut adobe_transform) = (None, None, None);
    let mut at = 2;
    let more = |frame: Option<Probe>, need: usize| match frame {
        Some(probe) => Step::Known(probe, need as u64),
        None => Step::More(need as u64),
    };
    loop {
        let Some([start, marker]) = prefix.array::<2>(at) else { return Ok(more(frame, at + 2)) };
        // Fill bytes, and rubbish between segments, which readers skip.
        if start != 0xFF || marker == 0xFF || marker == 0x00 {
            at += 1;
            continue;
        }
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            at += 2;
            continue;
        }
        let Some(length) = prefix.be16(at + 2) else { return Ok(more(frame, at + 4)) };
        if length < 2 || marker == 0xD9 {
            return Err(EngineError::header(FORMAT, "segment length", length));
        }
        let end = at + 2 + usize::from(length);
        let Some(body) = prefix.get(at + 4..end) else { return Ok(more(frame, end)) };
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => frame = Some(start_of_frame(marker, body)?),
            0xE1 if orientation.is_none() => {
                orientation = body.strip_prefix(b"Exif\0\0").and_then(exif::orientation);
            }
            0xEE if body.starts_with(b"Adobe") => adobe_transform = body.get(11).copied(),
            _ => {}
        }
        if let Some(probe) = &mut frame {
            finish(probe, orientation, adobe_transform, end);
        }
        if marker == 0xDA {
            if let Some(Probe { detail: Detail::Jpeg(detail), .. }) = &mut frame {
                detail.first_scan_components = body.first().copied().unwrap_or_default();
                detail.header = ::jpeg::read_header(&prefix[..end]).ok().map(Box::new);
            }
            return frame.map(Step::Done).ok_or_else(|| EngineError::header(FORMAT, "scan before frame", marker));
        }
        at = end;
    }
}

fn start_of_frame(marker: u8, body: &[u8]) -> Result<Probe, EngineError> {
    let coding = match marker {
        0xC0 | 0xC1 => Coding::Sequential,
        0xC2 => Coding::Progressive,
        0xC9 | 0xCA => Coding::Arithmetic,
        0xC3 | 0xCB => return Err(EngineError::unsupported(FORMAT, "lossless coding")),
        _ => return Err(EngineError::unsupported(FORMAT, "hierarchical coding")),
    };
    let [bits, h1, h0, w1, w0, components, ..] = *body else {
        return Err(EngineError::header(FORMAT, "frame header length", body.len() as u64));
    };
    if bits != 8 {
        return Err(EngineError::unsupported(FORMAT, format!("{bits} bits per sample")));
    }
    let height_px = u32::from(u16::from_be_bytes([h1, h0]));
    if height_px == 0 {
        return Err(EngineError::unsupported(FORMAT, "its height after the first scan (DNL)"));
    }
    for index in 0..usize::from(components) {
        let Some([_, factors, _]) = body.array::<3>(6 + index * 3) else {
            return Err(EngineError::header(FORMAT, "number of components", components));
        };
        if !(1..=4).contains(&(factors >> 4)) || !(1..=4).contains(&(factors & 15)) {
            return Err(EngineError::header(FORMAT, "sampling factors", factors));
        }
    }
    let (colour, model) = match components {
        1 => (Colour::Grey, Model::Grey),
        // Without JFIF and Adobe segments the identifiers tell, as in libjpeg.
        3 if body.get(6) == Some(&b'R') && body.get(9) == Some(&b'G') => (Colour::Rgb, Model::Rgb),
        3 => (Colour::YCbCr, Model::YCbCr),
        4 => (Colour::Cmyk, Model::Cmyk),
        _ => return Err(EngineError::unsupported(FORMAT, format!("{components} components"))),
    };
    Ok(Probe {
        format: FORMAT,
        width_px: u32::from(u16::from_be_bytes([w1, w0])),
        height_px,
        bits_per_sample: bits,
        colour,
        has_alpha: false,
        interlaced: marker == 0xC2 || marker == 0xCA,
        orientation: Orientation::Upright,
        header_bytes: 0,
        detail: Detail::Jpeg(JpegDetail { coding, model, components, first_scan_components: 0, header: None }),
    })
}

/// What other segments add to the frame, in whichever order they came.
fn finish(probe: &mut Probe, orientation: Option<Orientation>, adobe: Option<u8>, header_bytes: usize) {
    probe.orientation = orientation.unwrap_or_default();
    probe.header_bytes = header_bytes as u64;
    if let Detail::Jpeg(detail) = &mut probe.detail {
        (probe.colour, detail.model) = match (detail.components, adobe) {
            (3, Some(0)) => (Colour::Rgb, Model::Rgb),
            (3, Some(_)) => (Colour::YCbCr, Model::YCbCr),
            (4, Some(2)) => (Colour::Cmyk, Model::YcckInverted),
            (4, Some(_)) => (Colour::Cmyk, Model::CmykInverted),
            _ => (probe.colour, detail.model),
        };
    }
}
