"""Starts the local AWS, deploys to it, and takes both away again."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from . import faults, package
from .cgroup import Limits

ROOT = package.ROOT
STAGE = "local"
REGION = "us-east-1"


class LocalError(Exception):
    """What stopped the local deployment, in one sentence."""


class Stack:
    """A running local AWS; leaving the `with` block ends every process that it started."""

    def __init__(self, port: int, may_fail: bool = False):
        """With `may_fail` the functions call AWS through a proxy that makes calls fail as soon as it is told to."""
        self.port = port or _free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.functions_endpoint = faults.Proxy(self.port).endpoint if may_fail else self.endpoint
        self.folder = ROOT / ".local" / str(self.port)
        self.limits = Limits(f"thumbtier-{self.port}")
        self.server: subprocess.Popen | None = None

    def __enter__(self) -> "Stack":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.server:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.server.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
        self.limits.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """What an AWS client needs to talk to this AWS and to no other."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "NODE_NO_WARNINGS": "1",
        }

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
        )

    def deploy(self) -> dict[str, str]:
        """Deploys serverless.yml as it is; returns the stack's outputs."""
        self._serverless("deploy")
        stacks = self.client("cloudformation").describe_stacks(StackName=f"thumbtier-{STAGE}")["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}

    def empty(self) -> None:
        """Empties the buckets, of versions too, because S3 deletes no others. Functions hear of each deletion."""
        s3 = self.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
                for found in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    s3.delete_object(Bucket=bucket["Name"], Key=found["Key"], VersionId=found["VersionId"])

    def remove(self) -> None:
        """Removes the deployment, whose buckets must be empty and whose functions must be at rest."""
        self._serverless("remove")

    def api_token(self, outputs: dict[str, str]) -> str:
        """The bearer token of the HTTP API."""
        parameter = self.client("ssm").get_parameter(Name=outputs["ApiTokenName"], WithDecryption=True)
        return parameter["Parameter"]["Value"]

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = self.environment() | self.limits.environment() | {
            "AUTH": "true",
            # What the functions are told, who inherit it.
            "AWS_ENDPOINT_URL": self.functions_endpoint,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(self.folder),
        }
        log_path = ROOT / ".local" / f"ministack-{self.port}.log"
        with log_path.open("wb") as log:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "local.ministack"],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise LocalError(f"the local AWS did not start: see {log_path.relative_to(ROOT)}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5) as answer:
                return bool(json.load(answer))
        except (OSError, ValueError):
            return False

    def _serverless(self, command: str) -> None:
        log_path = ROOT / ".local" / f"serverless-{command}-{self.port}.log"
        with log_path.open("wb") as log:
            done = subprocess.run(
                [ROOT / "node_modules" / ".bin" / "osls", command, "--stage", STAGE, "--region", REGION],
                cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
            )
        if done.returncode != 0:
            tail = log_path.read_text(errors="replace").strip().splitlines()[-15:]
            print("\n".join(tail), file=sys.stderr)
            raise LocalError(f"`osls {command}` failed: see above, and {log_path.relative_to(ROOT)}")


def check_port(port: int) -> None:
    """Refuses a port where something listens; asked before the build, which takes minutes."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise LocalError(f"port {port} is taken: stop what listens there, or choose another with PORT=4567")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build_and_zip() -> None:
    """The functions in the profile that the tests share, each behind the wrapper that limits it."""
    binaries = package.build("dev")
    package.write(binaries, ROOT / "target" / "local", wrapper=Path(__file__).with_name("bootstrap.sh"))
