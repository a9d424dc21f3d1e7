"""One process of a function and what it talks to: Lambda's runtime API, and as much of S3, SQS and Lambda as the functions
call. In a tier's memory and share of a CPU where control groups can be written.

**Source:** AWS Lambda developer guide, "Using the Lambda runtime API"; Amazon S3 API reference.
"""

import contextlib
import http.server
import json
import os
import queue
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CGROUPS = Path("/sys/fs/cgroup")
MB_PER_VCPU = 1769
PERIOD_US = 20_000
VARIABLES = {
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "rig", "AWS_SECRET_ACCESS_KEY": "rig",
    "SOURCE_BUCKET": "uploads", "DESTINATION_BUCKET": "thumbnails", "WORKER_PREFIX": "worker-", "RETRY_DELAY_S": "60",
    "MAX_OBJECT_BYTES": "1000000000", "KEEP_ENDINGS": "false", "DELETE_THUMBNAILS": "true", "MONITORING": "basic",
    "LOG_SAMPLE": "100", "SLOW_MS": "2000",
}
# What one of the functions is told beside that.
OWN_VARIABLES = {
    "dispatcher": {},
    "worker": {"TIER": "small", "MAX_PIXELS": "268435456"},
    "api": {"AUTH": "iam", "PUBLIC_THUMBNAILS": "false", "MAX_EVENT_AGE_S": "21600"},
}
# Joins the groups whose files it is given, then becomes the function.
JOIN = 'function=$1; shift; for group; do echo $$ >"$group" || exit 125; done; exec $function'


@dataclass(frozen=True)
class Ending:
    """What a function made of an invocation."""

    failed: bool
    body: bytes
    # What it stored, by key, in this invocation.
    stored: dict[str, bytes]


class Services(http.server.ThreadingHTTPServer):
    """What a function talks to, and when it began and ended."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A process that is ended drops its connections."""

    def __init__(self, head_ms: float = 0, invoke_ms: float = 0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.head_ms, self.invoke_ms = head_ms, invoke_ms
        self.events: queue.Queue = queue.Queue()
        self.endings: queue.Queue[Ending] = queue.Queue()
        self.ready = threading.Event()
        self.started_s = 0.0
        self.durations_ms: list[float] = []
        # The one object that there is, for GET and HEAD.
        self.object = b"x" * 1_000_000
        self.content_type = "image/jpeg"
        self.stored: dict[str, bytes] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def etag(self) -> str:
        return f'"{len(self.object):x}"'

    def environment(self, function: str, memory_mb: int) -> dict[str, str]:
        """What the process of a function is told."""
        queues = {f"{name}_QUEUE_URL": f"http://{self.address}/q/{name}" for name in ("DEAD_LETTER", "REFUSALS", "FAILED_JOBS")}
        return VARIABLES | OWN_VARIABLES[function] | queues | {
            "AWS_ENDPOINT_URL": f"http://{self.address}", "AWS_LAMBDA_RUNTIME_API": self.address,
            "AWS_LAMBDA_FUNCTION_NAME": function, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
            "LAMBDA_TASK_ROOT": str(ROOT),
        }

    def invoke(self, number: int, payload: object, timeout_s: float) -> Ending | None:
        """Gives the function a payload; `None` if it has not answered by then."""
        self.stored = {}
        self.events.put((f"00000000-0000-0000-0000-{number:012d}", payload))
        try:
            return self.endings.get(timeout=timeout_s)
        except queue.Empty:
            return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Services

    def log_message(self, *_: object) -> None:
        pass

    def setup(self) -> None:
        super().setup()
        # Without it the end of an answer waits 40 ms for an acknowledgement.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def answer(self, code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        headers = {"Content-Length": str(len(body))} | (headers or {})
        lines = [f"HTTP/1.1 {code} OK", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.wfile.write("\r\n".join(lines).encode() + body)

    def do_GET(self) -> None:
        if not self.path.endswith("/invocation/next"):
            return self.object()
        self.server.ready.set()
        request_id, event = self.server.events.get()
        self.server.started_s = time.monotonic()
        self.answer(200, json.dumps(event).encode(), {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:rig",
        })

    def object(self) -> None:
        whole, headers = self.server.object, {"ETag": self.server.etag, "Content-Type": self.server.content_type}
        first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if not first:
            return self.answer(200, whole, headers)
        start, end = int(first), min(int(last) + 1 if last else len(whole), len(whole))
        self.answer(206, whole[start:end], headers | {"Content-Range": f"bytes {start}-{end - 1}/{len(whole)}"})

    def do_HEAD(self) -> None:
        # The bucket at INIT, then objects.
        if self.path.count("/") > 1:
            time.sleep(self.server.head_ms / 1000)
        length, kind = str(len(self.server.object)), self.server.content_type
        self.answer(200, headers={"ETag": self.server.etag, "Content-Length": length, "Content-Type": kind})

    def do_PUT(self) -> None:
        self.server.stored[self.path.partition("?")[0]] = self.body()
        self.answer(200, headers={"ETag": '"stored"'})

    def do_DELETE(self) -> None:
        self.answer(204)

    def do_POST(self) -> None:
        body = self.body()
        if self.path.endswith(("/response", "/error")):
            self.server.durations_ms.append(1000 * (time.monotonic() - self.server.started_s))
            self.server.endings.put(Ending(self.path.endswith("/error"), body, self.server.stored))
        elif self.path.endswith("/invocations"):
            time.sleep(self.server.invoke_ms / 1000)
        elif not self.path.startswith("/2018"):
            return self.answer(200, b'{"MessageId":"rig"}')
        self.answer(202)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


class Group:
    """A control group of this process, version 1 or 2."""

    def __init__(self, memory_mb: int):
        name = f"thumbtier-rig-{os.getpid()}"
        self.is_v2 = (CGROUPS / "cgroup.controllers").exists()
        self.folders = [CGROUPS / name] if self.is_v2 else [CGROUPS / kind / name for kind in ("memory", "cpu")]
        for folder in self.folders:
            folder.mkdir()
        limit = "memory.max" if self.is_v2 else "memory.limit_in_bytes"
        (self.folders[0] / limit).write_text(str(memory_mb << 20))

    def limit_cpu(self, memory_mb: int) -> None:
        quota_us = PERIOD_US * memory_mb // MB_PER_VCPU
        if self.is_v2:
            (self.folders[-1] / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
            return
        (self.folders[-1] / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (self.folders[-1] / "cpu.cfs_quota_us").write_text(str(quota_us))

    def remove(self) -> None:
        for folder in self.folders:
            for _ in range(50):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.02)


def cpu_ms(process: int) -> float:
    """CPU time that all threads of a process have taken."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


def start(command: str, environment: dict[str, str], group: Group | None, lines=subprocess.DEVNULL) -> subprocess.Popen:
    """Starts a function in its group: one that joined later would have taken memory before."""
    joins = [str(folder / "cgroup.procs") for folder in group.folders] if group else []
    return subprocess.Popen(["sh", "-c", JOIN, "join", command, *joins], env=environment, stdin=subprocess.DEVNULL,
                            stdout=lines, stderr=subprocess.DEVNULL)


def job(key: str, services: Services) -> dict:
    """A worker's job about the one object that there is."""
    return {"bucket": "uploads", "key": key, "etag": services.etag, "bytes": len(services.object), "correlation_id": "rig"}
