//! Chance that can be repeated: the same seed, the same throws.

use contract::fnv1a;

/// A generator of its own for each thing that is decided, so that one more throw here changes nothing there.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", `SplitMix64`.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of `name` in the run of `seed`.
    pub(super) fn of(seed: u64, name: &str) -> Self {
        // Hashed, names that differ a little start far apart.
        Self(seed ^ fnv1a(name.as_bytes()))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// 0 up to `limit`, which is not among them; 0 if `limit` is.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// `low` up to `high`, which is not among them.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low)
    }

    /// Happens so often in a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of them, each as likely.
    pub(super) fn pick<'list, T>(&mut self, list: &'list [T]) -> &'list T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// A byte.
    pub(super) fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_throw_the_same_and_others_do_not() {
        let throws = |seed, name| {
            let mut dice = Dice::of(seed, name);
            [(); 8].map(|()| dice.below(1000))
        };
        assert_eq!(throws(1, "a"), throws(1, "a"));
        assert_ne!(throws(1, "a"), throws(2, "a"));
        assert_ne!(throws(1, "a"), throws(1, "b"));
    }

    #[test]
    fn a_chance_comes_as_often_as_it_says() {
        let mut dice = Dice::of(7, "often");
        let hits = (0..10_000).filter(|_| dice.percent(20)).count();
        assert!((1_850..2_150).contains(&hits), "{hits}");
    }
}
