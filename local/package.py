"""The zips that serverless.yml deploys: `bootstrap` and the tables it reads. Same input, same bytes.

Those for AWS are built by `lambda_zips.py`; these are for this machine.
"""

import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ["dispatcher", "worker", "api"]
TABLES = ["tiers.json", "thumbnails.json", "prices.json"]


class PackageError(Exception):
    """What stopped a build, in one sentence."""


def cargo_build(profile: str, *flags: str) -> list[str]:
    """The command that builds the functions."""
    return ["cargo", "build", "--locked", "--profile", profile, *(f"--package={name}" for name in FUNCTIONS), *flags]


def build() -> None:
    """Builds the functions as the tests are compiled; cargo shows its own progress."""
    run(cargo_build("dev"))


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Runs a command of the build, and refuses to go on without it."""
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    except FileNotFoundError:
        raise PackageError(f"{command[0]} is not installed: install Rust from https://rustup.rs") from None
    if done.returncode != 0:
        raise PackageError(f"`{' '.join(command)}` failed: see the message above")


def write(binaries: Path, folder: Path, wrapper: Path) -> list[Path]:
    """Writes one zip per function into `folder`: `wrapper` is the bootstrap, the binary is `function`."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_zip(folder / f"{name}.zip", {"bootstrap": wrapper, "function": binaries / name}, fast_deflate)
        for name in FUNCTIONS
    ]


def fast_deflate(file: bytes) -> bytes:
    """Deflate without a header, for a zip that goes no further than this machine."""
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    return packer.compress(file) + packer.flush()


def write_zip(path: Path, programs: dict[str, Path], deflate: Callable[[bytes], bytes]) -> Path:
    """Writes `programs` and the tables, in this order and without a time, owner or folder of this machine.

    By hand, because `zipfile` takes no other deflate than zlib's, which is of many versions.
    **Source:** PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
    """
    members = [*((name, program, 0o755) for name, program in programs.items()), *((name, ROOT / name, 0o644) for name in TABLES)]
    body, directory = b"", b""
    for name, source, mode in members:
        file = source.read_bytes()
        packed = deflate(file)
        # Version 2.0, no flags, deflate, midnight of 1 January 2020, checksum, both sizes, lengths of name and extra field.
        common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, (2020 - 1980) << 9 | 1 << 5 | 1, zlib.crc32(file), len(packed),
                             len(file), len(name), 0)
        # Written on Unix (3), whose modes these are; no comment, first disk, no text, mode, place.
        directory += struct.pack("<4sBB", b"PK\1\2", 20, 3) + common + struct.pack("<HHHII", 0, 0, 0, (0o100000 | mode) << 16, len(body)) + name.encode()
        body += b"PK\3\4" + common + name.encode() + packed
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body), 0)
    path.write_bytes(body + directory + end)
    return path
