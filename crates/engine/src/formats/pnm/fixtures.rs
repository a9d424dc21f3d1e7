//! PBM, PGM, PPM and PAM files, most of them written by hand.

use image::DynamicImage;

use super::{HEIGHT, WIDTH, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let image = image.to_rgb8();
    [format!("P6\n# by hand\n{} {}\n255\n", image.width(), image.height()).as_bytes(), &image].concat()
}

/// Grey levels of 0 to 9 in letters.
fn plain() -> Vec<u8> {
    let grey = DynamicImage::from(picture()).into_luma8();
    let rows = grey.rows().map(|row| row.map(|pixel| (pixel.0[0] / 28).to_string()).collect::<Vec<_>>().join(" "));
    format!("P2 {WIDTH} {HEIGHT} 9\n{}\n", rows.collect::<Vec<_>>().join("\n")).into_bytes()
}

/// Black where the picture is dark.
fn bits() -> Vec<u8> {
    let grey = DynamicImage::from(picture()).into_luma8();
    let mut file = format!("P4\n{WIDTH} {HEIGHT}\n").into_bytes();
    for row in grey.as_raw().chunks(WIDTH as usize) {
        let pack = |eight: &[u8]| eight.iter().enumerate().fold(0, |byte, (at, grey)| byte | u8::from(*grey < 128) << (7 - at));
        file.extend(row.chunks(8).map(pack));
    }
    file
}

fn pam() -> Vec<u8> {
    let samples = picture_rgba().into_raw().into_iter().flat_map(|sample| [sample, sample]);
    let header = format!("P7\nWIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH 4\nMAXVAL 65535\nTUPLTYPE RGB_ALPHA\nENDHDR\n");
    header.into_bytes().into_iter().chain(samples).collect()
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("pnm", encode(&picture().into())), ("pnm plain grey", plain()), ("pnm bits", bits()), ("pnm pam 16 bit", pam())]
}
