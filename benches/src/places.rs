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
    /// Where workers and benches find `tiers.json` and `thumbnails.json`.
    pub task_root: PathBuf,
}

/// The calibration that is committed, and that of the report's set of three: paths in the repository.
pub const MEASUREMENTS: &str = "benches/measurements.json";
/// The same, of the set.
pub const SET_MEASUREMENTS: &str = "benches/set/measurements.json";

/// The environment variable that tells `cargo bench` of [`Places::task_root`].
pub const TASK_ROOT: &str = "CALIBRATE_TASK_ROOT";

impl Places {
    /// Of this repository.
    #[must_use]
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches is in the repository").to_owned();
        let folder = root.join("target/calibrate");
        let task_root = std::env::var_os(TASK_ROOT).map_or_else(|| root.clone(), PathBuf::from);
        Self { root, folder, task_root }
    }

    /// The same with another list of thumbnails.
    ///
    /// # Errors
    /// What the file system says.
    pub fn with_thumbnails(self, file: &Path) -> anyhow::Result<Self> {
        let task_root = self.folder.join("task-root");
        std::fs::create_dir_all(&task_root).with_context(|| format!("making {}", task_root.display()))?;
        let prices = self.root.join("prices.json");
        let files = [(self.tiers_json(), "tiers.json"), (prices, "prices.json"), (file.to_owned(), "thumbnails.json")];
        for (from, name) in files {
            std::fs::copy(&from, task_root.join(name)).with_context(|| format!("copying {}", from.display()))?;
        }
        Ok(Self { task_root, ..self })
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
        let text =
            std::fs::read_to_string(self.task_root.join("thumbnails.json")).context("reading thumbnails.json")?;
        Ok(Thumbnails::parse(&text)?)
    }
}
