//! Light, shapes with edges, texture and sensor noise.

use image::RgbImage;

/// A photograph of `megapixels`, four wide to three high; sides are no multiples of 16, as few are.
///
/// At about 2 bit a pixel as JPEG of quality 85.
#[must_use]
pub fn photograph(megapixels: f64) -> RgbImage {
    let columns = columns(size(megapixels).0);
    picture(megapixels, |height, row, out| {
        let mut noise = Noise(0x9E37_79B9 ^ (row + 1).wrapping_mul(0x85EB_CA6B));
        let (v, y) = (row as f32 / height as f32, row as f32);
        let (wave, (sine, cosine)) = ((y * 0.9).cos(), (y * 0.21).sin_cos());
        for (column, pixel) in columns.iter().zip(out.chunks_exact_mut(3)) {
            // Texture of two scales, and the grain of a sensor: the same on all channels, as after demosaicing.
            let (slow_sine, slow_cosine) = column.slow;
            let weave = (column.fast * wave + slow_sine * cosine + slow_cosine * sine) * 4.0;
            let grain = weave + noise.next();
            for (channel, light) in pixel.iter_mut().zip(scene(column, v)) {
                *channel = (light + grain).clamp(0.0, 255.0) as u8;
            }
        }
    })
}

/// The same scene without texture and grain.
pub(super) fn smooth(megapixels: f64) -> RgbImage {
    let columns = columns(size(megapixels).0);
    picture(megapixels, |height, row, out| {
        for (column, pixel) in columns.iter().zip(out.chunks_exact_mut(3)) {
            for (channel, light) in pixel.iter_mut().zip(scene(column, row as f32 / height as f32)) {
                *channel = light as u8;
            }
        }
    })
}

/// What depends on the column alone: sines are most of the work.
struct Column {
    u: f32,
    ridge: f32,
    fast: f32,
    slow: (f32, f32),
}

fn columns(width: u32) -> Vec<Column> {
    let column = |x: u32| {
        let (u, x) = (x as f32 / width as f32, x as f32);
        let ridge = 0.45 + 0.08 * (u * 9.0).sin() + 0.03 * (u * 31.0).sin();
        Column { u, ridge, fast: (x * 0.7).sin(), slow: (x * 0.13).sin_cos() }
    };
    (0..width).map(column).collect()
}

/// Windows on a desktop: flat areas, borders, and lines of letters that are no letters.
pub(super) fn screen(megapixels: f64) -> RgbImage {
    picture(megapixels, |_, row, out| {
        for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
            // A cell is a letter of 8x16 px, a window has 80x30 of them; the fourth window is bare.
            let (cell_x, cell_y) = (x as u32 / 8, row / 16);
            let window = (cell_x / 80).wrapping_mul(7) + (cell_y / 30).wrapping_mul(13);
            let hash = (cell_x.wrapping_mul(0x9E37_79B9) ^ cell_y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
            let is_letter = !window.is_multiple_of(4) && hash >> 30 != 0 && cell_x % 80 < 10 + (cell_y * 37) % 60;
            let stroke = is_letter && (hash >> ((x as u32 % 8 / 2) * 4 + row % 16 / 4)) & 1 == 1;
            let paper = 245 - (window % 3 * 8) as u8;
            pixel.copy_from_slice(&if stroke { [40, 44, 52] } else { [paper, paper, 250] });
        }
    })
}

fn size(megapixels: f64) -> (u32, u32) {
    let height = (megapixels * 1e6 * 3.0 / 4.0).sqrt();
    // A positive number of pixels, far below the limit of u32.
    ((height * 4.0 / 3.0) as u32 | 1, height as u32 | 1)
}

/// Every row by `draw(height, row, bytes)`, on all cores.
fn picture(megapixels: f64, draw: impl Fn(u32, u32, &mut [u8]) + Sync) -> RgbImage {
    let (width, height) = size(megapixels);
    let stride = width as usize * 3;
    let mut bytes = vec![0; stride * height as usize];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows_each = (height as usize).div_ceil(threads);
    std::thread::scope(|scope| {
        for (part, rows) in bytes.chunks_mut(rows_each * stride).enumerate() {
            let (draw, first) = (&draw, (part * rows_each) as u32);
            scope.spawn(move || {
                for (row, out) in rows.chunks_exact_mut(stride).enumerate() {
                    draw(height, first + row as u32, out);
                }
            });
        }
    });
    RgbImage::from_raw(width, height, bytes).expect("three bytes for each pixel")
}

/// Sky, hills, a field and a wall of windows, in 0 to 255.
fn scene(column: &Column, v: f32) -> [f32; 3] {
    let Column { u, ridge, .. } = *column;
    if u > 0.62 && u < 0.92 && v > 0.25 && v < 0.8 {
        let pane = ((u * 60.0).fract() < 0.7) && ((v * 40.0).fract() < 0.6);
        return if pane { [60.0 + 90.0 * v, 80.0, 110.0] } else { [190.0, 170.0, 150.0 - 40.0 * u] };
    }
    if v < ridge {
        return [110.0 + 100.0 * v, 150.0 + 70.0 * v, 235.0 - 30.0 * u];
    }
    let furrow = 14.0 * ((u - 0.4) * 80.0 / (v + 0.1)).sin();
    [90.0 + furrow + 40.0 * u, 130.0 + furrow - 50.0 * (v - 0.5), 60.0 + 0.5 * furrow]
}

/// Marsaglia's xorshift, in three sums: close enough to a bell curve.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        let byte = |shift: u32| ((self.0 >> shift) & 0xFF) as f32 - 127.5;
        (byte(0) + byte(8) + byte(16)) * GRAIN
    }
}

/// Brings a JPEG of quality 85 to about 2 bit a pixel, as camera files have.
const GRAIN: f32 = 0.045;
