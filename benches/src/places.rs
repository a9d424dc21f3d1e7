//! Where a calibration finds and leaves its files.

use std::path::{Path, PathBuf};

/// Folders and files of one repository.
#[derive(Clone, Debug)]
pub struct Places {
    /// The repository.
    pub root: PathBuf,
    /// `target/calibrate`.
    pub folder: PathBuf,
}

impl Places {
    /// Of this repository.
    #[must_use]
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches is in the repository").to_owned();
        let folder = root.join("target/calibrate");
        Self { root, folder }
    }

    /// The grid's files.
    #[must_use]
    pub fn inputs(&self) -> PathBuf {
        self.folder.join("inputs")
    }

    /// The table of tiers.
    #[must_use]
    pub fn tiers_json(&self) -> PathBuf {
        self.root.join("tiers.json")
    }

    /// The list of thumbnails.
    #[must_use]
    pub fn thumbnails_json(&self) -> PathBuf {
        self.root.join("thumbnails.json")
    }
}
