//! Control groups of Linux, version 1 and 2: memory and CPU limits, and the peak that the kernel saw.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const ROOT: &str = "/sys/fs/cgroup";

/// Before the process id in the name of a group.
const NAME: &str = "thumbtier-calibrate-";

/// How often a quota is given out, in microseconds: as on Lambda, so that a short job feels its share.
const PERIOD_US: u64 = contract::CPU_PERIOD_MS as u64 * 1000;

/// Which interface the kernel has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Control groups that this process may make.
#[derive(Debug)]
pub struct Cgroups {
    version: Version,
    name: String,
}

/// One group with its limits. Removed when dropped.
#[derive(Debug)]
pub struct Group {
    version: Version,
    memory: PathBuf,
    cpu: PathBuf,
}

impl Cgroups {
    /// Makes a group to hold those of this process.
    ///
    /// # Errors
    /// A sentence that says why no group can be made here.
    pub fn find() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let root = Path::new(ROOT);
        let version = match (root.join("cgroup.controllers").exists(), root.join("memory").is_dir()) {
            (true, _) => Version::Two,
            (false, true) => Version::One,
            (false, false) => return Err(format!("{ROOT} has no control groups")),
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let groups = Self { version, name: format!("{NAME}{}-{count}", std::process::id()) };
        for parent in groups.folders().iter().filter_map(|folder| folder.parent()) {
            sweep(parent);
        }
        match groups.make() {
            Ok(()) => Ok(groups),
            Err(error) => Err(format!("no control group can be made in {ROOT}: {error}")),
        }
    }

    fn make(&self) -> io::Result<()> {
        for folder in self.folders() {
            std::fs::create_dir(&folder)?;
        }
        if self.version == Version::Two {
            for folder in [Path::new(ROOT), &self.folders()[0]] {
                std::fs::write(folder.join("cgroup.subtree_control"), "+memory +cpu")?;
            }
        }
        Ok(())
    }

    fn folders(&self) -> Vec<PathBuf> {
        match self.version {
            Version::One => ["memory", "cpu"].map(|kind| Path::new(ROOT).join(kind).join(&self.name)).into(),
            Version::Two => vec![Path::new(ROOT).join(&self.name)],
        }
    }

    /// `cgroup v1` or `cgroup v2`.
    #[must_use]
    pub const fn describe(&self) -> &'static str {
        match self.version {
            Version::One => "cgroup v1",
            Version::Two => "cgroup v2",
        }
    }

    /// A group that may hold `memory_bytes`, swap included, and use every CPU until [`Group::limit_cpu`].
    ///
    /// # Errors
    /// What the kernel says.
    pub fn group(&self, name: &str, memory_bytes: u64) -> io::Result<Group> {
        let folders = self.folders();
        let memory = folders[0].join(name);
        let cpu = folders.last().unwrap_or(&folders[0]).join(name);
        let group = Group { version: self.version, memory, cpu };
        for folder in group.folders() {
            std::fs::create_dir(folder)?;
        }
        let (limit, swap, no_swap) = match self.version {
            Version::One => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", memory_bytes),
            Version::Two => ("memory.max", "memory.swap.max", 0),
        };
        std::fs::write(group.memory.join(limit), memory_bytes.to_string())?;
        // Not there where the kernel counts no swap.
        let _ = std::fs::write(group.memory.join(swap), no_swap.to_string());
        Ok(group)
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        self.folders().iter().for_each(|folder| remove(folder));
    }
}

impl Group {
    fn folders(&self) -> Vec<&Path> {
        if self.memory == self.cpu { vec![&self.memory] } else { vec![&self.memory, &self.cpu] }
    }

    /// The files that take the id of a process that joins.
    #[must_use]
    pub fn joins(&self) -> Vec<PathBuf> {
        self.folders().iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// From now on `cpus` vCPUs, a part of one or more than one.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn limit_cpu(&self, cpus: f64) -> io::Result<()> {
        // A positive number, far below the limit of u64.
        let quota_us = (PERIOD_US as f64 * cpus) as u64;
        match self.version {
            Version::One => {
                std::fs::write(self.cpu.join("cpu.cfs_period_us"), PERIOD_US.to_string())?;
                std::fs::write(self.cpu.join("cpu.cfs_quota_us"), quota_us.to_string())
            }
            Version::Two => std::fs::write(self.cpu.join("cpu.max"), format!("{quota_us} {PERIOD_US}")),
        }
    }

    /// The most that the group ever held, page cache and sockets included, in bytes; 0 where the kernel does not say.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        let file = match self.version {
            Version::One => "memory.max_usage_in_bytes",
            Version::Two => "memory.peak",
        };
        let text = std::fs::read_to_string(self.memory.join(file)).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    /// How many processes the kernel killed here for want of memory.
    #[must_use]
    pub fn oom_kills(&self) -> u64 {
        let file = match self.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        let text = std::fs::read_to_string(self.memory.join(file)).unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.folders().iter().for_each(|folder| remove(folder));
    }
}

/// Removes the groups that interrupted runs left in `parent`; what cannot be removed is nobody's harm.
fn sweep(parent: &Path) {
    let folders = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for group in folders(parent) {
        let name = group.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split('-').next()?.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            for inner in folders(&group.path()) {
                let _ = std::fs::remove_dir(inner.path());
            }
            let _ = std::fs::remove_dir(group.path());
        }
    }
}

/// A process that has just ended stays in its group for a moment.
fn remove(folder: &Path) {
    for _ in 0..100 {
        match std::fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn groups_of_runs_that_are_over_are_swept_and_no_others() {
        let parent = Scratch::new("sweep");
        let kept = [format!("{NAME}{}-0", std::process::id()), format!("{NAME}x-0"), "docker".to_owned()];
        // No process has an id above 2^22.
        let left = format!("{NAME}{}-0/small-7", u32::MAX);
        for name in kept.iter().chain([&left]) {
            std::fs::create_dir_all(parent.join(name)).unwrap();
        }
        sweep(&parent);
        let mut found: Vec<_> = std::fs::read_dir(&*parent).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        found.sort();
        let mut kept = kept.map(std::ffi::OsString::from);
        kept.sort();
        assert_eq!(found, kept);
    }
}
