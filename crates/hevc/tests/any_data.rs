//! Parameter sets by chance, with every tool that a picture may use, and slices of bytes by chance: nearly all of them are
//! valid syntax. Nothing panics, and lines come from the top, once each.

use hevc::{Decoder, Filters, HevcError};

/// Pictures that are tried.
const PICTURES: u64 = 400;
const SLICE_BYTES: usize = 2000;

#[test]
fn any_data_ends_with_lines_or_an_error() {
    let mut whole = 0;
    for seed in 1..=PICTURES {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let (sets, slice) = picture(&mut chance);
        let sets = sets.each_ref().map(Vec::as_slice);
        let decoder = Decoder::new(sets).unwrap_or_else(|error| panic!("picture {seed}: {error}"));
        let (width, height) = decoder.size();
        for filters in [Filters::On, Filters::Off] {
            let mut next = 0;
            let result = decoder.decode([slice.as_slice()], filters, &mut |row| {
                assert_eq!((row.y, row.planes[0].len()), (next, width as usize), "picture {seed}");
                next += 1;
            });
            let is_whole = next == height;
            assert!(is_whole || result.is_err(), "picture {seed}: {next} of {height} lines");
            whole += u64::from(is_whole);
        }
    }
    // Few data end before the picture does.
    assert!(whole > PICTURES, "{whole} of {} are whole", 2 * PICTURES);
}

#[test]
fn what_lacks_a_slice_says_which_block_is_missing() {
    let (sets, _) = picture(&mut Chance(7));
    let decoder = Decoder::new(sets.each_ref().map(Vec::as_slice)).expect("sets of the test");
    let decoded = decoder.decode([sets[0].as_slice()], Filters::On, &mut |_| ());
    assert_eq!(decoded, Err(HevcError::Missing(0)));
    assert_eq!(Decoder::new([sets[1].as_slice()]).err(), Some(HevcError::Ends("the parameter sets")));
}

/// A sequence and a picture parameter set, and a slice.
fn picture(chance: &mut Chance) -> ([Vec<u8>; 2], Vec<u8>) {
    let [chroma, depth] = [chance.up_to(4), [8, 8, 10, 12][chance.up_to(4) as usize]];
    let block = 3 + chance.up_to(2);
    let tree = (block + chance.up_to(4)).clamp(4, 6);
    let least = 2 + chance.up_to(block - 2);
    let most = (least + chance.up_to(4)).min(tree.min(5));
    let [has_range, has_offsets, skips, has_lists] = [0; 4].map(|_| chance.flag());
    let mut bits = Bits::default();
    // A version 0, one layer, a profile that nothing depends on.
    bits.put(1, 8);
    bits.put(4, 8);
    (0..10).for_each(|_| bits.put(0, 8));
    bits.put(153, 8);
    bits.golomb(0);
    bits.golomb(chroma);
    if chroma == 3 {
        bits.put(0, 1);
    }
    bits.golomb(16 * (1 + chance.up_to(8)));
    bits.golomb(16 * (1 + chance.up_to(8)));
    bits.put(0, 1);
    [depth - 8, depth - 8, 4].into_iter().for_each(|value| bits.golomb(value));
    bits.put(1, 1);
    let sizes = [0, 0, 0, block - 3, tree - block, least - 2, most - least, 0];
    sizes.into_iter().for_each(|value| bits.golomb(value));
    bits.golomb(chance.up_to(4).min(tree - least));
    // The standard's scaling lists or none.
    if bits.chance(chance) {
        bits.put(0, 1);
    }
    bits.put(0, 1);
    bits.put(u32::from(has_offsets), 1);
    if bits.chance(chance) {
        bits.put(chance.up_to(depth), 4);
        bits.put(chance.up_to(depth), 4);
        bits.golomb(block.min(5) - 3);
        bits.golomb(tree.min(5) - block.min(5));
        bits.chance(chance);
    }
    bits.golomb(0);
    bits.put(0, 2);
    bits.chance(chance);
    bits.put(0, 1);
    bits.put(u32::from(has_range), 1);
    if has_range {
        bits.put(0b1000_0000, 8);
        // Extended precision and aligned bypass bins are refused.
        for tool in 0..9 {
            if matches!(tool, 4 | 8) {
                bits.put(0, 1);
            } else {
                bits.chance(chance);
            }
        }
    }
    let sequence = unit(33, &bits.ended());

    let mut bits = Bits::default();
    (0..2).for_each(|_| bits.golomb(0));
    bits.put(0, 5);
    bits.chance(chance);
    bits.put(0, 1);
    (0..3).for_each(|_| bits.golomb(0));
    bits.put(0, 1);
    bits.put(u32::from(skips), 1);
    if bits.chance(chance) {
        bits.golomb(chance.up_to(tree - block + 1));
    }
    (0..2).for_each(|_| bits.golomb(chance.up_to(24)));
    bits.put(0, 3);
    bits.chance(chance);
    // Tiles, and rows that are sub-streams of their own: chance would not end them.
    bits.put(0, 2);
    let crosses = bits.chance(chance);
    bits.put(0b10, 2);
    let is_deblocked = !bits.chance(chance);
    if is_deblocked {
        (0..2).for_each(|_| bits.golomb(chance.up_to(12)));
    }
    bits.put(0, 2);
    bits.golomb(0);
    bits.put(0, 1);
    bits.put(u32::from(has_range), 1);
    if has_range {
        bits.put(0b1000_0000, 8);
        if skips {
            bits.golomb(chance.up_to(4));
        }
        bits.put(u32::from(chroma == 3), 1);
        bits.put(u32::from(has_lists), 1);
        if has_lists {
            bits.golomb(chance.up_to(tree - block + 1));
            bits.golomb(1);
            (0..4).for_each(|_| bits.golomb(chance.up_to(24)));
        }
        (0..2).for_each(|_| bits.golomb(chance.up_to(depth.max(10) - 9)));
    }
    let of_picture = unit(34, &bits.ended());

    let mut bits = Bits::default();
    // The first and only slice, of the set 0, of type I.
    bits.put(0b10, 2);
    bits.golomb(0);
    bits.golomb(2);
    let luma = has_offsets && bits.chance(chance);
    let blue = has_offsets && chroma != 0 && bits.chance(chance);
    bits.golomb(chance.up_to(40));
    if has_range && has_lists {
        bits.chance(chance);
    }
    if crosses && (luma || blue || is_deblocked) {
        bits.chance(chance);
    }
    let mut data = bits.ended();
    let kind = chance.up_to(3);
    data.extend((0..SLICE_BYTES).map(|_| {
        let value = chance.next();
        match kind {
            0 => value as u8,
            1 => (value & value >> 8) as u8,
            _ => (value | value >> 8) as u8,
        }
    }));
    ([sequence, of_picture], unit(19, &data))
}

/// With its header, and with escapes.
fn unit(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut unit = vec![kind << 1, 1];
    let mut zeros = 0;
    for byte in payload {
        if zeros == 2 && *byte < 4 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        unit.push(*byte);
    }
    unit
}

/// The same numbers for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 on.
    fn up_to(&mut self, count: u32) -> u32 {
        ((self.next() >> 20) % u64::from(count)) as u32
    }

    fn flag(&mut self) -> bool {
        self.up_to(2) == 0
    }
}

/// Bits that are written.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= ((value >> shift & 1) as u8) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    /// `ue(v)`; of `se(v)` its code.
    fn golomb(&mut self, value: u32) {
        let length = (value + 1).ilog2();
        self.put(0, length);
        self.put(value + 1, length + 1);
    }

    fn chance(&mut self, chance: &mut Chance) -> bool {
        let flag = chance.flag();
        self.put(u32::from(flag), 1);
        flag
    }

    /// With a stop bit, up to a whole byte.
    fn ended(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.bytes
    }
}
