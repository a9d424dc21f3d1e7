//! Residuals from coefficients. Source: 8.6.2 to 8.6.8.

/// Coefficients of one block, or what is left of it: rows of 4 to 32 samples, one behind the other.
pub(crate) const MOST: usize = 32 * 32;

/// The values of a cosine over a quarter of its period, in 32 steps, by the standard's own rounding (8.6.4.2).
const COSINE: [i16; 33] = [
    64, 90, 90, 90, 89, 88, 87, 85, 83, 82, 80, 78, 75, 73, 70, 67, 64, 61, 57, 54, 50, 46, 43, 38, 36, 31, 25, 22, 18,
    13, 9, 4, 0,
];

/// The left half of the transform matrix of `2 * HALF`; the right one is its mirror, negated in odd rows.
const fn matrix<const HALF: usize, const SIDE: usize>() -> [[i16; HALF]; SIDE] {
    let mut matrix = [[64; HALF]; SIDE];
    let mut row = 1;
    while row < SIDE {
        let mut column = 0;
        while column < HALF {
            // In steps of a whole period of 128.
            let angle = row * (2 * column + 1) * (32 / SIDE) % 128;
            let folded = if angle > 64 { 128 - angle } else { angle };
            matrix[row][column] = if folded > 32 { -COSINE[64 - folded] } else { COSINE[folded] };
            column += 1;
        }
        row += 1;
    }
    matrix
}

static MATRIX_4: [[i16; 2]; 4] = matrix();
static MATRIX_8: [[i16; 4]; 8] = matrix();
static MATRIX_16: [[i16; 8]; 16] = matrix();
static MATRIX_32: [[i16; 16]; 32] = matrix();

/// The inverse transform of a block of `1 << log2`, whose coefficients are 0 right of column and below row `last`.
///
/// `coefficients` and `residuals` are rows; the second stage shifts to `depth` bits. `middle` is room between the stages.
pub(crate) fn inverse(
    (coefficients, last): (&[i16; MOST], (usize, usize)),
    log2: u32,
    depth: u32,
    middle: &mut [i16; MOST],
    residuals: &mut [i32; MOST],
) {
    let side = 1 << log2;
    let shift = 20 - depth;
    if last == (0, 0) {
        let first = (64 * i32::from(coefficients[0]) + 64) >> 7;
        residuals[..side * side].fill((64 * first + (1 << (shift - 1))) >> shift);
        return;
    }
    match log2 {
        2 => both(&MATRIX_4, (coefficients, last), shift, middle, residuals),
        3 => both(&MATRIX_8, (coefficients, last), shift, middle, residuals),
        4 => both(&MATRIX_16, (coefficients, last), shift, middle, residuals),
        _ => both(&MATRIX_32, (coefficients, last), shift, middle, residuals),
    }
}

fn both<const HALF: usize, const SIDE: usize>(
    matrix: &[[i16; HALF]; SIDE],
    (coefficients, last): (&[i16; MOST], (usize, usize)),
    shift: u32,
    middle: &mut [i16; MOST],
    residuals: &mut [i32; MOST],
) {
    match last.0 {
        0..4 => columns::<4, HALF, SIDE>(matrix, coefficients, last, middle),
        4..8 => columns::<8, HALF, SIDE>(matrix, coefficients, last, middle),
        _ => {
            for first in (0..=last.0).step_by(8) {
                columns::<8, HALF, SIDE>(matrix, &coefficients[first..], last, &mut middle[first..]);
            }
        }
    }
    rows(matrix, middle, last.0, shift, residuals);
}

/// The first stage, of the first `WIDTH` columns.
fn columns<const WIDTH: usize, const HALF: usize, const SIDE: usize>(
    matrix: &[[i16; HALF]; SIDE],
    coefficients: &[i16],
    (_, last): (usize, usize),
    middle: &mut [i16],
) {
    for at in 0..HALF {
        let mut sums = [[0_i32; WIDTH]; 2];
        for (row, factors) in matrix[..=last].iter().enumerate() {
            let factor = i32::from(factors[at]);
            let line = &coefficients[row * SIDE..row * SIDE + WIDTH];
            for (sum, coefficient) in sums[row & 1].iter_mut().zip(line) {
                *sum += factor * i32::from(*coefficient);
            }
        }
        let round = |sum: i32| ((sum + 64) >> 7).clamp(-32768, 32767) as i16;
        for column in 0..WIDTH {
            middle[at * SIDE + column] = round(sums[0][column] + sums[1][column]);
            middle[(SIDE - 1 - at) * SIDE + column] = round(sums[0][column] - sums[1][column]);
        }
    }
}

/// The second stage, of every row.
fn rows<const HALF: usize, const SIDE: usize>(
    matrix: &[[i16; HALF]; SIDE],
    middle: &[i16; MOST],
    last: usize,
    shift: u32,
    residuals: &mut [i32; MOST],
) {
    for (line, out) in middle.chunks_exact(SIDE).zip(residuals.chunks_exact_mut(SIDE)).take(SIDE) {
        let mut sums = [[0_i32; HALF]; 2];
        for (index, (value, factors)) in line[..=last].iter().zip(matrix).enumerate() {
            for (sum, factor) in sums[index & 1].iter_mut().zip(factors) {
                *sum += i32::from(*value) * i32::from(*factor);
            }
        }
        let half = 1 << (shift - 1);
        for at in 0..HALF {
            out[at] = (sums[0][at] + sums[1][at] + half) >> shift;
            out[SIDE - 1 - at] = (sums[0][at] - sums[1][at] + half) >> shift;
        }
    }
}

/// The inverse sine transform of 4 by 4, of intra luma (8.6.4.2).
pub(crate) fn inverse_sine(coefficients: &[i16; MOST], depth: u32, residuals: &mut [i32; MOST]) {
    let four = |[a, b, c, d]: [i32; 4]| {
        [
            29 * a + 74 * b + 84 * c + 55 * d,
            55 * a + 74 * b - 29 * c - 84 * d,
            74 * a - 74 * c + 74 * d,
            84 * a - 74 * b + 55 * c - 29 * d,
        ]
    };
    let mut middle = [[0; 4]; 4];
    for column in 0..4 {
        let line = four(std::array::from_fn(|row| i32::from(coefficients[4 * row + column])));
        for (row, value) in middle.iter_mut().zip(line) {
            row[column] = ((value + 64) >> 7).clamp(-32768, 32767);
        }
    }
    let shift = 20 - depth;
    for (row, out) in middle.into_iter().zip(residuals.chunks_exact_mut(4)) {
        let line = four(row).map(|value| (value + (1 << (shift - 1))) >> shift);
        out.copy_from_slice(&line);
    }
}

/// Without a transform, in the precision of one (8.6.4.2, `transform_skip_flag`).
pub(crate) fn skipped(coefficients: &[i16; MOST], log2: u32, depth: u32, residuals: &mut [i32; MOST]) {
    let shift = 20 - depth;
    let area = 1 << (2 * log2);
    for (out, value) in residuals[..area].iter_mut().zip(coefficients) {
        *out = ((i32::from(*value) << (5 + log2)) + (1 << (shift - 1))) >> shift;
    }
}

/// As they are (`cu_transquant_bypass_flag`).
pub(crate) fn plain(coefficients: &[i16; MOST], log2: u32, residuals: &mut [i32; MOST]) {
    let area = 1 << (2 * log2);
    residuals[..area].iter_mut().zip(coefficients).for_each(|(out, value)| *out = i32::from(*value));
}

/// Half a turn of a block of 4 by 4 (`transform_skip_rotation_enabled_flag`).
pub(crate) fn turn(coefficients: &mut [i16; MOST]) {
    coefficients[..16].reverse();
}

/// Each residual is the difference to the one before it: in its row, or else in its column (8.6.5, 8.6.6).
pub(crate) fn add_up(residuals: &mut [i32; MOST], log2: u32, in_rows: bool) {
    let side = 1 << log2;
    for at in 0..side * side {
        let before = match in_rows {
            true if at % side > 0 => residuals[at - 1],
            false if at >= side => residuals[at - side],
            _ => 0,
        };
        residuals[at] = residuals[at].wrapping_add(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_those_of_the_standard() {
        assert_eq!(MATRIX_4, [[64, 64], [83, 36], [64, -64], [36, -83]]);
        assert_eq!(MATRIX_8[1], [89, 75, 50, 18]);
        assert_eq!(MATRIX_8[7], [18, -50, 75, -89]);
        assert_eq!(MATRIX_16[1], [90, 87, 80, 70, 57, 43, 25, 9]);
        assert_eq!(MATRIX_32[1][..4], [90, 90, 88, 85]);
        assert_eq!(MATRIX_32[31][..4], [4, -13, 22, -31]);
    }

    #[test]
    fn a_coefficient_is_its_wave_wherever_it_lies() {
        // Product by product, as the standard writes it.
        let slow = |coefficients: &[i16; MOST], log2: u32| {
            let side = 1_usize << log2;
            let factor = |row: usize, column: usize| {
                let mirrored = column >= 16 >> (5 - log2);
                let value = MATRIX_32[row << (5 - log2)][if mirrored { side - 1 - column } else { column }];
                i32::from(if mirrored && row & 1 == 1 { -value } else { value })
            };
            let mut middle = vec![0; side * side];
            for (at, out) in middle.iter_mut().enumerate() {
                let (x, y) = (at % side, at / side);
                let sum: i32 = (0..side).map(|row| factor(row, y) * i32::from(coefficients[row * side + x])).sum();
                *out = ((sum + 64) >> 7).clamp(-32768, 32767);
            }
            let at = |x: usize, y: usize| -> i32 {
                ((0..side).map(|column| factor(column, x) * middle[y * side + column]).sum::<i32>() + 2048) >> 12
            };
            (0..side * side).map(|index| at(index % side, index / side)).collect::<Vec<_>>()
        };
        for log2 in 2..=5 {
            let side = 1 << log2;
            for last in [(0, 0), (1, 0), (0, 3), (3, 3), (side - 1, 1), (2, side - 1), (side - 1, side - 1)] {
                let mut coefficients = [0; MOST];
                for y in 0..=last.1 {
                    for x in 0..=last.0 {
                        coefficients[y * side + x] = ((x * 7 + y * 13) * 37 % 401) as i16 - 200;
                    }
                }
                let mut residuals = [0; MOST];
                inverse((&coefficients, last), log2, 8, &mut [0; MOST], &mut residuals);
                assert_eq!(residuals[..side * side], slow(&coefficients, log2), "{log2} {last:?}");
            }
        }
    }

    #[test]
    fn differences_are_added_up() {
        let mut rows = [0; MOST];
        rows[..16].fill(1);
        let mut columns = rows;
        add_up(&mut rows, 2, true);
        add_up(&mut columns, 2, false);
        assert_eq!(rows[..16], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
        assert_eq!(columns[..16], [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]);
    }
}
