"""The peers as processes: started once, asked many times, on one core."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from . import once
from .targets import SMALLEST, Target

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PYTHON = HERE / ".venv/bin/python"

ENGINE = "thumbtier"
SHARP = "sharp"
# A damaged file may keep a peer busy for ever.
TIMEOUT_S = 120


@dataclass
class Child:
    """A peer that stays: JSON jobs on its standard input, JSON answers on its standard output."""

    name: str
    command: list[str]
    version: str
    environment: dict[str, str] = field(default_factory=dict)
    whole_process: bool = False
    process: subprocess.Popen | None = field(default=None, repr=False)

    def ask(self, file: Path, target: Target = SMALLEST, format: str = "jpeg", outs: list[Path] | None = None) -> dict:
        """`cpu_ms`, `peak_bytes` and `bytes_written`, or `error`. `outs` are the thumbnails, the largest first."""
        outs = [str(out) for out in outs] if outs else None
        return self.exchange({"file": str(file), "sides": target.sides, "format": format, "outs": outs})

    def exchange(self, job: dict) -> dict:
        """One job, one answer; a child that ended is started again by the next job."""
        if self.process is None:
            pipe = subprocess.PIPE
            environment = os.environ | self.environment
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
            )
        timer = threading.Timer(TIMEOUT_S, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        late = not timer.is_alive()
        timer.cancel()
        if not line:
            status = self.process.wait()
            self.process = None
            return {"error": f"no answer within {TIMEOUT_S} s" if late else f"ended with status {status}"}
        return json.loads(line)

    def close(self) -> None:
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


@dataclass
class ImageMagick:
    """`convert`, a process for each job: its CPU time holds its start, about 7 ms."""

    convert: Path
    environment: dict[str, str]
    version: str
    name: str = "imagemagick"
    whole_process: bool = True

    def ask(self, file: Path, target: Target = SMALLEST, format: str = "jpeg", outs: list[Path] | None = None) -> dict:
        """As of a [`Child`]. The hint for libjpeg's scale is twice the box, as ImageMagick's manual has it."""
        hint = 2 * target.sides[0]
        with tempfile.TemporaryDirectory() as folder:
            outs = outs or [Path(folder) / str(side) for side in target.sides]
            command = [self.convert, "-define", f"jpeg:size={hint}x{hint}", f"{file}[0]", "-auto-orient"]
            command += ["-quality", "80"]
            for side, out in zip(target.sides, outs):
                # The last is the command's own output; the others are written on the way.
                write = [] if side == target.sides[-1] else ["-write"]
                command += ["-thumbnail", f"{side}x{side}>", *write, f"{format}:{out}"]
            usage = once.run(command, self.environment)
            if usage.exit_code:
                return {"error": f"ended with status {usage.exit_code}"}
            bytes_written = sum(out.stat().st_size for out in outs)
        return {"cpu_ms": usage.cpu_ms, "peak_bytes": usage.peak_bytes, "bytes_written": bytes_written}

    def close(self) -> None:
        """Nothing stays."""


def all_peers() -> list[Child | ImageMagick]:
    """The engine first; ImageMagick only where it could be had."""
    commands = {
        ENGINE: [str(RELEASE / "engine-peer")],
        SHARP: ["node", str(HERE / "sharp_child.mjs")],
        "pyvips": [str(PYTHON), str(HERE / "pyvips_child.py")],
        "pillow": [str(PYTHON), str(HERE / "pillow_child.py")],
    }
    peers: list[Child | ImageMagick] = []
    for name, command in commands.items():
        version = _engine_version() if name == ENGINE else _output([*command, "--version"])
        environment = {"VIPS_CONCURRENCY": "1"} if name == "pyvips" else {}
        peers.append(Child(name, command, version, environment))
    magick = _imagemagick()
    return [*peers, magick] if magick else peers


def _engine_version() -> str:
    commit = _output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"])
    return f"{_output([str(RELEASE / 'thumbtier'), '--version'])} ({commit})"


def _output(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Its first line."""
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return result.stdout.strip().splitlines()[0]


def _imagemagick() -> ImageMagick | None:
    environment = os.environ | {"MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}
    own = HERE / "imagemagick"
    candidates = [shutil.which("convert")]
    for convert in own.glob("usr/bin/convert-im6.q16"):
        candidates.insert(0, str(convert))
        libraries = next(own.glob("usr/lib/*-linux-gnu"))
        environment |= {
            "LD_LIBRARY_PATH": str(libraries),
            "MAGICK_CONFIGURE_PATH": str(own / "etc/ImageMagick-6"),
            "MAGICK_CODER_MODULE_PATH": str(next(libraries.glob("ImageMagick-6*/modules-Q16/coders"), "")),
        }
    for candidate in filter(None, candidates):
        try:
            version = _output([candidate, "--version"], environment)
        except (OSError, subprocess.CalledProcessError, IndexError):
            continue
        # Other programs go by that name.
        if "ImageMagick" in version:
            words = version.split()
            return ImageMagick(Path(candidate), environment, f"ImageMagick {words[words.index('ImageMagick') + 1]}")
    return None
