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
        match channels {
            1 => self.turned::<1>(&samples, width, height),
            2 => self.turned::<2>(&samples, width, height),
            3 => self.turned::<3>(&samples, width, height),
            _ => self.turned::<4>(&samples, width, height),
        }
    }

    fn turned<const N: usize>(self, samples: &[u8], width: usize, height: usize) -> Vec<u8> {
        let pixels = samples.as_chunks::<N>().0;
        let (seen_width, seen_height) = self.seen((width, height));
        let mut out = vec![0; samples.len()];
        for (y, row) in out.as_chunks_mut::<N>().0.chunks_exact_mut(seen_width).enumerate() {
            let (right, down, y_from_end) = (width - 1, height - 1, seen_height - 1 - y);
            // Where the row's first pixel is stored, and whether the others lie behind it or before it.
            let (first_x, first_y, is_forwards) = match self {
                Self::Upright => (0, y, true),
                Self::FlipH => (right, y, false),
                Self::Rotate180 => (right, y_from_end, false),
                Self::FlipV => (0, y_from_end, true),
                Self::Transpose => (y, 0, true),
                Self::Rotate90 => (y, down, false),
                Self::Transverse => (y_from_end, down, false),
                Self::Rotate270 => (y_from_end, 0, true),
            };
            let step = if self.swaps_sides() { width } else { 1 };
            let first = first_y * width + first_x;
            if is_forwards {
                row.iter_mut().zip(pixels[first..].iter().step_by(step)).for_each(|(to, from)| *to = *from);
            } else {
                row.iter_mut().zip(pixels[..=first].iter().rev().step_by(step)).for_each(|(to, from)| *to = *from);
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
