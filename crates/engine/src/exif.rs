//! TIFF-structured metadata, of which only the orientation is of use. Source: TIFF 6.0, section 2.

use crate::{Orientation, fields::Fields};

/// Byte order of a TIFF structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `II`.
    Little,
    /// `MM`.
    Big,
}

impl Order {
    pub(crate) fn of(tiff: &[u8]) -> Option<Self> {
        match tiff.first_chunk::<2>()? {
            b"II" => Some(Self::Little),
            b"MM" => Some(Self::Big),
            _ => None,
        }
    }

    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        match self {
            Self::Little => bytes.le16(at),
            Self::Big => bytes.be16(at),
        }
    }

    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        match self {
            Self::Little => bytes.le32(at),
            Self::Big => bytes.be32(at),
        }
    }

    pub(crate) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let array = bytes.array::<8>(at)?;
        Some(match self {
            Self::Little => u64::from_le_bytes(array),
            Self::Big => u64::from_be_bytes(array),
        })
    }
}

/// Tag 274 of the first directory of an Exif block that starts at its `II` or `MM`.
///
/// `None` where there is none, or where the block is cut or damaged: metadata never fails an image.
pub(crate) fn orientation(tiff: &[u8]) -> Option<Orientation> {
    // Some writers keep JPEG's prefix in PNG and WebP.
    let tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
    let order = Order::of(tiff)?;
    if order.u16(tiff, 2)? != 42 {
        return None;
    }
    let directory = usize::try_from(order.u32(tiff, 4)?).ok()?;
    let entries = usize::from(order.u16(tiff, directory)?);
    (0..entries).find_map(|index| {
        let at = directory.checked_add(2 + index * 12)?;
        let (tag, kind) = (order.u16(tiff, at)?, order.u16(tiff, at + 2)?);
        // One value. A block that says otherwise is damaged, and Pillow and Firefox do not believe it either.
        if tag != 274 || order.u32(tiff, at + 4)? != 1 {
            return None;
        }
        let value = match kind {
            1 => u64::from(*tiff.get(at + 8)?),
            3 => u64::from(order.u16(tiff, at + 8)?),
            4 => u64::from(order.u32(tiff, at + 8)?),
            _ => return None,
        };
        Orientation::from_exif(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_is_found_in_both_byte_orders_and_damage_is_none() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        assert_eq!(orientation(little), Some(Orientation::Rotate90));
        assert_eq!(orientation(big), Some(Orientation::Rotate270));
        for end in 0..19 {
            assert_eq!(orientation(&little[..end]), None);
        }
        for at in [2, 14] {
            let mut damaged = *little;
            damaged[at] ^= 1;
            assert_eq!(orientation(&damaged), None, "byte {at}");
        }
    }
}
