//! The manifest of a job of S3 Batch Operations: a line for each object. Pure, but for the file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use contract::encode_event_key;

/// The largest object that S3 takes in one PUT, in bytes: some 50 million objects.
const MAX_BYTES: u64 = 5 << 30;

/// Where a run's manifest and report stand in the bucket of thumbnails. serverless.yml grants these places.
pub(super) fn folder(run: &str) -> String {
    format!(".thumbtier/backfill/{run}")
}

/// The manifest's key.
pub(super) fn key(run: &str) -> String {
    format!("{}/manifest.csv", folder(run))
}

/// `bucket,key`, the key percent-encoded.
///
/// Source: Amazon S3 user guide, "Specifying a manifest".
fn line(bucket: &str, key: &str) -> String {
    format!("{bucket},{}\n", encode_event_key(key))
}

/// The manifest while it is written, in a file beside the journal that goes with this value.
pub(super) struct Manifest {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Manifest {
    /// Begins one.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn beside(journal: &Path) -> anyhow::Result<Self> {
        let path = journal.with_extension("csv");
        let file = File::create(&path).with_context(|| format!("making `{}`", path.display()))?;
        Ok(Self { path, file: BufWriter::new(file), bytes: 0 })
    }

    /// Adds an object.
    ///
    /// # Errors
    /// The file system's, or more objects than one manifest holds.
    pub(super) fn add(&mut self, bucket: &str, key: &str) -> anyhow::Result<()> {
        let line = line(bucket, key);
        self.bytes += line.len() as u64;
        if self.bytes > MAX_BYTES {
            bail!("the manifest would have more than {MAX_BYTES} bytes: backfill one prefix after the other");
        }
        self.file.write_all(line.as_bytes()).with_context(|| format!("writing `{}`", self.path.display()))
    }

    /// The file with everything that was added.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn finish(&mut self) -> anyhow::Result<&Path> {
        self.file.flush().with_context(|| format!("writing `{}`", self.path.display()))?;
        Ok(&self.path)
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        // What S3 has is what counts.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_manifest_has_a_line_for_each_object_and_leaves_no_file() {
        let folder = Scratch::new("manifest");
        let journal = folder.join("journal.json");
        let mut manifest = Manifest::beside(&journal).unwrap();
        for key in ["a.jpg", "red flower+1.jpg", "line\nbreak,\"quoted\".png"] {
            manifest.add("uploads", key).unwrap();
        }
        let path = manifest.finish().unwrap().to_owned();
        let want = "uploads,a.jpg\nuploads,red%20flower%2B1.jpg\nuploads,line%0Abreak%2C%22quoted%22.png\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), want);
        drop(manifest);
        assert_eq!(std::fs::read_dir(&*folder).unwrap().count(), 0, "{}", path.display());
    }
}
