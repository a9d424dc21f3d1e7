//! Images that are routed to each tier: a small picture, and behind it as many bytes as its tier asks for. Pure.
//!
//! Tiers are chosen by bytes, so that the format with the lowest threshold needs the smallest upload.
//! `smoke.avif` and `smoke.jpg` are the dunes of `local/samples` at 320 x 240, written by Pillow.

use anyhow::{Context, bail};
use contract::{Formats, ImageFormat, Tier, TierTable};

/// Pictures that are at hand. Decoders stop behind them, whatever follows.
const PICTURES: [(ImageFormat, &[u8]); 2] =
    [(ImageFormat::Avif, include_bytes!("smoke.avif")), (ImageFormat::Jpeg, include_bytes!("smoke.jpg"))];
/// Of what stands behind a picture: the header of a box of ISO BMFF that readers pass over, and the run's number.
const LEAST_TAIL_BYTES: usize = 16;

/// What is uploaded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Of the picture.
    pub(super) format: ImageFormat,
    picture: &'static [u8],
}

/// The picture that needs the fewest bytes to reach the largest tier, of those that the deployment reads.
///
/// # Errors
/// It reads none of them.
pub(super) fn sample(tiers: &TierTable, on: Formats) -> anyhow::Result<Sample> {
    let largest = tiers.largest();
    let at_hand = PICTURES.iter().filter(|(format, _)| on.contains(*format));
    let least = at_hand.min_by_key(|(format, _)| above_bytes(tiers, largest, *format));
    let &(format, picture) = least.with_context(|| {
        let names = PICTURES.map(|(format, _)| format.name()).join(" or ");
        format!("smoke uploads {names}, and the deployment reads neither: its parameter `formats` is {on}")
    })?;
    Ok(Sample { format, picture })
}

/// The size of the smallest image that goes to `tier`.
///
/// # Errors
/// Nothing is routed to it, or what is may not be read.
pub(super) fn bytes_for(
    tiers: &TierTable,
    tier: &Tier,
    sample: Sample,
    max_object_bytes: u64,
) -> anyhow::Result<usize> {
    let format = sample.format;
    let above = above_bytes(tiers, tier, format);
    let bytes = (above + 1).max((sample.picture.len() + LEAST_TAIL_BYTES) as u64);
    let most = tier.max_object_bytes(Some(format)).min(max_object_bytes);
    if bytes > most {
        bail!("tier {} takes {format} of more than {above} and at most {most} bytes: none is between them", tier.name);
    }
    Ok(usize::try_from(bytes)?)
}

/// The largest object that goes to a smaller tier.
fn above_bytes(tiers: &TierTable, tier: &Tier, format: ImageFormat) -> u64 {
    let smaller = tiers.iter().take_while(|one| one.name != tier.name);
    smaller.map(|one| one.max_object_bytes(Some(format))).max().unwrap_or_default()
}

/// An image of `bytes` bytes. It has `seed` in it, so that each run has ETags of its own.
pub(super) fn image(sample: Sample, bytes: usize, seed: u64) -> Vec<u8> {
    let mut file = Vec::with_capacity(bytes);
    file.extend(sample.picture);
    let tail_bytes = u32::try_from(bytes - file.len()).expect("tiers take less than 4 GiB");
    file.extend(tail_bytes.to_be_bytes());
    file.extend(b"free");
    file.extend(seed.to_be_bytes());
    file.resize(bytes, 0);
    file
}

#[cfg(test)]
mod tests {
    use contract::ObjectHead;

    use super::*;

    fn routed(tiers: &TierTable, key: &str, bytes: usize, on: Formats) -> String {
        let head = ObjectHead { bytes: bytes as u64, etag: "\"e\"".into(), ..ObjectHead::default() };
        match contract::route(key, &head, tiers, u64::MAX, on) {
            contract::Decision::Invoke(chosen) => chosen.name.clone(),
            skip => panic!("nobody takes it: {skip:?}"),
        }
    }

    #[test]
    fn each_image_goes_to_its_tier() {
        let tiers = TierTable::builtin().unwrap();
        for on in [Formats::ALL, Formats::parse("jpeg,png").unwrap()] {
            let sample = sample(&tiers, on).unwrap();
            let key = format!("uploads/a.{}", sample.format.facts().extensions[0]);
            for tier in tiers.iter() {
                let bytes = bytes_for(&tiers, tier, sample, u64::MAX).unwrap();
                assert_eq!(routed(&tiers, &key, bytes, on), tier.name);
            }
            let file = image(sample, 20_000, 7);
            let probe = engine::probe(&file).unwrap();
            assert_eq!((file.len(), probe.format), (20_000, sample.format));
            assert_eq!((probe.width_px, probe.height_px), (320, 240));
            assert_ne!(file, image(sample, 20_000, 8));
        }
    }

    #[test]
    fn what_needs_the_fewest_bytes_is_uploaded_of_what_is_on() {
        let tiers = TierTable::builtin().unwrap();
        let chosen = |names| sample(&tiers, Formats::parse(names).unwrap()).map(|one| one.format);
        assert_eq!(chosen("").unwrap(), ImageFormat::Avif);
        assert_eq!(chosen("jpeg,webp").unwrap(), ImageFormat::Jpeg);
        let error = chosen("webp").unwrap_err().to_string();
        assert_eq!(
            error,
            "smoke uploads avif or jpeg, and the deployment reads neither: its parameter `formats` is webp"
        );
    }

    #[test]
    fn a_tier_that_may_read_none_is_named() {
        let tiers = TierTable::builtin().unwrap();
        let sample = sample(&tiers, Formats::ALL).unwrap();
        let error = bytes_for(&tiers, tiers.largest(), sample, 3_000_000).unwrap_err().to_string();
        let above_bytes = tiers.get("medium").unwrap().max_object_bytes(Some(sample.format));
        assert!(
            error.starts_with(&format!("tier large takes avif of more than {above_bytes} and at most 3000000 bytes")),
            "{error}"
        );
    }
}
