"""What a Linux program says of itself: its processor, and which glibc it was linked for. Reads the file, runs nothing.

**Source:** System V ABI, "Object Files"; Linux Standard Base, "Symbol Versioning".
"""

import struct
from dataclasses import dataclass

PROCESSORS = {62: "x86_64", 183: "arm64"}
VERSIONS_NEEDED = 0x6FFFFFFE
# Of a section header: name, type, flags, address, offset, size, link, info, alignment, size of an entry.
SECTION = struct.Struct("<IIQQQQIIQQ")
# Of a library that is needed: version, number of symbol versions, name of the file, first of them, next library.
NEEDED = struct.Struct("<HHIII")
# Of a symbol version that is needed: hash, flags, number, name, next.
VERSION = struct.Struct("<IHHII")


class ElfError(Exception):
    """Why a file is no program for Lambda, in one sentence."""


@dataclass(frozen=True)
class Program:
    """A 64-bit program for Linux."""

    processor: str
    # By library: the versions of its symbols that the program wants.
    versions: dict[str, list[str]]

    def newest_glibc(self) -> tuple[int, ...]:
        """The newest version of glibc that one of its symbols needs; empty if it needs none."""
        names = [name for versions in self.versions.values() for name in versions]
        numbers = [name.removeprefix("GLIBC_").split(".") for name in names if name.startswith("GLIBC_")]
        return max((tuple(map(int, parts)) for parts in numbers if all(part.isdigit() for part in parts)), default=())


def read(file: bytes) -> Program:
    """Reads a program; refuses what is none."""
    if file[:4] != b"\x7fELF":
        raise ElfError(f"it begins with {file[:4].hex(' ') or 'nothing'}, which no program for Linux does (ELF)")
    if len(file) < 64 or file[4:6] != b"\x02\x01":
        raise ElfError("it is not a 64-bit program of little-endian order, which Lambda's processors need")
    (machine,) = struct.unpack_from("<H", file, 18)
    if machine not in PROCESSORS:
        raise ElfError(f"it is for processor {machine}, Lambda has {' and '.join(PROCESSORS.values())}")
    try:
        return Program(PROCESSORS[machine], _versions(file))
    except (struct.error, IndexError, ValueError, UnicodeDecodeError) as error:
        raise ElfError(f"its table of sections is damaged: {error}") from error


def _versions(file: bytes) -> dict[str, list[str]]:
    (start,) = struct.unpack_from("<Q", file, 40)
    size, count = struct.unpack_from("<HH", file, 58)
    sections = [SECTION.unpack_from(file, start + number * size) for number in range(count)]
    found: dict[str, list[str]] = {}
    for _, kind, _, _, offset, _, link, info, _, _ in sections:
        if kind == VERSIONS_NEEDED:
            names = sections[link][4]
            for _ in range(info):
                _, versions, name, first, following = NEEDED.unpack_from(file, offset)
                place = offset + first
                listed = found.setdefault(_text(file, names + name), [])
                for _ in range(versions):
                    _, _, _, name, next_version = VERSION.unpack_from(file, place)
                    listed.append(_text(file, names + name))
                    place += next_version
                offset += following
    return found


def _text(file: bytes, start: int) -> str:
    return file[start:file.index(0, start)].decode("ascii")
