//! Files: those that arguments name, in an order that does not depend on the disk, and those that are written whole.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::refusal::Refusal;

/// One file to work on, or an entry that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// To open and to print: the argument, or a path below it.
    pub path: PathBuf,
    /// Its place below the output directory: the path below the argument, or a file's name.
    pub relative: PathBuf,
    /// Why the entry itself could not be listed.
    pub refusal: Option<Refusal>,
}

/// Every file that `arguments` name, each once, directories walked in sorted order.
///
/// `outputs` is left out where it lies below a walked directory, so that a second run does not make thumbnails of
/// thumbnails. Links to directories are not followed: they may lead back.
pub fn walk(arguments: &[PathBuf], outputs: Option<&Path>) -> Vec<Entry> {
    let outputs = outputs.and_then(|path| path.canonicalize().ok());
    let mut walk = Walk { outputs, entries: Vec::new(), seen: HashSet::new() };
    for argument in arguments {
        if argument.is_dir() {
            walk.directory(argument, Path::new(""));
        } else {
            // A path without a last name ends in `..` and cannot be a file.
            walk.file(argument, Path::new(argument.file_name().unwrap_or_default()));
        }
    }
    walk.entries
}

struct Walk {
    outputs: Option<PathBuf>,
    entries: Vec<Entry>,
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn file(&mut self, path: &Path, relative: &Path) {
        let is_new = path.canonicalize().map_or(true, |canonical| self.seen.insert(canonical));
        if is_new {
            self.entries.push(Entry { path: path.to_owned(), relative: relative.to_owned(), refusal: None });
        }
    }

    fn directory(&mut self, directory: &Path, relative: &Path) {
        let listed = fs::read_dir(directory).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>()
        });
        let mut names = match listed {
            Ok(names) => names,
            Err(error) => {
                let refusal = Some(Refusal::unreadable(directory, &error));
                self.entries.push(Entry { path: directory.to_owned(), relative: relative.to_owned(), refusal });
                return;
            }
        };
        names.sort_unstable();
        for name in names {
            let (path, relative) = (directory.join(&name), relative.join(&name));
            let is_link = path.is_symlink();
            if !path.is_dir() {
                self.file(&path, &relative);
            } else if !is_link && !self.is_outputs(&path) {
                self.directory(&path, &relative);
            }
        }
    }

    fn is_outputs(&self, directory: &Path) -> bool {
        self.outputs.is_some() && directory.canonicalize().ok() == self.outputs
    }
}

/// Writes a temporary file beside `path` and renames it: nobody ever sees half a file.
///
/// # Errors
/// The file system's; then `path` is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_file_name(format!(".thumbtier-{}.tmp", std::process::id()));
    let result = File::create(&temporary).and_then(|mut file| file.write_all(bytes));
    let result = result.and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    result
}
