//! JPEG markers up to the first scan. Source: ITU-T T.81, annex B; Exif 2.32; Adobe technical note 5116.

use std::sync::Arc;

use ::jpeg::{ColourModel, ColourSegments};
use contract::ImageFormat;

use crate::{Colour, EngineError, Orientation, Probe, decoded::Model, error::Damage, exif, fields::Fields, room::Step};

/// How the coefficients are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Baseline or extended, Huffman.
    Sequential,
    /// Progressive, Huffman.
    Progressive,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JpegDetail {
    pub(super) coding: Coding,
    pub(super) model: Model,
    /// The same header as crate `jpeg` reads it, for its planner; `None` as long as the first scan is not reached.
    pub(super) header: Option<Box<::jpeg::Header>>,
}

const FORMAT: ImageFormat = ImageFormat::Jpeg;

/// Segments until the first SOS.
pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let (mut frame, mut orientation, mut colours) = (None::<Frame>, None, ColourSegments::default());
    let mut at = 2;
    let more = |frame: Option<Frame>, need: usize| match frame {
        Some(frame) => Step::Known(frame.probe(), need as u64),
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
            0xE0 | 0xEE => colours.add(marker, body),
            _ => {}
        }
        if let Some(frame) = &mut frame {
            frame.finish(orientation, colours, end)?;
        }
        if marker == 0xDA {
            let Some(mut frame) = frame else {
                return Err(EngineError::header(FORMAT, "scan before frame", marker));
            };
            frame.detail.header = Some(Box::new(::jpeg::read_header(&prefix[..end]).map_err(named)?));
            return Ok(Step::Done(frame.probe()));
        }
        at = end;
    }
}

/// An error of crate `jpeg` in this crate's words.
pub(super) fn named(error: ::jpeg::Error) -> EngineError {
    match error {
        ::jpeg::Error::Unsupported { coding, precision_bits, .. } => {
            EngineError::unsupported(FORMAT, format!("{coding} coding and {precision_bits} bits per sample"))
        }
        ::jpeg::Error::TooDamaged { rows_decoded_px: rows, rows_px: rows_expected, .. } => {
            EngineError::Corrupt { format: FORMAT, cause: Damage::TooFewRows { rows, rows_expected } }
        }
        error => EngineError::decoder(FORMAT, error),
    }
}

/// What is known as soon as the frame header is read.
struct Frame {
    ids: Vec<u8>,
    width_px: u32,
    height_px: u32,
    interlaced: bool,
    colour: Colour,
    orientation: Orientation,
    header_bytes: u64,
    detail: JpegDetail,
}

fn start_of_frame(marker: u8, body: &[u8]) -> Result<Frame, EngineError> {
    let coding = match marker {
        0xC0 | 0xC1 => Coding::Sequential,
        0xC2 => Coding::Progressive,
        0xC9 | 0xCA => return Err(EngineError::unsupported(FORMAT, "arithmetic coding")),
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
    // The height would stand behind all data of the first scan, and the plan must know it before. libjpeg-turbo, and so
    // browsers, Pillow and libvips, refuse it too.
    if height_px == 0 {
        return Err(EngineError::unsupported(FORMAT, "its height after the first scan (DNL)"));
    }
    let mut ids = Vec::new();
    for index in 0..usize::from(components) {
        let Some([id, factors, _]) = body.array::<3>(6 + index * 3) else {
            return Err(EngineError::header(FORMAT, "number of components", components));
        };
        if !(1..=4).contains(&(factors >> 4)) || !(1..=4).contains(&(factors & 15)) {
            return Err(EngineError::header(FORMAT, "sampling factors", factors));
        }
        ids.push(id);
    }
    Ok(Frame {
        width_px: u32::from(u16::from_be_bytes([w1, w0])),
        height_px,
        ids,
        interlaced: coding == Coding::Progressive,
        // Decided with the segments around the frame header, in `finish`.
        colour: Colour::YCbCr,
        orientation: Orientation::Upright,
        header_bytes: 0,
        detail: JpegDetail { coding, model: Model::YCbCr, header: None },
    })
}

impl Frame {
    /// What other segments add to the frame, in whichever order they came.
    fn finish(
        &mut self,
        orientation: Option<Orientation>,
        colours: ColourSegments,
        header_bytes: usize,
    ) -> Result<(), EngineError> {
        self.orientation = orientation.unwrap_or_default();
        self.header_bytes = header_bytes as u64;
        (self.colour, self.detail.model) = match colours.model(&self.ids) {
            ColourModel::Grey => (Colour::Grey, Model::Grey),
            ColourModel::YCbCr => (Colour::YCbCr, Model::YCbCr),
            ColourModel::Rgb => (Colour::Rgb, Model::Rgb),
            // Inks are stored inverted, with Adobe's segment or without it: so Pillow and libvips read all of them.
            // Adobe's programs began it, and files without the segment mostly lost it on their way.
            ColourModel::Cmyk => (Colour::Cmyk, Model::CmykInverted),
            ColourModel::Ycck => (Colour::Cmyk, Model::YcckInverted),
            _ => return Err(EngineError::unsupported(FORMAT, format!("{} components", self.ids.len()))),
        };
        Ok(())
    }

    fn probe(self) -> Probe {
        Probe {
            format: FORMAT,
            width_px: self.width_px,
            height_px: self.height_px,
            bits_per_sample: 8,
            colour: self.colour,
            has_alpha: false,
            interlaced: self.interlaced,
            orientation: self.orientation,
            header_bytes: self.header_bytes,
            detail: Arc::new(self.detail),
        }
    }
}
