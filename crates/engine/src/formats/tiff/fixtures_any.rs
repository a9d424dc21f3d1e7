//! A writer of TIFF files whose parts stand anywhere, and files of the kinds that offices, scanners and laboratories
//! send.

use super::super::{HEIGHT, WIDTH, deflate, jpeg, lzw, picture};

/// In which order directory, the arrays that it points to, and the pixels follow the header.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    DirectoryArraysPixels,
    DirectoryPixelsArrays,
    PixelsDirectoryArrays,
    PixelsArraysDirectory,
}

pub const ORDERS: [Order; 4] = [
    Order::DirectoryArraysPixels,
    Order::DirectoryPixelsArrays,
    Order::PixelsDirectoryArrays,
    Order::PixelsArraysDirectory,
];

#[derive(Clone)]
pub struct AnyTiff {
    pub big_endian: bool,
    pub big_tiff: bool,
    pub order: Order,
    /// Tag, type, values; of a rational (5) numerator and denominator are one value.
    pub entries: Vec<(u16, u16, Vec<u64>)>,
    pub chunks: Vec<Vec<u8>>,
    /// Tag of the lengths; 0 leaves them out.
    pub lengths: u16,
}

impl AnyTiff {
    /// Of `size`, with one or more strips.
    pub fn new((width, height): (u32, u32), chunks: Vec<Vec<u8>>) -> Self {
        let entries = vec![(256, 4, vec![width.into()]), (257, 4, vec![height.into()])];
        let order = Order::DirectoryArraysPixels;
        Self { big_endian: false, big_tiff: false, order, entries, chunks, lengths: 279 }
    }

    #[must_use]
    pub fn with(mut self, tag: u16, kind: u16, values: &[u64]) -> Self {
        self.entries.retain(|(other, ..)| *other != tag);
        self.entries.push((tag, kind, values.to_vec()));
        self
    }

    /// Shorts.
    #[must_use]
    pub fn tags(self, tags: &[(u16, &[u64])]) -> Self {
        tags.iter().fold(self, |file, (tag, values)| file.with(*tag, 3, values))
    }

    pub fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        let big = value.to_be_bytes();
        let mut number = big[8 - bytes..].to_vec();
        if !self.big_endian {
            number.reverse();
        }
        number
    }

    pub fn file(&self) -> Vec<u8> {
        let (header_bytes, count_bytes, field_bytes) = if self.big_tiff { (16, 8, 8) } else { (8, 2, 4) };
        let entries = self.entries.len() + 1 + usize::from(self.lengths > 0);
        let directory_bytes = count_bytes + entries * (4 + 2 * field_bytes) + field_bytes;
        let pixels_bytes: usize = self.chunks.iter().map(Vec::len).sum();
        let width = |kind: u16| [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8][usize::from(kind)];
        let table = |kind, count| if count * width(kind) > field_bytes { count * width(kind) } else { 0 };
        let mut arrays_bytes: usize = self.entries.iter().map(|(_, kind, values)| table(*kind, values.len())).sum();
        arrays_bytes += table(4, self.chunks.len()) * (entries - self.entries.len());
        let (directory_at, mut array_at, pixels_at) = match self.order {
            Order::DirectoryArraysPixels => (0, directory_bytes, directory_bytes + arrays_bytes),
            Order::DirectoryPixelsArrays => (0, directory_bytes + pixels_bytes, directory_bytes),
            Order::PixelsDirectoryArrays => (pixels_bytes, pixels_bytes + directory_bytes, 0),
            Order::PixelsArraysDirectory => (pixels_bytes + arrays_bytes, pixels_bytes, 0),
        };
        let mut all = self.entries.clone();
        let mut at = header_bytes + pixels_at;
        let offsets = self.chunks.iter().map(|chunk| {
            at += chunk.len();
            (at - chunk.len()) as u64
        });
        all.push((if self.lengths == 325 { 324 } else { 273 }, 4, offsets.collect()));
        if self.lengths > 0 {
            all.push((self.lengths, 4, self.chunks.iter().map(|chunk| chunk.len() as u64).collect()));
        }
        all.sort();
        let mut directory = self.number(all.len() as u64, count_bytes);
        let mut arrays = Vec::new();
        for (tag, kind, values) in all {
            directory.extend(self.number(tag.into(), 2));
            directory.extend(self.number(kind.into(), 2));
            directory.extend(self.number(values.len() as u64, field_bytes));
            let mut bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| match kind {
                    5 => [self.number(value >> 32, 4), self.number(value & 0xFFFF_FFFF, 4)].concat(),
                    _ => self.number(*value, width(kind)),
                })
                .collect();
            if bytes.len() > field_bytes {
                directory.extend(self.number((header_bytes + array_at) as u64, field_bytes));
                array_at += bytes.len();
                arrays.extend(bytes);
            } else {
                bytes.resize(field_bytes, 0);
                directory.extend(bytes);
            }
        }
        directory.extend(vec![0; field_bytes]);
        let mut file = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        file.extend(self.number(if self.big_tiff { 43 } else { 42 }, 2));
        if self.big_tiff {
            file.extend(self.number(8, 4));
        }
        file.extend(self.number((header_bytes + directory_at) as u64, field_bytes));
        let pixels = self.chunks.concat();
        let parts: [&[u8]; 3] = match self.order {
            Order::DirectoryArraysPixels => [&directory, &arrays, &pixels],
            Order::DirectoryPixelsArrays => [&directory, &pixels, &arrays],
            Order::PixelsDirectoryArrays => [&pixels, &directory, &arrays],
            Order::PixelsArraysDirectory => [&pixels, &arrays, &directory],
        };
        file.extend(parts.concat());
        file
    }
}

/// Of the size of the picture.
pub fn plain(chunks: Vec<Vec<u8>>) -> AnyTiff {
    AnyTiff::new((WIDTH, HEIGHT), chunks)
}

pub fn rgb() -> Vec<u8> {
    picture().into_raw()
}

/// Numbers of `bits` bits, rows of `width` of them from whole bytes.
pub fn pack(numbers: &[u64], width: usize, bits: usize) -> Vec<u8> {
    let row = |row: &[u64]| {
        let text: String = row.iter().map(|number| format!("{number:0bits$b}")).collect();
        let bits = text.as_bytes().chunks(8).map(|bits| {
            bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | (bit - b'0') << (7 - at))
        });
        bits.collect::<Vec<u8>>()
    };
    numbers.chunks(width).flat_map(row).collect()
}

/// Black where the picture is dark.
pub fn ink() -> Vec<bool> {
    picture().pixels().map(|pixel| pixel.0.iter().map(|sample| u32::from(*sample)).sum::<u32>() < 360).collect()
}

/// The text of a run.
fn run(is_black: bool, mut length: usize) -> String {
    use fax::maps::{black, white};
    let entries = if is_black { &black::ENTRIES } else { &white::ENTRIES };
    let mut text = String::new();
    loop {
        let code = if length >= 64 { length / 64 * 64 } else { length };
        let index = if code >= 64 { 63 + code / 64 } else { code };
        let bits = entries[index].1;
        text += &format!("{:0width$b}", bits.data, width = usize::from(bits.len));
        length -= code;
        if code < 64 {
            return text;
        }
    }
}

/// Rows in one dimension: each as text.
fn rows_of_runs(ink: &[bool]) -> Vec<String> {
    let row = |row: &[bool]| {
        let (mut text, mut at, mut is_black) = (String::new(), 0, false);
        while at < row.len() {
            let length = row[at..].iter().take_while(|ink| **ink == is_black).count();
            text += &run(is_black, length);
            (at, is_black) = (at + length, !is_black);
        }
        text
    };
    ink.chunks(WIDTH as usize).map(row).collect()
}

fn bits(text: &str) -> Vec<u8> {
    pack(&text.bytes().map(|bit| u64::from(bit - b'0')).collect::<Vec<_>>(), usize::MAX >> 1, 1)
}

const LINE_END: &str = "000000000001";

/// Group 3: in one dimension, or each row that is that of the row above in two.
pub fn fax_3(two_dimensions: bool, ink: &[bool]) -> Vec<u8> {
    let rows = rows_of_runs(ink);
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        text += LINE_END;
        match two_dimensions {
            true if at > 0 && rows[at - 1] == *row => {
                let changes = ink[at * WIDTH as usize..][..WIDTH as usize].windows(2).filter(|two| two[0] != two[1]);
                let first = usize::from(ink[at * WIDTH as usize]);
                text += "0";
                text += &"1".repeat(changes.count() + first + 1);
            }
            true => text += &format!("1{row}"),
            false => text += row,
        }
    }
    let end = if two_dimensions { format!("{LINE_END}1") } else { LINE_END.to_owned() };
    bits(&(text + &end.repeat(6)))
}

pub fn fax_runs(ink: &[bool]) -> Vec<u8> {
    rows_of_runs(ink).iter().flat_map(|row| bits(row)).collect()
}

pub fn fax_4(ink: &[bool]) -> Vec<u8> {
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in ink.chunks(WIDTH as usize) {
        let colours = row.iter().map(|ink| if *ink { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(colours, WIDTH as u16).unwrap();
    }
    encoder.finish().unwrap().finish()
}

/// Blocks of two by two pixels: four luma samples and one of either chroma.
pub fn ycbcr_blocks() -> Vec<u8> {
    let picture = picture();
    let ycbcr = |x: u32, y: u32| {
        let [red, green, blue] = picture.get_pixel(x, y).0.map(f64::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, 128.0 + (blue - luma) / 1.772, 128.0 + (red - luma) / 1.402].map(|sample| sample.round() as u8)
    };
    let block = |x: u32, y: u32| {
        let [luma, cb, cr] = ycbcr(x, y);
        [luma, ycbcr(x + 1, y)[0], ycbcr(x, y + 1)[0], ycbcr(x + 1, y + 1)[0], cb, cr]
    };
    let columns = move |y| (0..WIDTH / 2).flat_map(move |x| block(x * 2, y * 2));
    (0..HEIGHT / 2).flat_map(columns).collect()
}

/// The same JPEG as old style has it: a whole file, or tables in the directory and a bare scan.
pub fn old_jpeg(in_parts: bool) -> Vec<u8> {
    let stream = jpeg::rgb_planes(&rgb(), WIDTH);
    let tags: [(u16, &[u64]); 5] = [(258, &[8; 3]), (259, &[6]), (262, &[6]), (277, &[3]), (530, &[1, 1])];
    if !in_parts {
        let file = plain(vec![stream.clone()]).tags(&tags).with(514, 4, &[stream.len() as u64]).with(513, 4, &[0]);
        // Directory and arrays first: the stream is what stands at the end.
        let start = (file.file().len() - stream.len()) as u64;
        return file.with(513, 4, &[start]).file();
    }
    let (mut tables, mut scan) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
    let mut at = 2;
    while at < stream.len() {
        let length = usize::from(stream[at + 2]) << 8 | usize::from(stream[at + 3]);
        let mut body = &stream[at + 4..at + 2 + length];
        while let (0xDB | 0xC4, Some((kind, rest))) = (stream[at + 1], body.split_first()) {
            let counted = 16 + rest.iter().take(16).map(|count| usize::from(*count)).sum::<usize>();
            let length = if stream[at + 1] == 0xDB { 64 } else { counted };
            let class = if stream[at + 1] == 0xDB { 0 } else { 1 + usize::from(kind >> 4) };
            tables[class].push(rest[..length].to_vec());
            body = &rest[length..];
        }
        at += 2 + length;
        if stream[at - length - 1] == 0xDA {
            scan = stream[at..].to_vec();
            break;
        }
    }
    // Tables stand behind the scan: one of each kind for luma, one for chroma, or one for both.
    let parts = tables.concat();
    let end_of_scan = |file: &[u8]| (file.len() - parts.concat().len()) as u64;
    let file = |start: u64| {
        let mut file = plain(vec![[scan.clone(), parts.concat()].concat()]).tags(&tags);
        let mut at = start;
        for (index, pair) in tables.iter().enumerate() {
            let (end, chroma) = (at + pair.concat().len() as u64, at + pair[0].len() as u64);
            let chroma = if chroma < end { chroma } else { at };
            file = file.with(519 + index as u16, 4, &[at, chroma, chroma]);
            at = end;
        }
        file.file()
    };
    file(end_of_scan(&file(0)))
}

/// L*a*b* of light without colour, as bright as the picture's green.
pub fn lab() -> Vec<u8> {
    picture().pixels().flat_map(|pixel| [pixel.0[1], 0, 0]).collect()
}

/// Indices of grey 0 to 7 and a colour map for them; alpha behind each index.
pub fn palette_alpha() -> AnyTiff {
    let levels: Vec<u64> = (0..256).map(|index: u64| index.min(7) * 0x2492).collect();
    let indices = picture().pixels().flat_map(|pixel| [pixel.0[0] >> 5, 255]).collect();
    let tags: [(u16, &[u64]); 5] = [(258, &[8; 2]), (262, &[3]), (277, &[2]), (320, &levels.repeat(3)), (338, &[2])];
    plain(vec![indices]).tags(&tags)
}

/// RGB in floats.
pub fn floats(order: impl Fn(f32) -> [u8; 4]) -> AnyTiff {
    let samples = rgb().into_iter().flat_map(|sample| order(f32::from(sample) * 3.0 - 40.0)).collect();
    plain(vec![samples]).tags(&[(258, &[32; 3]), (262, &[2]), (277, &[3]), (339, &[3; 3])])
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let fax = |compression, options, stream| {
        let tags: [(u16, &[u64]); 3] = [(259, &[compression]), (262, &[0]), (292, &[options])];
        plain(vec![stream]).tags(&tags).file()
    };
    let three: [(u16, &[u64]); 2] = [(262, &[2]), (277, &[3])];
    let wide: Vec<u64> = rgb().into_iter().map(|sample| u64::from(sample) * 4095 / 255).collect();
    let twelve = plain(vec![pack(&wide, WIDTH as usize * 3, 12)]).tags(&three).tags(&[(258, &[12; 3])]);
    let turned = deflate(&rgb()).into_iter().map(u8::reverse_bits).collect();
    let turned = plain(vec![turned]).tags(&three).tags(&[(258, &[8; 3]), (259, &[8]), (266, &[2])]);
    let ycbcr: [(u16, &[u64]); 4] = [(258, &[8; 3]), (259, &[5]), (262, &[6]), (277, &[3])];
    let lab_tags: [(u16, &[u64]); 3] = [(258, &[8; 3]), (262, &[8]), (277, &[3])];
    vec![
        ("tiff fax 3", fax(3, 0, fax_3(false, &ink()))),
        ("tiff fax 3 in two dimensions", fax(3, 1, fax_3(true, &ink()))),
        ("tiff fax 4", fax(4, 0, fax_4(&ink()))),
        ("tiff fax runs", fax(2, 0, fax_runs(&ink()))),
        ("tiff 12 bit", twelve.file()),
        ("tiff turned bits", turned.file()),
        ("tiff ycbcr", plain(vec![lzw(&ycbcr_blocks())]).tags(&ycbcr).file()),
        ("tiff lab", plain(vec![lab()]).tags(&lab_tags).file()),
        ("tiff palette alpha", palette_alpha().file()),
        ("tiff floats", floats(f32::to_le_bytes).file()),
        ("tiff old jpeg", old_jpeg(false)),
        ("tiff old jpeg in parts", old_jpeg(true)),
    ]
}
