//! YCbCr to RGB.

use super::{
    directory::{Directory, Gap},
    header::{LUMA_COEFFICIENTS, REFERENCE_LEVELS},
};

/// YCbCr that no JPEG decoder has converted. Source: TIFF 6.0, section 21.
pub(super) struct YCbCr {
    /// Shares of red, green and blue in luma.
    luma: [f32; 3],
    /// Black and white of luma, then of either chroma.
    levels: [f32; 6],
}

impl YCbCr {
    pub(super) fn new(directory: &Directory<'_>, bits: u8) -> Result<Self, Gap> {
        let mut luma = [0.299, 0.587, 0.114];
        if let Some(values) = directory.values(LUMA_COEFFICIENTS)? {
            let given = [0, 1, 2].map(|index| values.rational(index).unwrap_or_default());
            // Green is divided by.
            luma = if given[1] > 0.0 { given } else { luma };
        }
        let mut levels = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];
        // Levels of other depths are already brought to eight bits.
        if let (Some(values), 8) = (directory.values(REFERENCE_LEVELS)?, bits) {
            let given = [0, 1, 2, 3, 4, 5].map(|index| values.rational(index).unwrap_or_default());
            let is_usable = given.as_chunks::<2>().0.iter().all(|[black, white]| white > black);
            levels = if is_usable { given } else { levels };
        }
        Ok(Self { luma, levels })
    }

    pub(super) fn to_rgb(&self, sample: [u8; 3]) -> [u8; 3] {
        let part = |index: usize, range: f32| {
            let (black, white) = (self.levels[index * 2], self.levels[index * 2 + 1]);
            (f32::from(sample[index]) - black) * range / (white - black)
        };
        let (y, cb, cr) = (part(0, 255.0), part(1, 127.0), part(2, 127.0));
        let [red_share, green_share, blue_share] = self.luma;
        let red = y + cr * (2.0 - 2.0 * red_share);
        let blue = y + cb * (2.0 - 2.0 * blue_share);
        let green = (y - blue_share * blue - red_share * red) / green_share;
        [red, green, blue].map(|sample| sample.round() as u8)
    }
}
