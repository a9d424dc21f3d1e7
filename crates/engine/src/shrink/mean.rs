//! Means of blocks, and alpha into colours: what both ways to the small image share.

/// Rounded quotients by a fixed divisor, as a multiplication.
pub(super) struct Mean {
    reciprocal: u64,
    half: u64,
}

impl Mean {
    /// `divisor` is at most 255 * 2^16, sums at most 255 times that: both stay far below 2^64 after the shift.
    pub(super) fn over(divisor: usize) -> Self {
        let divisor = divisor as u64;
        Self { reciprocal: (1_u64 << 40).div_ceil(divisor), half: divisor / 2 }
    }

    pub(super) fn of(&self, sum: u64) -> u8 {
        (((sum + self.half) * self.reciprocal) >> 40) as u8
    }
}

pub(super) fn premultiplied<const N: usize>(row: &[u8]) -> impl Iterator<Item = u8> {
    row.as_chunks::<N>().0.iter().flat_map(|pixel| {
        let alpha = u32::from(pixel[N - 1]);
        let mut out = pixel.map(|sample| ((u32::from(sample) * alpha + 127) / 255) as u8);
        out[N - 1] = pixel[N - 1];
        out
    })
}
