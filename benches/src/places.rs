//! Where a calibration finds and leaves its files.

use std::path::{Path, PathBuf};

use anyhow::Context;
use contract::Thumbnails;

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

    /// The list of thumbnails as it stands now; a build holds the list of its own day.
    ///
    /// # Errors
    /// A file that cannot be read, or is refused.
    pub fn thumbnails(&self) -> anyhow::Result<Thumbnails> {
        let text = std::fs::read_to_string(self.root.join("thumbnails.json")).context("reading thumbnails.json")?;
        Ok(Thumbnails::parse(&text)?)
    }
}
