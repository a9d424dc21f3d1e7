//! The measurements of one format as curves that rise with the size.
//!
//! Noise and odd files make raw figures fall here and there. A threshold says "up to this size", so it needs
//! figures that do not: what must never be exceeded is the running maximum of the worst file, what is paid on
//! average is the isotonic regression of the mean.

use contract::{Function, ImageFormat};

use crate::Measurement;

/// A function whose durations are wanted: a tier, or one that is compared with the tiers.
pub(crate) struct Column<'a> {
    /// The tier's name, under which it may have been measured.
    pub(crate) tier: Option<&'a str>,
    pub(crate) function: Function,
}

/// One size of one format. The vectors have one element for each column.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) size_bytes: u64,
    pub(crate) read_bytes: f64,
    pub(crate) peak_bytes: u64,
    pub(crate) plan_bytes: u64,
    /// Milliseconds without I/O, of the worst file up to this size.
    pub(crate) worst_ms: Vec<f64>,
    /// Milliseconds without I/O, of the mean file.
    pub(crate) typical_ms: Vec<f64>,
}

/// The points of `format`, rising in size and in every figure; empty if it was not measured.
pub(crate) fn curve(measurements: &[Measurement], format: ImageFormat, columns: &[Column<'_>]) -> Vec<Point> {
    let mut rows: Vec<&Measurement> = measurements.iter().filter(|row| row.format == format).collect();
    rows.sort_by_key(|row| row.size_bytes);
    let mut points: Vec<Point> = Vec::new();
    for shapes in rows.chunk_by(|a, b| a.size_bytes == b.size_bytes) {
        points.push(point(shapes, points.last(), columns));
    }
    for column in 0..columns.len() {
        let means: Vec<f64> = points.iter().map(|point| point.typical_ms[column]).collect();
        for (point, ms) in points.iter_mut().zip(isotonic(&means)) {
            point.typical_ms[column] = ms;
        }
    }
    points
}

/// The shapes of one size, worst and mean, not below the point before.
fn point(shapes: &[&Measurement], before: Option<&Point>, columns: &[Column<'_>]) -> Point {
    let highest = |figure: fn(&Measurement) -> u64, before: Option<u64>| {
        shapes.iter().map(|shape| figure(shape)).chain(before).max().unwrap_or(0)
    };
    let ms = |column: usize| shapes.iter().map(move |shape| busy_ms(shape, &columns[column]));
    let worst = |column: usize| ms(column).chain(before.map(|point| point.worst_ms[column])).fold(0.0, f64::max);
    let mean = |column: usize| ms(column).sum::<f64>() / shapes.len() as f64;
    Point {
        size_bytes: shapes[0].size_bytes,
        read_bytes: highest(|shape| shape.read_bytes, before.map(|point| point.read_bytes as u64)) as f64,
        peak_bytes: highest(|shape| shape.peak_bytes, before.map(|point| point.peak_bytes)),
        plan_bytes: highest(|shape| shape.plan_bytes, before.map(|point| point.plan_bytes)),
        worst_ms: (0..columns.len()).map(worst).collect(),
        typical_ms: (0..columns.len()).map(mean).collect(),
    }
}

/// As measured in the tier's real limits, else by its share of a CPU: what was not measured is long.
fn busy_ms(shape: &Measurement, column: &Column<'_>) -> f64 {
    let measured = column.tier.and_then(|tier| shape.tier_ms.get(tier)).copied();
    measured.unwrap_or_else(|| shape.cpu_ms / column.function.cpus())
}

/// The rising sequence that is closest to `values` by least squares.
///
/// **Source:** pool adjacent violators; Barlow et al., "Statistical Inference under Order Restrictions", 1972.
fn isotonic(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for value in values {
        let mut pool = (*value, 1);
        while let Some((mean, count)) = pools.pop_if(|(mean, _)| *mean > pool.0) {
            let both = count + pool.1;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / both as f64, both);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count)).collect()
}

/// The typical milliseconds of `column` and the bytes read at any size.
///
/// Straight lines between the points; in proportion to the size below the first and above the last.
pub(crate) fn typical(points: &[Point], column: usize, size_bytes: u64) -> (f64, f64) {
    let size = size_bytes as f64;
    let at = |point: &Point| (point.size_bytes as f64, point.typical_ms[column], point.read_bytes);
    let next = points.partition_point(|point| point.size_bytes < size_bytes);
    let (low, high) = match (next.checked_sub(1).map(|low| at(&points[low])), points.get(next).map(at)) {
        (Some(low), Some(high)) => (low, high),
        (None, Some(only)) | (Some(only), None) => ((0.0, 0.0, 0.0), only),
        (None, None) => return (0.0, 0.0),
    };
    let part = (size - low.0) / (high.0 - low.0);
    (low.1 + (high.1 - low.1) * part, low.2 + (high.2 - low.2) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dip_is_spread_over_its_neighbours() {
        assert_eq!(isotonic(&[1.0, 5.0, 3.0, 8.0]), [1.0, 4.0, 4.0, 8.0]);
        assert_eq!(isotonic(&[3.0, 2.0, 1.0]), [2.0, 2.0, 2.0]);
        assert_eq!(isotonic(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
        assert!(isotonic(&[]).is_empty());
    }

    #[test]
    fn between_the_points_runs_a_straight_line() {
        let point = |size_bytes, ms: f64| Point {
            size_bytes,
            read_bytes: size_bytes as f64,
            peak_bytes: 1,
            plan_bytes: 1,
            worst_ms: vec![ms],
            typical_ms: vec![ms],
        };
        let points = [point(1000, 10.0), point(3000, 20.0)];
        assert_eq!(typical(&points, 0, 500), (5.0, 500.0));
        assert_eq!(typical(&points, 0, 1000), (10.0, 1000.0));
        assert_eq!(typical(&points, 0, 2000), (15.0, 2000.0));
        assert_eq!(typical(&points, 0, 6000), (40.0, 6000.0));
        assert_eq!(typical(&[], 0, 6000), (0.0, 0.0));
    }
}
