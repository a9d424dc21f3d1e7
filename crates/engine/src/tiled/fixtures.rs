//! The boxes of HEIF around tiles of any codec. Source: ISO/IEC 23008-12.

/// A file to write: its items are the tiles of the colours, their grid, then the same of the alpha plane.
pub struct Boxes<'file> {
    pub brand: &'file [u8; 4],
    /// The type of a tile's item.
    pub item: &'file [u8; 4],
    /// The box of the decoder's configuration.
    pub configuration: Vec<u8>,
    /// Width and height of each tile.
    pub tile: (u32, u32),
    /// Columns and rows, where it is a grid.
    pub grid: Option<(u32, u32)>,
    /// Width and height of the picture.
    pub size: (u32, u32),
    pub tiles: Vec<Vec<u8>>,
    /// The body of `colr`; none if empty.
    pub colours: &'file [u8],
    /// Properties of the primary item that are applied, in their order, each a type and a body.
    pub turns: &'file [&'file [u8]],
    pub alpha: Option<Alpha>,
}

/// The alpha plane.
pub struct Alpha {
    pub configuration: Vec<u8>,
    pub tiles: Vec<Vec<u8>>,
    /// Whether its bytes stand before those of the colours.
    pub is_first: bool,
    /// Whether the colours are multiplied by it.
    pub is_premultiplied: bool,
}

/// Tiles with the grid that they may have.
struct Layer<'file> {
    first: u16,
    tiles: &'file [Vec<u8>],
    /// The item that is the picture.
    whole: u16,
    /// Of each tile, and of the picture beside them.
    properties: (Vec<u8>, Vec<u8>),
}

pub fn file(boxes: &Boxes<'_>) -> Vec<u8> {
    let (width, height) = boxes.size;
    let mut properties = [
        boxes.configuration.clone(),
        ispe(boxes.tile.0, boxes.tile.1),
        boxed(b"colr", boxes.colours),
        ispe(width, height),
    ]
    .concat();
    boxes.turns.iter().for_each(|turn| properties.extend(boxed(turn.first_chunk().expect("a type"), &turn[4..])));
    let turns: Vec<u8> = (5..5 + boxes.turns.len() as u8).collect();
    let colours: &[u8] = if boxes.colours.is_empty() { &[] } else { &[3] };
    let whole = |first: u16, tiles: &[Vec<u8>]| first + tiles.len() as u16 - u16::from(boxes.grid.is_none());
    let mut layers = vec![Layer {
        first: 1,
        tiles: &boxes.tiles,
        whole: whole(1, &boxes.tiles),
        properties: ([&[0x81, 2], colours].concat(), [&[4], colours].concat()),
    }];
    if let Some(alpha) = &boxes.alpha {
        properties.extend(&alpha.configuration);
        properties.extend(full(b"auxC", 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
        let (configuration, kind) = (5 + turns.len() as u8, 6 + turns.len() as u8);
        let first = layers[0].whole + 1;
        layers.push(Layer {
            first,
            tiles: &alpha.tiles,
            whole: whole(first, &alpha.tiles),
            properties: (vec![0x80 | configuration, 2, kind], vec![4, kind]),
        });
    }
    let primary = layers[0].whole;
    let items = layers[layers.len() - 1].whole;
    let item = |id: u16, name: &[u8; 4]| full(b"infe", 2, &[&id.to_be_bytes()[..], &[0, 0], name, &[0]].concat());
    let (mut infos, mut references, mut data) = (items.to_be_bytes().to_vec(), Vec::new(), Vec::new());
    let mut associations = u32::from(items).to_be_bytes().to_vec();
    for layer in &layers {
        for id in layer.first..=layer.whole {
            let is_tile = usize::from(id - layer.first) < layer.tiles.len();
            infos.extend(item(id, if is_tile { boxes.item } else { b"grid" }));
            let own = if is_tile { &layer.properties.0 } else { &layer.properties.1 };
            let turns: &[u8] = if id == primary { &turns } else { &[] };
            associations.extend(id.to_be_bytes());
            associations.push((own.len() + turns.len()) as u8);
            associations.extend([own, turns].concat());
        }
        if let Some((columns, rows)) = boxes.grid {
            let mut to = [layer.whole, layer.tiles.len() as u16].map(u16::to_be_bytes).concat();
            (layer.first..layer.whole).for_each(|id| to.extend(id.to_be_bytes()));
            references.extend(boxed(b"dimg", &to));
            let size = [width as u16, height as u16].map(u16::to_be_bytes).concat();
            data.extend([&[0, 0, rows as u8 - 1, columns as u8 - 1], size.as_slice()].concat());
        }
    }
    if let Some(alpha) = &boxes.alpha {
        let reference = |kind: &[u8; 4], from: u16, to: u16| boxed(kind, &[from, 1, to].map(u16::to_be_bytes).concat());
        references.extend(reference(b"auxl", items, primary));
        if alpha.is_premultiplied {
            references.extend(reference(b"prem", primary, items));
        }
    }
    let infos = full(b"iinf", 0, &infos);
    let references = if references.is_empty() { references } else { full(b"iref", 0, &references) };
    let data = if data.is_empty() { data } else { boxed(b"idat", &data) };
    let properties = boxed(b"iprp", &[boxed(b"ipco", &properties), full(b"ipma", 0, &associations)].concat());
    let start = boxed(b"ftyp", &[boxes.brand.as_slice(), b"\0\0\0\0mif1", boxes.brand].concat());
    let is_alpha_first = boxes.alpha.as_ref().is_some_and(|alpha| alpha.is_first);
    let order: Vec<&Layer<'_>> = if is_alpha_first { layers.iter().rev().collect() } else { layers.iter().collect() };
    let meta = |first: usize| {
        let mut places = [&[0x44, 0][..], &items.to_be_bytes()].concat();
        let mut at = first;
        let mut place = |id: u16, method: u16, at: usize, bytes: usize| {
            places.extend([id, method, 0, 1].map(u16::to_be_bytes).concat());
            places.extend([at as u32, bytes as u32].map(u32::to_be_bytes).concat());
        };
        for layer in &order {
            for (id, tile) in (layer.first..).zip(layer.tiles) {
                place(id, 0, at, tile.len());
                at += tile.len();
            }
        }
        if boxes.grid.is_some() {
            layers.iter().enumerate().for_each(|(index, layer)| place(layer.whole, 1, index * 8, 8));
        }
        let handler = full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let first = full(b"pitm", 0, &primary.to_be_bytes());
        let places = full(b"iloc", 1, &places);
        full(
            b"meta",
            0,
            &[&handler, &first, &infos, &references, &properties, &places, &data].map(Vec::as_slice).concat(),
        )
    };
    let first = start.len() + meta(0).len() + 8;
    let tiles: Vec<u8> = order.iter().flat_map(|layer| layer.tiles.concat()).collect();
    [start, meta(first), boxed(b"mdat", &tiles)].concat()
}

pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

pub fn full(kind: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], body].concat())
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width, height].map(u32::to_be_bytes).concat())
}
