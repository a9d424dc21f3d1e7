"""The zips for AWS: what is refused, by name, and that they are the same bytes wherever they are written."""

import json
import os
import struct
import unittest
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from local import elf, lambda_zips, sbom
from local.package import PackageError, fast_deflate, write_zip

X86_64, ARM64 = (lambda_zips.ARCHITECTURES[name] for name in ("x86_64", "arm64"))


def program(machine: int = 62, versions: tuple[str, ...] = ("GLIBC_2.34",), library: str = "libc.so.6") -> bytes:
    """An ELF file with nothing in it but what it needs of one library."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (library, *versions))
    places = {name: names.index(b"\0" + name.encode() + b"\0") + 1 for name in (library, *versions)}
    needed = elf.NEEDED.pack(1, len(versions), places[library], elf.NEEDED.size, 0)
    for number, name in enumerate(versions):
        following = 0 if number + 1 == len(versions) else elf.VERSION.size
        needed += elf.VERSION.pack(0, 0, 2, places[name], following)
    sections = [elf.SECTION.pack(0, 3, 0, 0, 64, len(names), 0, 0, 1, 0),
                elf.SECTION.pack(0, elf.VERSIONS_NEEDED, 0, 0, 64 + len(names), len(needed), 0, 1, 8, 0)]
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, machine, 1, 0, 0, 64 + len(names) + len(needed),
                         0, 64, 0, 0, elf.SECTION.size, len(sections), 0)
    return header + names + needed + b"".join(sections)


class Programs(unittest.TestCase):
    def refused(self, file: bytes, words: str, architecture=X86_64) -> None:
        with self.assertRaisesRegex(PackageError, words):
            lambda_zips.check("worker", file, architecture)

    def test_a_program_for_lambda_is_taken(self):
        lambda_zips.check("worker", program(), X86_64)
        lambda_zips.check("worker", program(183), ARM64)
        self.assertEqual(elf.read(program(versions=("GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.17"))).newest_glibc(), (2, 17))

    def test_a_program_of_this_machine_is_read(self):
        file = Path("/proc/self/exe").resolve()
        if not file.is_file():
            self.skipTest("there is no /proc")
        self.assertGreater(elf.read(file.read_bytes()).newest_glibc(), (2, 2))

    def test_what_lambda_cannot_start_is_refused_by_name(self):
        self.refused(program(183), "worker is for arm64, the deployment is for x86_64.*ARCHITECTURE=x86_64")
        self.refused(program(), "worker is for x86_64, the deployment is for arm64", ARM64)
        self.refused(program(8), "processor 8, Lambda has x86_64 and arm64")
        self.refused(program(versions=("GLIBC_2.2.5", "GLIBC_2.36")), "needs glibc 2.36, Amazon Linux 2023 has 2.34")
        self.refused(program(library="libssl.so.3"), "needs libssl.so.3, which Amazon Linux 2023 does not bring")
        self.refused(program() + bytes(lambda_zips.UNPACKED_BYTES), "262,1.*bytes, Lambda takes 262,144,000")
        self.refused(b"#!/bin/sh\n", "begins with 23 21 2f 62")
        self.refused(b"", "begins with nothing")
        self.refused(b"\x7fELF\x01\x01" + bytes(58), "not a 64-bit program")
        self.refused(program()[:-40], "table of sections is damaged")

    def test_a_zip_for_another_processor_is_not_deployed(self):
        with TemporaryDirectory(dir=lambda_zips.ROOT / "target") as folder:
            path = Path(folder) / "api.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("bootstrap", program())
            state = {"service": {"provider": {"architecture": "x86_64"}, "functions": {"api": {"package": {"artifact": str(path)}}}}}
            (Path(folder) / "serverless-state.json").write_text(json.dumps(state))
            lambda_zips.check_deployment(Path(folder))
            state["service"]["provider"]["architecture"] = "arm64"
            (Path(folder) / "serverless-state.json").write_text(json.dumps(state))
            with self.assertRaisesRegex(PackageError, r"api \(api.zip\) is for x86_64, the deployment is for arm64"):
                lambda_zips.check_deployment(Path(folder))


class Choice(unittest.TestCase):
    def test_the_architecture_is_that_of_the_deployment(self):
        for named, parameters, want in [
            ("", "", "arm64"), ("x86_64", "", "x86_64"), ("", "--param=architecture=x86_64 --param=api=on", "x86_64"),
            ("", '--param="architecture=x86_64"', "x86_64"), ("", "--param architecture=x86_64", "x86_64"),
            ("x86_64", "--param=architecture=x86_64", "x86_64"), ("", "--param=source_bucket=architecture=x86_64", "arm64"),
        ]:
            self.assertEqual(lambda_zips.choose(named, parameters).name, want, (named, parameters))

    def test_the_default_is_that_of_the_deployment(self):
        self.assertIn(f"\n    architecture: {lambda_zips.DEFAULT}\n", (lambda_zips.ROOT / "serverless.yml").read_text())
        self.assertIn(lambda_zips.of_this_machine(), lambda_zips.ARCHITECTURES)

    def test_two_that_differ_are_refused(self):
        with self.assertRaisesRegex(PackageError, "ARCHITECTURE is `x86_64` and PARAMS say `arm64`"):
            lambda_zips.choose("x86_64", "--param=architecture=arm64")
        with self.assertRaisesRegex(PackageError, "architecture is `riscv`: Lambda has x86_64 and arm64"):
            lambda_zips.choose("riscv", "")


class Bytes(unittest.TestCase):
    def test_a_zip_is_the_same_in_another_folder_at_another_time(self):
        def zipped(mode: int, time_s: int) -> bytes:
            with TemporaryDirectory(dir=lambda_zips.ROOT / "target") as folder:
                binary = Path(folder) / "worker"
                binary.write_bytes(program())
                binary.chmod(mode)
                os.utime(binary, (time_s, time_s))
                return write_zip(Path(folder) / "worker.zip", {"bootstrap": binary}, fast_deflate).read_bytes()

        first = zipped(0o644, 1_000_000_000)
        self.assertEqual(first, zipped(0o700, 1_700_000_000))
        with TemporaryDirectory(dir=lambda_zips.ROOT / "target") as folder:
            path = Path(folder) / "worker.zip"
            path.write_bytes(first)
            with zipfile.ZipFile(path) as archive:
                self.assertIsNone(archive.testzip())
                self.assertEqual(archive.read("bootstrap"), program())
                self.assertEqual(archive.getinfo("tiers.json").date_time, (2020, 1, 1, 0, 0, 0))
                self.assertEqual(archive.namelist(), ["bootstrap", "tiers.json", "thumbnails.json", "prices.json"])
                self.assertEqual(archive.getinfo("bootstrap").external_attr >> 16, 0o100755)


class Avif(unittest.TestCase):
    def test_variants_are_found_however_they_are_written(self):
        variant = lambda name, format: {"name": name, "format": format}
        plain = {"variants": [variant("a", "auto"), variant("b", ["webp", "jpeg"])]}
        self.assertEqual(lambda_zips.avif_variants(plain), [])
        under = {"prefix": "p/", "variants": [variant("d", ["avif", "jpeg"])]}
        self.assertEqual(lambda_zips.avif_variants(plain | {"prefixes": [under]}), ["d"])
        self.assertEqual(lambda_zips.avif_variants({"variants": [variant("c", "avif")]}), ["c"])


class Contents(unittest.TestCase):
    def test_the_list_of_what_is_in_the_zips_is_cyclonedx(self):
        free = sbom.bill_of_materials(ARM64.target, lambda_zips.features())
        self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(free)))
        names = {component["name"] for component in free["components"]}
        self.assertLessEqual({"dispatcher", "worker", "api", "engine", "aws-sdk-s3", "libwebp-sys", "rusty_av1d", "rusty_vp9"},
                             names)
        # What only compiles, or is only there with HEVC.
        self.assertFalse(names & {"serde_derive", "cc", "rust_h264", "hevc", "criterion", "clap"})
        whole = {component["name"] for component in sbom.bill_of_materials(X86_64.target, [])["components"]}
        self.assertLessEqual({"rust_h264", "hevc"}, whole)
        outside = [one["name"] for one in free["components"] if "hashes" not in one]
        self.assertTrue(set(outside) <= {"dispatcher", "worker", "api", "coding", "contract", "engine", "function", "heif",
                                         "jpeg", "resample", "sdk", "unify", "unify-decoders", "usage", "vector"}, outside)


if __name__ == "__main__":
    unittest.main()
