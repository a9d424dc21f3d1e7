//! LZW as in GIF: every code stands for a string of pixels that came before, so the decoder copies it from there.
//!
//! Source: GIF89a specification, appendix F. The table keeps for each code where its string begins and how long it is.
//! What is kept of the pixels is a window. A string that has left it is spelled by its prefixes, which the table keeps
//! too, and is then in the window again.
//!
//! The rules for odd data are those of crate `weezl`: the first code needs no clear code before it, a full table stays
//! until a clear code, and the data may end without an end code.

use std::io::Read;

use super::blocks::{Bits, Blocks};

/// Codes have up to 12 bits.
const CODES: usize = 1 << 12;
/// Strings are copied by so many bytes at once, and so much is written behind their end.
const CHUNK_BYTES: usize = 8;
/// Longer strings are left to `memmove`.
const LONG_BYTES: usize = 64;
/// The pixels begin here; before them stand the strings of one pixel, 0 to 255.
const FIRST: usize = 256 + CHUNK_BYTES;
/// Where a string begins that has left the window.
const GONE: u32 = 256;
/// How many pixels are kept for copying.
const HISTORY_BYTES: usize = 32 << 10;
/// The history, the widest row, and the longest string behind it.
const WINDOW_BYTES: usize = 128 << 10;
const _: () = assert!(FIRST + HISTORY_BYTES + u16::MAX as usize + CODES + CHUNK_BYTES <= WINDOW_BYTES);
/// So many pixels are decoded in one go.
const BATCH_BYTES: usize = 8 << 10;

/// What [`Lzw::new`] allocates, in bytes.
pub(super) const BYTES: usize = WINDOW_BYTES + CODES * (size_of::<Entry>() + 1);

/// Why there are no more pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The end code, or the empty block behind the data.
    Data,
    /// The file ends.
    File,
    /// A code that stands for nothing yet.
    Code(u16),
}

/// The string of a code.
#[derive(Clone, Copy)]
struct Entry {
    /// Where it begins in the window, or [`GONE`].
    at: u32,
    /// Its length in pixels, at least 1.
    length: u16,
    /// The code of all but its last pixel.
    prefix: u16,
}

/// Gives the pixels of a frame by rows.
pub(super) struct Lzw<R> {
    blocks: Blocks<R>,
    table: Box<[Entry; CODES]>,
    /// The last pixel of each string.
    lasts: Box<[u8; CODES]>,
    window: Box<[u8; WINDOW_BYTES]>,
    /// The first pixel in the window that was not handed out.
    taken: usize,
    /// Behind the last pixel in the window.
    end: usize,
    /// Bits in a literal.
    literal_bits: u8,
    bits: Bits,
    state: State,
    ended: Option<End>,
}

/// Where the decoder stands between two codes.
#[derive(Clone, Copy)]
struct State {
    /// Bits in the next code.
    code_bits: u32,
    /// The code that the next string makes complete.
    next: usize,
    /// Codes from here on mean nothing.
    limit: usize,
}

impl State {
    /// Behind a clear code.
    fn cleared(literal_bits: u8) -> Self {
        let first = (1 << literal_bits) + 2;
        Self { code_bits: u32::from(literal_bits) + 1, next: first, limit: first }
    }
}

impl<R: Read> Lzw<R> {
    /// `literal_bits` is 1 to 11.
    pub(super) fn new(blocks: Blocks<R>, literal_bits: u8) -> Self {
        let mut table = boxed(&[Entry { at: GONE, length: 1, prefix: 0 }; CODES]);
        for (literal, entry) in table.iter_mut().take(1 << literal_bits).enumerate() {
            entry.at = (literal % 256) as u32;
        }
        let mut window = vec![0; WINDOW_BYTES].into_boxed_slice();
        window.iter_mut().zip(0..=255).for_each(|(pixel, literal)| *pixel = literal);
        let window = window.try_into().expect("it has the length of its type");
        let state = State::cleared(literal_bits);
        let lasts = boxed(&[0; CODES]);
        Self {
            blocks,
            table,
            lasts,
            window,
            taken: FIRST,
            end: FIRST,
            literal_bits,
            bits: Bits::default(),
            state,
            ended: None,
        }
    }

    /// The next `width` pixels.
    ///
    /// # Errors
    /// Why there are none, or fewer.
    pub(super) fn row(&mut self, width: usize) -> Result<&[u8], End> {
        debug_assert!(width <= usize::from(u16::MAX));
        while self.end - self.taken < width {
            match self.ended {
                Some(end) => return Err(end),
                None => self.ended = self.decode(width.max(BATCH_BYTES)),
            }
        }
        let row = &self.window[self.taken..][..width];
        self.taken += width;
        Ok(row)
    }

    /// Decodes until `count` pixels wait to be handed out, or nothing more comes.
    fn decode(&mut self, count: usize) -> Option<End> {
        if self.taken + count + CODES + CHUNK_BYTES > WINDOW_BYTES {
            self.slide();
        }
        let goal = self.taken + count;
        let clear = 1 << self.literal_bits;
        let (table, window) = (&mut *self.table, &mut *self.window);
        let State { mut code_bits, mut next, mut limit } = self.state;
        let (mut bits, mut end) = (self.bits, self.end);
        let mut ended = None;
        while end < goal {
            let Some(code) = self.blocks.code(&mut bits, code_bits) else {
                ended = Some(if self.blocks.is_cut() { End::File } else { End::Data });
                break;
            };
            if code >= limit {
                ended = Some(End::Code(code as u16));
                break;
            }
            if code & !1 == clear {
                if code != clear {
                    ended = Some(End::Data);
                    break;
                }
                State { code_bits, next, limit } = State::cleared(self.literal_bits);
                continue;
            }
            let Entry { at, length, .. } = table[code % CODES];
            let length = usize::from(length);
            if code == next {
                // The string before, and its first pixel once more.
                copy(window, at as usize, end, length - 1);
                window[end + length - 1] = window[at as usize];
            } else if at != GONE {
                copy(window, at as usize, end, length);
            } else {
                spell(window, table, &self.lasts, code, end);
                table[code % CODES].at = end as u32;
            }
            if limit > next {
                self.lasts[next % CODES] = window[end];
                next += 1;
            }
            // Behind the first code too, where pixels have one bit: so do browsers and giflib.
            if next >= 1 << code_bits && code_bits < 12 {
                code_bits += 1;
            }
            if next < CODES {
                table[next] = Entry { at: end as u32, length: length as u16 + 1, prefix: code as u16 };
                limit = next + 1;
            } else {
                limit = next;
            }
            end += length;
        }
        self.state = State { code_bits, next, limit };
        (self.bits, self.end) = (bits, end);
        ended
    }

    /// Makes room behind the pixels: what was handed out goes, but for the history.
    fn slide(&mut self) {
        let keep = self.taken.min(self.end - (self.end - FIRST).min(HISTORY_BYTES));
        let shift = (keep - FIRST) as u32;
        self.window.copy_within(keep..self.end, FIRST);
        for entry in &mut self.table[(1 << self.literal_bits) + 2..] {
            entry.at = if entry.at as usize >= keep { entry.at - shift } else { GONE };
        }
        self.taken -= shift as usize;
        self.end -= shift as usize;
    }
}

/// Through a vector: an array this large does not go over the stack.
fn boxed<T: Clone, const N: usize>(values: &[T; N]) -> Box<[T; N]> {
    values.to_vec().into_boxed_slice().try_into().ok().expect("it has the length of its type")
}

/// Copies `length` pixels from `at` to `to`, the place behind all pixels; up to a chunk more is overwritten.
#[inline(always)]
fn copy(window: &mut [u8; WINDOW_BYTES], at: usize, to: usize, length: usize) {
    let mut chunk = |done: usize| {
        let pixels: [u8; CHUNK_BYTES] = window[at + done..][..CHUNK_BYTES].try_into().expect("a chunk is a chunk");
        window[to + done..][..CHUNK_BYTES].copy_from_slice(&pixels);
    };
    chunk(0);
    if length <= CHUNK_BYTES {
        return;
    }
    if length <= LONG_BYTES {
        (CHUNK_BYTES..length).step_by(CHUNK_BYTES).for_each(chunk);
    } else {
        window.copy_within(at..at + length, to);
    }
}

/// Writes the string of `code` to `to`, from its end, until a prefix is in the window.
#[cold]
fn spell(window: &mut [u8; WINDOW_BYTES], table: &[Entry; CODES], lasts: &[u8; CODES], mut code: usize, to: usize) {
    loop {
        let Entry { at, length, prefix } = table[code % CODES];
        if at != GONE {
            window.copy_within(at as usize..at as usize + usize::from(length), to);
            return;
        }
        window[to + usize::from(length) - 1] = lasts[code % CODES];
        code = usize::from(prefix);
    }
}

#[cfg(test)]
mod tests {
    use weezl::{BitOrder, LzwStatus};

    use super::*;

    /// A generator that is the same on every machine.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % bound
        }
    }

    /// Sub-blocks of changing lengths, closed by an empty one.
    fn blocks(data: &[u8], random: &mut Random) -> Vec<u8> {
        let (mut file, mut rest) = (Vec::new(), data);
        while !rest.is_empty() {
            let length = if random.below(3) == 0 { 255 } else { 1 + random.below(255) }.min(rest.len());
            file.push(length as u8);
            file.extend(&rest[..length]);
            rest = &rest[length..];
        }
        file.push(0);
        file
    }

    /// All pixels by rows of `width`, the last ones one by one, and why they end.
    fn decoded(file: &[u8], literal_bits: u8, width: usize) -> (Vec<u8>, End) {
        let mut lzw = Lzw::new(Blocks::new(file), literal_bits);
        let mut pixels = Vec::new();
        while let Ok(row) = lzw.row(width) {
            pixels.extend(row);
        }
        loop {
            match lzw.row(1) {
                Ok(pixel) => pixels.extend(pixel),
                Err(end) => return (pixels, end),
            }
        }
    }

    /// What crate `weezl` makes of it, and whether it met a code that means nothing.
    fn by_weezl(data: &[u8], literal_bits: u8) -> (Vec<u8>, bool) {
        let mut pixels = Vec::new();
        let mut decoder = weezl::decode::Decoder::new(BitOrder::Lsb, literal_bits);
        let mut rest = data;
        loop {
            // Pixel by pixel: what comes before an error in one call is lost.
            let mut pixel = [0];
            let result = decoder.decode_bytes(rest, &mut pixel);
            rest = &rest[result.consumed_in..];
            pixels.extend(&pixel[..result.consumed_out]);
            match result.status {
                Err(_) => return (pixels, true),
                Ok(LzwStatus::Done) => return (pixels, false),
                Ok(LzwStatus::NoProgress) if result.consumed_out == 0 => return (pixels, false),
                Ok(_) => {}
            }
        }
    }

    fn check(name: &str, data: &[u8], literal_bits: u8, random: &mut Random) {
        let (want, is_wrong) = by_weezl(data, literal_bits);
        let width = [1, 7, 640, 20_000, 65_535][random.below(5)];
        let (got, end) = decoded(&blocks(data, random), literal_bits, width);
        assert!(got == want, "{name}: {} pixels, not {}, or other ones", got.len(), want.len());
        assert_eq!(matches!(end, End::Code(_)), is_wrong, "{name}: {end:?}");
        assert_ne!(end, End::File, "{name}");
    }

    /// Pixels as pictures have them: runs, noise, and what came before once more.
    fn picture(colours: usize, pixels: usize, run: usize, random: &mut Random) -> Vec<u8> {
        let mut picture: Vec<u8> = Vec::new();
        while picture.len() < pixels {
            let length = 1 + random.below(run);
            match random.below(3) {
                0 if picture.len() > length => {
                    let from = random.below(picture.len() - length);
                    picture.extend_from_within(from..from + length);
                }
                1 => picture.extend(std::iter::repeat_n(random.below(colours) as u8, length)),
                _ => (0..length.min(9)).for_each(|_| picture.push(random.below(colours) as u8)),
            }
        }
        picture
    }

    #[test]
    fn pixels_are_those_of_another_decoder() {
        let mut random = Random(1);
        for literal_bits in 1..=8 {
            for (pixels, run) in [(0, 1), (1, 1), (3_000, 2), (200_000, 4), (400_000, 2_000), (1_500_000, 30_000)] {
                let picture = picture(1 << literal_bits, pixels, run, &mut random);
                let data = weezl::encode::Encoder::new(BitOrder::Lsb, literal_bits).encode(&picture).unwrap();
                assert_eq!(by_weezl(&data, literal_bits).0, picture);
                check(&format!("{literal_bits} bits, {pixels} px, runs of {run}"), &data, literal_bits, &mut random);
            }
        }
    }

    #[test]
    fn a_string_that_left_the_window_is_spelled() {
        // Codes without a clear code: long strings of one colour, noise that pushes them out, and they again.
        let mut random = Random(2);
        let mut picture = vec![7; 500_000];
        picture.extend((0..40_000).map(|_| random.below(256) as u8));
        picture.extend(vec![7; 300_000]);
        // The encoder clears its table when it is full; a decoder must also go on with a full one.
        let data = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&picture).unwrap();
        check("flat, noise, flat", &data, 8, &mut random);
        for seed in 0..40 {
            let mut random = Random(seed);
            let codes = without_clear_codes(&mut random);
            check(&format!("full table, seed {seed}"), &codes, 8, &mut random);
        }
    }

    /// A full table of strings, and then any of its codes.
    fn without_clear_codes(random: &mut Random) -> Vec<u8> {
        let (mut data, mut waiting, mut count) = (Vec::new(), 0_u64, 0);
        let (mut code_bits, mut next) = (9, 258);
        for at in 0..9_000 {
            let code = match random.below(4) {
                // Strings get longer by one pixel.
                _ if at > 0 && next < 4_096 && random.below(8) > 0 => next,
                _ if at == 0 => 65,
                0 => random.below(256),
                _ if next > 258 => 258 + random.below(next - 258),
                _ => 65,
            };
            waiting |= (code as u64) << count;
            count += code_bits;
            while count >= 8 {
                data.push(waiting as u8);
                waiting >>= 8;
                count -= 8;
            }
            if at > 0 && next < 4_096 {
                if next + 1 >= 1 << code_bits && code_bits < 12 {
                    code_bits += 1;
                }
                next += 1;
            }
        }
        data.push(waiting as u8);
        data
    }

    #[test]
    fn any_bytes_give_what_another_decoder_gives() {
        let mut random = Random(3);
        for seed in 0..3_000 {
            let literal_bits = 1 + (seed % 11) as u8;
            let pixels = random.below(4_000);
            let colours = 1 << literal_bits.min(8);
            let picture = picture(colours, pixels, 50, &mut random);
            let mut data = weezl::encode::Encoder::new(BitOrder::Lsb, literal_bits).encode(&picture).unwrap();
            for _ in 0..1 + random.below(4) {
                let at = random.below(data.len());
                data[at] ^= 1 << random.below(8);
            }
            if seed % 5 == 0 {
                data = (0..random.below(500)).map(|_| random.below(256) as u8).collect();
            }
            check(&format!("seed {seed}"), &data, literal_bits, &mut random);
        }
    }

    #[test]
    fn a_cut_file_gives_every_pixel_whose_code_is_there() {
        let mut random = Random(4);
        let picture = picture(256, 3_000, 9, &mut random);
        let data = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&picture).unwrap();
        let file: Vec<u8> = data.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat()).collect();
        let mut before = 0;
        for length in 0..file.len() {
            let (pixels, end) = decoded(&file[..length], 8, 10);
            assert!(picture.starts_with(&pixels) && pixels.len() >= before, "{length}");
            assert!(end == End::File || length + 3 > file.len(), "{length}: {end:?}");
            before = pixels.len();
        }
        assert!(before + 20 > picture.len());
    }
}
