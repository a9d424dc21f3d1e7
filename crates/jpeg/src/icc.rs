//! An ICC profile in chunks.

/// The largest ICC profile that is kept. Larger ones are left out: the biggest printer profiles are about 3 MB.
pub(crate) const MAX_ICC_BYTES: usize = 4 * 1024 * 1024;

/// The chunks of an ICC profile, in any order, before or behind the frame header. **Source:** ICC.1:2022 annex B.4.
#[derive(Default)]
pub(crate) struct IccChunks {
    /// Number and data of each chunk.
    chunks: Vec<(u8, Vec<u8>)>,
    total: u8,
    bytes: usize,
    /// They contradict each other or are too large: none is kept.
    given_up: bool,
}

/// What the chunks of a file came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// There was no chunk.
    None,
    Whole(Vec<u8>),
    /// There were chunks, but not each of them, or not the same ones, or more than [`MAX_ICC_BYTES`].
    Damaged,
}

impl IccChunks {
    /// Takes the body of an APP2 segment, of a profile or not.
    pub(crate) fn add(&mut self, body: &[u8]) {
        let Some(&[number, total, ref data @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") else { return };
        if self.given_up {
            return;
        }
        // Some programs write the whole profile twice. libvips takes the later chunk, libjpeg-turbo then has no profile.
        // The same bytes again change nothing; other bytes leave open which of them the picture was made with.
        let known = self.chunks.iter().find(|(known, _)| *known == number);
        let is_new = known.is_none();
        self.bytes += if is_new { data.len() } else { 0 };
        let contradicts =
            known.is_some_and(|(_, known)| known != data) || (!self.chunks.is_empty() && self.total != total);
        if contradicts || self.bytes > MAX_ICC_BYTES {
            *self = Self { given_up: true, ..Self::default() };
        } else if is_new {
            self.total = total;
            self.chunks.push((number, data.to_vec()));
        }
    }

    /// The profile, if each chunk is there.
    pub(crate) fn assemble(mut self) -> Profile {
        if self.chunks.is_empty() {
            return if self.given_up { Profile::Damaged } else { Profile::None };
        }
        self.chunks.sort_by_key(|&(number, _)| number);
        if !self.chunks.iter().map(|&(number, _)| number).eq(1..=self.total) {
            return Profile::Damaged;
        }
        Profile::Whole(self.chunks.into_iter().flat_map(|(_, data)| data).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{IccChunks, MAX_ICC_BYTES, Profile};

    #[track_caller]
    fn check(chunks: &[(u8, u8, &[u8])], want: &Profile) {
        let mut icc = IccChunks::default();
        for (number, total, data) in chunks {
            icc.add(&[b"ICC_PROFILE\0".as_slice(), &[*number, *total], data].concat());
        }
        assert_eq!(icc.assemble(), *want, "{chunks:?}");
    }

    #[test]
    fn a_profile_comes_in_any_order_and_twice() {
        let whole = Profile::Whole(b"abc".to_vec());
        check(&[], &Profile::None);
        check(&[(2, 2, b"c"), (1, 2, b"ab")], &whole);
        check(&[(1, 2, b"ab"), (2, 2, b"c"), (1, 2, b"ab"), (2, 2, b"c")], &whole);
    }

    #[test]
    fn a_profile_that_is_not_whole_is_damaged_and_not_absent() {
        check(&[(1, 2, b"ab")], &Profile::Damaged);
        check(&[(0, 1, b"ab")], &Profile::Damaged);
        check(&[(1, 0, b"ab")], &Profile::Damaged);
        check(&[(1, 1, b"ab"), (1, 1, b"cd")], &Profile::Damaged);
        check(&[(1, 2, b"ab"), (2, 3, b"c"), (2, 2, b"c")], &Profile::Damaged);
        check(&[(1, 2, &[0; MAX_ICC_BYTES]), (2, 2, &[0; 1])], &Profile::Damaged);
    }
}
