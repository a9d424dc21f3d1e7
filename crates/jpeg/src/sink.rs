//! Where decoded samples go.

/// Takes the decoded samples of all components, a stripe of rows at a time.
///
/// Within a component the rows come from top to bottom, without a gap, and all of them come, whatever was
/// damaged. Between components the order is the file's: interleaved files bring all components in turn, others
/// one component after another.
/// They may come on another thread than the decoder's, see [`Decoder::beside`](crate::Decoder::beside).
pub trait Sink: Send {
    /// Takes the next rows of component `component` (its index in [`Header::components`](crate::Header::components)).
    fn rows(&mut self, component: usize, rows: Rows<'_>);
}

/// Some rows of one component.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    samples: &'a [u8],
    stride_samples: usize,
    width_samples: usize,
    height_samples: usize,
}

impl<'a> Rows<'a> {
    /// `samples` holds `height_samples` rows, `stride_samples` apart, each with `width_samples` valid ones.
    pub(crate) fn new(samples: &'a [u8], stride_samples: usize, width_samples: usize, height_samples: usize) -> Self {
        debug_assert!(width_samples <= stride_samples && samples.len() >= height_samples * stride_samples);
        Self { samples, stride_samples, width_samples, height_samples }
    }

    /// Samples per row; equals [`ComponentPlan::width_samples`](crate::ComponentPlan::width_samples).
    pub fn width_samples(&self) -> usize {
        self.width_samples
    }

    /// Number of rows, 1 to 32.
    pub fn height_samples(&self) -> usize {
        self.height_samples
    }

    /// Each row, from top to bottom, without padding.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let width = self.width_samples;
        self.samples.chunks(self.stride_samples).take(self.height_samples).map(move |row| &row[..width])
    }

    /// The rows as stored: [`stride_samples`](Self::stride_samples) apart, with padding behind each.
    pub fn samples(&self) -> &'a [u8] {
        self.samples
    }

    /// Distance from one row to the next in [`samples`](Self::samples).
    pub fn stride_samples(&self) -> usize {
        self.stride_samples
    }
}
