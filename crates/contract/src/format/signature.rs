//! Signatures that are more than some bytes at a place.

/// The major brand of an ISO base media file.
pub(super) fn brand(bytes: &[u8]) -> Option<&[u8; 4]> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => brand.first_chunk::<4>(),
        _ => None,
    }
}

/// A box that a film starts with: its brands, or its index or samples where there are none, as QuickTime wrote them.
pub(super) fn film(head: &[u8]) -> bool {
    match brand(head) {
        Some(b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B ") => false,
        Some(_) => true,
        None => matches!(
            head,
            [_, _, _, _, b'm', b'o', b'o', b'v', ..]
                | [_, _, _, _, b'm', b'd', b'a', b't', ..]
                | [0, 0, 0, 8, b'w', b'i', b'd', b'e', _, _, _, _, b'm', b'd', b'a', b't', ..]
        ),
    }
}

/// P1 to P6 and then white space and a number or a comment, or P7 and a new line: a text is unlikely to start so.
pub(super) fn pnm(head: &[u8]) -> bool {
    match head {
        [b'P', b'1'..=b'6', space, next, ..] => {
            let number = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_whitespace() || *byte == b'#';
            *space == b'#' || (space.is_ascii_whitespace() && number(next))
        }
        [b'P', b'7', b'\n', next, ..] => next.is_ascii_uppercase() || *next == b'#',
        _ => false,
    }
}

/// The whole header of 18 bytes, because there is no signature: the footer of version 2 is optional and stands at the
/// end of a stream that is not read yet, and neither key nor Content-Type may decide.
///
/// Every field must have a value that writers give it, about 75 bits of them fixed, so that no other format passes:
/// cursors have a number of pictures where this has zeros, spreadsheets of Lotus a version. What passes by chance has
/// to bring as many bytes as its header says, or it is refused as cut.
///
/// Source: Truevision TGA 2.0, table 2; the fields that libmagic, stb_image and Pillow check.
pub(super) fn tga(head: &[u8]) -> bool {
    let Some(head) = head.first_chunk::<18>() else { return false };
    let word = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let [_, map_type, kind, .., depth, flags] = *head;
    let (map_first, map_length, entry_bits) = (word(3), word(5), head[7]);
    let (left, top, width, height) = (word(8), word(10), word(12), word(14));
    let map_is_right = match kind {
        1 | 9 => {
            map_type == 1
                && map_first == 0
                && (1..=256).contains(&map_length)
                && matches!(entry_bits, 15 | 16 | 24 | 32)
        }
        2 | 3 | 10 | 11 => (map_type, map_first, map_length, entry_bits) == (0, 0, 0, 0),
        _ => false,
    };
    // Bits 0 to 3 count those of alpha, 4 and 5 say where the first pixel is; 6 and 7 are of no use any more.
    let depth_is_right = match (kind, depth, flags & 0b1100_1111) {
        (1 | 9, 8, 8) => entry_bits == 32,
        (1 | 9 | 3 | 11, 8, 0) | (3 | 11, 16, 8) => true,
        (2 | 10, 15 | 16, 0 | 1) | (2 | 10, 24, 0) | (2 | 10, 32, 0 | 8) => true,
        _ => false,
    };
    let origin_is_right = left == 0 && (top == 0 || top == height);
    map_is_right && depth_is_right && origin_is_right && width > 0 && height > 0
}
