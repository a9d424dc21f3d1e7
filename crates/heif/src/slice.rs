//! A slice that is in no file: it asks a decoder whether it has every block of a picture.
//!
//! Source: ITU-T H.265, 7.3.2.3.1 (picture parameter set) and 7.3.6.1 (slice segment header).

use crate::{
    bits::{Bits, unescaped},
    hevc::Configuration,
};

/// The type of a unit that holds a picture parameter set.
const PPS: u8 = 34;
/// The most fields that may stand behind the type of a slice of an IDR picture, each a single 1 here, with the bit that
/// starts the alignment.
const MOST_ONES: u32 = 13;

impl Configuration {
    /// Payloads of IDR slices that start at the picture's last coding tree block, for the picture of `slice`, a unit with
    /// its header. Nothing where the picture has one block, or `slice` names no parameter set.
    ///
    /// The header of one of them is valid. Which one depends on the fields that it has by the parameter sets. Each may be
    /// a single 1: a flag, or a number that is 0. So only their count is open.
    pub fn last_blocks(&self, slice: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let start = self.start(slice);
        (1..=MOST_ONES).rev().filter_map(move |ones| {
            let mut bits = start.clone()?;
            bits.put((1 << ones) - 1, ones);
            // Bytes of slice data, which a decoder looks for.
            bits.bytes.extend([0; 4]);
            Some(bits.bytes)
        })
    }

    /// The header up to the type of the slice.
    fn start(&self, slice: &[u8]) -> Option<Written> {
        let last = u32::try_from(self.sequence.blocks.checked_sub(1)?).ok().filter(|last| *last > 0)?;
        let id = parameter_set(slice)?;
        let (has_dependent, extra_bits) = self.units.iter().rev().filter_map(|unit| flags(unit, id)).next()?;
        let mut bits = Written::default();
        // Not the first slice of the picture; of an IDR picture, which keeps those before it.
        bits.put(0, 2);
        bits.golomb(id);
        bits.put(0, u32::from(has_dependent));
        // Ceil(Log2(PicSizeInCtbsY)).
        bits.put(last, last.ilog2() + 1);
        bits.put(0, extra_bits);
        // Intra.
        bits.golomb(2);
        Some(bits)
    }
}

/// The picture parameter set that a slice names.
fn parameter_set(slice: &[u8]) -> Option<u32> {
    let kind = slice.first()? >> 1 & 63;
    let mut bits = Bits::new(unescaped(slice.get(2..slice.len().min(16))?));
    // Pictures that decoding may start at have one flag more.
    bits.take(if (16..=23).contains(&kind) { 2 } else { 1 })?;
    bits.golomb()
}

/// Of the picture parameter set `id`: whether slices may depend on others, and how many bits are reserved in a header.
fn flags(unit: &[u8], id: u32) -> Option<(bool, u32)> {
    let mut bits = Bits::new(unescaped(unit.get(2..unit.len().min(32))?));
    (unit[0] >> 1 & 63 == PPS && bits.golomb()? == id).then_some(())?;
    bits.golomb()?;
    let has_dependent = bits.flag()?;
    bits.take(1)?;
    Some((has_dependent, bits.take(3)?))
}

/// Bits that are written.
#[derive(Clone, Default)]
struct Written {
    bytes: Vec<u8>,
    used: u32,
}

impl Written {
    fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= ((value >> shift & 1) as u8) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    fn golomb(&mut self, value: u32) {
        let length = (value + 1).ilog2();
        self.put(0, length);
        self.put(value + 1, length + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hevc::Sequence;

    #[test]
    fn a_header_has_the_fields_of_its_parameter_sets() {
        let size = (90, 60);
        let sequence = Sequence { coded: size, size, chroma: 1, bits: 8, blocks: 24, pixel: None, nclx: None };
        // Identifiers 1 and 0, dependent slices, two reserved bits.
        let set = vec![PPS << 1, 1, 0b0101_1001, 0b0000_0000];
        let configuration = Configuration { length_bytes: 4, units: vec![set], sequence };
        let payloads: Vec<_> = configuration.last_blocks(&[20 << 1, 1, 0b1001_0000]).collect();
        // Not the first, no flag, set 1, not dependent, block 23, reserved, intra; then ones.
        assert_eq!(payloads.len(), 13);
        assert_eq!(payloads[12], [0b0001_0010, 0b1110_0011, 0b1000_0000, 0, 0, 0, 0]);
        assert_eq!(payloads[10][..4], [0b0001_0010, 0b1110_0011, 0b1110_0000, 0]);
        // A parameter set that is not there; a picture of one block.
        assert_eq!(configuration.last_blocks(&[20 << 1, 1, 0b1010_0000]).count(), 0);
        let one = Configuration { sequence: Sequence { blocks: 1, ..sequence }, ..configuration };
        assert_eq!(one.last_blocks(&[20 << 1, 1, 0b1001_0000]).count(), 0);
    }
}
