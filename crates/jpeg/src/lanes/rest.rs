//! How long no lanes are tried after they did not pay.

/// Buffers that are decoded without lanes after a failure, and after many.
pub(super) const REST: (u32, u32) = (4, 256);

/// Counted in buffers.
pub(super) struct Rest {
    left: u32,
    /// After the next failure.
    pub(super) next: u32,
}

impl Rest {
    pub(super) fn new() -> Self {
        Self { left: 0, next: REST.0 }
    }

    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Takes note of another buffer.
    pub(super) fn go_on(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Takes note of whether lanes paid.
    pub(super) fn judge(&mut self, paid: bool) {
        if paid {
            self.next = (self.next / 2).max(REST.0);
        } else {
            (self.left, self.next) = (self.next, (self.next * 4).min(REST.1));
        }
    }
}
