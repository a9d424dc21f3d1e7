//! How the pages of a deployment write amounts and tables.

use contract::{Dollars, thousands};

/// Small amounts keep the digits that matter: a thumbnail costs millionths.
pub(crate) fn dollars(amount: Dollars) -> String {
    match amount.0.abs() {
        0.0 => "$0".to_owned(),
        small if small < 0.01 => format!("${:.6}", amount.0),
        _ => format!("${:.2}", amount.0),
    }
}

/// How many: fractions of a GB-second are seen too.
pub(crate) fn count(number: f64) -> String {
    if number < 100.0 && number.fract() > 0.0 { format!("{number:.2}") } else { thousands(number.round() as u64) }
}

/// Aligned columns: the first `left` to the left, numbers to the right.
pub(crate) fn table(rows: &[Vec<String>], left: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column < left {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_amounts_keep_their_digits() {
        let written = [0.0, 0.000_012, 0.01, 12.345].map(|amount| dollars(Dollars(amount)));
        assert_eq!(written, ["$0", "$0.000012", "$0.01", "$12.35"]);
    }

    #[test]
    fn names_stand_on_the_left_and_numbers_on_the_right() {
        let rows = [["a", "b", "10"], ["long", "ü", "7"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, 2), "a     b  10\nlong  ü   7");
    }
}
