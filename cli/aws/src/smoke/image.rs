//! Images that are routed to each tier, made by code. Pure.
//!
//! PNM, because its bytes are its pixels: a file of any size needs no encoder, and its decoder holds no picture.

use anyhow::bail;
use contract::{ImageFormat, Tier, TierTable};

/// What is uploaded.
pub(super) const FORMAT: ImageFormat = ImageFormat::Pnm;

const WIDTH_PX: u64 = 1_024;
const ROW_BYTES: u64 = WIDTH_PX * 3;
/// Of the smallest image, so that there is something to make small.
const FEWEST_ROWS: u64 = 256;

/// The height of the smallest image that goes to `tier`, in pixels.
///
/// # Errors
/// Nothing is routed to it, or what is may not be read.
pub(super) fn height_px(tiers: &TierTable, tier: &Tier, max_object_bytes: u64) -> anyhow::Result<u64> {
    let smaller = tiers.iter().take_while(|one| one.name != tier.name);
    let above = smaller.map(|one| one.max_object_bytes(Some(FORMAT))).max().unwrap_or_default();
    let rows = (above / ROW_BYTES + 1).max(FEWEST_ROWS);
    let bytes = header(rows).len() as u64 + rows * ROW_BYTES;
    let most = tier.max_object_bytes(Some(FORMAT)).min(max_object_bytes);
    if bytes > most {
        bail!(
            "tier {} takes {FORMAT} from {above} to {most} bytes: no image of {WIDTH_PX} pixels a row is between them",
            tier.name
        );
    }
    Ok(rows)
}

/// A gradient, whose colours follow `seed`: each run has bytes, and with them ETags, of its own.
pub(super) fn image(height_px: u64, seed: u64) -> Vec<u8> {
    let header = header(height_px);
    let mut bytes = Vec::with_capacity(header.len() + (height_px * ROW_BYTES) as usize);
    bytes.extend(header.as_bytes());
    let [red, green, blue, ..] = seed.to_le_bytes();
    for y in 0..height_px {
        let down = (y * 255 / height_px) as u8;
        for x in 0..WIDTH_PX {
            let across = (x * 255 / WIDTH_PX) as u8;
            bytes.extend([across ^ red, down ^ green, across.wrapping_add(down) ^ blue]);
        }
    }
    bytes
}

fn header(height_px: u64) -> String {
    format!("P6\n{WIDTH_PX} {height_px}\n255\n")
}

#[cfg(test)]
mod tests {
    use contract::ObjectHead;

    use super::*;

    #[test]
    fn each_image_goes_to_its_tier() {
        let tiers = TierTable::builtin().unwrap();
        for tier in tiers.iter() {
            let bytes = image(height_px(&tiers, tier, u64::MAX).unwrap(), 7);
            let head = ObjectHead { bytes: bytes.len() as u64, etag: "\"e\"".into(), ..ObjectHead::default() };
            let contract::Decision::Invoke(chosen) =
                contract::route("uploads/a.ppm", &head, &tiers, u64::MAX, contract::Formats::ALL)
            else {
                panic!("nobody takes it")
            };
            assert_eq!(chosen.name, tier.name);
            let probe = engine::probe(&bytes).unwrap();
            assert_eq!((probe.format, u64::from(probe.width_px)), (FORMAT, WIDTH_PX));
        }
        assert_ne!(image(4, 1), image(4, 2));
    }

    #[test]
    fn a_tier_that_may_read_none_is_named() {
        let tiers = TierTable::builtin().unwrap();
        let error = height_px(&tiers, tiers.largest(), 3_000_000).unwrap_err().to_string();
        let over_bytes = tiers.get("medium").unwrap().max_object_bytes(Some(FORMAT));
        assert!(error.starts_with(&format!("tier large takes pnm from {over_bytes} to 3000000 bytes")), "{error}");
    }
}
