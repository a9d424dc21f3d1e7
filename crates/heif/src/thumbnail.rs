//! The thumbnail item of a picture. Source: ISO/IEC 23008-12, 6.4.4.

use crate::{
    boxes::Header,
    facts::Extent,
    items::Meta,
    picture::{Picture, Turn, picture, size, tiles, transforms},
};

/// A smaller picture of the primary one.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// Width and height of the primary picture, after its crop and before its turns.
    pub whole: (u32, u32),
    /// What is done to the primary picture to see it.
    pub turns: Vec<Turn>,
    /// What it is coded as.
    pub item: ThumbnailItem,
}

/// What a thumbnail is coded as.
#[derive(Clone, Debug)]
pub enum ThumbnailItem {
    /// A JPEG file in this file, with what is done to it to see it.
    Jpeg(Extent, Vec<Turn>),
    /// As pictures of HEIF are.
    Picture(Box<Picture>),
}

/// The first thumbnail of the primary item that can be read; `None` where there is none in these first bytes.
///
/// The primary item's own codec does not matter: what is looked for stands in for it.
#[must_use]
pub fn thumbnail(prefix: &[u8]) -> Option<Thumbnail> {
    let (body, header_bytes) = meta(prefix)?;
    let mut meta = Meta::read(body).ok()?;
    let primary = meta.properties(meta.primary);
    let (crop, turns) = transforms(&primary, size(&primary).ok()?).ok()?;
    let items: Vec<u32> = meta.thumbnails(meta.primary).collect();
    let item = items.into_iter().find_map(|item| {
        if meta.kind(item)? == *b"jpeg" {
            let properties = meta.properties(item);
            let (_, turns) = transforms(&properties, size(&properties).ok()?).ok()?;
            return Some(ThumbnailItem::Jpeg(*tiles(&meta, &[item]).ok()?.first()?, turns));
        }
        meta.primary = item;
        picture(&meta, header_bytes).ok().map(|picture| ThumbnailItem::Picture(Box::new(picture)))
    })?;
    Some(Thumbnail { whole: (crop.width, crop.height), turns, item })
}

/// The body of `meta`, and where it ends in the file.
fn meta(prefix: &[u8]) -> Option<(&[u8], u64)> {
    let mut at = 0;
    loop {
        let rest = prefix.get(at..)?;
        let Header { kind, header_bytes, bytes } = Header::read(rest)?;
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes >= header_bytes)?;
        if kind == *b"meta" {
            return Some((rest.get(header_bytes..bytes)?, (at + bytes) as u64));
        }
        at = at.checked_add(bytes)?;
    }
}
