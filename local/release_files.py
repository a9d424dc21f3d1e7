"""The files of a release, under the names that `make deploy RELEASE=` and `install.sh` ask for.

python3 -m local.release_files command x86_64-unknown-linux-gnu    builds the command, into target/command
python3 -m local.release_files collect v1.2.3                      from target/lambda and target/command, into target/release-files

RELEASES is where they will be, https://github.com/OWNER/NAME/releases; `install.sh` asks there.
"""

import argparse
import gzip
import hashlib
import io
import re
import shutil
import sys
import tarfile
from pathlib import Path

from . import lambda_zips, release
from .package import FUNCTIONS, ROOT, PackageError, run

PROGRAMS = ["thumbtier", "thumbtier-aws", "thumbtier-serve"]
TEXTS = ["LICENSE-APACHE", "LICENSE-MIT"]
# Of CentOS 7, and older than any Linux that is kept up.
GLIBC = "2.17"
COMMANDS = ROOT / "target" / "command"
IMAGES = ROOT / "target" / "image"
FOLDER = ROOT / "target" / "release-files"
# Where install.sh says where releases are.
PLACE = "RELEASES_OF_THIS_COPY=\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make release-files", description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["command", "collect"])
    parser.add_argument("name", help="the target, or the release's tag")
    arguments = parser.parse_args()
    try:
        written = [build_command(arguments.name)] if arguments.what == "command" else collect(arguments.name)
    except PackageError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    return 0


def build_command(target: str) -> Path:
    """Builds the programs of the command: for Linux by zig, for macOS by macOS's own linker, on macOS."""
    target = target or release.this_machine()
    hevc = ["--features=thumbtier/full"] if lambda_zips.hevc() else ["--no-default-features", "--features=thumbtier/free,thumbtier-serve/free,thumbtier-serve/sqs"]
    avif = ["--features=thumbtier/avif-output,thumbtier-serve/avif-output"] if lambda_zips.avif() else []
    flags = ["--locked", "--profile", "release", *(f"--package={name}" for name in PROGRAMS), *hevc, *avif]
    architecture = next((one for one in lambda_zips.ARCHITECTURES.values() if one.target == target), None)
    if architecture:
        lambda_zips.zigbuild(architecture, GLIBC, flags)
    else:
        run(["cargo", "build", f"--target={target}", *flags])
    return pack_command(ROOT / "target" / target / "release", target)


def pack_command(binaries: Path, target: str) -> Path:
    """The programs and their licences, without a time or an owner."""
    COMMANDS.mkdir(parents=True, exist_ok=True)
    path = COMMANDS / f"thumbtier-{target}.tar.gz"
    with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for source in [*(binaries / name for name in PROGRAMS), *(ROOT / name for name in TEXTS)]:
            content = source.read_bytes()
            entry = tarfile.TarInfo(source.name)
            entry.size, entry.mode = len(content), 0o755 if source.name in PROGRAMS else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return path


def collect(tag: str) -> list[Path]:
    """Names the files, sums them, and takes the notes from CHANGELOG.md."""
    release.check_tag(tag)
    notes = notes_of(tag, (ROOT / "CHANGELOG.md").read_text())
    shutil.rmtree(FOLDER, ignore_errors=True)
    files = FOLDER / "files"
    files.mkdir(parents=True)
    for architecture in lambda_zips.ARCHITECTURES.values():
        named = {f"{name}.zip": f"thumbtier-{name}-{architecture.name}.zip" for name in FUNCTIONS}
        named[lambda_zips.CONTENTS] = f"thumbtier-{architecture.name}.{lambda_zips.CONTENTS}"
        for name, released in named.items():
            source = architecture.folder / name
            if not source.is_file():
                raise PackageError(f"there is no {source.relative_to(ROOT)}: run `make package ARCHITECTURE={architecture.name}`")
            shutil.copyfile(source, files / released)
    commands = sorted(COMMANDS.glob("thumbtier-*.tar.gz"))
    if not commands:
        raise PackageError("there is no target/command/thumbtier-*.tar.gz: run `make command`")
    # Docker makes the images, which not everybody has who makes a release here.
    for source in [*commands, *sorted(IMAGES.glob("*.tar.gz"))]:
        shutil.copyfile(source, files / source.name)
    install = (ROOT / "install.sh").read_text()
    (files / "install.sh").write_text(install.replace(PLACE, f"RELEASES_OF_THIS_COPY={release.base()}\n"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(files.iterdir())]
    (files / lambda_zips.SUMS).write_text("".join(lines))
    (FOLDER / "notes.md").write_text(notes)
    return [*sorted(files.iterdir()), FOLDER / "notes.md"]


def notes_of(tag: str, changelog: str) -> str:
    """What CHANGELOG.md says under the heading of the release."""
    version = tag.removeprefix("v")
    found = re.search(rf"^## v?{re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if not found or not found[1].strip():
        raise PackageError(f"CHANGELOG.md says nothing under `## {version}`: rename `## Unreleased`, and tag that")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
