"""The zips that serverless.yml deploys: `bootstrap` and the tables it reads. Same input, same bytes.

Those for AWS are built by `lambda_zips.py`; these are for this machine.
"""

import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ["dispatcher", "worker", "api"]
TABLES = ["tiers.json", "thumbnails.json", "prices.json"]


class PackageError(Exception):
    """What stopped a build, in one sentence."""


def cargo_build(profile: str, *flags: str) -> list[str]:
    """The command that builds the functions."""
    return ["cargo", "build", "--locked", "--profile", profile, *(f"--package={name}" for name in FUNCTIONS), *flags]


def build() -> Path:
    """Builds the functions as the tests are compiled; cargo shows its own progress. Returns the folder of the binaries."""
    run(cargo_build("dev"))
    return ROOT / "target" / "debug"


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
        write_zip(folder / f"{name}.zip", {"bootstrap": wrapper, "function": binaries / name}, zipfile.ZipFile)
        for name in FUNCTIONS
    ]


def write_zip(path: Path, programs: dict[str, Path], writer: type[zipfile.ZipFile]) -> Path:
    """Writes `programs` and the tables, in this order and without a time, owner or folder of this machine."""
    with writer(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, program in programs.items():
            _add(archive, name, program, 0o755)
        for table in TABLES:
            _add(archive, table, ROOT / table, 0o644)
    return path


def _add(archive: zipfile.ZipFile, name: str, path: Path, mode: int) -> None:
    entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
    # Else it says on which kind of system it was written. 3 is Unix, whose modes these are.
    entry.create_system = 3
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, path.read_bytes())
