//! The boxes around AV1: an AVIF file of one picture, with or without a picture of its alpha. Nothing else is in it.
//!
//! Source: AVIF 1.1, with HEIF (ISO/IEC 23008-12) and AV1 in ISOBMFF 1.2.

/// A coded picture.
pub(super) struct Coded {
    /// The body of `av1C`.
    pub(super) configuration: [u8; 4],
    /// One temporal unit: a sequence header and a frame.
    pub(super) bytes: Vec<u8>,
    /// 3, or 1 for grey and for alpha.
    pub(super) planes: u8,
}

/// BT.709's primaries, sRGB's curve, BT.601's matrix, full range: `nclx` of `colr`, as in the sequence header.
const COLOURS: &[u8] = b"nclx\0\x01\0\x0D\0\x06\x80";
/// What says that a picture is another one's alpha.
const ALPHA: &[u8] = b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
/// In `ipma`: a reader that does not know the property must not show the item.
const ESSENTIAL: u8 = 0x80;
/// Version and flags of 0.
const FULL: &[u8] = &[0; 4];
/// The items.
const PICTURE_ID: u16 = 1;
const ALPHA_ID: u16 = 2;

/// The file.
pub(super) fn file((width, height): (u32, u32), picture: &Coded, alpha: Option<&Coded>) -> Vec<u8> {
    // As long as what follows has no place, all places are 0; those that are known take as many bytes.
    let head_bytes = head((width, height), picture, alpha, 0).len();
    let mut bytes = head((width, height), picture, alpha, head_bytes as u32);
    // Alpha first, as libavif writes it, so that what is shown while the rest loads has it.
    let coded = alpha.map_or(&[][..], |alpha| &alpha.bytes);
    let length = 8 + coded.len() + picture.bytes.len();
    bytes.truncate(head_bytes - 8);
    bytes.reserve_exact(length);
    bytes.extend((length as u32).to_be_bytes());
    bytes.extend(b"mdat");
    bytes.extend_from_slice(coded);
    bytes.extend_from_slice(&picture.bytes);
    bytes
}

/// All before the first coded byte, which stands at `at`.
fn head(size: (u32, u32), picture: &Coded, alpha: Option<&Coded>, at: u32) -> Vec<u8> {
    let kind = boxed(b"ftyp", &[b"avif\0\0\0\0avifmif1miaf"]);
    let handler = boxed(b"hdlr", &[FULL, &[0; 4], b"pict", &[0; 13]]);
    let primary = boxed(b"pitm", &[FULL, &PICTURE_ID.to_be_bytes()]);
    let items: Vec<u16> = [PICTURE_ID].into_iter().chain(alpha.map(|_| ALPHA_ID)).collect();
    let count = (items.len() as u16).to_be_bytes();

    let alpha_bytes = alpha.map_or(0, |alpha| alpha.bytes.len() as u32);
    let places = items.iter().flat_map(|item| {
        let (from, bytes) = match *item {
            PICTURE_ID => (at + alpha_bytes, picture.bytes.len() as u32),
            _ => (at, alpha_bytes),
        };
        [&item.to_be_bytes()[..], b"\0\0\0\x01", &from.to_be_bytes(), &bytes.to_be_bytes()].concat()
    });
    let places = boxed(b"iloc", &[FULL, b"\x44\0", &count, &places.collect::<Vec<_>>()]);

    let entries = items.iter().flat_map(|item| boxed(b"infe", &[b"\x02\0\0\0", &item.to_be_bytes(), b"\0\0av01\0"]));
    let entries = boxed(b"iinf", &[FULL, &count, &entries.collect::<Vec<_>>()]);
    let of_alpha = [ALPHA_ID, 1, PICTURE_ID].map(u16::to_be_bytes).concat();
    let references = alpha.map(|_| boxed(b"iref", &[FULL, &boxed(b"auxl", &[&of_alpha])])).unwrap_or_default();
    let meta =
        boxed(b"meta", &[FULL, &handler, &primary, &places, &entries, &references, &properties(size, picture, alpha)]);
    [kind, meta, boxed(b"mdat", &[])].concat()
}

/// What the items are like, numbered from 1 in the order of `ipco`.
fn properties((width, height): (u32, u32), picture: &Coded, alpha: Option<&Coded>) -> Vec<u8> {
    let sides = boxed(b"ispe", &[FULL, &width.to_be_bytes(), &height.to_be_bytes()]);
    let of = |coded: &Coded| {
        let depths = boxed(b"pixi", &[FULL, &[coded.planes], &vec![8; usize::from(coded.planes)]]);
        [boxed(b"av1C", &[&coded.configuration]), depths].concat()
    };
    let own = [sides, of(picture), boxed(b"colr", &[COLOURS])].concat();
    let of_alpha = alpha.map(|alpha| [of(alpha), boxed(b"auxC", &[ALPHA])].concat()).unwrap_or_default();
    let of_picture = [&PICTURE_ID.to_be_bytes()[..], &[4, 1, 2 | ESSENTIAL, 3, 4]].concat();
    let uses = match alpha {
        None => of_picture,
        Some(_) => [&of_picture[..], &ALPHA_ID.to_be_bytes(), &[4, 1, 5 | ESSENTIAL, 6, 7]].concat(),
    };
    let count = if alpha.is_some() { 2_u32 } else { 1 };
    let uses = boxed(b"ipma", &[FULL, &count.to_be_bytes(), &uses]);
    boxed(b"iprp", &[&boxed(b"ipco", &[&own, &of_alpha]), &uses])
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_be_bytes());
    bytes.extend(kind);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}
