//! What a decode will cost and deliver, known before it starts.

use crate::coding::Coding;
use crate::coefficients::coefficient_bytes;
use crate::error::Error;
use crate::feed::FEED_BYTES;
use crate::frame::{Frame, FrameComponent, largest_factors};
use crate::header::Header;
use crate::input::WINDOW_BYTES;
use crate::lanes::{self, LANE_TABLES_BYTES, LANES_BYTES};
use crate::lookup::{TABLE_BYTES, VALUES_BYTES};
use crate::markers::MAX_TABLE_BODY_BYTES;
use crate::relay::{JOBS, SAMPLES, pays};
use crate::scale::{ComponentPlan, Scale};
use crate::sequential::Passed;

/// What a decode delivers, and the memory it takes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// One for each component, in the frame's order.
    pub components: Vec<ComponentPlan>,
    /// The most heap memory that [`Decoder`](crate::Decoder) holds at once, header and metadata included.
    pub peak_bytes: u64,
}

/// Plans the decode of `header` with one scale for each component.
///
/// # Errors
/// [`Error::Unsupported`] for what this crate does not decode, [`Error::Scales`] unless there is one scale per component.
pub fn plan(header: &Header, scales: &[Scale]) -> Result<Plan, Error> {
    header.check_supported()?;
    let components = header.components.len();
    if scales.len() != components {
        return Err(Error::Scales { scales: scales.len(), components });
    }
    let (h_max, v_max) = largest_factors(header);
    let components = header
        .components
        .iter()
        .zip(scales)
        .map(|(component, &scale)| {
            let across = header.width_px as usize * usize::from(component.h) * scale.samples();
            let down = header.height_px as usize * usize::from(component.v) * scale.samples();
            ComponentPlan {
                scale,
                width_samples: across.div_ceil(8 * h_max),
                height_samples: down.div_ceil(8 * v_max),
                extent_width_samples: across as f64 / (8 * h_max) as f64,
                extent_height_samples: down as f64 / (8 * v_max) as f64,
            }
        })
        .collect();
    Ok(Plan { components, peak_bytes: peak_bytes(header, scales) })
}

/// What a decode with [`Decoder::beside`](crate::Decoder::beside) holds besides [`Plan::peak_bytes`], at the most.
#[must_use]
pub fn beside_bytes(header: &Header, scales: &[Scale]) -> u64 {
    if !pays(scales) {
        return 0;
    }
    let frame = Frame::new(header);
    // The MCUs of a scan of one component are its blocks.
    let widest = frame.components.iter().map(|component| component.h).max().unwrap_or(1);
    let of = |(component, &scale): (&FrameComponent, &Scale)| {
        let blocks = frame.mcu_columns * component.h * component.v;
        (blocks, blocks * scale.samples() * scale.samples() * SAMPLES)
    };
    let (blocks, samples_bytes) =
        frame.components.iter().zip(scales).map(of).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    let decoding = match header.coding {
        // The blocks of a progressive file are stored already.
        Coding::Progressive => 0,
        // The codes to pass over at full size, where the first thread alone needs none.
        _ => JOBS * Passed::bytes(blocks, frame.mcu_columns * widest) + scales.len() * TABLE_BYTES,
    };
    // A thread's own structs, the channels.
    const SMALL_BYTES: usize = 16 * 1024;
    (decoding + samples_bytes + SMALL_BYTES) as u64
}

fn peak_bytes(header: &Header, scales: &[Scale]) -> u64 {
    // Tables, structs and the allocator's rounding, all small and bounded.
    const SMALL_BYTES: usize = 16 * 1024;
    let frame = Frame::new(header);
    let icc_bytes = header.icc.as_ref().map_or(0, Vec::len);
    let kept = WINDOW_BYTES + SMALL_BYTES + header.exif.as_ref().map_or(0, Vec::len) + icc_bytes;
    // The profile exists twice while its chunks are put together.
    let reading = header.longest_segment_bytes + icc_bytes;

    let progressive = header.coding == Coding::Progressive;
    let mut decoding = FEED_BYTES + MAX_TABLE_BODY_BYTES + TABLE_BYTES;
    for (component, &scale) in frame.components.iter().zip(scales) {
        let n = scale.samples();
        decoding += frame.mcu_columns * component.h * n * component.v * n;
        // A DC table, one to pass over AC codes, one for their values; two components mostly share theirs.
        decoding += match scale {
            _ if progressive => TABLE_BYTES,
            Scale::Eighth => 2 * TABLE_BYTES,
            Scale::Quarter | Scale::Half | Scale::Full => 2 * TABLE_BYTES + VALUES_BYTES,
        };
    }
    if lanes::pay(header, scales.iter().copied(), frame.blocks()) {
        decoding += LANES_BYTES + frame.components.len() * LANE_TABLES_BYTES;
    }
    let stored = if progressive { coefficient_bytes(&frame, scales) } else { 0 };
    (kept + reading.max(decoding)) as u64 + stored
}
