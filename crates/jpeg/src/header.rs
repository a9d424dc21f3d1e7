//! Everything in front of the first scan: the frame, the tables, and the metadata that the engine needs.

use std::io::Read;

use crate::coding::Coding;
use crate::colour::{ColourModel, ColourSegments};
use crate::error::Error;
use crate::icc::{IccChunks, Profile};
use crate::input::Input;
use crate::markers::{self, APP0, APP1, APP2, APP14, DAC, DHT, DNL, DQT, DRI, EOI, JPG, SOF0, SOF15, SOI, SOS};
use crate::tables::Tables;

/// What the file says about itself before its first scan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Width of the image, never 0.
    pub width_px: u32,
    /// Height of the image, never 0.
    pub height_px: u32,
    /// The coding process.
    pub coding: Coding,
    /// Bits per sample; 8 in everything that this crate decodes.
    pub precision_bits: u8,
    /// 1 to 4 components, in the frame's order.
    pub components: Vec<Component>,
    /// MCUs between restart markers in the first scan; 0 for none.
    pub restart_interval_mcus: u32,
    /// What the components mean.
    pub colour_model: ColourModel,
    /// The TIFF structure of the Exif segment, without the `Exif\0\0` in front; at most 64 KiB.
    pub exif: Option<Vec<u8>>,
    /// The ICC profile, put together from its chunks; at most 4 MiB.
    pub icc: Option<Vec<u8>>,
    /// Whether chunks of a profile are there that do not make a whole one, or a larger one.
    pub icc_damaged: bool,
    /// Whether the file brings a Huffman table in front of its first scan. Without any, a sequential
    /// one is read with those of T.81 K.3.
    pub brings_huffman: bool,
    /// The longest segment that was held while the header was read.
    pub(crate) longest_segment_bytes: usize,
}

/// One component of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// Its identifier, which scans refer to. Some files give several components the same one: see
    /// [`ColourModel::decide`] for what they mean, and a scan's components are then taken in the frame's order.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4: relative to the largest of all components.
    pub h: u8,
    /// Vertical sampling factor, 1 to 4.
    pub v: u8,
    /// Number of its quantisation table, 0 to 3.
    pub quantisation: u8,
}

impl Header {
    /// Refuses what only another decoder can do.
    pub(crate) fn check_supported(&self) -> Result<(), Error> {
        let coding_known = matches!(self.coding, Coding::Baseline | Coding::Extended | Coding::Progressive);
        if coding_known && self.precision_bits == 8 {
            return Ok(());
        }
        let Self { coding, precision_bits, width_px, height_px, .. } = *self;
        Err(Error::Unsupported { coding, precision_bits, width_px, height_px })
    }
}

/// Reads the header alone, of every kind of JPEG, also of those that [`Decoder`](crate::Decoder) refuses.
///
/// A prefix of the file will do, as long as the frame header lies in it: 64 KiB suffice unless metadata fills them.
///
/// # Errors
/// As [`Decoder::new`](crate::Decoder::new), without [`Error::Unsupported`].
pub fn read_header<R: Read>(reader: R) -> Result<Header, Error> {
    let mut input = Input::new(reader);
    let mut parts = Parts::default();
    parts.read(&mut input)?;
    // A prefix may well end behind the frame header.
    parts.finish(&input).map(|(header, _)| header)
}

/// Reads up to and including the first SOS marker.
pub(crate) fn read<R: Read>(input: &mut Input<R>) -> Result<(Header, Tables), Error> {
    let mut parts = Parts::default();
    if parts.read(input)? {
        parts.finish(input)
    } else {
        Err(Error::HeaderTruncated { bytes_read: input.bytes_read() })
    }
}

/// A header in the making.
#[derive(Default)]
struct Parts {
    frame: Option<Header>,
    tables: Tables,
    colours: ColourSegments,
    exif: Option<Vec<u8>>,
    icc: IccChunks,
    longest_segment_bytes: usize,
}

impl Parts {
    /// Reads segments until SOS; `false` if the stream ends before.
    fn read<R: Read>(&mut self, input: &mut Input<R>) -> Result<bool, Error> {
        let (Some(first), Some(second)) = (input.byte()?, input.byte()?) else { return Ok(false) };
        if [first, second] != [0xFF, SOI] {
            return Err(Error::NotJpeg { found: [first, second] });
        }
        while let Some(marker) = markers::next_marker(input)? {
            let done = match marker {
                SOS => return Ok(true),
                EOI | DNL => return Err(Error::Marker { marker }),
                _ if markers::stands_alone(marker) => true,
                APP0 | APP1 | APP2 | APP14 | DHT | DQT | DRI | SOF0..=SOF15 if marker != JPG && marker != DAC => {
                    match markers::body(input, marker)? {
                        Some(body) => self.segment(marker, body)?,
                        None => return Ok(false),
                    }
                    true
                }
                _ => match markers::body_length(input)? {
                    Some(length) => input.skip(length)?,
                    None => false,
                },
            };
            if !done {
                break;
            }
        }
        Ok(false)
    }

    fn segment(&mut self, marker: u8, mut body: Vec<u8>) -> Result<(), Error> {
        self.longest_segment_bytes = self.longest_segment_bytes.max(body.len());
        match marker {
            DHT => self.tables.define_huffman(&body)?,
            DQT => self.tables.define_quantisation(&body)?,
            DRI => self.tables.define_restart_interval(&body)?,
            APP0 | APP14 => self.colours.add(marker, &body),
            APP1 if body.starts_with(b"Exif\0\0") && self.exif.is_none() => {
                body.drain(..6);
                self.exif = Some(body);
            }
            APP2 => self.icc.add(&body),
            SOF0..=SOF15 if self.frame.is_some() => return Err(Error::Marker { marker }),
            SOF0..=SOF15 => self.frame = Some(parse_frame(Coding::of_marker(marker), &body)?),
            _ => {}
        }
        Ok(())
    }

    fn finish<R: Read>(mut self, input: &Input<R>) -> Result<(Header, Tables), Error> {
        let mut header = self.frame.ok_or(Error::HeaderTruncated { bytes_read: input.bytes_read() })?;
        let ids: Vec<u8> = header.components.iter().map(|component| component.id).collect();
        header.colour_model = self.colours.model(&ids);
        header.restart_interval_mcus = self.tables.restart_interval_mcus;
        header.brings_huffman = self.tables.has_huffman();
        if !header.brings_huffman && header.coding != Coding::Progressive {
            self.tables.use_standard_huffman();
        }
        header.exif = self.exif;
        (header.icc, header.icc_damaged) = match self.icc.assemble() {
            Profile::None => (None, false),
            Profile::Whole(profile) => (Some(profile), false),
            Profile::Damaged => (None, true),
        };
        header.longest_segment_bytes = self.longest_segment_bytes;
        Ok((header, self.tables))
    }
}

/// Reads the body of a frame header. **Source:** T.81 B.2.2.
fn parse_frame(coding: Coding, body: &[u8]) -> Result<Header, Error> {
    let bad = |problem| Error::Segment { segment: "SOF", problem };
    let (&[precision_bits, y1, y0, x1, x0, count], rest) = body.split_first_chunk().ok_or(bad("too short"))?;
    let height_px = u32::from(u16::from_be_bytes([y1, y0]));
    let width_px = u32::from(u16::from_be_bytes([x1, x0]));
    if width_px == 0 || height_px == 0 {
        return Err(Error::NoArea { width_px, height_px });
    }
    if !(1..=4).contains(&count) {
        return Err(Error::Components { components: count });
    }
    if rest.len() != 3 * usize::from(count) {
        return Err(bad("length does not match its components"));
    }
    let mut components: Vec<Component> = Vec::with_capacity(usize::from(count));
    for spec in rest.chunks_exact(3) {
        let component = Component { id: spec[0], h: spec[1] >> 4, v: spec[1] & 15, quantisation: spec[2] };
        if !(1..=4).contains(&component.h) || !(1..=4).contains(&component.v) {
            return Err(bad("sampling factor is not 1 to 4"));
        }
        if component.quantisation > 3 {
            return Err(bad("quantisation table number above 3"));
        }
        components.push(component);
    }
    Ok(Header {
        width_px,
        height_px,
        coding,
        precision_bits,
        components,
        restart_interval_mcus: 0,
        colour_model: ColourModel::Unknown,
        exif: None,
        icc: None,
        icc_damaged: false,
        brings_huffman: false,
        longest_segment_bytes: 0,
    })
}
