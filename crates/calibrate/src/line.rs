//! A straight line through measurements of which some are far off.

use serde::{Deserialize, Serialize};

/// `base + slope * x`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its value at 0.
    pub base: f64,
    /// What one more of `x` adds; never negative here.
    pub slope: f64,
}

impl Line {
    /// The resistant line: through the medians of the lower and the upper third, at the median of what is left. An
    /// odd point moves it hardly, unlike least squares.
    ///
    /// **Source:** J. W. Tukey, "Exploratory Data Analysis", 1977.
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Self {
        let mut points: Vec<(f64, f64)> =
            points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let third = points.len().div_ceil(3);
        let (low, high) = (&points[..third], &points[points.len() - third..]);
        let middle =
            |part: &[(f64, f64)]| (median(part.iter().map(|point| point.0)), median(part.iter().map(|point| point.1)));
        let ((low_x, low_y), (high_x, high_y)) = (middle(low), middle(high));
        let slope = if high_x > low_x { ((high_y - low_y) / (high_x - low_x)).max(0.0) } else { 0.0 };
        Self { base: median(points.iter().map(|(x, y)| y - slope * x)), slope }
    }

    /// Its value at `x`.
    #[must_use]
    pub fn at(self, x: f64) -> f64 {
        self.base + self.slope * x
    }
}

/// The middle one, or the mean of the two in the middle; 0 of none.
#[must_use]
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.get(sorted.len() / 2)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_far_off_does_not_move_the_line() {
        let mut points: Vec<(f64, f64)> = (0..30).map(|x| (f64::from(x), 3.0 + 2.0 * f64::from(x))).collect();
        points[17].1 = 1e6;
        let line = Line::through(&points);
        assert!((line.base - 3.0).abs() < 1e-9 && (line.slope - 2.0).abs() < 1e-9, "{line:?}");
        assert_eq!(line.at(10.0), 23.0);
    }

    #[test]
    fn few_points_make_a_flat_line_and_none_makes_nothing() {
        assert_eq!(Line::through(&[]), Line::default());
        assert_eq!(Line::through(&[(5.0, 7.0)]), Line { base: 7.0, slope: 0.0 });
        assert_eq!(Line::through(&[(1.0, 9.0), (2.0, 1.0)]).slope, 0.0);
    }

    #[test]
    fn the_median_is_the_middle() {
        let check = |values: &[f64], want: f64| assert_eq!(median(values.iter().copied()), want, "{values:?}");
        check(&[], 0.0);
        check(&[3.0], 3.0);
        check(&[9.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 9.0], 3.0);
    }
}
