"""A release's zips and its command, checked by their sums: `make deploy RELEASE=v1.2.3`. No Rust is needed.

python3 -m local.release v1.2.3 --architecture arm64      into target/lambda/arm64 and target/release-command

RELEASES is where releases are: those of this repository on GitHub, if git knows it, or any server that has the same files
under `download/v1.2.3`.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from . import lambda_zips
from .lambda_zips import Architecture
from .package import FUNCTIONS, ROOT, PackageError

# Where the command of a release is unpacked, for `make deploy` and `make preflight`.
COMMAND = ROOT / "target" / "release-command"
# More than any file of a release has; what is longer is not one.
MOST_BYTES = 200 << 20
TIMEOUT_S = 60
SYSTEMS = {"Linux": "unknown-linux-gnu", "Darwin": "apple-darwin"}
PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__.partition("\n")[0])
    parser.add_argument("release", help="the release's tag, such as v1.2.3")
    parser.add_argument("--architecture", default="", help="x86_64 or arm64")
    parser.add_argument("--parameters", default="", help="those of the deployment, whose architecture it is")
    arguments = parser.parse_args()
    try:
        architecture = lambda_zips.choose(arguments.architecture, arguments.parameters)
        fetch(where(arguments.release), architecture, this_machine())
    except PackageError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def where(release: str) -> str:
    """The URL of the folder that has the release's files."""
    check_tag(release)
    return f"{base()}/download/{release}"


def check_tag(release: str) -> None:
    """Refuses what is no release of this source: tables and template of another may differ."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+[-.\w]*", release):
        raise PackageError(f"RELEASE is `{release}`: expected a tag such as v1.2.3")
    version = (ROOT / "Cargo.toml").read_text().partition('\nversion = "')[2].partition('"')[0]
    if release != f"v{version}":
        raise PackageError(f"RELEASE is {release} and this source is v{version}, whose tables and template may differ: "
                           f"run `git checkout {release}` first")


def base() -> str:
    """Where releases are."""
    if os.environ.get("RELEASES"):
        return os.environ["RELEASES"].rstrip("/")
    asked = ["git", "remote", "get-url", "origin"]
    origin = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    found = re.fullmatch(r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([^/]+/[^/]+?)(?:\.git)?/?", origin)
    if not found:
        raise PackageError("git knows no origin on GitHub: say where releases are, RELEASES=https://…/releases")
    return f"https://github.com/{found[1]}/releases"


def this_machine() -> str:
    """The target of the command for this machine."""
    processor, system = PROCESSORS.get(platform.machine().lower()), SYSTEMS.get(platform.system())
    if not processor or not system:
        raise PackageError(f"there is no command for {platform.system()} on {platform.machine()}: "
                           "deploy from Linux or macOS, or without RELEASE, which builds it")
    return f"{processor}-{system}"


def fetch(url: str, architecture: Architecture, machine: str) -> None:
    """Gets the zips and the command, and puts them where a deployment looks once all of them are right."""
    sums = _sums(_get(f"{url}/{lambda_zips.SUMS}").decode(errors="replace"), url)
    zips = {f"{name}.zip": f"thumbtier-{name}-{architecture.name}.zip" for name in FUNCTIONS}
    command = f"thumbtier-{machine}.tar.gz"
    files = {name: _checked(url, name, sums) for name in (*zips.values(), command)}
    shutil.rmtree(architecture.folder, ignore_errors=True)
    architecture.folder.mkdir(parents=True)
    for name, released in zips.items():
        (architecture.folder / name).write_bytes(files[released])
    shutil.rmtree(COMMAND, ignore_errors=True)
    COMMAND.mkdir(parents=True)
    archive = COMMAND / command
    archive.write_bytes(files[command])
    with tarfile.open(archive) as tar:
        tar.extractall(COMMAND, filter="data")
    archive.unlink()


def _sums(text: str, url: str) -> dict[str, str]:
    """`sha256sum`'s own form: 64 digits, two spaces, a name."""
    found = dict(reversed(pair) for pair in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.MULTILINE))
    if not found:
        raise PackageError(f"{url}/{lambda_zips.SUMS} has no sum: is it a release of thumbtier?")
    return found


def _checked(url: str, name: str, sums: dict[str, str]) -> bytes:
    if name not in sums:
        raise PackageError(f"{url}/{lambda_zips.SUMS} does not name {name}: the release has none for this machine")
    file = _get(f"{url}/{name}")
    is_sum = hashlib.sha256(file).hexdigest()
    if is_sum != sums[name]:
        raise PackageError(f"{name} has the sum {is_sum}, {lambda_zips.SUMS} says {sums[name]}: nothing was deployed")
    print(f"· {name}  {len(file):,} bytes, sum {is_sum[:12]}… is right", file=sys.stderr)
    return file


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            file = answer.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise PackageError(f"{url} answers {error.code}: is there such a release?") from error
    except OSError as error:
        raise PackageError(f"{url} does not answer: {error}") from error
    if len(file) > MOST_BYTES:
        raise PackageError(f"{url} has more than {MOST_BYTES:,} bytes: it is no file of a release")
    return file


if __name__ == "__main__":
    sys.exit(main())
