//! One local file: opened, its format told by its bytes, its tier by its size.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use contract::{ImageFormat, MAGIC_BYTES, Skip, Tier, TierTable};

use crate::refusal::Refusal;

/// An open file that is an image by its first bytes, positioned at its start.
#[derive(Debug)]
pub struct SourceFile {
    /// The file.
    pub file: File,
    /// Its size.
    pub bytes: u64,
    /// Its format, by its first bytes.
    pub format: ImageFormat,
    /// The first bytes, as many as tell formats apart.
    pub magic: Vec<u8>,
}

/// A file's size where it has one, and the file or why it is none.
pub type Opened = (Option<u64>, Result<SourceFile, Refusal>);

/// Opens `path` and looks at its first bytes. Anything but a regular file is refused: a pipe could block for ever.
pub fn open(path: &Path) -> Opened {
    let bytes = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return (None, Err(Refusal::new("not_a_file", format!("`{}` is not a regular file", path.display())))),
        Err(error) => return (None, Err(Refusal::unreadable(path, &error))),
    };
    if bytes == 0 {
        return (Some(bytes), Err(Skip::Empty.into()));
    }
    (Some(bytes), open_image(path, bytes))
}

fn open_image(path: &Path, bytes: u64) -> Result<SourceFile, Refusal> {
    let unreadable = |error: io::Error| Refusal::unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let (format, magic) = read_magic(&mut file, unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    Ok(SourceFile { file, bytes, format, magic })
}

/// The format by the first bytes of `reader`, and those bytes: as many as tell formats apart.
///
/// # Errors
/// What `unreadable` makes of an error, or the engine's own words for what is no image.
pub fn read_magic(
    reader: impl Read,
    unreadable: impl FnOnce(io::Error) -> Refusal,
) -> Result<(ImageFormat, Vec<u8>), Refusal> {
    let mut magic = Vec::new();
    reader.take(MAGIC_BYTES as u64).read_to_end(&mut magic).map_err(unreadable)?;
    match ImageFormat::from_bytes(&magic) {
        Some(format) => Ok((format, magic)),
        None => Err(engine::probe(&magic).err().map_or_else(|| Refusal::new("not_an_image", "no image"), Into::into)),
    }
}

impl SourceFile {
    /// The smallest tier that takes a file of this format and size.
    ///
    /// # Errors
    /// `too_large`, with the largest tier's threshold.
    pub fn tier<'table>(&self, tiers: &'table TierTable) -> Result<&'table Tier, Refusal> {
        let too_large = |limit_bytes| Skip::TooLarge { bytes: self.bytes, limit_bytes }.into();
        tiers.smallest_for(Some(self.format), self.bytes).map_err(|too| too_large(too.limit_bytes))
    }

    /// Back to the first byte.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0)).map(drop)
    }
}
