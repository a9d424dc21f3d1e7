//! Exif orientation: found in TIFF-structured metadata, applied to the small image.

/// How stored pixels are turned to be seen upright; the numbers are those of Exif tag 274.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    FlipH,
    /// 3: turned by 180 degrees.
    Rotate180,
    /// 4: mirrored top to bottom.
    FlipV,
    /// 5: mirrored along the main diagonal.
    Transpose,
    /// 6: to be turned clockwise by 90 degrees.
    Rotate90,
    /// 7: mirrored along the other diagonal.
    Transverse,
    /// 8: to be turned clockwise by 270 degrees.
    Rotate270,
}

impl Orientation {
    /// All eight, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::FlipH,
        Self::Rotate180,
        Self::FlipV,
        Self::Transpose,
        Self::Rotate90,
        Self::Transverse,
        Self::Rotate270,
    ];

    /// The orientation of an Exif number; anything but 1 to 8 is `None`, and readers show it upright.
    #[must_use]
    pub fn from_exif(number: u64) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// The Exif number, 1 to 8.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Whether width and height change places.
    #[must_use]
    pub const fn swaps_sides(self) -> bool {
        matches!(self, Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270)
    }

    /// `(width, height)` as seen, from those stored; the same call turns them back.
    #[must_use]
    pub const fn seen<T: Copy>(self, (width, height): (T, T)) -> (T, T) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// Turns `samples` (rows of `width` pixels of `channels` bytes) upright.
    pub(crate) fn apply(self, samples: Vec<u8>, width: usize, height: usize, channels: usize) -> Vec<u8> {
        if self == Self::Upright || samples.is_empty() {
            return samples;
        }
        let (seen_width, seen_height) = self.seen((width, height));
        let mut out = Vec::with_capacity(samples.len());
        for y in 0..seen_height {
            for x in 0..seen_width {
                let (right, down) = (width - 1, height - 1);
                let (from_x, from_y) = match self {
                    Self::Upright => (x, y),
                    Self::FlipH => (right - x, y),
                    Self::Rotate180 => (right - x, down - y),
                    Self::FlipV => (x, down - y),
                    Self::Transpose => (y, x),
                    Self::Rotate90 => (y, down - x),
                    Self::Transverse => (right - y, down - x),
                    Self::Rotate270 => (right - y, x),
                };
                let at = (from_y * width + from_x) * channels;
                out.extend_from_slice(&samples[at..at + channels]);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: Exif 2.32, tag 274: where row 0 and column 0 of the stored image are seen.
    #[test]
    fn every_orientation_turns_a_two_by_three_image_upright() {
        let check = |number: u64, want: &[u8]| {
            let orientation = Orientation::from_exif(number).unwrap();
            assert_eq!(u64::from(orientation.number()), number);
            assert_eq!(orientation.apply(b"abcdef".to_vec(), 2, 3, 1), want, "orientation {number}");
        };
        check(1, b"abcdef");
        check(2, b"badcfe");
        check(3, b"fedcba");
        check(4, b"efcdab");
        check(5, b"acebdf");
        check(6, b"ecafdb");
        check(7, b"fdbeca");
        check(8, b"bdface");
    }

    #[test]
    fn numbers_outside_one_to_eight_are_none() {
        for number in [0, 9, u64::MAX] {
            assert_eq!(Orientation::from_exif(number), None);
        }
    }
}
