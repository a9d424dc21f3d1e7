//! Marker codes and segments. **Source:** T.81 table B.1.

use std::io::Read;

use crate::error::Error;
use crate::input::Input;

pub(crate) const SOF0: u8 = 0xC0;

pub(crate) const DHT: u8 = 0xC4;
pub(crate) const JPG: u8 = 0xC8;
pub(crate) const DAC: u8 = 0xCC;
pub(crate) const SOF15: u8 = 0xCF;
pub(crate) const RST0: u8 = 0xD0;
pub(crate) const RST7: u8 = 0xD7;
pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DNL: u8 = 0xDC;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP14: u8 = 0xEE;
/// The longest body of a table segment: four DC and four AC tables of 256 symbols.
pub(crate) const MAX_TABLE_BODY_BYTES: usize = 8 * (17 + 256);

const TEM: u8 = 0x01;

/// Whether the marker stands alone, without a length and a body.
pub(crate) fn stands_alone(marker: u8) -> bool {
    matches!(marker, TEM | RST0..=EOI)
}

/// The next marker's second byte; anything in front of it is passed over. `None` at the end of the stream.
///
/// Fill bytes (T.81 B.1.1.2) and garbage between segments are both common enough to be let through.
pub(crate) fn next_marker<R: Read>(input: &mut Input<R>) -> Result<Option<u8>, Error> {
    let mut after_ff = false;
    while let Some(byte) = input.byte()? {
        match byte {
            0xFF => after_ff = true,
            0 => after_ff = false,
            marker if after_ff => return Ok(Some(marker)),
            _ => {}
        }
    }
    Ok(None)
}

/// The length of a segment's body, its own two bytes not counted; `None` at the end of the stream.
pub(crate) fn body_length<R: Read>(input: &mut Input<R>) -> Result<Option<usize>, Error> {
    let (Some(high), Some(low)) = (input.byte()?, input.byte()?) else { return Ok(None) };
    match usize::from(u16::from_be_bytes([high, low])).checked_sub(2) {
        Some(length) => Ok(Some(length)),
        None => Err(Error::Segment { segment: "marker", problem: "length below 2" }),
    }
}

/// The body of a segment, or `None` if the stream ends in it.
///
/// Table segments longer than all tables of their kind are refused, which bounds memory between scans.
pub(crate) fn body<R: Read>(input: &mut Input<R>, marker: u8) -> Result<Option<Vec<u8>>, Error> {
    let Some(length) = body_length(input)? else { return Ok(None) };
    if matches!(marker, DHT | DQT | DRI | SOS) && length > MAX_TABLE_BODY_BYTES {
        return Err(Error::Segment { segment: "table", problem: "longer than all tables together" });
    }
    let mut body = Vec::with_capacity(length);
    Ok(input.append(length, &mut body)?.then_some(body))
}
