"""The outside of a peer in Python: one JSON job a line on standard input, one answer a line on standard output."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def serve(version: Callable[[], str], thumbnails: Callable[[dict], list[bytes]]) -> None:
    """Says `version` if `--version` is asked for; else answers each job with what `thumbnails` took for it."""
    if sys.argv[1:] == ["--version"]:
        print(version())
        return
    for line in sys.stdin:
        job = json.loads(line)
        try:
            before = time.process_time_ns()
            files = thumbnails(job)
            cpu_ms = (time.process_time_ns() - before) / 1e6
            answer = {"cpu_ms": cpu_ms, "peak_bytes": _peak_bytes(), "bytes_written": sum(map(len, files))}
            for out, file in zip(job["outs"] or [], files):
                Path(out).write_bytes(file)
        except Exception as error:  # Whatever a peer raises, it is the answer.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
