//! Where thumbnails are written: below one directory, each under a name of its own, never over a source.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::write_whole;
use crate::refusal::Refusal;

/// The output directory of one run.
#[derive(Debug)]
pub(super) struct Outputs {
    root: PathBuf,
    /// Canonical paths that must not be written to: the sources, and what this run has written.
    taken: HashSet<PathBuf>,
}

impl Outputs {
    /// `root` exists.
    pub(super) fn new<'path>(root: &Path, sources: impl Iterator<Item = &'path Path>) -> Self {
        let taken = sources.filter_map(|path| path.canonicalize().ok()).collect();
        Self { root: root.to_owned(), taken }
    }

    /// Writes the thumbnail of the source that stood at `relative`; the path is that of the finished file.
    ///
    /// # Errors
    /// `not_written`, with the path and what the file system said.
    pub(super) fn write(
        &mut self,
        relative: &Path,
        variant: &str,
        extension: &str,
        bytes: &[u8],
    ) -> Result<PathBuf, Refusal> {
        let path = self.root.join(relative);
        let failed = |error: &io::Error| {
            Refusal::new("not_written", format!("cannot write the thumbnail of `{}`: {error}", path.display()))
        };
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(failed(&io::ErrorKind::InvalidFilename.into()));
        };
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let canonical = folder.canonicalize().map_err(|error| failed(&error))?;
        let name = (1_u32..)
            .map(|copy| thumbnail_name(name, variant, extension, copy))
            .find(|name| !self.taken.contains(&canonical.join(name)))
            .expect("fewer than 2^32 names are taken");
        let path = folder.join(&name);
        write_whole(&path, bytes).map_err(|error| failed(&error))?;
        self.taken.insert(canonical.join(name));
        Ok(path)
    }
}

/// `photo.jpg.128x128.jpg`: the whole source name, so that `photo.png` has another. The second of one name, from
/// another directory, is `photo.jpg.128x128-2.jpg`.
fn thumbnail_name(source: &std::ffi::OsStr, variant: &str, extension: &str, copy: u32) -> OsString {
    let mut name = source.to_owned();
    name.push(format!(".{variant}"));
    if copy > 1 {
        name.push(format!("-{copy}"));
    }
    name.push(format!(".{extension}"));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_source_and_count_copies() {
        let check = |copy, want: &str| assert_eq!(thumbnail_name("a.b.png".as_ref(), "9x9", "jpg", copy), want);
        check(1, "a.b.png.9x9.jpg");
        check(2, "a.b.png.9x9-2.jpg");
    }
}
