//! What is explained: a local file, or an object in S3.

use std::io::Read;
use std::path::Path;

use contract::{ImageFormat, Variant};
use engine::{EngineError, Limits, PREFIX_BYTES, Pass, Probe, Seeking};

use crate::refusal::Refusal;
use crate::{PATIENCE, source};

/// An image by its first bytes, at its start.
pub struct Source {
    /// The whole image.
    pub reader: Box<dyn Pass>,
    /// Its size, as it is stored.
    pub bytes: u64,
    /// What its reader holds at the most, in bytes: the decoder of a Content-Encoding.
    pub reader_bytes: u64,
    /// Its format, by its first bytes.
    pub format: ImageFormat,
    /// The first bytes, as many as tell formats apart.
    pub magic: Vec<u8>,
}

/// Its size where it has one, and the image or why it is none.
pub type Opened = (Option<u64>, Result<Source, Refusal>);

/// Opens a local file.
pub fn open_file(name: &str) -> Opened {
    let (bytes, opened) = source::open(Path::new(name));
    let source = opened.map(|found| Source {
        reader: Box::new(Seeking(found.file)),
        bytes: found.bytes,
        reader_bytes: 0,
        format: found.format,
        magic: found.magic,
    });
    (bytes, source)
}

impl Source {
    /// Reads the header: the usual prefix, and more only where the header goes on.
    ///
    /// With it comes the size of the preview that may stand in for the picture.
    pub(super) fn probe(
        &mut self,
        name: &str,
        budget_bytes: u64,
        variants: &[Variant],
    ) -> (Option<(u32, u32)>, Result<Probe, Refusal>) {
        // Whoever draws it knows its size, and has read all of it then; a film's index may stand anywhere.
        if self.format.is_drawn() || self.format.is_film() {
            let mut limits = Limits::for_budget(budget_bytes);
            limits.renderer = vector::by_this_program(PATIENCE);
            return (None, engine::probe_source(self.reader.as_mut(), variants, &limits).map_err(Into::into));
        }
        let mut prefix = Vec::new();
        let probe = self.probe_into(&mut prefix, name, budget_bytes);
        (engine::preview_px(&prefix), probe)
    }

    fn probe_into(&mut self, prefix: &mut Vec<u8>, name: &str, budget_bytes: u64) -> Result<Probe, Refusal> {
        let mut want_bytes = PREFIX_BYTES as u64;
        loop {
            let missing = want_bytes - prefix.len() as u64;
            let read = (&mut self.reader).take(missing).read_to_end(prefix);
            let count = read.map_err(|error| Refusal::unreadable(Path::new(name), &error))?;
            match engine::probe(prefix) {
                Err(EngineError::HeaderBeyondPrefix { needed_bytes, .. })
                    if count > 0 && needed_bytes > want_bytes && needed_bytes <= budget_bytes =>
                {
                    want_bytes = needed_bytes;
                }
                result => return result.map_err(Into::into),
            }
        }
    }
}
