//! Numbers in bytes that may end anywhere.

/// Reads of fixed width that end in `None` past the end.
pub(crate) trait Fields {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]>;

    fn be16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }
    fn be32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }
    fn le16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }
    fn le24(&self, at: usize) -> Option<u32> {
        self.array(at).map(|[low, middle, high]| u32::from_le_bytes([low, middle, high, 0]))
    }
    fn le32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }
}

impl Fields for [u8] {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.get(at..)?.first_chunk::<N>().copied()
    }
}
