//! Pixels in, a small image out: every `factor` by `factor` block of pixels becomes their rounded mean as it is read.

mod mean;
mod rows;
mod scattered;

pub(crate) use rows::Shrinker;
pub(crate) use scattered::Scattered;

/// The most that one block's side may be: 257 rows of 255 are the most that 16 bits hold.
pub(crate) const MAX_FACTOR: u32 = 256;
