"""A release, from its files to a deployment and an installation of them, by an HTTP server of our own."""

import functools
import hashlib
import http.server
import io
import os
import re
import subprocess
import tarfile
import threading
import tomllib
import unittest
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from local import lambda_zips, release, release_files
from local.package import FUNCTIONS, ROOT, PackageError

ARM64 = lambda_zips.ARCHITECTURES["arm64"]
VERSION = (ROOT / "Cargo.toml").read_text().partition('\nversion = "')[2].partition('"')[0]
SHOWS_VERSION = f"#!/bin/sh\necho thumbtier {VERSION}\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Release(unittest.TestCase):
    def setUp(self) -> None:
        holder = TemporaryDirectory(dir=ROOT / "target")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.moved(lambda_zips, "ROOT", self.folder)
        for module in (release, release_files):
            self.moved(module, "ROOT", self.folder)
        self.moved(release, "COMMAND", self.folder / "target" / "release-command")
        self.moved(release_files, "COMMANDS", self.folder / "target" / "command")
        self.moved(release_files, "FOLDER", self.folder / "target" / "release-files")
        for name in ("Cargo.toml", "install.sh", "LICENSE-MIT", "LICENSE-APACHE"):
            (self.folder / name).write_bytes((ROOT / name).read_bytes())
        (self.folder / "CHANGELOG.md").write_text(f"# Changelog\n\n## Unreleased\n\n## {VERSION} - 2026-12-01\n\n- Shipped.\n\n## 0.0.1\n\n- Old.\n")
        self.serve()
        self.machine = release.this_machine()
        self.build()

    def moved(self, module, name: str, value: Path) -> None:
        self.addCleanup(setattr, module, name, getattr(module, name))
        setattr(module, name, value)

    def serve(self) -> None:
        root = self.folder / "served"
        handler = functools.partial(Quiet, directory=str(root))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.releases = f"http://127.0.0.1:{server.server_address[1]}/releases"
        self.served = root / "releases" / "download" / f"v{VERSION}"
        os.environ["RELEASES"] = self.releases
        self.addCleanup(os.environ.pop, "RELEASES")

    def build(self) -> None:
        """Stands for the two jobs that compile: each file says what it is."""
        for architecture in lambda_zips.ARCHITECTURES.values():
            architecture.folder.mkdir(parents=True)
            for name in FUNCTIONS:
                (architecture.folder / f"{name}.zip").write_text(f"{name} for {architecture.name}")
            (architecture.folder / lambda_zips.CONTENTS).write_text("{}")
        binaries = self.folder / "binaries"
        binaries.mkdir()
        for name in release_files.PROGRAMS:
            (binaries / name).write_text(SHOWS_VERSION)
        packed = release_files.pack_command(binaries, self.machine)
        again = packed.read_bytes()
        os.utime(binaries / "thumbtier", (0, 0))
        self.assertEqual(release_files.pack_command(binaries, self.machine).read_bytes(), again)
        release_files.collect(f"v{VERSION}")
        self.served.parent.mkdir(parents=True)
        (release_files.FOLDER / "files").rename(self.served)
        latest = self.folder / "served" / "releases" / "latest"
        latest.mkdir()
        (latest / "download").symlink_to(self.served)

    def fetch(self) -> None:
        release.fetch(release.where(f"v{VERSION}"), ARM64, self.machine)

    def test_a_release_is_what_a_deployment_takes(self):
        for architecture in lambda_zips.ARCHITECTURES.values():
            (architecture.folder / "worker.zip").write_text("of an older build")
        self.fetch()
        self.assertEqual((ARM64.folder / "worker.zip").read_text(), "worker for arm64")
        command = release.COMMAND / "thumbtier"
        shown = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
        self.assertEqual(shown.stdout, f"thumbtier {VERSION}\n")
        self.assertEqual((release_files.FOLDER / "notes.md").read_text(), "- Shipped.\n")

    def test_a_file_with_another_sum_is_refused_before_anything_is_replaced(self):
        (ARM64.folder / "worker.zip").write_text("of an older build")
        (self.served / "thumbtier-api-arm64.zip").write_text("changed")
        with self.assertRaisesRegex(PackageError, "thumbtier-api-arm64.zip has the sum .* nothing was deployed"):
            self.fetch()
        self.assertEqual((ARM64.folder / "worker.zip").read_text(), "of an older build")

    def test_what_is_missing_is_named(self):
        sums = self.served / lambda_zips.SUMS
        lines = sums.read_text().splitlines(keepends=True)
        sums.write_text("".join(line for line in lines if "worker-arm64" not in line))
        with self.assertRaisesRegex(PackageError, "does not name thumbtier-worker-arm64.zip"):
            self.fetch()
        sums.write_text("<html>")
        with self.assertRaisesRegex(PackageError, "has no sum"):
            self.fetch()
        sums.unlink()
        with self.assertRaisesRegex(PackageError, "SHA256SUMS answers 404"):
            self.fetch()
        with self.assertRaisesRegex(PackageError, "RELEASE is `latest`: expected a tag such as v1.2.3"):
            release.where("latest")
        with self.assertRaisesRegex(PackageError, rf"RELEASE is v9.9.9 and this source is v{VERSION}"):
            release.where("v9.9.9")
        with self.assertRaisesRegex(PackageError, "CHANGELOG.md says nothing under `## 7.0.0`"):
            release_files.notes_of("v7.0.0", "## Unreleased\n\n- Something.\n")

    def install(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(["sh", self.served / "install.sh", *arguments], capture_output=True, text=True, check=False,
                              env=os.environ | {"THUMBTIER_BIN": str(self.folder / "bin")} | environment)

    def test_the_script_installs_the_command(self):
        for arguments in [(), (f"v{VERSION}",)]:
            done = self.install(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"installed thumbtier {VERSION} in {self.folder}/bin", done.stdout)
            self.assertIn("is not in PATH", done.stdout)
            self.assertTrue(os.access(self.folder / "bin" / "thumbtier-aws", os.X_OK))

    def test_cargo_binstall_is_told_of_the_same_archive(self):
        asked = {"repo": self.releases.removesuffix("/releases"), "version": VERSION, "target": self.machine, "binary-ext": ""}
        for name, folder in [("thumbtier", "cli"), ("thumbtier-aws", "cli/aws"), ("thumbtier-serve", "serve")]:
            told = tomllib.loads((ROOT / folder / "Cargo.toml").read_text())["package"]["metadata"]["binstall"]
            url, inside = (re.sub(r"\{ (\S+) \}", lambda found: (asked | {"bin": name})[found[1]], told[key]) for key in ("pkg-url", "bin-dir"))
            with urllib.request.urlopen(url) as answer, tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
                self.assertIn(inside, archive.getnames())

    def test_the_script_refuses_another_sum_and_says_where_it_asked(self):
        self.assertIn("v9.9.9/SHA256SUMS cannot be fetched", self.install("v9.9.9").stderr)
        archive = self.served / f"thumbtier-{self.machine}.tar.gz"
        archive.write_bytes(archive.read_bytes() + b"\0")
        done = self.install()
        self.assertEqual(done.returncode, 1)
        self.assertIn(hashlib.sha256(archive.read_bytes()).hexdigest(), done.stderr)
        self.assertIn("nothing was installed", done.stderr)
        self.assertFalse((self.folder / "bin").exists())
        plain = subprocess.run(["sh", ROOT / "install.sh"], capture_output=True, text=True, check=False)
        self.assertIn("say where releases are", plain.stderr)


if __name__ == "__main__":
    unittest.main()
