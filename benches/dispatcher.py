"""`make dispatcher`: what the dispatcher takes for an event in each memory, in its share of a CPU, and what that costs.

Its services are here: the runtime API, S3's HEAD and Lambda's Invoke, each of which keeps it waiting as on AWS. INIT has
all CPUs, as on Lambda; then the quota is given out every 20 ms. TLS is not in it: these services speak plain HTTP.
`own ms` is the mean by the function's own clock, which cannot see the event being read and the answer being sent.
"""

import argparse
import contextlib
import http.server
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import mean, median

ROOT = Path(__file__).resolve().parent.parent
CGROUPS = Path("/sys/fs/cgroup")
MB_PER_VCPU = 1769
PERIOD_US = 20_000
# What CloudWatch Logs adds to each line.
EVENT_BYTES = 26
VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "dispatcher", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "rig", "AWS_SECRET_ACCESS_KEY": "rig",
    "SOURCE_BUCKET": "uploads", "DESTINATION_BUCKET": "thumbnails", "WORKER_PREFIX": "worker-", "RETRY_DELAY_S": "60",
    "MAX_OBJECT_BYTES": "1000000000", "KEEP_ENDINGS": "false", "DELETE_THUMBNAILS": "true", "MONITORING": "basic",
    "LOG_SAMPLE": "100", "SLOW_MS": "2000", "LAMBDA_TASK_ROOT": str(ROOT),
}
# Joins the groups whose files it is given, then becomes the function.
JOIN = 'function=$1; shift; for group; do echo $$ >"$group" || exit 125; done; exec "$function"'


class Services(http.server.ThreadingHTTPServer):
    """What a dispatcher talks to, and when it began and ended."""

    daemon_threads = True

    def __init__(self, head_ms: float, invoke_ms: float):
        super().__init__(("127.0.0.1", 0), Handler)
        self.head_ms, self.invoke_ms = head_ms, invoke_ms
        self.events: queue.Queue = queue.Queue()
        self.ready, self.done = threading.Event(), threading.Event()
        self.started_s = 0.0
        self.durations_ms: list[float] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


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
        self.server.ready.set()
        request_id, event = self.server.events.get()
        self.server.started_s = time.monotonic()
        self.answer(200, json.dumps(event).encode(), {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 30_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:dispatcher",
        })

    def do_HEAD(self) -> None:
        # The bucket at INIT, then objects.
        if self.path.count("/") > 1:
            time.sleep(self.server.head_ms / 1000)
        self.answer(200, headers={"ETag": '"e"', "Content-Length": "1000000", "Content-Type": "image/jpeg"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.endswith("/invocations"):
            self.server.durations_ms.append(1000 * (time.monotonic() - self.server.started_s))
            self.server.done.set()
        else:
            time.sleep(self.server.invoke_ms / 1000)
        self.answer(202)


class Group:
    """A control group of this process, version 1 or 2."""

    def __init__(self, memory_mb: int):
        name = f"thumbtier-dispatcher-{os.getpid()}"
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


def event(number: int, records: int) -> dict:
    """As S3 writes it."""
    def record(position: int) -> dict:
        item = {"key": f"photos/2026/{number}-{position}.jpg", "size": 1_000_000, "eTag": "e", "sequencer": "0055AED6DC"}
        return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "uploads"}, "object": item}}
    return {"Records": [record(position) for position in range(records)]}


def measure(binary: Path, memory_mb: int, records: int, events: int, waits: tuple[float, float]) -> str:
    """A row of the table."""
    services, group = Services(*waits), Group(memory_mb)
    urls = {f"{name}_QUEUE_URL": f"http://{services.address}/q" for name in ("DEAD_LETTER", "REFUSALS", "FAILED_JOBS")}
    own = {"AWS_ENDPOINT_URL": f"http://{services.address}", "AWS_LAMBDA_RUNTIME_API": services.address,
           "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb)}
    joins = [str(folder / "cgroup.procs") for folder in group.folders]
    began_s = time.monotonic()
    lines = tempfile.TemporaryFile("w+", dir=ROOT / "target")
    process = subprocess.Popen(["sh", "-c", JOIN, "join", binary, *joins], env=VARIABLES | urls | own,
                               stdout=lines, stderr=subprocess.DEVNULL)
    try:
        if not services.ready.wait(10):
            sys.exit(f"dispatcher: `{binary}` did not ask for an event within 10 s")
        init_ms = 1000 * (time.monotonic() - began_s)
        before_ms = cpu_ms(process.pid)
        group.limit_cpu(memory_mb)
        for number in range(events):
            services.ready.clear()
            services.done.clear()
            services.events.put((f"00000000-0000-0000-0000-{number:012d}", event(number, records)))
            if not (services.done.wait(30) and services.ready.wait(5)):
                sys.exit(f"dispatcher: event {number} was not answered within 30 s")
            # What is left of a quota is not saved up.
            time.sleep(3 * PERIOD_US / 1e6)
        each_ms = (cpu_ms(process.pid) - before_ms) / events
    finally:
        process.kill()
        process.wait()
        group.remove()
    warm_ms = services.durations_ms[1:]
    written = logged(lines)
    own_ms = [line["total_ms"] for line in map(json.loads, written) if "total_ms" in line][1:]
    log_bytes = sum(len(line.encode()) + EVENT_BYTES for line in written) / events
    gb_second = json.loads((ROOT / "prices.json").read_text())["us-east-1"]["lambda_gb_second"]["x86_64"]
    dollars = memory_mb / 1024 * gb_second * mean(warm_ms) / 1000 * 1e6 / records
    return (f"{memory_mb:>6} {records:>8} {init_ms:>8.0f} {services.durations_ms[0]:>9.1f} {median(warm_ms):>9.1f} "
            f"{mean(warm_ms):>9.1f} {mean(own_ms):>9.1f} {each_ms:>8.2f} {log_bytes:>9.0f} {dollars:>14.3f}")


def logged(file) -> list[str]:
    """The function's own lines."""
    file.seek(0)
    with file:
        return [line.rstrip("\n") for line in file if line.startswith("{")]


def cpu_ms(process: int) -> float:
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="make dispatcher", description=__doc__)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/dispatcher")
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--head-ms", type=float, default=15, help="how long S3 takes for a HEAD")
    parser.add_argument("--invoke-ms", type=float, default=15, help="how long Lambda takes for an Invoke")
    arguments = parser.parse_args()
    print("memory  records  INIT ms  first ms  median ms   mean ms    own ms   CPU ms  log bytes  $ per million objects, compute")
    for memory_mb, records in [(128, 1), (192, 1), (256, 1), (512, 1), (128, 10), (256, 10)]:
        waits = (arguments.head_ms, arguments.invoke_ms)
        print(measure(arguments.binary, memory_mb, records, arguments.events, waits), flush=True)


if __name__ == "__main__":
    main()
