//! The folder of one unit test. Also of `cli/aws`, by this file's path.

use std::{ops::Deref, path::Path, path::PathBuf};

/// Empty at the start, and gone at the end of the test, of a failed one too.
///
/// In `target/tmp`, as the files of integration tests: cargo names it to them alone, in `CARGO_TARGET_TMPDIR`.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// `name` is the test's own.
    pub(crate) fn new(name: &str) -> Self {
        let binary = std::env::current_exe().expect("a test has a file");
        // target/PROFILE/deps/BINARY
        let target = binary.ancestors().nth(3).expect("cargo's folders");
        let folder = target.join("tmp").join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made in target");
        Self(folder)
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is in target.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
