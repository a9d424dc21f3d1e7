//! SVG by `resvg`: what it cannot do is named, what it would fetch is left out.

use std::{
    io::{ErrorKind, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use flate2::read::GzDecoder;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{self, ImageHrefResolver, Options, Tree, roxmltree},
};

use crate::{Lack, Refusal};

/// Elements of a file; `resvg` refuses more than a million.
const MOST_NODES: u32 = 2_000_000;

/// The picture of `file` on a raster of the size that `size_for` says.
///
/// # Errors
/// [`Refusal::Corrupt`] and [`Refusal::Unsupported`].
pub(crate) fn draw(
    file: Vec<u8>,
    size_for: &mut dyn FnMut((f64, f64)) -> Result<(u32, u32), Refusal>,
) -> Result<(Vec<u8>, Vec<Lack>), Refusal> {
    let (tree, lacks) = read(file)?;
    let size = tree.size();
    let (width, height) = size_for((f64::from(size.width()), f64::from(size.height())))?;
    let mut raster = Pixmap::new(width, height).ok_or_else(|| Refusal::Corrupt(format!("{width}x{height} pixels")))?;
    let scale = |px: u32, side: f32| px as f32 / side;
    let whole = Transform::from_scale(scale(width, size.width()), scale(height, size.height()));
    resvg::render(&tree, whole, &mut raster.as_mut());
    Ok((raster.take(), lacks))
}

/// What is drawn, and what is not.
fn read(file: Vec<u8>) -> Result<(Tree, Vec<Lack>), Refusal> {
    let text = text(inflated(file)?)?;
    // Whatever pads files does it with zeros, which XML has not.
    let text = text.trim_end_matches('\0');
    let options = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).map_err(refusal)?;
    let has = |name: &str| document.descendants().any(|node| node.tag_name().name() == name);
    let mut lacks = Vec::new();
    if has("text") {
        lacks.push(Lack::Text);
    }
    if has("foreignObject") {
        lacks.push(Lack::Foreign);
    }
    // What is used of another file; pictures are asked for below.
    let is_outside = |node: roxmltree::Node| {
        let link = node.attributes().find(|attribute| attribute.name() == "href");
        node.tag_name().name() == "use" && link.is_some_and(|link| !link.value().trim_start().starts_with('#'))
    };
    let is_left_out = Arc::new(AtomicBool::new(document.descendants().any(is_outside)));
    let (of_data, of_others) = (is_left_out.clone(), is_left_out.clone());
    let decode = ImageHrefResolver::default_data_resolver();
    let resolver = ImageHrefResolver {
        resolve_data: Box::new(move |kind, data, options| {
            let picture = decode(kind, data, options);
            of_data.fetch_or(picture.is_none(), Ordering::Relaxed);
            picture
        }),
        // Another file, here or elsewhere: nothing is fetched.
        resolve_string: Box::new(move |_, _| {
            of_others.store(true, Ordering::Relaxed);
            None
        }),
    };
    let options = Options { image_href_resolver: resolver, ..Options::default() };
    let tree = Tree::from_xmltree(&document, &options).map_err(|cause| match cause {
        usvg::Error::ParsingFailed(cause) => refusal(cause),
        usvg::Error::ElementsLimitReached => refusal(roxmltree::Error::NodesLimitReached),
        cause => Refusal::Corrupt(cause.to_string()),
    })?;
    if is_left_out.load(Ordering::Relaxed) {
        lacks.push(Lack::Pictures);
    }
    Ok((tree, lacks))
}

fn refusal(cause: roxmltree::Error) -> Refusal {
    match cause {
        roxmltree::Error::NodesLimitReached => {
            Refusal::Unsupported("more than 1,000,000 elements, or 1,024 in one another".to_owned())
        }
        cause => Refusal::Corrupt(cause.to_string()),
    }
}

/// SVGZ is SVG in gzip.
fn inflated(file: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if !file.starts_with(&[0x1F, 0x8B]) {
        return Ok(file);
    }
    let mut inflated = Vec::new();
    let read = GzDecoder::new(&file[..]).read_to_end(&mut inflated);
    read.map_err(|cause| match cause.kind() {
        ErrorKind::OutOfMemory => Refusal::OverMemory { needed_bytes: 0 },
        _ => Refusal::Corrupt(format!("gzip: {cause}")),
    })?;
    Ok(inflated)
}

/// UTF-8, UTF-16 by its mark, or what the declaration says in the way of Latin letters.
fn text(file: Vec<u8>) -> Result<String, Refusal> {
    let wide = |of: fn([u8; 2]) -> u16| {
        let units = file[2..].as_chunks::<2>().0.iter().map(|pair| of(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        // The declaration says UTF-16, which it is no more.
        text.map_err(|_| Refusal::Corrupt("text is not UTF-16".to_owned()))
    };
    match file.as_slice() {
        [0xFF, 0xFE, ..] => return wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => return wide(u16::from_be_bytes),
        _ => {}
    }
    let declaration = String::from_utf8_lossy(&file[..file.len().min(200)]).to_ascii_lowercase();
    String::from_utf8(file).or_else(|error| {
        if ["iso-8859-1", "windows-1252", "us-ascii"].iter().any(|name| declaration.contains(name)) {
            return Ok(error.into_bytes().into_iter().map(char::from).collect());
        }
        Err(Refusal::Corrupt("text is neither UTF-8 nor in a known encoding".to_owned()))
    })
}
