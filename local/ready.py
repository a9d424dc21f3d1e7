"""Everything that `make local` waits for, at the same time, under one progress line.

python3 -m local.ready      compiles the functions, and installs the Python and the npm packages

Only the standard library: it runs before any package is there.
"""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from .package import FUNCTIONS, ROOT, PackageError, cargo_build

# How long the compiler took to each tenth of the packages, on two cores with nothing compiled; after a first run this
# machine's own times count.
FIRST_TIMES_S = [0, 9, 16, 22, 28, 37, 47, 58, 75, 106, 130]
OWN_TIMES = ROOT / "target" / "ready.json"
# Fewer compiled than this say nothing about a whole build.
ENOUGH_PACKAGES = 100
# What goes on beside the compiler: each chain at once, its steps one after the other.
CHAINS = [
    [
        ("installing Python packages", ["make", "--silent", ".venv/.done"]),
        ("drawing sample pictures", [".venv/bin/python", "-m", "local.samples"]),
    ],
    [("installing npm packages", ["make", "--silent", "node_modules/.done"])],
]


@dataclass
class Progress:
    """What is done so far; threads write it, the progress line reads it."""

    crates: int
    compiled: set[str] = field(default_factory=set)
    reached_s: dict[int, float] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)
    fresh: int = 0

    def add(self, package: str, fresh: bool) -> None:
        self.fresh += fresh
        self.compiled.add(package)
        tenth = len(self.compiled) * 10 // self.crates
        self.reached_s.setdefault(tenth, time.monotonic() - self.started_s)

    def line(self, times_s: list[float]) -> str:
        parts = [f"compiled {len(self.compiled)} of {self.crates} crates"]
        parts += list(self.beside.values())
        left_s = self.left_s(times_s)
        parts.append(f"about {_duration(left_s)} left" if left_s >= 1 else "nearly done")
        return ", ".join(parts)

    def left_s(self, times_s: list[float]) -> float:
        """By how long the rest took the last time; slower now is slower to the end."""
        tenths = len(self.compiled) * 10 / self.crates
        whole = min(int(tenths), 9)
        then_s = times_s[whole] + (times_s[whole + 1] - times_s[whole]) * (tenths - whole)
        now_s = time.monotonic() - self.started_s
        pace = min(max(now_s / then_s, 0.5), 4) if then_s >= 10 else 1
        return max(times_s[10] - then_s, 0) * pace


def main() -> int:
    try:
        make_ready()
    except PackageError as error:
        print(f"local: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def make_ready() -> None:
    progress = Progress(_crates())
    failures: list[str] = []
    jobs = [threading.Thread(target=_compile, args=(progress, failures), daemon=True)]
    jobs += [threading.Thread(target=_chain, args=(number, progress, failures), daemon=True) for number in range(len(CHAINS))]
    for job in jobs:
        job.start()
    times_s = _times_s()
    last_s = time.monotonic()
    while any(job.is_alive() for job in jobs):
        time.sleep(0.2)
        # A file gets a line now and then, so that whoever reads it knows that it goes on.
        if sys.stderr.isatty():
            print(f"\r\x1b[K· {progress.line(times_s)}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - last_s >= 15:
            last_s = time.monotonic()
            print(f"· {progress.line(times_s)}", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if failures:
        raise PackageError("; ".join(failures))
    took_s = time.monotonic() - progress.started_s
    print(f"· everything is compiled and installed after {_duration(took_s)}", file=sys.stderr, flush=True)


def _chain(number: int, progress: Progress, failures: list[str]) -> None:
    for name, command in CHAINS[number]:
        progress.beside[number] = name
        done = subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            failures.append(f"{name} failed:\n{(done.stdout + done.stderr).strip()}")
            break
    del progress.beside[number]


def _compile(progress: Progress, failures: list[str]) -> None:
    # Errors come rendered on standard error; only messages for this program on standard output.
    command = cargo_build("dev", "--quiet", "--message-format=json-render-diagnostics")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as cargo:
        for text in cargo.stdout:
            message = json.loads(text)
            if message["reason"] == "compiler-artifact":
                progress.add(message["package_id"], message["fresh"])
    if cargo.returncode != 0:
        failures.append("the compiler failed: see its message above")
    elif len(progress.compiled) - progress.fresh >= ENOUGH_PACKAGES:
        OWN_TIMES.write_text(json.dumps([progress.reached_s.get(tenth, 0) for tenth in range(11)]))


def _crates() -> int:
    """How many packages the functions are made of."""
    names = [flag for name in FUNCTIONS for flag in ("--package", name)]
    command = ["cargo", "tree", "--locked", "--edges", "normal,build", "--prefix", "none", *names]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PackageError("cargo is not installed: install Rust from https://rustup.rs") from None
    if listed.returncode != 0:
        raise PackageError(f"`{' '.join(command)}` failed:\n{listed.stderr.strip()}")
    return len({line.removesuffix(" (*)") for line in listed.stdout.splitlines() if line})


def _times_s() -> list[float]:
    try:
        times_s = json.loads(OWN_TIMES.read_text())
    except (OSError, ValueError):
        return FIRST_TIMES_S
    return times_s if len(times_s) == 11 else FIRST_TIMES_S


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


if __name__ == "__main__":
    sys.exit(main())
