//! How much memory the process may use, by whatever bounds it: control groups, the machine, or a number that was given.

use std::fs;
use std::path::{Path, PathBuf};

/// A control group of version 1 without a limit has the largest multiple of a page.
const UNLIMITED_BYTES: u64 = 1 << 60;

/// The limit in MB of 2^20 bytes, and what set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) mb: u64,
    pub(crate) set_by: &'static str,
}

/// The least of `given_mb`, the control groups and the machine's memory.
pub(crate) fn limit(given_mb: Option<u64>) -> Limit {
    limit_under(Path::new("/"), given_mb)
}

/// The same of the system whose root folder is `root`.
fn limit_under(root: &Path, given_mb: Option<u64>) -> Limit {
    let found = [
        given_mb.map(|mb| Limit { mb, set_by: "--memory" }),
        control_group(root).map(|bytes| Limit { mb: bytes >> 20, set_by: "its control group" }),
        machine(root).map(|bytes| Limit { mb: bytes >> 20, set_by: "the machine" }),
    ];
    let least = found.into_iter().flatten().min_by_key(|limit| limit.mb);
    least.unwrap_or(Limit { mb: 0, set_by: "nothing: /proc/meminfo cannot be read, give --memory" })
}

fn machine(root: &Path) -> Option<u64> {
    usage::proc_bytes(&fs::read_to_string(root.join("proc/meminfo")).ok()?, "MemTotal:")
}

/// The least limit of the process's group and of those above it.
///
/// **Source:** cgroups(7), `/proc/pid/cgroup`; kernel documentation, "Control Group v2", `memory.max`, and "Memory
/// Resource Controller", `memory.limit_in_bytes`. In a container the path may be that of the host, which is not there:
/// then the container's own group is the root of what is mounted.
fn control_group(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mut least = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (mounted, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            names if names.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let top = root.join(mounted);
        let own: PathBuf = top.join(path.trim_start_matches('/'));
        let groups = own.ancestors().take_while(|group| group.starts_with(&top));
        let limits = groups.filter_map(|group| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok());
        least = limits.chain(least).min();
    }
    least.filter(|bytes| *bytes < UNLIMITED_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn system(name: &str, files: &[(&str, &str)]) -> Scratch {
        let root = Scratch::new(&format!("serve-memory-{name}"));
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_least_limit_counts() {
        let meminfo = ("proc/meminfo", "MemTotal:        4194304 kB\nMemFree: 1 kB\n");
        let check = |name, files: &[(&str, &str)], given, want: (u64, &str)| {
            let limit = limit_under(&system(name, files), given);
            assert_eq!((limit.mb, limit.set_by), want, "{name}");
        };
        check("machine", &[meminfo], None, (4096, "the machine"));
        check("given", &[meminfo], Some(2000), (2000, "--memory"));
        let v2 = ("proc/self/cgroup", "0::/a/b\n");
        let max = ("sys/fs/cgroup/a/b/memory.max", "max\n");
        let above = ("sys/fs/cgroup/a/memory.max", "1073741824\n");
        check("v2", &[meminfo, v2, max, above], None, (1024, "its control group"));
        check("v2-given-more", &[meminfo, v2, max, above], Some(9000), (1024, "its control group"));
        check("v2-unlimited", &[meminfo, v2, max], None, (4096, "the machine"));
        let container = ("proc/self/cgroup", "0::/../../elsewhere\n");
        check(
            "v2-container",
            &[meminfo, container, ("sys/fs/cgroup/memory.max", "536870912")],
            None,
            (512, "its control group"),
        );
        let v1 = ("proc/self/cgroup", "4:memory:/docker/x\n3:cpu,cpuacct:/\n");
        let limit = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "805306368\n");
        check("v1", &[meminfo, v1, limit], None, (768, "its control group"));
        let none = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        check("v1-unlimited", &[meminfo, v1, none], None, (4096, "the machine"));
    }
}
