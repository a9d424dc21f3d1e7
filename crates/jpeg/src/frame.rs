//! The geometry of a frame: blocks, MCUs and scaled samples. **Source:** T.81 A.1 and A.2.

use crate::header::Header;

/// Blocks and MCUs of a frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Per component, in the frame's order.
    pub(crate) components: Vec<FrameComponent>,
    /// MCUs of an interleaved scan, across and down.
    pub(crate) mcu_columns: usize,
    pub(crate) mcu_rows: usize,
}

/// One component's share of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameComponent {
    /// Blocks of one MCU of an interleaved scan.
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Blocks that hold the component, as a scan of it alone codes them: without an MCU's padding.
    pub(crate) block_columns: usize,
    pub(crate) block_rows: usize,
}

impl Frame {
    pub(crate) fn new(header: &Header) -> Self {
        let (h_max, v_max) = largest_factors(header);
        let (width, height) = (header.width_px as usize, header.height_px as usize);
        let components = header
            .components
            .iter()
            .map(|component| {
                let (h, v) = (usize::from(component.h), usize::from(component.v));
                FrameComponent {
                    h,
                    v,
                    block_columns: (width * h).div_ceil(h_max * 8),
                    block_rows: (height * v).div_ceil(v_max * 8),
                }
            })
            .collect();
        Self { components, mcu_columns: width.div_ceil(8 * h_max), mcu_rows: height.div_ceil(8 * v_max) }
    }

    /// Blocks of all components, MCU padding included.
    pub(crate) fn blocks(&self) -> u64 {
        (0..self.components.len()).map(|index| self.component_blocks(index)).sum()
    }

    /// Blocks of one component, MCU padding included.
    pub(crate) fn component_blocks(&self, index: usize) -> u64 {
        let component = &self.components[index];
        (self.mcu_columns * component.h * self.mcu_rows * component.v) as u64
    }
}

/// The largest horizontal and vertical sampling factor of the components.
pub(crate) fn largest_factors(header: &Header) -> (usize, usize) {
    let largest = |factor: fn(&crate::Component) -> u8| header.components.iter().map(factor).max().unwrap_or(1);
    (usize::from(largest(|c| c.h)), usize::from(largest(|c| c.v)))
}
