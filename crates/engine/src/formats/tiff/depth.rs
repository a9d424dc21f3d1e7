//! Samples of any depth to eight bits.
//!
//! Unsigned samples of up to 16 bits have a white of their own: the largest number. Signed, floating-point and longer
//! samples have none that all writers agree on, so they are stretched from their own range: the least finite colour
//! sample of the picture becomes 0, the greatest 255, linearly, and all colours of a picture share one range. What is
//! no number is 0, and a picture of one value is black. Alpha is not stretched: 1.0, or the largest number, is opaque.

use crate::{exif::Order, samples::to_8};

pub(super) enum Depth {
    Eight,
    Sixteen,
    /// Up to 15 bits, without gaps, the most significant bit first; the level of each value.
    Packed(Vec<u8>),
    Wide(Wide),
}

/// What has no white of its own.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    kind: Kind,
    bytes: usize,
    range: Range,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// The least and the greatest value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// Of nothing yet.
    pub(super) const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    pub(super) const fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
    }
}

impl Depth {
    /// The most that a depth allocates, in bytes.
    pub(super) const BYTES: u64 = 1 << 15;

    /// Of samples of `bits` bits in the words of SampleFormat; `None` where there is no such number.
    pub(super) fn new(sample_format: u16, bits: u8) -> Option<Self> {
        let kind = match (sample_format, bits) {
            // 4 is "undefined", which readers take for unsigned.
            (1 | 4, 8) => return Some(Self::Eight),
            (1 | 4, 16) => return Some(Self::Sixteen),
            (1 | 4, 1..=15) => {
                let most = (1_u32 << bits) - 1;
                return Some(Self::Packed((0..=most).map(|value| ((value * 255 + most / 2) / most) as u8).collect()));
            }
            (1 | 4, 24 | 32 | 64) => Kind::Unsigned,
            (2, 8 | 16 | 32 | 64) => Kind::Signed,
            (3, 16 | 32 | 64) => Kind::Float,
            _ => return None,
        };
        Some(Self::Wide(Wide { kind, bytes: usize::from(bits / 8), range: Range { low: 0.0, high: 0.0 } }))
    }

    /// The level of a colour sample.
    pub(super) fn level(&self, row: &[u8], position: usize, order: Order) -> u8 {
        match self {
            Self::Eight => row[position],
            Self::Sixteen => to_8(order.u16(row, position * 2).unwrap_or_default()),
            Self::Packed(levels) => levels[packed(row, position, levels.len().trailing_zeros() as usize)],
            Self::Wide(wide) => {
                let Range { low, high } = wide.range;
                // Halves, so that the difference of the extremes is a number.
                level((wide.value(row, position, order) / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0))
            }
        }
    }

    /// The level of an alpha sample.
    pub(super) fn alpha(&self, row: &[u8], position: usize, order: Order) -> u8 {
        let Self::Wide(wide) = self else { return self.level(row, position, order) };
        let opaque = match wide.kind {
            Kind::Float => 1.0,
            Kind::Unsigned => 2_f64.powi(8 * wide.bytes as i32) - 1.0,
            Kind::Signed => 2_f64.powi(8 * wide.bytes as i32 - 1) - 1.0,
        };
        level(wide.value(row, position, order) / opaque)
    }

    /// The number itself, of an unsigned sample of up to 16 bits.
    pub(super) fn number(&self, row: &[u8], position: usize, order: Order) -> u16 {
        match self {
            Self::Sixteen => order.u16(row, position * 2).unwrap_or_default(),
            Self::Packed(levels) => packed(row, position, levels.len().trailing_zeros() as usize) as u16,
            Self::Eight | Self::Wide(_) => u16::from(row[position]),
        }
    }

    /// The number of a sample that is stretched.
    pub(super) fn wide(&self) -> Option<Wide> {
        match self {
            Self::Wide(wide) => Some(*wide),
            _ => None,
        }
    }

    /// Stretches from `range`.
    pub(super) const fn set_range(&mut self, range: Range) {
        if let Self::Wide(wide) = self {
            wide.range = range;
        }
    }
}

/// From 0 to 1; what is no number is 0.
fn level(part: f64) -> u8 {
    (part * 255.0).round() as u8
}

/// The `bits` bits at `position`, at the most 15.
fn packed(row: &[u8], position: usize, bits: usize) -> usize {
    let bit = position * bits;
    let byte = |at: usize| u32::from(row.get(bit / 8 + at).copied().unwrap_or_default());
    let word = byte(0) << 16 | byte(1) << 8 | byte(2);
    (word >> (24 - bits - bit % 8)) as usize & ((1 << bits) - 1)
}

impl Wide {
    pub(super) fn value(&self, row: &[u8], position: usize, order: Order) -> f64 {
        let bytes = &row[position * self.bytes..][..self.bytes];
        let shift = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let word = if order == Order::Little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) };
        match (self.kind, self.bytes) {
            (Kind::Unsigned, _) => word as f64,
            (Kind::Signed, bytes) => {
                let above = 64 - 8 * bytes as u32;
                ((word << above).cast_signed() >> above) as f64
            }
            (Kind::Float, 2) => half(word as u16),
            (Kind::Float, 4) => f64::from(f32::from_bits(word as u32)),
            (Kind::Float, _) => f64::from_bits(word),
        }
    }
}

/// Source: IEEE 754, binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_samples_of_every_depth_have_black_white_and_a_middle() {
        for bits in 1..=15_u8 {
            let depth = Depth::new(1, bits).unwrap();
            // Full, none, full, none.
            let mut row = vec![0; 8];
            for bit in (0..usize::from(bits)).chain(usize::from(bits) * 2..usize::from(bits) * 3) {
                row[bit / 8] |= 0x80 >> (bit % 8);
            }
            let levels: Vec<u8> = (0..4).map(|position| depth.level(&row, position, Order::Big)).collect();
            assert_eq!(levels, [255, 0, 255, 0], "{bits} bits");
        }
    }

    #[test]
    fn numbers_of_every_kind_are_read_in_both_orders() {
        let check = |format, bits: u8, big: &[u8], want: f64| {
            let wide = Depth::new(format, bits).unwrap().wide().unwrap();
            let little: Vec<u8> = big.iter().rev().copied().collect();
            assert_eq!(wide.value(big, 0, Order::Big), want, "{format}, {bits} bits");
            assert_eq!(wide.value(&little, 0, Order::Little), want, "{format}, {bits} bits");
        };
        check(1, 24, &[1, 0, 2], 65_538.0);
        check(1, 32, &[0xFF; 4], 4_294_967_295.0);
        check(2, 8, &[0xFE], -2.0);
        check(2, 16, &[0x80, 0], -32_768.0);
        check(2, 32, &[0xFF; 4], -1.0);
        check(2, 64, &[0xFF; 8], -1.0);
        check(3, 16, &[0x3C, 0], 1.0);
        check(3, 16, &[0xC0, 0], -2.0);
        check(3, 16, &[0, 1], 2_f64.powi(-24));
        check(3, 32, &1.5_f32.to_be_bytes(), 1.5);
        check(3, 64, &(-0.1_f64).to_be_bytes(), -0.1);
    }
}
