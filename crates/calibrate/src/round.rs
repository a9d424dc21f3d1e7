//! Numbers that a person would write.

/// The first digits that a threshold may have, in tenths, from the largest to the smallest.
const TENTHS: [u64; 9] = [80, 60, 50, 40, 30, 25, 20, 15, 10];

/// The largest of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not above `bytes`.
///
/// Down, never up: nobody measured what lies above. Whole numbers below ten stay as they are.
///
/// ```
/// assert_eq!(calibrate::round_down(7_340_032), 6_000_000);
/// ```
#[must_use]
pub fn round_down(bytes: u64) -> u64 {
    if bytes < 10 {
        return bytes;
    }
    let tenth = 10_u64.pow(bytes.ilog10() - 1);
    // The smallest digit is the power of ten itself, so one always fits.
    TENTHS.into_iter().filter_map(|tenths| tenth.checked_mul(tenths)).find(|round| *round <= bytes).unwrap_or(bytes)
}

/// The largest such number below `bytes`; 0 below 1.
pub(crate) fn round_below(bytes: u64) -> u64 {
    round_down(bytes.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_down_to_what_a_person_would_write() {
        let check = |bytes, want| assert_eq!(round_down(bytes), want, "{bytes}");
        check(0, 0);
        check(7, 7);
        check(10, 10);
        check(14, 10);
        check(99, 80);
        check(149_999, 100_000);
        check(150_000, 150_000);
        check(2_499_999, 2_000_000);
        check(2_500_000, 2_500_000);
        check(7_999_999, 6_000_000);
        check(u64::MAX, 15_000_000_000_000_000_000);
    }

    #[test]
    fn the_next_number_below_is_smaller() {
        let mut bytes = 100_000_000;
        while bytes > 0 {
            assert!(round_below(bytes) < bytes, "{bytes}");
            bytes = round_below(bytes);
        }
    }
}
