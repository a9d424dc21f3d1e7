"""The test programs that cargo compiled, two at a time, and while cargo compiles the next.

cargo test --no-run --message-format=json-render-diagnostics … > target/unit.json
python3 -m local.suite target/unit.json
python3 -m local.suite target/sdk.json --only deployed metrics::      with what cargo would pass on

`cargo test` runs one program after the other, and no other cargo meanwhile. Output of a program is shown whole when it
fails; exit code 101, as cargo's. Only the standard library: it runs before any package is there.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from .package import ROOT

# One with a thread that takes long, and one of the rest beside it.
SIDE_BY_SIDE = 2
# How long each took the last time on this machine, in seconds.
TIMES = ROOT / "target" / "suite.json"
# Those that take less begin, so that what is wrong shows early; then the longest, so that none is alone at the end.
SHORT_S = 2.0
# Before there is a last time: the longest first.
LONG = ("engine peak", "engine pictures", "engine mutations", "engine differential", "benches limits", "benches benches",
        "coding codings", "calibrate properties", "jpeg jpeg", "jpeg hostile")
FAILED = 101
# These ask the deployment that the environment names, and run where they are named.
NEED_A_DEPLOYMENT = ("deployed", "chaos")


@dataclass(frozen=True)
class Program:
    """A test program as `cargo test` would run it."""

    name: str
    path: str
    folder: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="local.suite", description=__doc__.partition("\n")[0])
    parser.add_argument("built", type=Path, help="what cargo wrote about the test programs it compiled")
    parser.add_argument("--only", metavar="TARGET", help="the test targets of this name, with their output")
    parser.add_argument("--nice", type=int, default=0, metavar="N",
                        help="long ones leave the processors to what runs beside them (0-19)")
    parser.add_argument("arguments", nargs="*", help="for the programs: names of tests")
    arguments = parser.parse_intermixed_args()
    try:
        programs = _programs(arguments.built.read_text())
    except (OSError, ValueError) as error:
        print(f"suite: {arguments.built} cannot be read, run `make test`: {error}", file=sys.stderr)
        return 1
    if arguments.only:
        chosen = [program for program in programs if program.name.split()[1] == arguments.only]
        if not chosen:
            print(f"suite: {arguments.built} has no test target {arguments.only}", file=sys.stderr)
            return 1
        return max(_run(program, arguments.arguments, shown=True).returncode for program in chosen)
    free = [program for program in programs if program.name.split()[1] not in NEED_A_DEPLOYMENT]
    return _side_by_side(free, arguments.arguments, arguments.nice)


def _programs(text: str) -> list[Program]:
    found = []
    for line in text.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["executable"] and message["profile"]["test"]:
            folder = Path(message["manifest_path"]).parent
            package = message["package_id"].partition("#")[2].partition("@")[0]
            package = folder.name if package[:1].isdigit() else package
            found.append(Program(f"{package} {message['target']['name']}", message["executable"], str(folder)))
    if not found:
        raise ValueError("it names no test program")
    return found


def _side_by_side(programs: list[Program], arguments: list[str], nice: int) -> int:
    times_s = _times_s()

    def turn(program: Program) -> tuple[bool, float]:
        took_s = times_s.get(program.name, 0.0)
        return took_s > SHORT_S, -took_s

    programs = sorted(programs, key=turn)
    failed = threading.Event()
    started_s = time.monotonic()
    ended, tests = 0, 0
    took_now_s = {}

    def run(program: Program) -> tuple[Program, subprocess.CompletedProcess | None, float]:
        begun_s = time.monotonic()
        is_long = times_s.get(program.name, 0.0) > SHORT_S
        done = None if failed.is_set() else _run(program, arguments, shown=False, nice=nice if is_long else 0)
        if done and done.returncode != 0:
            failed.set()
        return program, done, time.monotonic() - begun_s

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for future in as_completed([pool.submit(run, program) for program in programs]):
            program, done, took_s = future.result()
            if done is None:
                continue
            ended += 1
            if done.returncode != 0:
                _show(f"{done.stdout}\nerror: {program.name} failed, {program.path}\n")
                continue
            took_now_s[program.name] = round(took_s, 1)
            tests += _passed(done.stdout)
            _progress(f"· {ended} of {len(programs)} test programs, {tests} tests passed, last {program.name}")
    took_s = time.monotonic() - started_s
    if failed.is_set():
        return FAILED
    # Another suite may have ended meanwhile.
    TIMES.write_text(json.dumps(_times_s() | took_now_s))
    _show(f"· {tests} tests of {len(programs)} programs passed in {took_s:.0f} s\n")
    return 0


def _times_s() -> dict[str, float]:
    try:
        last_s = json.loads(TIMES.read_text())
    except (OSError, ValueError):
        last_s = {}
    return {name: SHORT_S + len(LONG) - place for place, name in enumerate(LONG)} | last_s


def _run(program: Program, arguments: list[str], shown: bool, nice: int = 0) -> subprocess.CompletedProcess:
    # What cargo sets for a test and the tests read.
    environment = os.environ | {"CARGO_MANIFEST_DIR": program.folder}
    output = {} if shown else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    return subprocess.run(
        ["nice", "-n", str(nice), program.path, *arguments], cwd=program.folder, env=environment,
        stdin=subprocess.DEVNULL, check=False, **output
    )


def _passed(output: str) -> int:
    lines = (line.split() for line in output.splitlines() if line.startswith("test result: ok."))
    return sum(int(words[3]) for words in lines)


def _show(text: str) -> None:
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(clear + text, end="", file=sys.stderr, flush=True)


def _progress(text: str) -> None:
    """A terminal sees where it is; a file only how it ended."""
    if sys.stderr.isatty():
        _show(text)


if __name__ == "__main__":
    sys.exit(main())
