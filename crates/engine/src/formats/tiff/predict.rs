//! Prediction undone: differences become samples. Source: TIFF 6.0, section 14; Adobe, TIFF Technical Note 3.

use crate::exif::Order;

/// How the samples of a row were predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prediction {
    None,
    /// From the sample of the pixel to the left.
    Left,
    /// The same of bytes, after the bytes of floats were sorted by their weight.
    Floats,
}

/// Undoes `prediction` in a row of samples of `bytes` bytes, of which `stride` are a pixel.
pub(super) fn undo(prediction: Prediction, row: &mut [u8], bytes: usize, stride: usize, order: Order) {
    match (prediction, bytes, stride) {
        (Prediction::None, ..) => {}
        (Prediction::Floats, ..) => floats(row, bytes, stride, order),
        (Prediction::Left, 1, 1) => sums::<1>(row),
        (Prediction::Left, 1, 3) => sums::<3>(row),
        (Prediction::Left, 1, 4) => sums::<4>(row),
        (Prediction::Left, 1, _) => bytewise(row, stride),
        (Prediction::Left, 2, _) => wide::<2>(row, stride, order),
        (Prediction::Left, 4, _) => wide::<4>(row, stride, order),
        (Prediction::Left, ..) => wide::<8>(row, stride, order),
    }
}

/// Running sums of pixels of `N` samples.
fn sums<const N: usize>(row: &mut [u8]) {
    let mut sum = [0_u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for channel in 0..N {
            sum[channel] = sum[channel].wrapping_add(pixel[channel]);
            pixel[channel] = sum[channel];
        }
    }
}

fn bytewise(row: &mut [u8], stride: usize) {
    for at in stride..row.len() {
        row[at] = row[at].wrapping_add(row[at - stride]);
    }
}

/// Running sums of samples of `N` bytes, at the most 8.
fn wide<const N: usize>(row: &mut [u8], stride: usize, order: Order) {
    let samples = row.as_chunks_mut::<N>().0;
    let value = |sample: &[u8; N]| {
        let shift = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if order == Order::Little { sample.iter().rev().fold(0, shift) } else { sample.iter().fold(0, shift) }
    };
    for at in stride..samples.len() {
        let sum = value(&samples[at]).wrapping_add(value(&samples[at - stride]));
        for (byte, out) in samples[at].iter_mut().enumerate() {
            let shift = if order == Order::Little { byte } else { N - 1 - byte };
            *out = (sum >> (8 * shift)) as u8;
        }
    }
}

/// The row holds all most significant bytes, then all second ones, and so on, whatever the order of the file.
fn floats(row: &mut [u8], bytes: usize, stride: usize, order: Order) {
    bytewise(row, stride);
    let sorted = row.to_vec();
    let samples = row.len() / bytes;
    for (at, sample) in row.chunks_exact_mut(bytes).enumerate() {
        for (byte, out) in sample.iter_mut().enumerate() {
            let weight = if order == Order::Little { bytes - 1 - byte } else { byte };
            *out = sorted[weight * samples + at];
        }
    }
}
