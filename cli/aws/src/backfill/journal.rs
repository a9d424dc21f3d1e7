//! How far a run came, in a file: whoever runs the same command again goes on from there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use contract::fnv1a;
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use thumbtier::files::write_whole;

/// What a run is about: another deployment or another prefix is another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    /// The ARN of the function that takes the objects, with region, account and stage.
    pub function: String,
    /// The bucket's name.
    pub bucket: String,
    /// What the keys start with.
    pub prefix: String,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// What it is about.
    pub target: Target,
    /// When it began, in letters and digits: its name in the bucket of thumbnails and at S3 Batch Operations.
    pub id: String,
    /// How many objects are the dispatcher's, as they were counted at its beginning.
    pub objects: u64,
    /// What came of them so far.
    pub outcome: Outcome,
    /// On which way, and how far.
    pub progress: Progress,
}

/// How far a run came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub(super) enum Progress {
    /// Dispatched from here.
    Direct {
        /// The last object of which, and of all before it, the outcome is known.
        last_key: Option<String>,
    },
    /// A job of S3 Batch Operations.
    BatchOperations {
        /// Of the manifest, without quotes.
        manifest_etag: String,
        /// Its id, once it was made.
        job_id: Option<String>,
    },
}

/// The file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The file of that path, or of the stage and the target in the working folder.
    pub(super) fn new(path: Option<&Path>, stage: &str, target: &Target) -> Self {
        let Target { function, bucket, prefix } = target;
        let hash = fnv1a(format!("{function}\n{bucket}\n{prefix}").as_bytes());
        let path = path.map_or_else(|| format!(".thumbtier-backfill-{stage}-{hash:016x}.json").into(), Path::to_owned);
        Self { path }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The run that was interrupted; `None` where there is no file.
    ///
    /// # Errors
    /// A file that cannot be read, that is no journal, or that is another run's.
    pub(super) fn load(&self, target: &Target) -> anyhow::Result<Option<Run>> {
        let path = self.path.display();
        let json = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            json => json.with_context(|| format!("reading the journal `{path}`"))?,
        };
        let run: Run = serde_json::from_slice(&json)
            .with_context(|| format!("`{path}` is no journal of this release: --fresh starts over"))?;
        if run.target != *target {
            let Target { function, bucket, prefix } = &run.target;
            bail!(
                "the journal `{path}` is about s3://{bucket}/{prefix} and {function}: name another file by --journal"
            );
        }
        Ok(Some(run))
    }

    /// Writes it: whole or not at all.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn save(&self, run: &Run) -> anyhow::Result<()> {
        let json = serde_json::to_vec_pretty(run).context("a journal serialises")?;
        write_whole(&self.path, &json).with_context(|| format!("writing the journal `{}`", self.path.display()))
    }

    /// Takes it away, if it is there.
    ///
    /// # Errors
    /// The file system's.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done.with_context(|| format!("removing the journal `{}`", self.path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn target(prefix: &str) -> Target {
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:thumbtier-prod-batch";
        Target { function: function.to_owned(), bucket: "uploads".to_owned(), prefix: prefix.to_owned() }
    }

    fn run(progress: Progress) -> Run {
        Run { target: target("a/"), id: "r".to_owned(), objects: 9, outcome: Outcome::default(), progress }
    }

    #[test]
    fn a_run_is_read_as_it_was_written_and_removed_once_it_is_over() {
        let folder = Scratch::new("backfill");
        let journal = Journal::new(Some(&folder.join("journal.json")), "prod", &target("a/"));
        assert_eq!(journal.load(&target("a/")).unwrap(), None);
        for progress in [
            Progress::Direct { last_key: Some("a/ü \"1\".jpg".to_owned()) },
            Progress::BatchOperations { manifest_etag: "e".to_owned(), job_id: None },
        ] {
            let run = run(progress);
            journal.save(&run).unwrap();
            assert_eq!(journal.load(&target("a/")).unwrap(), Some(run));
        }
        let error = journal.load(&target("b/")).unwrap_err().to_string();
        assert!(error.contains("s3://uploads/a/") && error.contains("--journal"), "{error}");
        assert_eq!(fs::read_dir(&*folder).unwrap().count(), 1, "no temporary file is left");
        fs::write(journal.path(), "{").unwrap();
        assert!(journal.load(&target("a/")).unwrap_err().to_string().contains("--fresh"));
        journal.remove().unwrap();
        journal.remove().unwrap();
    }

    #[test]
    fn each_deployment_and_each_prefix_has_a_file_of_its_own() {
        let path = |target: &Target| Journal::new(None, "prod", target).path().display().to_string();
        let other = Target { function: "arn:…:other".to_owned(), ..target("a/") };
        assert!(path(&target("a/")).starts_with(".thumbtier-backfill-prod-"));
        assert_ne!(path(&target("a/")), path(&target("b/")));
        assert_ne!(path(&target("a/")), path(&other));
    }
}
