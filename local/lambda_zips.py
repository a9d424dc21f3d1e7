"""The zips for AWS, and beside them their sums and what is in them: `make package`.

python3 -m local.lambda_zips                                     into target/lambda/arm64
python3 -m local.lambda_zips --architecture x86_64               into target/lambda/x86_64
python3 -m local.lambda_zips --parameters "--param=architecture=x86_64"
python3 -m local.lambda_zips --deployed target/deploy            builds nothing: are these zips for their functions?

zig links for the glibc of Amazon Linux 2023 whatever this machine has, and no path of this machine gets into a binary:
two builds of the same source by the same compiler are the same bytes, in whatever folders.
"""

import argparse
import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import elf, sbom
from .package import FUNCTIONS, ROOT, PackageError, cargo_build, run, write_zip

# What Amazon Linux 2023 has.
GLIBC = (2, 34)
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
# Lambda's limit for what a zip unpacks to. Source: AWS Lambda developer guide, "Lambda quotas".
UNPACKED_BYTES = 250 << 20
# As in serverless.yml.
DEFAULT = "arm64"
PROFILE = "lambda"
SUMS, CONTENTS = "SHA256SUMS", "sbom.cdx.json"
VENV = ROOT / ".venv" / "bin"


@dataclass(frozen=True)
class Architecture:
    """A processor of Lambda."""

    name: str
    target: str
    # What Debian calls it.
    debian: str

    @property
    def folder(self) -> Path:
        return ROOT / "target" / "lambda" / self.name


ARCHITECTURES = {
    one.name: one
    for one in (Architecture("x86_64", "x86_64-unknown-linux-gnu", "amd64"),
                Architecture("arm64", "aarch64-unknown-linux-gnu", "arm64"))
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make package", description=__doc__.partition("\n")[0])
    parser.add_argument("--architecture", default="", help="x86_64 or arm64")
    parser.add_argument("--parameters", default="", help="those of the deployment, whose architecture it is")
    parser.add_argument("--deployed", type=Path, help="what `osls package` wrote, to be checked")
    arguments = parser.parse_args()
    try:
        if arguments.deployed:
            check_deployment(arguments.deployed)
            return 0
        architecture = choose(arguments.architecture, arguments.parameters)
        binaries = build(architecture)
        for path in pack(binaries, architecture):
            print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    except PackageError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


def of_this_machine() -> str:
    """What Lambda calls the processor of this machine."""
    return {"aarch64": "arm64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())


def choose(named: str, parameters: str) -> Architecture:
    """The architecture that ARCHITECTURE and the parameters of the deployment agree on."""
    asked = {"ARCHITECTURE": named} if named else {}
    words = shlex.split(parameters)
    for word, following in zip(words, [*words[1:], ""]):
        value = following if word == "--param" else word.removeprefix("--param=") if word.startswith("--param=") else ""
        if value.startswith("architecture="):
            asked["PARAMS"] = value.removeprefix("architecture=")
    if len(set(asked.values())) > 1:
        raise PackageError(f"ARCHITECTURE is `{named}` and PARAMS say `{asked['PARAMS']}`: leave one of them out")
    name = next(iter(asked.values()), DEFAULT)
    if name not in ARCHITECTURES:
        raise PackageError(f"architecture is `{name}`: Lambda has {' and '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


# Decoders whose formats are free of royalties: features of the functions that read them and that list them.
FREE = ["av1", "jpeg2000", "jxl", "pdf", "svg", "vp9"]


def hevc() -> bool:
    """HEVC and H.264 are patented: what is deployed has them only if HEVC=on says so. AV1 and VP9 are free of royalties."""
    said = os.environ.get("HEVC", "off")
    if said not in ("on", "off"):
        raise PackageError(f"HEVC is `{said}`: say HEVC=on to read HEIC and H.264, or HEVC=off")
    return said == "on"


def avif() -> bool:
    """The encoder of AVIF thumbnails weighs and compiles too much for those who have none: AVIF=on says that there are some."""
    said = os.environ.get("AVIF", "off")
    if said not in ("on", "off"):
        raise PackageError(f"AVIF is `{said}`: say AVIF=on to write AVIF thumbnails, or AVIF=off")
    wanted = avif_variants(json.loads((ROOT / "thumbnails.json").read_text()))
    if wanted and said == "off":
        raise PackageError(f"thumbnails.json has variants of format avif ({', '.join(wanted)}), and these zips would not write it: "
                           "say AVIF=on, or write webp")
    return said == "on"


def avif_variants(thumbnails: dict) -> list[str]:
    """The names of the variants that are to be AVIF, as thumbnails.json writes them."""
    lists = [thumbnails, *thumbnails.get("prefixes", [])]
    variants = [variant for one in lists for variant in one["variants"]]
    return [variant["name"] for variant in variants if "avif" in [variant["format"], *variant["format"]]]


def features() -> list[str]:
    """What cargo is told of the worker's formats. AV1 has its assembly: a picture takes 0.6 of the time."""
    written = ",worker/avif-output" if avif() else ""
    if hevc():
        return [f"--features=worker/av1-asm{written}"]
    free = [f"{function}/{decoder}" for function in ("worker", "api") for decoder in FREE]
    home = [f"{function}/lambda" for function in ("dispatcher", "worker", "api")]
    return ["--no-default-features", f"--features={','.join([*home, *free, 'worker/av1-asm'])}{written}"]


def build(architecture: Architecture) -> Path:
    """Builds the functions; cargo shows its own progress. Returns the folder of the binaries."""
    zigbuild(architecture, ".".join(map(str, GLIBC)), cargo_build(PROFILE, *features())[2:])
    return ROOT / "target" / architecture.target / PROFILE


def zigbuild(architecture: Architecture, glibc: str, flags: list[str], command: str = "zigbuild") -> None:
    """`cargo build`, or `cargo rustc`, with zig as C compiler and linker, for that glibc."""
    # Where the crates are is asked below.
    run(["cargo", "fetch", "--locked", "--quiet"])
    target = architecture.target
    asked = [str(VENV / "cargo-zigbuild"), command, f"--target={target}.{glibc}", *flags]
    run(asked, os.environ | _reproducible(target) | _standard_library(architecture) | _assembler(architecture) | {
        "CARGO_ZIGBUILD_PYTHON_PATH": str(VENV / "python"),
        "CARGO_INCREMENTAL": "0",
    })


def _reproducible(target: str) -> dict[str, str]:
    """Paths as they would be anywhere: of the source, and of the crates."""
    cargo_home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    crates = sorted((cargo_home / "registry" / "src").glob("*/"))
    renamed = [f"{ROOT}=/thumbtier", *(f"{folder}=/crates" for folder in crates)]
    return {
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(f"--remap-path-prefix={pair}" for pair in renamed),
        f"CFLAGS_{target.replace('-', '_')}": " ".join(f"-ffile-prefix-map={pair}" for pair in renamed),
    }


def _standard_library(architecture: Architecture) -> dict[str, str]:
    """Rust's standard library for the target: there, from rustup, or Debian's with Debian's compiler."""
    target = architecture.target
    where = subprocess.run(["rustc", "--print", "target-libdir", "--target", target], capture_output=True, text=True, check=False)
    if where.returncode == 0 and any(Path(where.stdout.strip()).glob("libstd-*.rlib")):
        return {}
    for command in (["rustup", "target", "add", target], [str(ROOT / "local" / "debian_rust.sh"), architecture.debian]):
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return {"RUSTC": done.stdout.strip()} if command[0] != "rustup" else {}
    raise PackageError(f"Rust's standard library for {target} is not installed: run `rustup target add {target}`")


def _assembler(architecture: Architecture) -> dict[str, str]:
    """nasm, which x86-64 needs; for arm64 zig assembles."""
    if architecture.name != "x86_64":
        return {}
    found = subprocess.run([str(ROOT / "local" / "nasm.sh")], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise PackageError(found.stderr.strip())
    zig = "import pathlib, ziglang; print(pathlib.Path(ziglang.__file__).parent / 'zig')"
    where = subprocess.run([str(VENV / "python"), "-c", zig], capture_output=True, text=True, check=True)
    return {
        "PATH": f"{found.stdout.strip()}{os.pathsep}{os.environ['PATH']}",
        f"AR_{architecture.target.replace('-', '_')}": str(ROOT / "local" / "sorted_ar.sh"),
        "ZIG": where.stdout.strip(),
    }


def pack(binaries: Path, architecture: Architecture) -> list[Path]:
    """Writes the zips of programs that Lambda can start, their sums and the list of what is in them."""
    for name in FUNCTIONS:
        check(name, (binaries / name).read_bytes(), architecture)
    folder = architecture.folder
    folder.mkdir(parents=True, exist_ok=True)
    written = [write_zip(folder / f"{name}.zip", {"bootstrap": binaries / name}, dense_deflate) for name in FUNCTIONS]
    written.append(sbom.write(folder / CONTENTS, architecture.target, features()))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(written)]
    (folder / SUMS).write_text("".join(lines))
    return [*written, folder / SUMS]


def dense_deflate(file: bytes) -> bytes:
    """Deflate by zopfli: 0.975 of what zlib makes of a program, and the same bytes on every machine."""
    from zopfli.zlib import compress

    # Without zlib's own header and checksum; as many iterations as its documentation has for files of several MB.
    return compress(file, numiterations=5)[2:-4]


def check_deployment(folder: Path) -> None:
    """Refuses what `osls package` wrote if a zip is not for the processor of its function."""
    state = json.loads((folder / "serverless-state.json").read_text())["service"]
    architecture = state["provider"]["architecture"]
    if architecture not in ARCHITECTURES:
        raise PackageError(f"architecture is `{architecture}`: Lambda has {' and '.join(ARCHITECTURES)}")
    for name, function in state["functions"].items():
        path = ROOT / function["package"]["artifact"]
        with zipfile.ZipFile(path) as archive:
            check(f"{name} ({path.name})", archive.read("bootstrap"), ARCHITECTURES[function.get("architecture", architecture)])


def check(name: str, file: bytes, architecture: Architecture) -> None:
    """Refuses a program that Lambda could not start, by what is wrong with it."""
    try:
        program = elf.read(file)
    except elf.ElfError as error:
        raise PackageError(f"{name} is not a program for Lambda: {error}") from error
    if program.processor != architecture.name:
        raise PackageError(f"{name} is for {program.processor}, the deployment is for {architecture.name}: "
                           f"build it by `make package ARCHITECTURE={architecture.name}`")
    newest = program.newest_glibc()
    if newest > GLIBC:
        needed, has = (".".join(map(str, version)) for version in (newest, GLIBC))
        raise PackageError(f"{name} needs glibc {needed}, Amazon Linux 2023 has {has}: build it by `make package`")
    foreign = sorted(set(program.versions) - LIBRARIES)
    if foreign:
        raise PackageError(f"{name} needs {', '.join(foreign)}, which Amazon Linux 2023 does not bring: link it in")
    if len(file) > UNPACKED_BYTES:
        raise PackageError(f"{name} is {len(file):,} bytes, Lambda takes {UNPACKED_BYTES:,}: is it stripped?")


if __name__ == "__main__":
    sys.exit(main())
