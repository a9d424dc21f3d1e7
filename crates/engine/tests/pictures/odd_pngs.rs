//! PNG: which chunk says what the colours mean, palettes and transparent colours at their limits, and checksums.

use crate::fixtures::{self, deflate};
use crate::wanted::small_png;
use contract::{Fit, Focus, Gravity, Variant};
use engine::{EngineError, Limits};
use image::{DynamicImage, ImageFormat, RgbImage};
use moxcms::ColorProfile;

const SIDE: usize = 16;
const GREY: u8 = 0;
const RGB: u8 = 2;
const PALETTE: u8 = 3;

type Chunk = (&'static [u8; 4], Vec<u8>);
/// A name, chunks before the pixels, the colour that comes of them, and the names of the warnings.
type Case = (&'static str, Vec<Chunk>, [u8; 3], &'static [&'static str]);

fn chunk((kind, body): &Chunk) -> Vec<u8> {
    let content = [kind.as_slice(), body].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&content);
    [&(body.len() as u32).to_be_bytes(), content.as_slice(), &crc.sum().to_be_bytes()].concat()
}

/// `SIDE` rows that are all `row`, behind `chunks`.
fn png(colour: u8, depth: u8, chunks: &[Chunk], row: &[u8]) -> Vec<u8> {
    let side = (SIDE as u32).to_be_bytes();
    let rows = [&[0], row].concat().repeat(SIDE);
    let header = (b"IHDR", [side.as_slice(), &side, &[depth, colour, 0, 0, 0]].concat());
    let all = [&[header], chunks, &[(b"IDAT", deflate(&rows)), (b"IEND", Vec::new())]].concat();
    all.iter().fold(b"\x89PNG\r\n\x1a\n".to_vec(), |file, next| [file, chunk(next)].concat())
}

/// Left and right pixel of a row in the middle, and the names of the warnings.
fn made(bytes: &[u8]) -> Result<([[u8; 4]; 2], Vec<&'static str>), EngineError> {
    let made = engine::make(&mut &bytes[..], &[small_png(90)], &Limits::for_budget(8 << 20), &mut |_| {})?;
    let image = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgba8();
    let at = |x| image.get_pixel(x, 8).0;
    Ok(([at(0), at(SIDE as u32 - 1)], made.warnings.iter().map(engine::Warning::name).collect()))
}

fn check(name: &str, bytes: &[u8], want: [[u8; 4]; 2], warnings: &[&str]) {
    let (got, said) = made(bytes).unwrap();
    let near = got.as_flattened().iter().zip(want.as_flattened()).all(|(got, want)| got.abs_diff(*want) <= 3);
    assert!(near, "{name}: {got:?}, not {want:?}");
    assert_eq!(said, warnings, "{name}");
}

fn cicp(primaries: u8, transfer: u8, is_full_range: u8) -> Chunk {
    (b"cICP", vec![primaries, transfer, 0, is_full_range])
}

fn iccp(profile: &[u8]) -> Chunk {
    (b"iCCP", [b"x\0\0", deflate(profile).as_slice()].concat())
}

const fn flat(colour: [u8; 3]) -> [[u8; 4]; 2] {
    let [red, green, blue] = colour;
    [[red, green, blue, 255]; 2]
}

#[test]
fn the_first_chunk_in_rank_says_what_colours_mean() {
    let p3 = || iccp(&ColorProfile::new_display_p3().encode().unwrap());
    let of_srgb = || iccp(&ColorProfile::new_srgb().encode().unwrap());
    let of_grey = || iccp(&ColorProfile::new_gray_with_gamma(1.0).encode().unwrap());
    let srgb: Chunk = (b"sRGB", vec![0]);
    let linear: Chunk = (b"gAMA", 100_000_u32.to_be_bytes().to_vec());
    let deflated: Chunk = (b"iCCP", b"x\0\0no deflate stream".to_vec());
    // CSS Color 4: color(display-p3 0.78 0.47 0.31) is about rgb(212 117 68).
    let (stored, by_p3, by_gamma) = ([200, 120, 80], [211, 117, 71], [229, 182, 152]);
    let ignored: &[&str] = &["profile_ignored"];
    let cases: [Case; 22] = [
        ("nothing", vec![], stored, &[]),
        ("gAMA", vec![linear.clone()], by_gamma, &[]),
        ("sRGB before gAMA", vec![linear.clone(), srgb.clone()], stored, &[]),
        ("iCCP before gAMA", vec![linear.clone(), p3()], by_p3, &[]),
        ("iCCP before sRGB", vec![srgb.clone(), p3()], by_p3, &[]),
        ("cICP", vec![cicp(12, 13, 1)], by_p3, &[]),
        ("cICP before iCCP", vec![cicp(12, 13, 1), of_srgb()], by_p3, &[]),
        ("cICP behind iCCP", vec![of_srgb(), cicp(12, 13, 1)], by_p3, &[]),
        ("cICP of sRGB before iCCP", vec![cicp(1, 13, 1), p3()], stored, &[]),
        ("cICP before sRGB and gAMA", vec![srgb.clone(), linear.clone(), cicp(12, 13, 1)], by_p3, &[]),
        ("cICP with a profile of no use", vec![cicp(12, 13, 1), deflated.clone()], by_p3, &[]),
        ("linear cICP", vec![cicp(1, 8, 1)], by_gamma, &[]),
        ("cICP of no meaning", vec![cicp(2, 13, 1), p3()], by_p3, &[]),
        ("cICP of unknown codes", vec![cicp(12, 99, 1), p3()], by_p3, &[]),
        ("cICP of unknown codes alone", vec![cicp(12, 99, 1)], stored, ignored),
        ("cICP with a matrix", vec![(b"cICP", vec![12, 13, 1, 1])], stored, ignored),
        ("cICP with a matrix before iCCP", vec![(b"cICP", vec![12, 13, 1, 1]), p3()], by_p3, &[]),
        (
            "cICP and mDCV of other lengths",
            vec![(b"cICP", vec![12, 13, 0, 1, 0]), (b"mDCV", vec![0; 25])],
            stored,
            ignored,
        ),
        ("a profile that is none", vec![iccp(b"no profile"), linear.clone()], by_gamma, ignored),
        ("a profile that cannot be inflated", vec![deflated, linear.clone()], by_gamma, ignored),
        ("a profile of grey", vec![of_grey(), srgb], stored, ignored),
        ("a profile of grey and gAMA", vec![of_grey(), linear], by_gamma, ignored),
    ];
    for (name, chunks, want, warnings) in cases {
        check(name, &png(RGB, 8, &chunks, &stored.repeat(SIDE)), flat(want), warnings);
    }
}

#[test]
fn light_above_white_is_white_and_white_is_white() {
    // ITU-R BT.2408, table 1: white is 58 % of PQ and 75 % of HLG, 18 % grey is 38 %: 116 in sRGB is 17.5 %, and 26 of
    // 203 cd/m² are 101.
    for (transfer, white) in [(16, 148), (18, 191)] {
        for (stored, want) in [(0, 0), (97, 101), (white, 255), (255, 255)] {
            let name = format!("transfer {transfer}, {stored}");
            let rgb = png(RGB, 8, &[cicp(9, transfer, 1)], &[stored; 3 * SIDE]);
            check(&name, &rgb, flat([want; 3]), &[]);
            let grey = png(GREY, 8, &[cicp(9, transfer, 1)], &[stored; SIDE]);
            check(&format!("{name}, grey"), &grey, flat([want; 3]), &[]);
            let deep = png(RGB, 16, &[cicp(9, transfer, 1)], &[stored; 6 * SIDE]);
            check(&format!("{name}, 16 bit"), &deep, flat([want; 3]), &[]);
        }
    }
    // Colours within sRGB keep their kind: this is a red.
    let ([[red, green, blue, _], _], _) = made(&png(RGB, 8, &[cicp(9, 16, 1)], &[130, 90, 80].repeat(SIDE))).unwrap();
    assert!(red > 180 && green < 110 && blue < 90, "{red} {green} {blue}");
    for (stored, want) in [(16, 0), (235, 255), (0, 0), (255, 255), (126, 128)] {
        check("narrow range", &png(RGB, 8, &[cicp(1, 13, 0)], &[stored; 3 * SIDE]), flat([want; 3]), &[]);
    }
}

#[test]
fn a_palette_longer_than_its_depth_allows_is_used_as_far_as_it_goes() {
    let palette = |colours: usize| {
        let mut palette = vec![200, 0, 0, 0, 0, 200];
        palette.resize(colours * 3, 90);
        palette
    };
    for depth in [1, 2, 4, 8] {
        for colours in [2, 3, 17, 200, 256] {
            // Index 0 in all pixels but the last one of a row.
            let mut row = vec![0; SIDE * depth / 8];
            *row.last_mut().unwrap() = 1;
            let name = format!("{depth} bits, {colours} colours");
            let file = png(PALETTE, depth as u8, &[(b"PLTE", palette(colours))], &row);
            check(&name, &file, [[200, 0, 0, 255], [0, 0, 200, 255]], &[]);
            let alpha = (b"tRNS", vec![255, 0]);
            let file = png(PALETTE, depth as u8, &[(b"PLTE", palette(colours)), alpha], &row);
            check(&name, &file, [[200, 0, 0, 255], [0; 4]], &[]);
        }
    }
    let file = png(PALETTE, 8, &[(b"PLTE", palette(257))], &[0; SIDE]);
    assert_eq!(made(&file).unwrap_err().name(), "corrupt", "no index reaches colour 256");
}

#[test]
fn only_the_very_colour_is_transparent() {
    let row = |low: u8| [[0, low].repeat(SIDE / 2), [0x80, 0x80].repeat(SIDE / 2)].concat();
    let trns = || [(b"tRNS", vec![0, 0])];
    let grey = [128, 128, 128, 255];
    check("16 bit, the colour", &png(GREY, 16, &trns(), &row(0)), [[0; 4], grey], &[]);
    check("16 bit, another", &png(GREY, 16, &trns(), &row(3)), [[0, 0, 0, 255], grey], &[]);
    let row = |left: u8| [[left; SIDE / 2], [128; SIDE / 2]].concat();
    check("8 bit, the colour", &png(GREY, 8, &trns(), &row(0)), [[0; 4], grey], &[]);
    check("8 bit, another", &png(GREY, 8, &trns(), &row(3)), [[3, 3, 3, 255], grey], &[]);
    // Below 8 bits the value is that of the stored sample.
    let trns = [(b"tRNS", vec![0, 3])];
    let pixels = [0b1101_0101, 0x55, 0x55, 0x55];
    check("2 bit", &png(GREY, 2, &trns, &pixels), [[0; 4], [85, 85, 85, 255]], &[]);
    let beyond = made(&png(GREY, 2, &[(b"tRNS", vec![0, 4 | 3])], &pixels)).unwrap();
    assert_eq!(beyond.1, ["damaged"]);
}

#[test]
fn a_wrong_checksum_is_said() {
    let good = png(RGB, 8, &[], &[90; 3 * SIDE]);
    let end = good.len() - 12;
    for at in [end - 1, end - 4] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        check("CRC of IDAT", &bad, flat([90; 3]), &["damaged"]);
    }
    // Damaged chunks are not used, and that is a word.
    let chunks = [(b"gAMA", 100_000_u32.to_be_bytes().to_vec()), cicp(12, 13, 1), (b"tRNS", vec![0; 6])];
    for chunk in chunks {
        let mut bad = png(RGB, 8, &[chunk], &[90; 3 * SIDE]);
        bad[33 + 9] ^= 1;
        check("CRC of a chunk", &bad, flat([90; 3]), &["damaged"]);
    }
}

/// What is resized as its rows come cannot wait for an orientation that stands behind them.
#[test]
fn an_orientation_behind_the_pixels_makes_what_one_before_them_makes() {
    let picture = RgbImage::from_fn(170, 90, |x, y| image::Rgb([x as u8, (y * 2) as u8, (x / 3 + y) as u8]));
    let png = fixtures::encoded(&DynamicImage::from(picture), ImageFormat::Png);
    let focus = Gravity::Focus(Focus { x: 1_000, y: 8_000 });
    let boxed = |fit, (width_px, height_px): (u32, u32), gravity| Variant {
        name: format!("{width_px}x{height_px}"),
        width_px,
        height_px,
        fit,
        gravity,
        ..small_png(1)
    };
    let sets = [
        vec![boxed(Fit::Inside, (40, 40), Gravity::Centre), boxed(Fit::Cover, (12, 12), Gravity::Centre)],
        vec![boxed(Fit::Inside, (60, 20), Gravity::Centre)],
        vec![boxed(Fit::Cover, (20, 50), Gravity::Centre), boxed(Fit::Fill, (33, 11), Gravity::Centre)],
        vec![boxed(Fit::Cover, (30, 30), focus), boxed(Fit::Inside, (9, 9), Gravity::Centre)],
        vec![boxed(Fit::Contain, (50, 30), Gravity::Centre)],
    ];
    for orientation in 1..=8 {
        let files = [fixtures::png_with_exif(&png, orientation), fixtures::png_with_exif_behind(&png, orientation)];
        for variants in &sets {
            let [before, behind] = files.each_ref().map(|file| {
                let limits = fixtures::limits(1 << 30);
                engine::make(&mut file.as_slice(), variants, &limits, &mut |_| ()).unwrap()
            });
            assert_eq!(before.probe.orientation, behind.probe.orientation);
            assert!(before.thumbnails == behind.thumbnails, "{orientation}, {}", variants[0].name);
        }
    }
}
