//! Blocks of code of JPEG 2000: bit plane by bit plane, in three passes, each bit by the arithmetic coder MQ.
//!
//! Source: ITU-T T.800, annexes C.2 (the coder) and D (the passes).

/// Probability, next state behind the likelier bit and behind the other, and whether they change places. Table C.2.
const STATES: [(u32, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0AC1, 31, 28, false),
    (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

const RUN: usize = 17;
const UNIFORM: usize = 18;

struct Coder {
    interval: u32,
    code: u32,
    free: u32,
    /// The first byte is not of the code.
    bytes: Vec<u8>,
    contexts: [(u8, bool); 19],
}

impl Coder {
    fn new() -> Self {
        let mut contexts = [(0, false); 19];
        (contexts[0].0, contexts[RUN].0, contexts[UNIFORM].0) = (4, 3, 46);
        Self { interval: 0x8000, code: 0, free: 12, bytes: vec![0], contexts }
    }

    fn put(&mut self, context: usize, bit: bool) {
        let (state, likelier) = self.contexts[context];
        let (part, if_likelier, if_other, turns) = STATES[usize::from(state)];
        self.interval -= part;
        let is_likelier = bit == likelier;
        // The smaller part is that of the other bit, except where it is the larger one.
        if is_likelier != (self.interval < part) {
            self.code += part;
        } else {
            self.interval = part;
        }
        if is_likelier && self.interval & 0x8000 != 0 {
            return;
        }
        self.contexts[context] = match is_likelier {
            true => (if_likelier, likelier),
            false => (if_other, likelier != turns),
        };
        while self.interval & 0x8000 == 0 {
            self.interval <<= 1;
            self.code <<= 1;
            self.free -= 1;
            if self.free == 0 {
                self.write();
            }
        }
    }

    fn write(&mut self) {
        let last = self.bytes.last_mut().expect("never empty");
        if *last != 0xFF && self.code >= 0x800_0000 {
            *last += 1;
            self.code &= 0x7FF_FFFF;
        }
        if *last == 0xFF {
            self.bytes.push((self.code >> 20) as u8);
            (self.code, self.free) = (self.code & 0xF_FFFF, 7);
        } else {
            self.bytes.push((self.code >> 19) as u8);
            (self.code, self.free) = (self.code & 0x7_FFFF, 8);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let top = self.code + self.interval;
        self.code |= 0xFFFF;
        if self.code >= top {
            self.code -= 0x8000;
        }
        for _ in 0..2 {
            self.code <<= self.free;
            self.write();
        }
        if self.bytes.last() == Some(&0xFF) {
            self.bytes.pop();
        }
        self.bytes.remove(0);
        self.bytes
    }
}

/// What is known of a sample.
#[derive(Clone, Copy, Default)]
struct Known {
    is_significant: bool,
    is_negative: bool,
    is_refined: bool,
    is_done: bool,
}

struct Block {
    width: usize,
    height: usize,
    magnitudes: Vec<u32>,
    /// With a border of one.
    known: Vec<Known>,
    band: (usize, usize),
    coder: Coder,
}

/// Codes `samples` of a band, which is high to the right or below: how many bit planes there are, and their code.
pub fn block(samples: &[i32], width: usize, band: (usize, usize)) -> (u32, Vec<u8>) {
    let height = samples.len() / width;
    let magnitudes: Vec<u32> = samples.iter().map(|sample| sample.unsigned_abs()).collect();
    let planes = 32 - magnitudes.iter().copied().max().unwrap_or_default().leading_zeros();
    let mut known = vec![Known::default(); (width + 2) * (height + 2)];
    for (at, sample) in samples.iter().enumerate() {
        known[(at / width + 1) * (width + 2) + at % width + 1].is_negative = *sample < 0;
    }
    let mut block = Block { width, height, magnitudes, known, band, coder: Coder::new() };
    for plane in (0..planes).rev() {
        if plane + 1 < planes {
            block.each(|block, x, y| block.propagate(x, y, plane));
            block.each(|block, x, y| block.refine(x, y, plane));
        }
        block.clean(plane);
        block.known.iter_mut().for_each(|known| known.is_done = false);
    }
    (planes, block.coder.finish())
}

impl Block {
    /// In stripes of four rows, column by column.
    fn each(&mut self, mut visit: impl FnMut(&mut Self, usize, usize)) {
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                (top..(top + 4).min(self.height)).for_each(|y| visit(self, x, y));
            }
        }
    }

    fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * (self.width + 2) + x + 1
    }

    fn bit(&self, x: usize, y: usize, plane: u32) -> bool {
        self.magnitudes[y * self.width + x] >> plane & 1 == 1
    }

    /// Significant neighbours: to the sides, above and below, and across.
    fn neighbours(&self, x: usize, y: usize) -> (usize, usize, usize) {
        let (at, row) = (self.at(x, y), self.width + 2);
        let count = |places: &[usize]| places.iter().filter(|place| self.known[**place].is_significant).count();
        let across = count(&[at - row - 1, at - row + 1, at + row - 1, at + row + 1]);
        (count(&[at - 1, at + 1]), count(&[at - row, at + row]), across)
    }

    /// Table D.1.
    fn context(&self, x: usize, y: usize) -> usize {
        let (sides, ends, across) = self.neighbours(x, y);
        let (sides, ends) = if self.band == (1, 0) { (ends, sides) } else { (sides, ends) };
        if self.band == (1, 1) {
            return match (across, sides + ends) {
                (3.., _) => 8,
                (2, 1..) => 7,
                (2, _) => 6,
                (1, both) => 3 + both.min(2),
                (_, both) => both.min(2),
            };
        }
        match (sides, ends, across) {
            (2, ..) => 8,
            (1, 1.., _) => 7,
            (1, _, 1..) => 6,
            (1, ..) => 5,
            (_, 2, _) => 4,
            (_, 1, _) => 3,
            (_, _, across) => across.min(2),
        }
    }

    /// Tables D.2 and D.3.
    fn sign(&mut self, x: usize, y: usize) {
        let (at, row) = (self.at(x, y), self.width + 2);
        let of = |place: usize| match self.known[place] {
            Known { is_significant: false, .. } => 0,
            Known { is_negative: true, .. } => -1,
            _ => 1,
        };
        let sides = (of(at - 1) + of(at + 1)).clamp(-1, 1);
        let ends = (of(at - row) + of(at + row)).clamp(-1, 1);
        let (context, turns) = match (sides, ends) {
            (1, 1) => (13, false),
            (1, 0) => (12, false),
            (1, _) => (11, false),
            (0, 1) => (10, false),
            (0, 0) => (9, false),
            (0, _) => (10, true),
            (_, 1) => (11, true),
            (_, 0) => (12, true),
            _ => (13, true),
        };
        let is_negative = self.known[at].is_negative;
        self.coder.put(context, is_negative != turns);
        self.known[at].is_significant = true;
    }

    fn propagate(&mut self, x: usize, y: usize, plane: u32) {
        let (at, context) = (self.at(x, y), self.context(x, y));
        if self.known[at].is_significant || context == 0 {
            return;
        }
        let bit = self.bit(x, y, plane);
        self.coder.put(context, bit);
        self.known[at].is_done = true;
        if bit {
            self.sign(x, y);
        }
    }

    fn refine(&mut self, x: usize, y: usize, plane: u32) {
        let at = self.at(x, y);
        if !self.known[at].is_significant || self.known[at].is_done {
            return;
        }
        let context = match (self.known[at].is_refined, self.neighbours(x, y)) {
            (true, _) => 16,
            (_, (0, 0, 0)) => 14,
            _ => 15,
        };
        let bit = self.bit(x, y, plane);
        self.coder.put(context, bit);
        self.known[at].is_refined = true;
    }

    fn clean(&mut self, plane: u32) {
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                let rows = top..(top + 4).min(self.height);
                let is_quiet = |y: usize| {
                    let known = self.known[self.at(x, y)];
                    !known.is_significant && !known.is_done && self.context(x, y) == 0
                };
                let mut from = top;
                if rows.len() == 4 && rows.clone().all(is_quiet) {
                    let first = rows.clone().position(|y| self.bit(x, y, plane));
                    self.coder.put(RUN, first.is_some());
                    let Some(first) = first else { continue };
                    self.coder.put(UNIFORM, first & 2 != 0);
                    self.coder.put(UNIFORM, first & 1 != 0);
                    self.sign(x, top + first);
                    from = top + first + 1;
                }
                for y in from..rows.end {
                    let known = self.known[self.at(x, y)];
                    if known.is_significant || known.is_done {
                        continue;
                    }
                    let (context, bit) = (self.context(x, y), self.bit(x, y, plane));
                    self.coder.put(context, bit);
                    if bit {
                        self.sign(x, y);
                    }
                }
            }
        }
    }
}
