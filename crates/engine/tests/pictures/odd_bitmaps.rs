//! BMP files and icons that leave out, or put in, more than the usual: alpha, headers and palettes.

use crate::wanted::small_png;
use engine::{EngineError, Limits};
use image::RgbaImage;

const RED: [u8; 4] = [200, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 200, 255];
const CLEAR: [u8; 4] = [0; 4];
const MASKS: [u32; 4] = [0x00FF_0000, 0xFF00, 0xFF, 0xFF00_0000];
const SIDE: usize = 16;

fn made(bytes: &[u8]) -> Result<(RgbaImage, usize), EngineError> {
    let made = engine::make(&mut &bytes[..], &[small_png(90)], &Limits::for_budget(8 << 20), &mut |_| {})?;
    Ok((image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgba8(), made.warnings.len()))
}

/// Left and right half of a row in the middle.
fn check(name: &str, bytes: &[u8], want: [[u8; 4]; 2]) {
    let (image, warnings) = made(bytes).unwrap();
    let side = SIDE as u32;
    assert_eq!((image.dimensions(), warnings), ((side, side), 0), "{name}");
    assert_eq!([image.get_pixel(3, side / 2).0, image.get_pixel(side - 3, side / 2).0], want, "{name}");
}

/// An info header of `info_bytes`, or its first part.
fn info(info_bytes: usize, height: usize, bits: u16, code: u32, colours: u32, masks: [u32; 4]) -> Vec<u8> {
    let mut info = (info_bytes as u32).to_le_bytes().to_vec();
    info.extend((SIDE as u32).to_le_bytes());
    info.extend((height as u32).to_le_bytes());
    info.extend([1_u16, bits].map(u16::to_le_bytes).concat());
    info.extend([code, 0, 0, 0, colours, 0].map(u32::to_le_bytes).concat());
    info.extend(masks.map(u32::to_le_bytes).concat());
    info.resize(info_bytes, 0);
    info
}

fn bmp(info: &[u8], between: &[u8], pixels: &[u8]) -> Vec<u8> {
    let at = (14 + info.len() + between.len()) as u32;
    [b"BM\0\0\0\0\0\0\0\0".as_slice(), &at.to_le_bytes(), info, between, pixels].concat()
}

/// Red on the left and blue on the right, in 32 bits, with an alpha for each half of each row.
fn pixels(alpha: impl Fn(usize) -> [u8; 2]) -> Vec<u8> {
    let row = |y| {
        let [left, right] = alpha(y);
        [[0, 0, 200, left].repeat(SIDE / 2), [200, 0, 0, right].repeat(SIDE / 2)].concat()
    };
    (0..SIDE).flat_map(row).collect()
}

#[test]
fn alpha_counts_if_any_of_it_is_not_zero() {
    for info_bytes in [56, 108, 124] {
        let info = info(info_bytes, SIDE, 32, 3, 0, MASKS);
        check("all 0", &bmp(&info, &[], &pixels(|_| [0, 0])), [RED, BLUE]);
        check("one half", &bmp(&info, &[], &pixels(|_| [255, 0])), [RED, CLEAR]);
        // The first pixel that shows may come late.
        let top = bmp(&info, &[], &pixels(|y| if y + 1 < SIDE { [0, 0] } else { [255, 255] }));
        check("one row", &top, [CLEAR, CLEAR]);
    }
    let bits = info(56, SIDE, 16, 3, 0, [0x7C00, 0x3E0, 0x1F, 0x8000]);
    let row = |high: u8| [[0, 0x7C | high].repeat(SIDE / 2), [0x1F, high].repeat(SIDE / 2)].concat();
    check("1555, all 0", &bmp(&bits, &[], &row(0).repeat(SIDE)), [[255, 0, 0, 255], [0, 0, 255, 255]]);
}

#[test]
fn plain_32_bits_have_alpha_from_version_4_on() {
    for (info_bytes, want) in [(40, BLUE), (56, BLUE), (108, CLEAR), (124, CLEAR)] {
        let file = |mask| bmp(&info(info_bytes, SIDE, 32, 0, 0, mask), &[], &pixels(|_| [255, 0]));
        check("alpha mask", &file(MASKS), [RED, want]);
        check("no alpha mask", &file([0; 4]), [RED, BLUE]);
        check("a mask over a colour", &file([0, 0, 0, 0xFFFF]), [RED, BLUE]);
    }
    let file = bmp(&info(124, SIDE, 32, 0, 0, MASKS), &[], &pixels(|_| [0, 0]));
    check("alpha mask, all 0", &file, [RED, BLUE]);
}

/// Indices 0 and 1, in 8 bits.
fn indices() -> Vec<u8> {
    [[0; SIDE / 2], [1; SIDE / 2]].concat().repeat(SIDE)
}

fn palette(colours: usize) -> Vec<u8> {
    let mut palette = [[0, 0, 200, 0], [200, 0, 0, 0]].concat();
    palette.resize(colours * 4, 90);
    palette
}

#[test]
fn the_header_of_os_2_may_end_early() {
    for info_bytes in (16..=64).step_by(4).chain([42, 46]) {
        let info = info(info_bytes, SIDE, 8, 0, 0, [0; 4]);
        check(&format!("{info_bytes} bytes"), &bmp(&info, &palette(256), &indices()), [RED, BLUE]);
    }
    let short = bmp(&info(16, SIDE, 24, 0, 0, [0; 4]), &[], &[0, 0, 200].repeat(SIDE * SIDE));
    check("16 bytes, 24 bits", &short, [RED, RED]);
    assert_eq!(made(&bmp(&[15, 0, 0, 0], &[0; 60], &[])).unwrap_err().name(), "corrupt");
    for (bits, code) in [(1, 3), (24, 4)] {
        let file = bmp(&info(64, SIDE, bits, code, 0, [0; 4]), &[], &[0; 90]);
        assert_eq!(made(&file).unwrap_err().name(), "unsupported", "OS/2 compression {code}");
    }
}

#[test]
fn a_palette_has_more_colours_than_a_pixel_can_name() {
    for colours in [2, 200, 256, 257, 300, 5000] {
        let info = info(40, SIDE, 8, 0, colours as u32, [0; 4]);
        check(&format!("{colours} colours"), &bmp(&info, &palette(colours), &indices()), [RED, BLUE]);
    }
    let bits = [[0, 0xFF, 0, 0]; SIDE].concat();
    let file = bmp(&info(40, SIDE, 1, 0, 300, [0; 4]), &palette(300), &bits);
    check("1 bit, 300 colours", &file, [RED, BLUE]);
}

#[test]
fn masks_without_a_colour_are_refused() {
    for info_bytes in [40, 56, 124] {
        let file = bmp(&info(info_bytes, SIDE, 32, 3, 0, [0, 0, 0, 0xFF]), &[0; 16], &pixels(|_| [0, 0]));
        assert_eq!(made(&file).unwrap_err().name(), "corrupt");
    }
}

/// An icon whose mask hides the right half.
fn icon(kind: u8, pixels: &[u8]) -> Vec<u8> {
    let mask = [0, 0xFF, 0, 0].repeat(SIDE);
    let picture = [info(40, SIDE * 2, 32, 0, 0, [0; 4]), pixels.to_vec(), mask].concat();
    let mut file = vec![0, 0, kind, 0, 1, 0, SIDE as u8, SIDE as u8, 0, 0, 1, 0, 32, 0];
    file.extend((picture.len() as u32).to_le_bytes());
    file.extend(22_u32.to_le_bytes());
    [file, picture].concat()
}

#[test]
fn an_icon_whose_alpha_is_all_zero_shows_what_its_mask_shows() {
    for kind in [1, 2] {
        check("all 0", &icon(kind, &pixels(|_| [0, 0])), [RED, CLEAR]);
        check("alpha and mask", &icon(kind, &pixels(|_| [255, 255])), [RED, CLEAR]);
        check("alpha", &icon(kind, &pixels(|_| [0, 255])), [CLEAR, CLEAR]);
    }
}
