//! Quality to AV1's step of quantisation.

/// By quality: the steps, of 0 to 255, at which AVIF has the SSIMULACRA2 of our JPEG of that quality at 128x96 and at
/// 512x384, the median of four to six photos; at quality 80 with 0.61 and 0.94 of its bytes. At 64x48 that step is 145,
/// at 256x192 121, and at 1,024x768 97.
///
/// A small JPEG suffers from its halved chroma, which AVIF does not have, so that the step follows from the size too. The
/// steps of quality 1 and 100 are none of a JPEG: what is worse, and what is better than its chroma lets it be.
const STEPS: [(u8, f64, f64); 8] = [
    (1, 240.0, 250.0),
    (10, 222.0, 229.0),
    (30, 187.0, 173.0),
    (50, 174.0, 149.0),
    (80, 157.0, 107.0),
    (90, 142.0, 77.0),
    (95, 136.0, 52.0),
    (100, 60.0, 10.0),
];

/// The step for a quality of 1 to 100; at 80 it is 157 up to 128x96, 122 at 256x192 and 107 from 512x384 on.
pub(super) fn step((width, height): (u32, u32), quality: u8) -> usize {
    let upper = STEPS.iter().position(|row| row.0 >= quality).unwrap_or(STEPS.len() - 1).max(1);
    let (low, high) = (STEPS[upper - 1], STEPS[upper]);
    let part = f64::from(quality.saturating_sub(low.0)) / f64::from(high.0 - low.0);
    let between = |low: f64, high: f64, part: f64| low + (high - low) * part.clamp(0.0, 1.0);
    let (small, large) = (between(low.1, high.1, part), between(low.2, high.2, part));
    // Four times to sixteen times the pixels.
    let times = f64::from(width) * f64::from(height) / (128.0 * 96.0);
    // Most of the way is gone by 256x192.
    between(small, large, (times.log2() / 4.0).max(0.0).sqrt()).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_80_is_as_measured_and_the_step_falls_with_quality_and_size() {
        assert_eq!(
            [(64, 48), (128, 96), (256, 192), (512, 384), (1_024, 768)].map(|size| step(size, 80)),
            [157, 157, 122, 107, 107]
        );
        for size in [(1, 1), (128, 128), (300, 200), (1_024, 1_024)] {
            let steps: Vec<_> = (1..=100).map(|quality| step(size, quality)).collect();
            assert!(steps.is_sorted_by(|one, next| one >= next), "{size:?} {steps:?}");
            assert!(steps.iter().all(|step| (1..=255).contains(step)), "{size:?} {steps:?}");
        }
    }
}
