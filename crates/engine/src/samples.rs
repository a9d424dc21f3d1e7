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

/// Linear light to sRGB in 8 bits: below 0 is black, above 1 is white, what is no number is black.
///
/// No curve that keeps highlights: libvips (`scRGB2sRGB.c`) and ImageMagick clamp in the same way when they write 8
/// bits, and a curve would need an exposure that these files do not have.
/// Source of the transfer function: IEC 61966-2-1.
pub(crate) struct Light {
    /// The lowest value that becomes each level.
    thresholds: [f32; 256],
    /// By the upper 16 bits of a value below 1: the level of the lowest value that has them.
    levels: Vec<u8>,
}

impl Light {
    /// How many numbers below 1 there are in the upper 16 bits of a float.
    const LEVELS: usize = 0x3F80;
    /// What [`Light::new`] allocates and is, in bytes.
    pub(crate) const BYTES: u64 = (Self::LEVELS + 256 * 4) as u64;

    pub(crate) fn new() -> Self {
        let mut thresholds = [0.0; 256];
        for (level, threshold) in thresholds.iter_mut().enumerate().skip(1) {
            let encoded = (level as f64 - 0.5) / 255.0;
            let linear = if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) };
            *threshold = linear as f32;
        }
        let mut levels = Vec::with_capacity(Self::LEVELS);
        let mut level = 0_u8;
        for upper in 0..Self::LEVELS as u32 {
            while level < 255 && thresholds[usize::from(level) + 1] <= f32::from_bits(upper << 16) {
                level += 1;
            }
            levels.push(level);
        }
        Self { thresholds, levels }
    }

    /// The nearest of 8 bits.
    pub(crate) fn to_srgb(&self, linear: f32) -> u8 {
        if linear.is_nan() || linear <= 0.0 {
            return 0;
        }
        let Some(level) = self.levels.get((linear.to_bits() >> 16) as usize) else { return 255 };
        let mut level = *level;
        while level < 255 && self.thresholds[usize::from(level) + 1] <= linear {
            level += 1;
        }
        level
    }
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

    #[test]
    fn light_is_clamped_and_every_level_is_the_nearest() {
        let light = Light::new();
        for (linear, want) in [(-1.0, 0), (0.0, 0), (f32::NAN, 0), (1.0, 255), (7.5, 255), (f32::INFINITY, 255)] {
            assert_eq!(light.to_srgb(linear), want, "{linear}");
        }
        for step in (0..=1_000_000_u32).step_by(7) {
            let linear = f64::from(step) / 1e6;
            let encoded = if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
            let got = f64::from(light.to_srgb(linear as f32));
            assert!((got - encoded * 255.0).abs() <= 0.51, "{linear}: {got}, not {}", encoded * 255.0);
        }
    }
}
