//! The state machine that passes over blocks at several positions of the data in turn.

use super::CORRUPT;
use crate::feed::Data;
use crate::huffman::{Code, Huffman};
use crate::lookup::{ENTRIES, SKIP_BITS, Skips, build};

/// Positions decoded in turn.
pub(super) const LANES: usize = 3;
/// States that a lane passes before it is emptied. A block has two, its DC code and its AC codes.
pub(super) const SLOTS: usize = 1024;
/// Entries per load of 57 bits, each of at most [`SKIP_BITS`].
const STEPS: usize = 3;

/// AC coefficients of a block, in an entry's place for coefficients.
const WHOLE: u32 = 63 << 6;
/// Set in the coefficients passed if an entry did not fit: a long code, or codes beyond the end of the block.
const UNFIT: u32 = 64 << 6;

/// `coefficients << 6 | bits`, over the next 12 bits, as in [`Skips`]. A DC code counts as a whole block.
type Entries = [u16; ENTRIES];

/// The codes of one kind of state.
pub(crate) struct Table<'t> {
    huffman: &'t Huffman,
    is_dc: bool,
    entries: Box<Entries>,
}

impl<'t> Table<'t> {
    pub(crate) fn dc(huffman: &'t Huffman) -> Self {
        let mut entries = build(
            huffman,
            |_| 0,
            |code, _| match code.length + u32::from(code.symbol) {
                bits @ ..=SKIP_BITS => (WHOLE | bits) as u16,
                _ => UNFIT as u16,
            },
        );
        for entry in entries.iter_mut().filter(|entry| **entry == 0) {
            *entry = UNFIT as u16;
        }
        Self { huffman, is_dc: true, entries }
    }

    pub(crate) fn ac(huffman: &'t Huffman, skips: &Skips<'_>) -> Self {
        // The end of a block counts one more than there, because coefficients are counted from 0 here.
        let entries: Vec<u16> = skips.map_entries(|entry, is_end, is_long| match (is_end, is_long) {
            (_, true) => UNFIT as u16,
            (true, _) => entry + (1 << 6),
            _ => entry,
        });
        Self { huffman, is_dc: false, entries: entries.try_into().expect("the length is the array's") }
    }
}

/// One position in the data.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    /// Of the next bit.
    pub(super) at: usize,
    /// Coefficients passed, and what they were at the block's begin, both times 64.
    passed: u32,
    begin: u32,
    /// States passed since the lane was emptied.
    pub(super) states: usize,
    /// Where the lane is to be emptied.
    pub(super) full: usize,
    /// The lane ends with the first MCU that ends behind this bit.
    pub(super) limit: usize,
    /// Restart intervals behind the one that ends where the lane would be emptied, and the states of each: the lane
    /// goes on with them at the next whole byte.
    pub(super) more: usize,
    pub(super) interval_states: usize,
}

impl Lane {
    pub(super) fn new(at: usize, full: usize, limit: usize) -> Self {
        Self { at, passed: 0, begin: 0, states: 0, full, limit, more: 0, interval_states: 0 }
    }

    /// A lane that has nothing to do, and does it without end.
    pub(super) fn idle() -> Self {
        Self::new(0, usize::MAX, usize::MAX)
    }
}

/// Where each state of a lane began, in bits.
pub(super) type Begins = [u32; SLOTS];

/// The states of the MCUs of one scan.
pub(super) struct Machine<'t> {
    /// The table of each state.
    tables: Vec<&'t Table<'t>>,
    /// The entries of the state behind each; those of the first at the end.
    following: Box<[&'t Entries; SLOTS]>,
    /// States of one MCU.
    pub(super) per_mcu: usize,
}

impl<'t> Machine<'t> {
    /// `mcu`: the tables of one MCU's states.
    pub(super) fn new(mcu: &[&'t Table<'t>]) -> Self {
        let tables: Vec<_> = (0..SLOTS).map(|state| mcu[state % mcu.len()]).collect();
        let mut following = vec![&*mcu[0].entries; SLOTS];
        for (state, entries) in following[..SLOTS - 1].iter_mut().enumerate() {
            *entries = &tables[state + 1].entries;
        }
        let following = following.try_into().expect("the length is the array's");
        Self { tables, following, per_mcu: mcu.len() }
    }

    pub(super) fn mcu_blocks(&self) -> usize {
        self.per_mcu / 2
    }

    /// The states after which a lane is emptied: whole MCUs.
    pub(super) fn full(&self) -> usize {
        (SLOTS - STEPS) / self.per_mcu * self.per_mcu
    }

    /// Steps all lanes in turn until one is full or behind its limit; returns which, and how often any stepped carefully.
    #[inline(never)]
    pub(super) fn run(&self, data: &Data, lanes: &mut [Lane; LANES], begins: &mut [Begins; LANES]) -> (usize, usize) {
        let following = &*self.following;
        let mut l = *lanes;
        let mut careful = 0;
        let mut stopped = l.iter().position(|lane| lane.at >= lane.limit);
        while stopped.is_none() {
            let mut window = [0; LANES];
            let mut entries = [following[SLOTS - 1]; LANES];
            let mut now = l;
            let mut unfit = [0; LANES];
            for i in 0..LANES {
                window[i] = load(data, l[i].at);
                entries[i] = following[l[i].states.wrapping_sub(1) % SLOTS];
            }
            // A macro, because a loop of few rounds is not unrolled.
            macro_rules! step {
                () => {
                    for i in 0..LANES {
                        let next = following[now[i].states % SLOTS];
                        begins[i][now[i].states % SLOTS] = (l[i].at as u32).wrapping_add(now[i].passed & 63);
                        let entry = u32::from(entries[i][(window[i] >> 52) as usize]);
                        window[i] <<= entry & 63;
                        now[i].passed = now[i].passed.wrapping_add(entry);
                        let passed = now[i].passed.wrapping_sub(now[i].begin);
                        unfit[i] |= passed;
                        // Selections and no branch: a misprediction would throw away the work of all lanes.
                        let ended = passed >= WHOLE;
                        now[i].begin = if ended { now[i].passed } else { now[i].begin };
                        entries[i] = if ended { next } else { entries[i] };
                        now[i].states += usize::from(ended);
                    }
                };
            }
            step!();
            step!();
            step!();
            for i in 0..LANES {
                if unfit[i] & UNFIT != 0 || now[i].states > l[i].full {
                    careful += 1;
                    l[i] = self.careful(data, l[i], &mut begins[i]);
                    if l[i].states == l[i].full {
                        if l[i].more == 0 {
                            stopped = Some(i);
                        } else {
                            l[i].more -= 1;
                            l[i].full += l[i].interval_states;
                            l[i].at = l[i].at.next_multiple_of(8);
                        }
                    }
                } else {
                    l[i].at += (now[i].passed & 63) as usize;
                    l[i].passed = now[i].passed & !63;
                    l[i].begin = now[i].begin & !63;
                    l[i].states = now[i].states;
                }
                if l[i].at >= l[i].limit {
                    stopped = Some(i);
                }
            }
        }
        *lanes = l;
        (stopped.unwrap_or(0), careful)
    }

    /// Up to three steps of one lane with all checks; ends when the lane is full.
    ///
    /// What [`Skips`] takes for damage is marked at the begin of the block; damaged DC codes show when they are read.
    #[cold]
    #[inline(never)]
    fn careful(&self, data: &Data, mut lane: Lane, begins: &mut Begins) -> Lane {
        let mut window = load(data, lane.at);
        for _ in 0..STEPS {
            if lane.states >= lane.full {
                break;
            }
            let state = lane.states % SLOTS;
            let table = self.tables[state];
            begins[state] = lane.at as u32;
            let entry = u32::from(table.entries[(window >> 52) as usize]);
            let passed = lane.passed.wrapping_sub(lane.begin) + (entry & !63);
            if passed & UNFIT == 0 {
                window <<= entry & 63;
                lane.at += (entry & 63) as usize;
                lane.passed = lane.passed.wrapping_add(entry & !63);
                if passed >= WHOLE {
                    lane.begin = lane.passed;
                    lane.states += 1;
                }
                continue;
            }
            // One code by itself, as `Skips::pass_one` and `Differences` read it.
            let code = table.huffman.decode((window >> 48) as u32);
            let Code { symbol, length } = code.unwrap_or(Code { symbol: 0, length: 16 });
            let (run, size) = if table.is_dc { (62, symbol) } else { (symbol >> 4, symbol & 15) };
            lane.at += (length + u32::from(size)) as usize;
            lane.passed = lane.passed.wrapping_add((u32::from(run) + 1) << 6);
            let passed = lane.passed.wrapping_sub(lane.begin);
            if !table.is_dc && (code.is_none() || passed > WHOLE && size != 0) {
                begins[state - 1] |= CORRUPT;
            }
            if passed >= WHOLE || size == 0 && run < 15 {
                lane.begin = lane.passed;
                lane.states += 1;
            }
            break;
        }
        lane
    }

    /// Goes to the end of the MCU that the lane is in.
    pub(super) fn finish_mcu(&self, data: &Data, lane: &mut Lane, begins: &mut Begins) {
        lane.full = lane.states.next_multiple_of(self.per_mcu);
        while lane.states < lane.full {
            *lane = self.careful(data, *lane, begins);
        }
    }

    /// Passes over one MCU from bit `at`; returns where it ends.
    pub(super) fn mcu(&self, data: &Data, at: usize, begins: &mut Begins) -> usize {
        let mut lane = Lane::new(at, self.per_mcu, usize::MAX);
        while lane.states < lane.full {
            lane = self.careful(data, lane, begins);
        }
        lane.at
    }
}

/// At least 57 bits from bit `at`, left aligned.
#[inline(always)]
fn load(data: &Data, at: usize) -> u64 {
    let byte = (at >> 3).min(data.len() - 8);
    let word: [u8; 8] = data[byte..byte + 8].try_into().expect("eight bytes");
    u64::from_be_bytes(word) << (at & 7)
}
