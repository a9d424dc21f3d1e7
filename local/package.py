"""The zips that serverless.yml deploys: `bootstrap` and the tables it reads. Same input, same bytes.

python3 -m local.package            for AWS: binaries of the `lambda` profile, into target/lambda
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ["dispatcher", "worker", "api"]
TABLES = ["tiers.json", "thumbnails.json", "prices.json"]

# The newest glibc symbol version that Amazon Linux 2023 has.
GLIBC_OF_AL2023 = (2, 34)


class PackageError(Exception):
    """What stopped a build, in one sentence."""


def cargo_build(profile: str, *flags: str) -> list[str]:
    """The command that builds the functions."""
    return ["cargo", "build", "--locked", "--profile", profile, *(f"--package={name}" for name in FUNCTIONS), *flags]


def build(profile: str) -> Path:
    """Builds the functions; cargo shows its own progress. Returns the folder of the binaries.

    HEVC is patented: what is deployed has it only if HEVC=on says so, which is for whoever deploys to decide. AV1 is
    free of royalties. On this machine they are compiled as the tests are: with other features it would be the engine a
    second time.
    """
    without_hevc = ["--no-default-features", "--features=worker/av1,worker/jpeg2000,worker/jxl"]
    command = cargo_build(profile, *(without_hevc if profile == "lambda" and not _hevc() else []))
    try:
        built = subprocess.run(command, cwd=ROOT, check=False)
    except FileNotFoundError:
        raise PackageError("cargo is not installed: install Rust from https://rustup.rs") from None
    if built.returncode != 0:
        raise PackageError(f"`{' '.join(command)}` failed: see the compiler's message above")
    return ROOT / "target" / ("debug" if profile == "dev" else profile)


def _hevc() -> bool:
    hevc = os.environ.get("HEVC", "off")
    if hevc not in ("on", "off"):
        raise PackageError(f"HEVC is `{hevc}`: say HEVC=on to read HEIC, or HEVC=off")
    return hevc == "on"


def write(binaries: Path, folder: Path, wrapper: Path | None = None) -> list[Path]:
    """Writes one zip per function into `folder`; with `wrapper` that is the bootstrap and the binary is `function`."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write_zip(folder / f"{name}.zip", binaries / name, wrapper) for name in FUNCTIONS]


def _write_zip(path: Path, binary: Path, wrapper: Path | None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6 if wrapper is None else 1) as archive:
        if wrapper is None:
            _add(archive, "bootstrap", binary, 0o755)
        else:
            _add(archive, "bootstrap", wrapper, 0o755)
            _add(archive, "function", binary, 0o755)
        for table in TABLES:
            _add(archive, table, ROOT / table, 0o644)
    return path


def _add(archive: zipfile.ZipFile, name: str, path: Path, mode: int) -> None:
    entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = archive.compression
    archive.writestr(entry, path.read_bytes())


def check_glibc(binary: Path) -> None:
    """Refuses a binary that Amazon Linux 2023 could not start."""
    symbols = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True, check=True).stdout
    versions = {tuple(map(int, word[7:-1].split("."))) for word in symbols.split() if word.startswith("(GLIBC_2")}
    newest = max(versions, default=(0,))
    if newest > GLIBC_OF_AL2023:
        needed, has = (".".join(map(str, version)) for version in (newest, GLIBC_OF_AL2023))
        raise PackageError(f"{binary.name} needs glibc {needed}, Amazon Linux 2023 has {has}: build on an older system")


def main() -> int:
    try:
        binaries = build("lambda")
        for name in FUNCTIONS:
            check_glibc(binaries / name)
        for path in write(binaries, ROOT / "target" / "lambda"):
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    except PackageError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
