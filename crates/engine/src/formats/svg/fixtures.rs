//! SVG files, written here as text.

use image::{DynamicImage, GenericImageView, RgbaImage};

use super::picture;

/// Of more pixels than that, one in each cell.
const MOST_CELLS: (u32, u32) = (96, 64);

/// The picture as rectangles of one colour each, and as many as drawings have that people upload.
pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let (across, down) = (width.min(MOST_CELLS.0), height.min(MOST_CELLS.1));
    let cell = |x: u32, y: u32| {
        let middle = |at: u32, cells: u32, pixels: u32| (2 * at + 1) * pixels / (2 * cells);
        image.get_pixel(middle(x, across, width), middle(y, down, height))
    };
    let cells = RgbaImage::from_fn(across, down, cell);
    let body = format!(r#"<g shape-rendering="crispEdges">{}</g>"#, rectangles(&cells));
    let size = format!(r#"width="{width}" height="{height}" viewBox="0 0 {across} {down}" preserveAspectRatio="none""#);
    svg(&size, &body).into_bytes()
}

/// An SVG with those attributes of its root.
pub fn svg(size: &str, body: &str) -> String {
    let names = r#"xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink""#;
    format!(r#"<?xml version="1.0" encoding="UTF-8"?><!-- made by a test --><svg {names} {size}>{body}</svg>"#)
}

fn rectangles(cells: &RgbaImage) -> String {
    let (across, down) = cells.dimensions();
    let mut body = String::new();
    for y in 0..down {
        let mut x = 0;
        while x < across {
            let [red, green, blue, alpha] = cells.get_pixel(x, y).0;
            let same = (x..across).take_while(|other| cells.get_pixel(*other, y).0 == [red, green, blue, alpha]).count();
            let opacity = if alpha == 255 { String::new() } else { format!(r#" opacity="{}""#, f32::from(alpha) / 255.0) };
            body.push_str(&format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{same}\" height=\"1\" fill=\"#{red:02x}{green:02x}{blue:02x}\"{opacity}/>"
            ));
            x += same as u32;
        }
    }
    body
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).expect("encodes into memory");
    encoder.finish().expect("encodes into memory")
}

/// Gradient, pattern, clip, mask, blur, style sheet, use, dashes.
const SHAPES: &str = r##"<style>.b{fill:#1e5ad2;stroke:#000;stroke-width:2}</style><defs>
<linearGradient id="g"><stop stop-color="#fc0"/><stop offset="1" stop-color="#06c"/></linearGradient>
<pattern id="p" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="2" fill="red"/></pattern>
<clipPath id="c"><circle cx="25" cy="30" r="20"/></clipPath>
<mask id="m"><rect width="90" height="60" fill="url(#g)"/></mask>
<filter id="f"><feGaussianBlur stdDeviation="2"/></filter><path id="s" d="M0-9 3-3 9-3 4 1 6 8 0 4-6 8-4 1-9-3-3-3z"/></defs>
<rect width="90" height="60" fill="url(#g)"/><rect width="90" height="60" fill="url(#p)" clip-path="url(#c)"/>
<g mask="url(#m)"><rect class="b" x="40" y="8" width="44" height="20" rx="4"/></g>
<use xlink:href="#s" x="60" y="44" class="b"/><circle cx="80" cy="46" r="8" filter="url(#f)"/>
<path d="M5 55C20 35 40 60 85 55" fill="none" stroke="#080" stroke-dasharray="5 2" stroke-width="2"/>"##;

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let plain = encode(&picture().into());
    let text = String::from_utf8(plain.clone()).expect("ASCII");
    let wide = format!("\u{FEFF}{}", text.replace("UTF-8", "UTF-16"));
    let wide: Vec<u8> = wide.chars().flat_map(|letter| (letter as u16).to_le_bytes()).collect();
    vec![
        ("svg in gzip", gzip(&plain)),
        ("svg utf-16", wide),
        ("svg", plain),
        ("svg shapes", svg(r#"viewBox="0 0 90 60""#, SHAPES).into_bytes()),
        ("svg of inches", svg(r#"width="1.5in" height="1in" viewBox="0 0 90 60""#, SHAPES).into_bytes()),
    ]
}
