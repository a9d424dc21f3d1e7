//! Units of a coded picture. Source: 7.3.1, and ISO/IEC 14496-15 for the lengths before them.

/// Units with their headers; `Err` of one that is longer than what is left.
///
/// Each stands behind its length in `length_bytes` bytes, 1 to 4.
pub fn units(mut bytes: &[u8], length_bytes: u8) -> impl Iterator<Item = Result<&[u8], crate::HevcError>> {
    std::iter::from_fn(move || {
        let (length, behind) = bytes.split_at_checked(usize::from(length_bytes)).filter(|_| !bytes.is_empty())?;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let unit = behind.split_at_checked(length);
        bytes = unit.map_or(&[], |(_, rest)| rest);
        Some(unit.map(|(unit, _)| unit).ok_or(crate::HevcError::Ends("a unit")))
    })
}

/// What a unit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Slice,
    /// As `Slice`, of a picture that decoding may start at (16 to 23).
    Start,
    /// As `Start`, behind which nothing before it is referred to (19, 20).
    Fresh,
    Sequence,
    Picture,
    /// A video parameter set, and what says nothing of pixels.
    Other,
}

/// Its kind, and its payload without the bytes that keep start codes out; `None` of a unit of another layer.
pub(crate) fn opened(unit: &[u8]) -> Option<(Kind, Vec<u8>)> {
    let [first, second, payload @ ..] = unit else { return None };
    let layer = (first & 1) << 5 | second >> 3;
    if layer != 0 || first & 0x80 != 0 {
        return None;
    }
    let kind = match first >> 1 & 63 {
        0..=9 => Kind::Slice,
        19 | 20 => Kind::Fresh,
        16..=21 => Kind::Start,
        33 => Kind::Sequence,
        34 => Kind::Picture,
        _ => return Some((Kind::Other, Vec::new())),
    };
    Some((kind, unescaped(payload)))
}

/// 7.3.1.1.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    // Nearly every unit has none of them, and none is near another.
    while let Some(at) = rest.windows(3).position(|bytes| bytes == [0, 0, 3]) {
        plain.extend_from_slice(&rest[..at + 2]);
        rest = &rest[at + 3..];
    }
    plain.extend_from_slice(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_stand_behind_their_lengths() {
        let all: Vec<_> = units(&[0, 2, 7, 8, 0, 0, 0, 1, 9], 2).collect();
        assert_eq!(all, [Ok(&[7, 8][..]), Ok(&[]), Ok(&[9])]);
        let all: Vec<_> = units(&[1, 7, 2, 8], 1).collect();
        assert_eq!(all, [Ok(&[7][..]), Err(crate::HevcError::Ends("a unit"))]);
    }

    #[test]
    fn escapes_are_taken_out() {
        assert_eq!(unescaped(&[1, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3]), [1, 0, 0, 1, 0, 0, 0, 0, 3]);
        assert_eq!(opened(&[19 << 1, 1, 0, 0, 3, 5]), Some((Kind::Fresh, vec![0, 0, 5])));
        assert_eq!(opened(&[20 << 1, 8 | 1, 5]), None);
        assert_eq!(opened(&[39 << 1, 1, 5]), Some((Kind::Other, Vec::new())));
    }
}
