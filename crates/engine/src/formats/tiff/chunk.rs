//! What the decompressors of strips and tiles have in common.

use std::io::Read;

/// What decompresses strips or tiles, one after another, with buffers that are made once.
pub(super) trait Chunk<'file>: Read {
    /// Goes on with the stored bytes of another strip or tile.
    fn start(&mut self, stored: &'file [u8]);
}

impl<'file> Chunk<'file> for &'file [u8] {
    fn start(&mut self, stored: &'file [u8]) {
        *self = stored;
    }
}
