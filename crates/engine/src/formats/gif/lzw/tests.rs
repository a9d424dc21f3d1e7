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
