"""Starts the local AWS, deploys to it, and takes both away again.

python3 -m local.stack local/released.sh      runs a command against a local AWS of its own, with nothing deployed
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config

from . import faults, lambda_zips, package
from .cgroup import Limits

ROOT = package.ROOT
STAGE = "local"
REGION = "us-east-1"


class LocalError(Exception):
    """What stopped the local deployment, in one sentence."""


@contextlib.contextmanager
def framework() -> Iterator[None]:
    """The Serverless Framework, for one at a time: it has one folder for what it is making."""
    with (ROOT / ".local" / "serverless.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Running:
    """A local AWS that somebody started."""

    def __init__(self, port: int):
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._clients = {}

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
            # How often the Serverless Framework looks whether a stack is ready, in milliseconds: here it is at once.
            "SLS_AWS_MONITORING_FREQUENCY": "200",
        }

    def client(self, service: str):
        """One for each service: to make one takes 20 ms of CPU, and loops ask for it each time."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
            )
        return self._clients[service]

    def deploy(self, stage: str = STAGE, parameters: dict[str, str] | None = None) -> dict[str, str]:
        """Deploys serverless.yml as it is, with these parameters; returns the stack's outputs."""
        self._serverless("deploy", stage, parameters or {})
        stacks = self.client("cloudformation").describe_stacks(StackName=f"thumbtier-{stage}")["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}

    def objects(self, bucket: str) -> dict[str, str]:
        """The keys and ETags in a bucket."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {found["Key"]: found["ETag"] for page in pages for found in page.get("Contents", [])}

    def notifications(self, bucket: str) -> dict:
        """What a bucket notifies."""
        answer = self.client("s3").get_bucket_notification_configuration(Bucket=bucket)
        return {kind: value for kind, value in answer.items() if kind != "ResponseMetadata"}

    def remove(self, stage: str = STAGE, parameters: dict[str, str] | None = None) -> str:
        """Removes the deployment, whose functions must be at rest; returns what was said. Its buckets stay."""
        return self._serverless("remove", stage, parameters or {})

    def api_token(self, outputs: dict[str, str]) -> str:
        """The bearer token of the HTTP API."""
        parameter = self.client("ssm").get_parameter(Name=outputs["ApiTokenName"], WithDecryption=True)
        return parameter["Parameter"]["Value"]

    def _serverless(self, command: str, stage: str, parameters: dict[str, str]) -> str:
        # The functions run on this machine's processor, and price themselves by it.
        parameters = {"architecture": lambda_zips.of_this_machine()} | parameters
        log_path = ROOT / ".local" / f"serverless-{command}-{self.port}.log"
        with log_path.open("wb") as log, framework():
            done = subprocess.run(
                [ROOT / "node_modules" / ".bin" / "osls", command, "--stage", stage, "--region", REGION,
                 *(f"--param={name}={value}" for name, value in parameters.items())],
                cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
            )
        if done.returncode != 0:
            tail = log_path.read_text(errors="replace").strip().splitlines()[-15:]
            print("\n".join(tail), file=sys.stderr)
            raise LocalError(f"`osls {command}` failed: see above, and {log_path.relative_to(ROOT)}")
        return log_path.read_text(errors="replace")


class Stack(Running):
    """A running local AWS; leaving the `with` block ends every process that it started."""

    def __init__(self, port: int, may_fail: bool = False, state: Path | None = None):
        """With `may_fail` the functions call AWS through a proxy that makes calls fail as soon as it is told to. With
        `state`, a folder, the queues are what they were after a restart."""
        super().__init__(port or free_port())
        self.state = state
        self.functions_endpoint = faults.Proxy(self.port).endpoint if may_fail else self.endpoint
        self.folder = ROOT / ".local" / str(self.port)
        self.limits = Limits(f"thumbtier-{self.port}")
        self.server: subprocess.Popen | None = None

    def __enter__(self) -> "Stack":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.limits.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        if self.server:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.server.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def start(self) -> None:
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
        if self.state:
            environment |= {"PERSIST_STATE": "1", "STATE_DIR": str(self.state)}
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


def check_port(port: int) -> None:
    """Refuses a port where something listens; asked before the build, which takes minutes."""
    if listens(port):
        raise LocalError(f"port {port} is taken: stop what listens there, or choose another with PORT=4567")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build_and_zip(is_compiled: bool = False) -> None:
    """The functions in the profile that the tests share, each behind the wrapper that limits it."""
    if not is_compiled:
        package.build()
    package.write(ROOT / "target" / "debug", ROOT / "target" / "local", wrapper=Path(__file__).with_name("bootstrap.sh"))


def main(command: list[str]) -> int:
    with Stack(0) as stack:
        return subprocess.run(command, cwd=ROOT, env=stack.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
