//! Encodes PGM planes: `encode QUALITY OUT.jpg Y.pgm [CB.pgm CR.pgm]`.

use jpeg::{Picture, PlaneRef, encode};

fn read_pgm(path: &str) -> Result<(usize, usize, Vec<u8>), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let mut fields = bytes.split(u8::is_ascii_whitespace).skip(1);
    let mut number = || fields.next().and_then(|field| std::str::from_utf8(field).ok()?.parse::<usize>().ok());
    let (Some(width), Some(height)) = (number(), number()) else { return Err("not a PGM".into()) };
    Ok((width, height, bytes[bytes.len() - width * height..].to_vec()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [quality, out, planes @ ..] = &args[..] else { return Err("usage: encode QUALITY OUT.jpg PGM...".into()) };
    let planes: Vec<_> = planes.iter().map(|path| read_pgm(path)).collect::<Result<_, _>>()?;
    let planes: Vec<_> = planes
        .iter()
        .map(|&(width_px, height_px, ref samples)| PlaneRef { samples, width_px, height_px, stride: width_px })
        .collect();
    let picture = match planes[..] {
        [y] => Picture::Grey(y),
        [y, cb, cr] => Picture::YCbCr { y, cb, cr },
        _ => return Err("one plane or three".into()),
    };
    std::fs::write(out, encode(&picture, quality.parse()?)?)?;
    Ok(())
}
