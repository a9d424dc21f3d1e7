//! What the command's tests share.

use std::fs;
use std::path::{Path, PathBuf};

/// A fresh directory of the test's own.
pub(crate) fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}
