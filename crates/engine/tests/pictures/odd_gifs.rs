//! GIF files that break their own rules, as browsers draw them.

use crate::wanted::small_png;
use engine::{EngineError, Limits, Made};
use image::RgbaImage;

const RED: [u8; 4] = [200, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 200, 255];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const CLEAR: [u8; 4] = [0; 4];
const TABLE: [u8; 6] = [200, 0, 0, 0, 0, 200];
/// Colour 0 is transparent.
const CONTROL: &[u8] = &[0x21, 0xF9, 4, 1, 0, 0, 0, 0];

/// A frame whose left half has index 0 and whose right half has index 1.
struct Gif<'blocks> {
    screen: (u16, u16),
    at: (u16, u16),
    frame: (u16, u16),
    /// Between the screen and the frame.
    blocks: &'blocks [u8],
    has_table: bool,
}

const PLAIN: Gif<'_> = Gif { screen: (20, 10), at: (0, 0), frame: (20, 10), blocks: &[], has_table: true };

impl Gif<'_> {
    fn bytes(&self) -> Vec<u8> {
        let rows = vec![[vec![0; self.frame.0 as usize / 2], vec![1; self.frame.0 as usize / 2]].concat(); 10];
        self.bytes_of(&rows.concat())
    }

    fn bytes_of(&self, pixels: &[u8]) -> Vec<u8> {
        let words = |words: [u16; 2]| words.map(u16::to_le_bytes).concat();
        let mut file = [b"GIF89a".as_slice(), &words([self.screen.0, self.screen.1])].concat();
        file.extend([if self.has_table { 0x80 } else { 0 }, 0, 0]);
        if self.has_table {
            file.extend(TABLE);
        }
        file.extend(self.blocks);
        file.push(0x2C);
        file.extend([words([self.at.0, self.at.1]), words([self.frame.0, self.frame.1]), vec![0, 2]].concat());
        let codes = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2).encode(pixels).unwrap();
        codes.chunks(255).for_each(|block| file.extend([&[block.len() as u8], block].concat()));
        [file.as_slice(), &[0, 0x3B]].concat()
    }
}

fn make(bytes: &[u8]) -> Result<Made, EngineError> {
    engine::make(&mut &bytes[..], &[small_png(90)], &Limits::for_budget(8 << 20), &mut |_| {})
}

fn pixels(made: &Made) -> RgbaImage {
    image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgba8()
}

fn check(name: &str, bytes: &[u8], size: (u32, u32), at: &[((u32, u32), [u8; 4])]) {
    let made = make(bytes).unwrap();
    let image = pixels(&made);
    assert!(made.warnings.is_empty(), "{name}: {:?}", made.warnings);
    assert_eq!(image.dimensions(), size, "{name}");
    for ((x, y), want) in at {
        assert_eq!(image.get_pixel(*x, *y).0, *want, "{name} at {x},{y}");
    }
}

#[test]
fn the_canvas_grows_until_the_first_frame_lies_on_it() {
    let halves = [((2, 5), RED), ((17, 5), BLUE)];
    check("plain", &PLAIN.bytes(), (20, 10), &halves);
    for screen in [(0, 0), (1, 1), (0, 10), (20, 3)] {
        check("small screen", &Gif { screen, ..PLAIN }.bytes(), (20, 10), &halves);
    }
    let beyond = Gif { at: (10, 5), ..PLAIN };
    check("beyond", &beyond.bytes(), (30, 15), &[((2, 2), CLEAR), ((12, 7), RED), ((29, 14), BLUE)]);
    let apart = Gif { at: (25, 0), ..PLAIN };
    check("apart", &apart.bytes(), (45, 10), &[((2, 2), CLEAR), ((27, 7), RED), ((44, 9), BLUE)]);
    let large = Gif { screen: (30, 20), ..PLAIN };
    check("large", &large.bytes(), (30, 20), &[((2, 5), RED), ((29, 5), CLEAR), ((2, 15), CLEAR)]);
}

#[test]
fn zeros_between_blocks_and_unknown_extensions_are_passed_over() {
    let comment: &[u8] = b"\x21\xFE\x02hi\0";
    let unknown: &[u8] = b"\x21\x77\x01.\x02..\0";
    for blocks in [[&[0][..], &[0]], [comment, &[0]], [&[0], comment], [unknown, comment], [b"\x21\x77\0", &[]]] {
        let file = Gif { blocks: &blocks.concat(), ..PLAIN };
        check("zeros", &file.bytes(), (20, 10), &[((2, 5), RED), ((17, 5), BLUE)]);
        let file = Gif { blocks: &[CONTROL, &blocks.concat()].concat(), ..PLAIN };
        check("zeros, transparent", &file.bytes(), (20, 10), &[((2, 5), CLEAR), ((17, 5), BLUE)]);
    }
    let error = make(&Gif { blocks: &[0, 7], ..PLAIN }.bytes()).unwrap_err();
    assert_eq!((error.name(), error.is_retryable()), ("corrupt", false));
}

#[test]
fn without_a_colour_table_all_is_black_and_said() {
    for (blocks, left) in [(&[][..], BLACK), (CONTROL, CLEAR)] {
        let made = make(&Gif { has_table: false, blocks, ..PLAIN }.bytes()).unwrap();
        let image = pixels(&made);
        assert_eq!((image.get_pixel(2, 5).0, image.get_pixel(17, 5).0), (left, BLACK));
        assert_eq!(made.warnings.iter().map(engine::Warning::name).collect::<Vec<_>>(), ["damaged"]);
    }
}

#[test]
fn a_frame_without_a_side_is_refused() {
    for frame in [(0, 10), (20, 0), (0, 0)] {
        assert_eq!(make(&Gif { frame, ..PLAIN }.bytes()).unwrap_err().name(), "corrupt", "{frame:?}");
    }
}

#[test]
fn pixels_behind_the_last_row_are_a_warning() {
    let made = make(&PLAIN.bytes_of(&[0; 210])).unwrap();
    assert_eq!(made.warnings.iter().map(engine::Warning::name).collect::<Vec<_>>(), ["damaged"]);
}
