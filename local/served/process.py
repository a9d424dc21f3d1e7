"""A process that serves, and what tests ask of it."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from ..stack import ROOT, free_port
from .stores import TOKEN, Buckets, Failed, until

PROGRAM = ROOT / "target" / "debug" / "thumbtier-serve"


class Serve:
    """A process that serves; leaving the `with` block asks it to stop and looks how it ended."""

    def __init__(self, buckets: Buckets, state: Path, *options: str, endpoint: str = "", wait: bool = True, port: int = 0,
                 program: list[object] | None = None):
        """`program` is another way to start it, in which the state folder is /state."""
        self.port = port or free_port()
        self.state = state
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = state.parent / f"{state.name}-{self.port}.log"
        credentials = buckets.store.credentials
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "THUMBTIER_"))}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*(program or [PROGRAM]), "serve", "--source", buckets.source, "--destination", buckets.destination,
                 "--state", "/state" if program else state, "--listen", f"127.0.0.1:{self.port}", "--endpoint", endpoint or buckets.store.endpoint,
                 "--events-token", TOKEN, "--retry-delay", "1s", *buckets.store.options, *options],
                env=environment | credentials, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            until(f"readiness of {self.log_path}", self.is_ready)

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise Failed(f"thumbtier serve ended: {self.log()[-2000:]}")
        with contextlib.suppress(OSError):
            return self.ask("/readyz")[0] == 200
        return False

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def ask(self, path: str, body: bytes | None = None, method: str | None = None, token: str = "",
            headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        sent = (headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def post(self, event: dict) -> None:
        """Delivers an event until it is taken, as MinIO does from its queue."""
        for _ in range(200):
            with contextlib.suppress(OSError):
                status, body = self.ask("/events", json.dumps(event).encode(), token=TOKEN)
                if status == 200:
                    return
                if status < 500:
                    raise Failed(f"/events answered {status}: {body!r}")
            time.sleep(0.1)
        raise Failed(f"/events does not take an event: {self.log()[-2000:]}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(40) != 0:
            raise Failed(f"thumbtier serve stopped with {self.process.returncode}: {self.log()[-2000:]}")

    def __enter__(self) -> "Serve":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.process.poll() is None:
            if kind:
                self.kill()
            else:
                self.stop()


def restarted(buckets: Buckets, state: Path, endpoint: str, *options: str) -> Serve:
    """At the start the store is asked: on a bad day it may not answer, and whoever supervises starts it again."""
    for _ in range(20):
        serve = Serve(buckets, state, *options, endpoint=endpoint, wait=False)
        # On a bad day it asks what the store does with conditions for as long.
        for _ in range(400):
            if serve.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                serve.ask("/healthz")
                return serve
            time.sleep(0.1)
        serve.kill()
    raise Failed(f"thumbtier serve does not start: {serve.log()[-2000:]}")


def run(*arguments: object) -> str:
    return subprocess.run([PROGRAM, "serve", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def failing(buckets: Buckets, state: Path, *options: str, endpoint: str = "") -> str:
    """What it says when it does not start."""
    serve = Serve(buckets, state, *options, endpoint=endpoint, wait=False)
    if serve.process.wait(60) == 0:
        raise Failed("it started")
    return serve.log()


def expect(answer: tuple[int, bytes], status: int, what: str) -> None:
    if answer[0] != status:
        raise Failed(f"{what}: {answer[0]} instead of {status}, {answer[1][:500]!r}")
