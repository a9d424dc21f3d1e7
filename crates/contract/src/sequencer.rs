//! The order of the events of one key.

use std::cmp::Ordering;

/// Compares two sequencers of events of the same key: `Greater` where `left` is the later one.
///
/// They are hexadecimal and of different lengths: the shorter is padded on the right with zeros.
/// Source: Amazon S3 user guide, "Event message structure".
#[must_use]
pub fn compare_sequencers(left: &str, right: &str) -> Ordering {
    let width = left.len().max(right.len());
    let padded = |sequencer: &str| format!("{:0<width$}", sequencer.to_ascii_uppercase());
    padded(left).cmp(&padded(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_one_is_padded_on_the_right() {
        let check = |left, right, want| {
            assert_eq!(compare_sequencers(left, right), want, "{left} {right}");
            assert_eq!(compare_sequencers(right, left), want.reverse(), "{right} {left}");
        };
        check("0055AED6DCD90281E5", "0055AED6DCD90281E6", Ordering::Less);
        check("0055AED6DCD90281E5", "0055aed6dcd90281e5", Ordering::Equal);
        check("0A", "0A00", Ordering::Equal);
        check("0A", "0A01", Ordering::Less);
        check("0B", "0A01", Ordering::Greater);
        check("", "01", Ordering::Less);
    }
}
