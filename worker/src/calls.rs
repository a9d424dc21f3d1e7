//! How often S3 was asked.

use std::cell::Cell;

/// Requests to S3 beyond the GET, counted where they are made.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    ranges: Cell<u32>,
    heads: Cell<u32>,
    puts: Cell<u32>,
}

impl Calls {
    /// A GET of what stands further on in the object is sent.
    pub(crate) fn range(&self) {
        self.ranges.set(self.ranges.get() + 1);
    }

    /// A HEAD is sent.
    pub(crate) fn head(&self) {
        self.heads.set(self.heads.get() + 1);
    }

    /// A PUT is sent.
    pub(crate) fn put(&self) {
        self.puts.set(self.puts.get() + 1);
    }

    /// How many such GETs were sent.
    pub(crate) const fn ranges(&self) -> u32 {
        self.ranges.get()
    }

    /// How many HEADs were sent.
    pub(crate) const fn heads(&self) -> u32 {
        self.heads.get()
    }

    /// How many PUTs were sent.
    pub(crate) const fn puts(&self) -> u32 {
        self.puts.get()
    }
}
