//! Camera files without a sensor's samples: directories by hand around JPEG files. Sources: those of `previews.rs`.

use image::{DynamicImage, imageops::FilterType};

use super::{HEIGHT, WIDTH, heif_boxes::boxed, jpeg, picture};

/// Type, count and value of an entry.
type Entry = (u16, u16, u32, u32);

const SHORT: u16 = 3;
const LONG: u16 = 4;
const BYTES: u16 = 7;
/// Where the first directory stands, and where the JPEG files start.
const FIRST: u32 = 16;
const FILES: u32 = 1024;

/// Bytes at their places.
struct File(Vec<u8>);

impl File {
    fn new(start: &[u8]) -> Self {
        Self([start, &FIRST.to_le_bytes()].concat())
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        self.0.resize(self.0.len().max(at as usize + bytes.len()), 0);
        self.0[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    fn directory(&mut self, at: u32, next: u32, entries: &[Entry]) {
        let mut bytes = (entries.len() as u16).to_le_bytes().to_vec();
        for (tag, kind, count, value) in entries {
            bytes.extend([*tag, *kind].map(u16::to_le_bytes).concat());
            bytes.extend([*count, *value].map(u32::to_le_bytes).concat());
        }
        bytes.extend(next.to_le_bytes());
        self.put(at, &bytes);
    }
}

/// The small JPEG, then the large one, one behind the other; and where they stand.
struct Pair {
    bytes: Vec<u8>,
    small: (u32, u32),
    large: (u32, u32),
}

fn pair(image: &DynamicImage) -> Pair {
    // Half the size, so that tests see which was taken.
    let (width, height) = ((image.width() / 3).max(1), (image.height() / 3).max(1));
    let small = jpeg::encode(&image.resize_exact(width, height, FilterType::Triangle));
    let large = jpeg::encode(image);
    let (small_bytes, large_bytes) = (small.len() as u32, large.len() as u32);
    Pair { bytes: [small, large].concat(), small: (FILES, small_bytes), large: (FILES + small_bytes, large_bytes) }
}

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let file = jpeg::encode(image);
    let mut raf = b"FUJIFILMCCD-RAW 0201FF389501".to_vec();
    raf.resize(84, 0);
    raf.extend([160, file.len() as u32].map(u32::to_be_bytes).concat());
    raf.resize(160, 0);
    [raf, file].concat()
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let image = picture().into();
    vec![
        ("raw raf", encode(&image)),
        ("raw dng", dng(&image, 1)),
        ("raw cr2", cr2(&image)),
        ("raw nef", nef(&image)),
        ("raw orf", orf(&image)),
        ("raw rw2", rw2(&image)),
        ("raw cr3", cr3(&image)),
    ]
}

pub fn dng(image: &DynamicImage, orientation: u32) -> Vec<u8> {
    let pair = pair(image);
    let mut file = File::new(b"II*\0");
    // A thumbnail that is no JPEG; the sensor's samples, and two previews.
    let first = [(256, LONG, 1, 4), (257, LONG, 1, 4), (259, SHORT, 1, 1), (262, SHORT, 1, 2)];
    let rest = [(274, SHORT, 1, orientation), (330, LONG, 3, 300), (50_706, 1, 4, 0x401)];
    file.directory(FIRST, 0, &[first.as_slice(), &rest].concat());
    file.put(300, &[320_u32, 500, 680].map(u32::to_le_bytes).concat());
    let sensor = [(256, LONG, 1, 4000), (257, LONG, 1, 3000), (259, SHORT, 1, 7), (262, SHORT, 1, 32_803)];
    file.directory(320, 0, &[sensor.as_slice(), &[(273, LONG, 1, FILES), (279, LONG, 1, 9)]].concat());
    for (at, (place, bytes), by) in [(500, pair.small, 3), (680, pair.large, 1)] {
        let size = [(256, LONG, 1, WIDTH / by), (257, LONG, 1, HEIGHT / by), (259, SHORT, 1, 7), (262, SHORT, 1, 6)];
        file.directory(at, 0, &[size.as_slice(), &[(273, LONG, 1, place), (279, LONG, 1, bytes)]].concat());
    }
    file.put(FILES, &pair.bytes);
    file.0
}

fn cr2(image: &DynamicImage) -> Vec<u8> {
    let pair = pair(image);
    let mut file = File::new(b"II*\0");
    file.put(8, b"CR\x02\0");
    let size = [(256, SHORT, 1, WIDTH), (257, SHORT, 1, HEIGHT), (259, SHORT, 1, 6)];
    let place = [(273, LONG, 1, pair.large.0), (274, SHORT, 1, 1), (279, LONG, 1, pair.large.1)];
    file.directory(FIRST, 300, &[size, place].concat());
    file.directory(300, 0, &[(513, LONG, 1, pair.small.0), (514, LONG, 1, pair.small.1)]);
    file.put(FILES, &pair.bytes);
    file.0
}

fn nef(image: &DynamicImage) -> Vec<u8> {
    let pair = pair(image);
    let mut file = File::new(b"II*\0");
    file.directory(FIRST, 0, &[(271, 2, 4, 0x4E49_4B4F), (274, SHORT, 1, 1), (330, LONG, 2, 300)]);
    file.put(300, &[320_u32, 500].map(u32::to_le_bytes).concat());
    file.directory(320, 0, &[(259, SHORT, 1, 6), (513, LONG, 1, pair.large.0), (514, LONG, 1, pair.large.1)]);
    file.directory(500, 0, &[(259, SHORT, 1, 34_713), (262, SHORT, 1, 32_803)]);
    file.put(FILES, &pair.bytes);
    file.0
}

fn orf(image: &DynamicImage) -> Vec<u8> {
    let pair = pair(image);
    let mut file = File::new(b"IIRO");
    let note = 400;
    file.directory(FIRST, 0, &[(274, SHORT, 1, 1), (34_665, LONG, 1, 300)]);
    file.directory(300, 0, &[(37_500, BYTES, 300, note)]);
    file.put(note, b"OLYMPUS\0II\x03\0");
    // Places count from the note.
    file.directory(note + 12, 0, &[(0x2020, 13, 1, 100)]);
    file.directory(note + 100, 0, &[(0x101, LONG, 1, pair.large.0 - note), (0x102, LONG, 1, pair.large.1)]);
    file.put(FILES, &pair.bytes);
    file.0
}

fn rw2(image: &DynamicImage) -> Vec<u8> {
    let pair = pair(image);
    let mut file = File::new(b"IIU\0");
    file.directory(FIRST, 0, &[(46, BYTES, pair.large.1, pair.large.0), (274, SHORT, 1, 1)]);
    file.put(FILES, &pair.bytes);
    file.0
}

fn cr3(image: &DynamicImage) -> Vec<u8> {
    let Pair { bytes, small, .. } = pair(image);
    let (small, large) = bytes.split_at(small.1 as usize);
    let side = |side: u32| (side as u16).to_be_bytes();
    let size = |file: &[u8]| (file.len() as u32).to_be_bytes();
    let (width, height) = (image.width(), image.height());
    let thumbnail = [[0; 4].as_slice(), &side(width / 3), &side(height / 3), &size(small), &[0, 1, 0, 0], small].concat();
    let preview =
        [[0, 0, 0, 0, 0, 1].as_slice(), &side(width), &side(height), &[0, 1], &size(large), large].concat();
    let movie = [
        b"\x85\xC0\xB6\x87\x82\x0F\x11\xE0\x81\x11\xF4\xCE\x46\x2B\x6A\x48".to_vec(),
        boxed(b"CMT1", &super::exif(1)),
        boxed(b"THMB", &thumbnail),
    ];
    let with_preview = [
        b"\xEA\xF4\x2B\x5E\x1C\x98\x4B\x88\xB9\xFB\xB7\xDC\x40\x6E\x4D\x16\0\0\0\0\0\0\0\x01".to_vec(),
        boxed(b"PRVW", &preview),
    ];
    [
        boxed(b"ftyp", b"crx \0\0\0\x01crx isom"),
        boxed(b"moov", &boxed(b"uuid", &movie.concat())),
        boxed(b"uuid", &with_preview.concat()),
        boxed(b"mdat", &[0; 64]),
    ]
    .concat()
}
