//! A tile of AV1 in which each block has one colour: a prediction from the blocks around it, and one coefficient that
//! corrects it. Source: AV1 Bitstream & Decoding Process Specification, 5.11, 7.11.2.5, 7.13.2, 8.2, 8.3 and 9.

use std::ops::Range;

/// A picture to encode.
pub struct Samples<'picture> {
    pub size: (u32, u32),
    pub bits: u32,
    /// 1 or 3.
    pub planes: usize,
    /// 4:2:0.
    pub is_halved: bool,
    /// The sample of a plane at a pixel, also beyond the edges.
    pub at: &'picture dyn Fn(usize, u32, u32) -> u32,
}

/// Probabilities of partitions that start with "none, horizontal, vertical, split", by which neighbours are split: of
/// blocks of 8, 16, 32 and 64 pixels.
const PARTITION: [[&[u16]; 4]; 4] = [
    [&[19132, 25510, 30392], &[13928, 19855, 28540], &[12522, 23679, 28629], &[9896, 18783, 25853]],
    [
        &[15597, 20929, 24571, 26706, 27664, 28821, 29601, 30571, 31902],
        &[7925, 11043, 16785, 22470, 23971, 25043, 26651, 28701, 29834],
        &[5414, 13269, 15111, 20488, 22360, 24500, 25537, 26336, 32117],
        &[2662, 6362, 8614, 20860, 23053, 24778, 26436, 27829, 31171],
    ],
    [
        &[18462, 20920, 23124, 27647, 28227, 29049, 29519, 30178, 31544],
        &[7689, 9060, 12056, 24992, 25660, 26182, 26951, 28041, 29052],
        &[6015, 9009, 10062, 24544, 25409, 26545, 27071, 27526, 32047],
        &[1394, 2208, 2796, 28614, 29061, 29466, 29840, 30185, 31899],
    ],
    [
        &[20137, 21547, 23078, 29566, 29837, 30261, 30524, 30892, 31724],
        &[6732, 7490, 9497, 27944, 28250, 28515, 28969, 29630, 30104],
        &[5945, 7663, 8348, 28683, 29117, 29749, 30064, 30298, 32238],
        &[870, 1212, 1487, 31198, 31394, 31574, 31743, 31881, 32332],
    ],
];
const NOT_SKIPPED: &[u16] = &[31671];
const LUMA_MODE: &[u16] = &[15588, 17027, 19338, 20218, 20682, 21110, 21825, 23244, 24189, 28165, 29093, 30466];
const CHROMA_MODE: &[u16] =
    &[10407, 11208, 12900, 13181, 13823, 14175, 14899, 15656, 15986, 20086, 20995, 22455, 24212];
const TRANSFORM: &[u16] = &[6554, 13107, 19661, 26214];

/// Probabilities of a coefficient, by the size of the transform: 4 by 4, 8 by 8.
struct Coefficient {
    /// None at all: of luma, and of chroma by how many neighbours have one.
    none: [[u16; 1]; 4],
    /// Where the last one is: of luma and of chroma.
    last: [&'static [u16]; 2],
    /// 1, 2 or more.
    base: [[u16; 2]; 2],
    /// Up to three more.
    more: [[u16; 3]; 2],
}

const COEFFICIENT: [Coefficient; 2] = [
    Coefficient {
        none: [[31849], [7654], [19473], [29984]],
        last: [&[840, 1039, 1980, 4895], &[3247, 4950, 9688, 14563]],
        base: [[17837, 29055], [21365, 30026]],
        more: [[14298, 20718, 24174], [15967, 22905, 26286]],
    },
    Coefficient {
        none: [[31548], [5403], [18096], [30003]],
        last: [&[329, 498, 1101, 1784, 3265, 7758], &[3505, 5304, 10086, 13814, 17684, 23370]],
        base: [[5717, 26477], [12608, 27820]],
        more: [[14406, 20862, 24414], [15460, 21696, 25469]],
    },
];
/// Of luma and chroma, by the signs around.
const SIGN: [[[u16; 1]; 3]; 2] = [[[16000], [13056], [18816]], [[15232], [12928], [17280]]];

/// The bytes of the tile of these rows.
pub fn tile(samples: &Samples<'_>, rows: Range<u32>) -> Vec<u8> {
    let mut tile = Tile::new(samples, rows.start);
    for y in rows.step_by(64) {
        for x in (0..tile.size.0).step_by(64) {
            tile.partition(x, y, 64);
        }
    }
    tile.coder.finish()
}

/// What a block became in one plane.
#[derive(Clone, Copy, Default)]
struct Done {
    value: i32,
    level: i32,
}

struct Tile<'picture> {
    samples: &'picture Samples<'picture>,
    /// Whole blocks of 8.
    size: (u32, u32),
    /// Its first row.
    top: u32,
    /// Side of a block.
    side: u32,
    /// By plane, row by row.
    done: Vec<Vec<Done>>,
    coder: Coder,
}

impl<'picture> Tile<'picture> {
    fn new(samples: &'picture Samples<'picture>, top: u32) -> Self {
        let size = (samples.size.0.next_multiple_of(8), samples.size.1.next_multiple_of(8));
        let side = if samples.is_halved { 8 } else { 4 };
        let blocks = (size.0 / side * (size.1 / side)) as usize;
        Self {
            samples,
            size,
            top,
            side,
            done: vec![vec![Done::default(); blocks]; samples.planes],
            coder: Coder::new(),
        }
    }

    fn partition(&mut self, x: u32, y: u32, side: u32) {
        if x >= self.size.0 || y >= self.size.1 {
            return;
        }
        if side == 4 {
            return self.block(x, y);
        }
        let is_last = side == self.side;
        // Neighbours are as small as blocks get.
        let context = if is_last { 0 } else { usize::from(y > self.top) + 2 * usize::from(x > 0) };
        let chances = PARTITION[side.ilog2() as usize - 3][context];
        let half = side / 2;
        match (x + half < self.size.0, y + half < self.size.1) {
            (true, true) => self.coder.symbol(chances, if is_last { 0 } else { 3 }),
            (true, false) => self.coder.symbol(&[32_768 - sum(chances, &[2, 3, 4, 6, 7, 9])], 1),
            (false, true) => self.coder.symbol(&[32_768 - sum(chances, &[1, 3, 4, 5, 6, 8])], 1),
            (false, false) => {}
        }
        if is_last {
            return self.block(x, y);
        }
        for (right, down) in [(0, 0), (half, 0), (0, half), (half, half)] {
            self.partition(x + right, y + down, half);
        }
    }

    fn block(&mut self, x: u32, y: u32) {
        self.coder.symbol(NOT_SKIPPED, 0);
        self.coder.symbol(LUMA_MODE, 0);
        if self.samples.planes > 1 {
            self.coder.symbol(CHROMA_MODE, 0);
        }
        (0..self.samples.planes).for_each(|plane| self.correct(plane, x, y));
    }

    /// The mean of the block's pixels.
    fn wanted(&self, plane: usize, x: u32, y: u32) -> i32 {
        let pixels = (0..self.side).flat_map(|down| (0..self.side).map(move |right| (x + right, y + down)));
        let sum: u32 = pixels.map(|(x, y)| (self.samples.at)(plane, x, y)).sum();
        ((sum + self.side * self.side / 2) / (self.side * self.side)) as i32
    }

    fn correct(&mut self, plane: usize, x: u32, y: u32) {
        let across = (self.size.0 / self.side) as usize;
        let at = (y / self.side) as usize * across + (x / self.side) as usize;
        let above = (y > self.top).then(|| self.done[plane][at - across]);
        let left = (x > 0).then(|| self.done[plane][at - 1]);
        let predicted = match (above, left) {
            (None, None) => 1 << (self.samples.bits - 1),
            (Some(one), None) | (None, Some(one)) => one.value,
            (Some(above), Some(left)) => (above.value + left.value + 1) >> 1,
        };
        let wanted = self.wanted(plane, x, y);
        let is_small = self.side == 4 || plane > 0 && self.samples.is_halved;
        let step = match self.samples.bits {
            8 => 8,
            10 => 9,
            _ => 12,
        };
        // A coefficient is so many times the change of each pixel.
        let guess = (wanted - predicted) * if is_small { 32 } else { 64 } / step;
        let level = (guess - 3..=guess + 3)
            .find(|level| predicted + change(level * step, is_small) == wanted)
            .expect("steps are less than one");
        self.done[plane][at] = Done { value: wanted, level };
        let around = [above, left].map(|done| done.unwrap_or_default().level);
        self.coefficient(plane, level, is_small, around);
    }

    fn coefficient(&mut self, plane: usize, level: i32, is_small: bool, around: [i32; 2]) {
        let chances = &COEFFICIENT[usize::from(!is_small)];
        let kind = plane.min(1);
        let neighbours = around.iter().filter(|level| **level != 0).count();
        let none = chances.none[if plane == 0 { 0 } else { 1 + neighbours }];
        self.coder.symbol(&none, usize::from(level == 0));
        if level == 0 {
            return;
        }
        if plane == 0 {
            // A cosine transform both ways.
            self.coder.symbol(TRANSFORM, 1);
        }
        self.coder.symbol(chances.last[kind], 0);
        let size = level.unsigned_abs();
        self.coder.symbol(&chances.base[kind], size.min(3) as usize - 1);
        if size >= 3 {
            let mut left = size.min(15) - 3;
            for _ in 0..4 {
                let part = left.min(3);
                self.coder.symbol(&chances.more[kind], part as usize);
                left -= part;
                if part < 3 {
                    break;
                }
            }
        }
        let context = match around.iter().map(|level| level.signum()).sum::<i32>() {
            0 => 0,
            ..0 => 1,
            _ => 2,
        };
        self.coder.symbol(&SIGN[kind][context], usize::from(level < 0));
        if size > 14 {
            // Golomb's code of what is above 14.
            let rest = size - 14;
            let length = rest.ilog2();
            (0..length).for_each(|_| self.coder.symbol(&[16_384], 0));
            (0..=length).rev().for_each(|bit| self.coder.symbol(&[16_384], (rest >> bit & 1) as usize));
        }
    }
}

/// What all pixels of a block gain by a coefficient.
fn change(coefficient: i32, is_small: bool) -> i32 {
    let first = (coefficient * 181 + 128) >> 8;
    let first = if is_small { first } else { (first + 1) >> 1 };
    (first * 181 + 128 + 2048) >> 12
}

/// The chance of any of these values.
fn sum(chances: &[u16], values: &[usize]) -> u16 {
    let to = |value: usize| u32::from(chances.get(value).copied().unwrap_or(32_768));
    values.iter().map(|value| to(*value) - value.checked_sub(1).map_or(0, to)).sum::<u32>() as u16
}

/// The arithmetic coder. Source: 8.2, turned round.
struct Coder {
    /// The lower end of the range, of 15 bits and `count` before them.
    low: u64,
    range: u32,
    count: u32,
    /// With carries that are not added yet.
    out: Vec<u16>,
}

impl Coder {
    const fn new() -> Self {
        Self { low: 0, range: 0x8000, count: 0, out: Vec::new() }
    }

    /// `chances` are cumulative, the last one left out.
    fn symbol(&mut self, chances: &[u16], value: usize) {
        let above = |value: Option<usize>| match value.map(|value| chances.get(value)) {
            None => 32_768,
            Some(None) => 0,
            Some(Some(chance)) => 32_768 - u32::from(*chance),
        };
        let last = chances.len() as u32;
        let scaled = |above: u32, steps: u32| (((self.range >> 8) * (above >> 6)) >> 1) + 4 * steps;
        let upper = match value {
            0 => self.range,
            _ => scaled(above(Some(value - 1)), last - (value as u32 - 1)),
        };
        let lower = if value as u32 == last { 0 } else { scaled(above(Some(value)), last - value as u32) };
        self.low += u64::from(self.range - upper);
        self.range = upper - lower;
        let shift = 15 - self.range.ilog2();
        self.range <<= shift;
        self.low <<= shift;
        self.count += shift;
        while self.count >= 8 {
            self.count -= 8;
            let at = self.count + 15;
            self.out.push((self.low >> at) as u16);
            self.low &= (1 << at) - 1;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // In the range, and its last bit is the one that ends the tile.
        let low = ((self.low + 0x3FFF) & !0x3FFF) | 0x4000;
        let bits = (self.count + 15).next_multiple_of(8);
        let low = low << (bits - self.count - 15);
        self.out.push((low >> (bits - 8)) as u16);
        self.out.extend((0..bits / 8 - 1).rev().map(|byte| (low >> (byte * 8)) as u16 & 0xFF));
        let mut carry = 0;
        for byte in self.out.iter_mut().rev() {
            let sum = *byte + carry;
            (*byte, carry) = (sum & 0xFF, sum >> 8);
        }
        self.out.into_iter().map(|byte| byte as u8).collect()
    }
}
