//! Numbers as people read them.

/// `number` with a comma before each three digits: 2,500,000.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether it is left out where it is written.
pub(crate) fn is_zero<Number: Default + PartialEq>(number: &Number) -> bool {
    *number == Number::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_make_a_group() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
