//! The samples of one row of MCUs on their way to the sink.

use crate::frame::{Frame, FrameComponent};
use crate::scale::ComponentPlan;
use crate::sink::{Rows, Sink};

/// The sample that stands for data that never came.
pub(crate) const GREY: u8 = 128;

/// The rows of samples that one row of MCUs holds for a component.
#[derive(Clone)]
pub(crate) struct Stripe {
    /// Blocks of one MCU.
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Samples per block side.
    n: usize,
    /// Samples from one row to the next.
    pub(crate) stride: usize,
    pub(crate) samples: Vec<u8>,
    width_samples: usize,
    /// Rows that the sink is still to get.
    rows_left: usize,
}

impl Stripe {
    /// For a scan in which the component is interleaved with others, or not.
    pub(crate) fn new(frame: &Frame, component: &FrameComponent, plan: &ComponentPlan, interleaved: bool) -> Self {
        let n = plan.scale.samples();
        let (h, v, columns) =
            if interleaved { (component.h, component.v, frame.mcu_columns) } else { (1, 1, component.block_columns) };
        let stride = columns * h * n;
        Self {
            h,
            v,
            n,
            stride,
            samples: vec![GREY; stride * v * n],
            width_samples: plan.width_samples,
            rows_left: plan.height_samples,
        }
    }

    /// One of `height` rows in all, each of `width` samples, `rows` at a time.
    #[cfg(test)]
    pub(crate) fn of_size(width: usize, rows: usize, height: usize) -> Self {
        let samples = vec![GREY; width * rows];
        Self { h: 1, v: 1, n: rows, stride: width, samples, width_samples: width, rows_left: height }
    }

    /// Makes the MCU in `column` grey.
    pub(crate) fn grey(&mut self, column: usize) {
        let width = self.h * self.n;
        for row in self.samples.chunks_exact_mut(self.stride) {
            row[column * width..(column + 1) * width].fill(GREY);
        }
    }

    /// Hands the valid rows to the sink.
    pub(crate) fn deliver<S: Sink + ?Sized>(&mut self, component: usize, sink: &mut S) {
        let rows = self.rows_left.min(self.v * self.n);
        self.rows_left -= rows;
        if rows > 0 {
            sink.rows(component, Rows::new(&self.samples, self.stride, self.width_samples, rows));
        }
    }

    /// Hands grey rows to the sink until it has them all.
    pub(crate) fn deliver_grey<S: Sink + ?Sized>(&mut self, component: usize, sink: &mut S) {
        self.samples.fill(GREY);
        while self.rows_left > 0 {
            self.deliver(component, sink);
        }
    }
}
