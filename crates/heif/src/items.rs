//! The tables of `meta`: items, where their bytes are, what belongs to them. Rows of other items are passed over.

use crate::{
    boxes::{Cursor, Fault, cut},
    facts::Extent,
};

/// More items than any camera writes: 10,000 tiles of 512 by 512 are 2,600 megapixels.
const MOST_ITEMS: u64 = 10_000;
/// More properties than any camera writes; an association has seven or fifteen bits for their index.
const MOST_PROPERTIES: usize = 4096;

/// Properties that are read, or say nothing that a thumbnail could show.
const READ: [&[u8; 4]; 14] = [
    b"ispe", b"hvcC", b"av1C", b"colr", b"irot", b"imir", b"clap", b"pixi", b"pasp", b"auxC", b"clli", b"mdcv",
    b"cclv", b"amve",
];

/// The boxes of `meta` that matter, each its body.
#[derive(Default)]
pub(crate) struct Meta<'file> {
    pub(crate) primary: u32,
    pub(crate) data: &'file [u8],
    /// Sorted by item.
    kinds: Vec<(u32, [u8; 4])>,
    /// Sorted by item.
    places: Vec<(u32, Place)>,
    references: &'file [u8],
    properties: Vec<([u8; 4], &'file [u8])>,
    /// Sorted by item.
    associations: Vec<(u32, Indices<'file>)>,
}

/// Which properties an item has, each a number of `width` bytes.
#[derive(Clone, Copy, Debug)]
struct Indices<'file> {
    bytes: &'file [u8],
    width: usize,
}

/// Where an item's bytes are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// 0: in the file; 1: in `idat`.
    pub(crate) method: u8,
    pub(crate) parts: u16,
    /// Its first part.
    pub(crate) extent: Extent,
}

impl<'file> Meta<'file> {
    /// # Errors
    /// Tables that end early, or have more rows than are read.
    pub(crate) fn read(body: &'file [u8]) -> Result<Self, Fault> {
        let mut meta = Self::default();
        let mut cursor = Cursor { bytes: body };
        cursor.full().ok_or(cut("length of meta", body))?;
        while let Some((kind, body)) = cursor.next_box() {
            match &kind {
                b"pitm" => meta.primary = primary(body).ok_or(cut("length of pitm", body))?,
                b"iinf" => meta.kinds = kinds(body)?,
                b"iloc" => meta.places = places(body)?,
                b"iref" => meta.references = body,
                b"idat" => meta.data = body,
                b"iprp" => meta.add_properties(body)?,
                _ => {}
            }
        }
        // Of an item that is there twice, the first row counts.
        meta.associations.sort_by_key(|(item, _)| *item);
        meta.associations.dedup_by_key(|(item, _)| *item);
        Ok(meta)
    }

    fn add_properties(&mut self, body: &'file [u8]) -> Result<(), Fault> {
        let mut cursor = Cursor { bytes: body };
        let mut tables = 0;
        while let Some((kind, body)) = cursor.next_box() {
            match &kind {
                b"ipco" => {
                    let mut cursor = Cursor { bytes: body };
                    while let Some(property) = cursor.next_box() {
                        if self.properties.len() == MOST_PROPERTIES {
                            return Err(Fault::Unsupported("so many properties"));
                        }
                        self.properties.push(property);
                    }
                }
                b"ipma" if tables < 2 => {
                    tables += 1;
                    self.associations.extend(associations(body));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn kind(&self, item: u32) -> Option<[u8; 4]> {
        find(&self.kinds, item)
    }

    pub(crate) fn place(&self, item: u32) -> Option<Place> {
        find(&self.places, item)
    }

    /// The properties of `item`, in the order in which they apply.
    pub(crate) fn properties(&self, item: u32) -> Vec<([u8; 4], &'file [u8])> {
        let indices = self.indices(item).map(|(index, _)| index);
        indices.filter_map(|index| self.properties.get(index.checked_sub(1)?).copied()).collect()
    }

    /// Indices of properties from 1, each with whether it is essential, which the upper bit says; 0 is none.
    fn indices(&self, item: u32) -> impl Iterator<Item = (usize, bool)> {
        let Indices { bytes, width } = find(&self.associations, item).unwrap_or(Indices { bytes: &[], width: 1 });
        let upper = 1 << (width * 8 - 1);
        let mut cursor = Cursor { bytes };
        let numbers = std::iter::from_fn(move || cursor.number(width));
        numbers.map(move |number| ((number & (upper - 1)) as usize, number & upper != 0))
    }

    /// # Errors
    /// A property that is not there, and an essential one that is not read: without it the picture is another one.
    /// Source: ISO/IEC 23008-12, 9.3.1.
    pub(crate) fn check_properties(&self, item: u32) -> Result<(), Fault> {
        for (index, is_essential) in self.indices(item).filter(|(index, _)| *index > 0) {
            let fault = Fault::Value { field: "index of a property", value: index as u64 };
            let (kind, _) = self.properties.get(index - 1).ok_or(fault)?;
            if is_essential && !READ.contains(&kind) {
                return Err(Fault::Unsupported("an essential property of its kind"));
            }
        }
        Ok(())
    }

    /// What `item` is made from, in order.
    pub(crate) fn parts(&self, item: u32) -> Vec<u32> {
        let dimg = self.references_of(b"dimg").find(|(from, _)| *from == item);
        let Some((_, Cursor { bytes })) = dimg else { return Vec::new() };
        let mut cursor = Cursor { bytes };
        let width = self.id_bytes();
        std::iter::from_fn(|| cursor.number(width)).map(|item| item as u32).collect()
    }

    /// The items that describe `item`, as an alpha plane its picture.
    pub(crate) fn auxiliaries(&self, item: u32) -> impl Iterator<Item = u32> {
        self.referring(b"auxl", item)
    }

    fn referring(&self, kind: &'static [u8; 4], item: u32) -> impl Iterator<Item = u32> {
        let width = self.id_bytes();
        self.references_of(kind).filter_map(move |(from, mut to)| {
            std::iter::from_fn(|| to.number(width)).any(|to| to == u64::from(item)).then_some(from)
        })
    }

    /// The items that show `item` smaller.
    pub(crate) fn thumbnails(&self, item: u32) -> impl Iterator<Item = u32> {
        self.referring(b"thmb", item)
    }

    /// Whether the colours of `item` are multiplied by `alpha`.
    pub(crate) fn is_premultiplied(&self, item: u32, alpha: u32) -> bool {
        let width = self.id_bytes();
        self.references_of(b"prem").any(|(from, mut to)| {
            from == item && std::iter::from_fn(|| to.number(width)).any(|to| to == u64::from(alpha))
        })
    }

    fn id_bytes(&self) -> usize {
        if self.references.first() == Some(&0) { 2 } else { 4 }
    }

    /// From which item, and the identifiers that it refers to.
    fn references_of(&self, wanted: &'static [u8; 4]) -> impl Iterator<Item = (u32, Cursor<'file>)> {
        let mut cursor = Cursor { bytes: self.references.get(4..).unwrap_or_default() };
        let width = self.id_bytes();
        std::iter::from_fn(move || cursor.next_box()).filter(move |(kind, _)| kind == wanted).filter_map(
            move |(_, bytes)| {
                let mut cursor = Cursor { bytes };
                let from = cursor.number(width)? as u32;
                let count = usize::from(cursor.u16()?);
                Some((from, Cursor { bytes: cursor.take(count * width)? }))
            },
        )
    }
}

fn find<T: Copy>(rows: &[(u32, T)], item: u32) -> Option<T> {
    rows.binary_search_by_key(&item, |(item, _)| *item).ok().map(|at| rows[at].1)
}

fn primary(body: &[u8]) -> Option<u32> {
    let mut cursor = Cursor { bytes: body };
    let (version, _) = cursor.full()?;
    Some(cursor.number(if version == 0 { 2 } else { 4 })? as u32)
}

/// The type of each item.
fn kinds(body: &[u8]) -> Result<Vec<(u32, [u8; 4])>, Fault> {
    let mut cursor = Cursor { bytes: body };
    let (version, _) = cursor.full().ok_or(cut("length of iinf", body))?;
    let count = cursor.number(if version == 0 { 2 } else { 4 }).ok_or(cut("length of iinf", body))?;
    check_count(count)?;
    let mut kinds = Vec::new();
    while let (true, Some((kind, body))) = (kinds.len() < MOST_ITEMS as usize, cursor.next_box()) {
        let mut cursor = Cursor { bytes: body };
        let Some((version @ 2..=3, _)) = cursor.full() else { continue };
        let item = cursor.number(if version == 2 { 2 } else { 4 });
        if let (b"infe", Some(item), Some(_), Some(kind)) = (&kind, item, cursor.u16(), cursor.take(4)) {
            kinds.push((item as u32, *kind.first_chunk().unwrap_or(b"    ")));
        }
    }
    kinds.sort_by_key(|(item, _)| *item);
    Ok(kinds)
}

fn places(body: &[u8]) -> Result<Vec<(u32, Place)>, Fault> {
    let mut cursor = Cursor { bytes: body };
    let start = (|| {
        let (version, _) = cursor.full()?;
        let sizes = cursor.u16()?;
        Some((version, sizes, cursor.number(if version < 2 { 2 } else { 4 })?))
    })();
    let (version, sizes, count) = start.ok_or(cut("length of iloc", body))?;
    let size = |shift: u16| usize::from(sizes >> shift & 15);
    let (offset_bytes, length_bytes, base_bytes) = (size(12), size(8), size(4));
    let index_bytes = if version == 0 { 0 } else { size(0) };
    if version > 2 || [offset_bytes, length_bytes, base_bytes, index_bytes].iter().any(|bytes| *bytes > 8) {
        return Err(Fault::Value { field: "sizes of iloc", value: sizes.into() });
    }
    check_count(count)?;
    let mut places = Vec::new();
    for _ in 0..count {
        let place = (|| {
            let item = cursor.number(if version < 2 { 2 } else { 4 })? as u32;
            let method = if version == 0 { 0 } else { cursor.u16()? as u8 & 15 };
            let reference = cursor.u16()?;
            let base = cursor.number(base_bytes)?;
            let parts = cursor.u16()?;
            let mut first = None;
            for _ in 0..parts {
                cursor.number(index_bytes)?;
                let (offset, bytes) = (cursor.number(offset_bytes)?, cursor.number(length_bytes)?);
                first = first.or(Some(Extent { offset: base.saturating_add(offset), bytes }));
                // Nothing is consumed: 65,535 parts of 10,000 items would take a second.
                if index_bytes + offset_bytes + length_bytes == 0 {
                    break;
                }
            }
            // The file, not another one.
            let method = if reference == 0 { method } else { u8::MAX };
            Some((item, Place { method, parts, extent: first.unwrap_or(Extent { offset: base, bytes: 0 }) }))
        })();
        places.push(place.ok_or(cut("length of iloc", body))?);
    }
    places.sort_by_key(|(item, _)| *item);
    Ok(places)
}

fn check_count(count: u64) -> Result<(), Fault> {
    if count > MOST_ITEMS { Err(Fault::Unsupported("so many items")) } else { Ok(()) }
}

/// Of each item the indices of its properties, from 1, up to where the table ends early.
fn associations(body: &[u8]) -> impl Iterator<Item = (u32, Indices<'_>)> {
    let mut cursor = Cursor { bytes: body };
    let start = cursor.full().zip(cursor.u32()).filter(|(_, entries)| u64::from(*entries) <= MOST_ITEMS);
    let ((version, flags), entries) = start.unwrap_or_default();
    let id_bytes = if version < 1 { 2 } else { 4 };
    let width = if flags & 1 == 0 { 1 } else { 2 };
    (0..entries).map_while(move |_| {
        let item = cursor.number(id_bytes)? as u32;
        let count = usize::from(cursor.u8()?);
        Some((item, Indices { bytes: cursor.take(count * width)?, width }))
    })
}
