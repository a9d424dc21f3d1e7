"""The files around `thumbtier serve`: image, compose file, unit."""

import configparser
import re
import subprocess
import unittest

import yaml

from local.package import ROOT

FOLDER = ROOT / "serve" / "deploy"


class ServeFiles(unittest.TestCase):
    def test_every_variable_is_one_that_the_program_knows(self):
        known = set(re.findall(r'env = "(THUMBTIER_[A-Z_]+)"', (ROOT / "serve/src/arguments.rs").read_text()))
        self.assertIn("THUMBTIER_STATE", known)
        for name in ("Dockerfile", "compose.yaml", "thumbtier-serve.service"):
            # What follows MinIO's own names is the name of a target.
            used = set(re.findall(r"(?<![A-Z_])THUMBTIER_[A-Z_]+", (FOLDER / name).read_text()))
            self.assertLessEqual(used, known, name)

    def test_the_container_may_do_nothing_that_it_need_not(self):
        services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
        serve = services["thumbtier"]
        self.assertTrue(serve["read_only"])
        self.assertEqual(serve["cap_drop"], ["ALL"])
        # No more than it is told to wait by, and one state folder for one process.
        self.assertIn("state:/state", serve["volumes"])
        secrets = services["minio"]["environment"]["MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_THUMBTIER"]
        self.assertEqual(secrets, serve["environment"]["THUMBTIER_EVENTS_TOKEN"])
        for name, service in services.items():
            self.assertTrue(all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name)
        dockerfile = (FOLDER / "Dockerfile").read_text()
        self.assertRegex(dockerfile, r"(?m)^USER 65532:65532$")
        self.assertRegex(dockerfile, r"(?m)^FROM scratch$")

    def test_without_queues_of_aws_there_is_no_aws_but_the_client_of_s3(self):
        features = ["--no-default-features", "--features", "free", "--edges", "normal", "--prefix", "none"]
        tree = subprocess.run(["cargo", "tree", "--locked", "--offline", "-p", "thumbtier-serve", *features], cwd=ROOT,
                              capture_output=True, text=True, check=True).stdout
        names = {line.split()[0] for line in tree.splitlines() if line}
        # STS is where credentials come from, in crate aws-config.
        self.assertEqual({name for name in names if name.startswith(("aws-sdk-", "lambda"))}, {"aws-sdk-s3", "aws-sdk-sts"})

    def test_the_unit_is_a_unit(self):
        unit = configparser.ConfigParser(strict=False, delimiters="=")
        unit.optionxform = str
        unit.read(FOLDER / "thumbtier-serve.service")
        service = unit["Service"]
        self.assertEqual((service["ProtectSystem"], service["NoNewPrivileges"], service["DynamicUser"]), ("strict", "yes", "yes"))

    def test_the_build_has_every_crate_of_the_workspace(self):
        members = re.search(r"members = \[([^]]*)]", (ROOT / "Cargo.toml").read_text())[1]
        sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        for member in re.findall(r'"([^"]+)"', members):
            self.assertTrue(any(member == one or member.startswith(f"{one}/") for one in sent), member)


if __name__ == "__main__":
    unittest.main()
