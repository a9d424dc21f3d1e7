//! Files that are whole after a crash, and there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file of these parts in the place of the one before; returns when it is on the disk.
///
/// # Errors
/// What the disk said.
pub(crate) fn write(path: &Path, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    for part in parts {
        file.write_all(part.as_ref())?;
    }
    file.sync_all()?;
    fs::rename(&new, path)?;
    // A file that was renamed is there after a crash if its folder is synced.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
