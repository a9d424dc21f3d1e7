//! Samples of more than eight bits to eight.

/// Big-endian 16-bit samples to the nearest of 8 bits: 65,535 is 255.
pub(crate) fn round_16(row: &[u8], out: &mut [u8]) {
    for (out, sample) in out.iter_mut().zip(row.as_chunks::<2>().0) {
        *out = to_8(u16::from_be_bytes(*sample));
    }
}

/// The nearest of 8 bits.
pub(crate) fn to_8(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_895) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        for sample in 0..=u16::MAX {
            let exact = f64::from(sample) / 257.0;
            assert_eq!(f64::from(to_8(sample)), exact.round(), "{sample}");
        }
    }
}
