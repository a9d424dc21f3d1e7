"""One process, run once: its CPU time and peak memory, untouched by those of the process that asked."""

import ctypes
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Source: prctl(2).
PR_SET_CHILD_SUBREAPER = 36

# A process that was forked starts with the peak of its parent, so Python's would be the least that could be seen.
# The shell has hardly any; it forks, ends, and leaves its child to this process to wait for.
FORK_AND_END = '"$@" </dev/null >/dev/null 2>&1 & echo $!'


@dataclass(frozen=True)
class Usage:
    """What a process took, by wait4(2)."""

    exit_code: int
    cpu_ms: float
    peak_bytes: int


def run(command: list[str | Path], environment: dict[str, str] | None = None) -> Usage:
    """Runs `command` to its end. Its output is dropped."""
    # Linux only, as are /proc and wait4's kibibytes.
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("this kernel does not let a process wait for its grandchildren: Linux 3.4 or newer does")
    shell = ["/bin/sh", "-c", FORK_AND_END, "sh", *map(str, command)]
    pid = int(subprocess.run(shell, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)
    _, status, usage = os.wait4(pid, 0)
    cpu_ms = (usage.ru_utime + usage.ru_stime) * 1e3
    return Usage(os.waitstatus_to_exitcode(status), cpu_ms, usage.ru_maxrss * 1024)
