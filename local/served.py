"""`thumbtier serve` end to end: real stores, real queues, processes that are killed.

.venv/bin/python -m local.served                  against the S3 and the SQS of a MiniStack of its own
.venv/bin/python -m local.served --s3s            against s3s-fs, which is compiled for it
.venv/bin/python -m local.served --endpoint URL   against another store; credentials from the environment

Each test has buckets of its own. At the end of most stands a ledger: of every key that was ever uploaded, what is there now
and what thumbnails there are. Redis is tested where `redis-server` is installed.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image

from . import faults
from .stack import ROOT, Stack, free_port, listens

PROGRAM = ROOT / "target" / "debug" / "thumbtier-serve"
TOKEN = "a token of the test"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest"}
PATIENCE_S = 60
SIDE_BY_SIDE = 3
ODD_KEYS = ["ü +1.jpg", "a b/c%20d.png", "a//b.png", "50% & more/?#[x].png", "日本/写真.png", "'quotes\".png", "dots/../up.png"]


class Failed(Exception):
    """What was not as it should be."""


class Store:
    """A store that speaks S3, and two buckets of one test."""

    def __init__(self, endpoint: str, sqs_endpoint: str | None, credentials: dict[str, str]):
        self.endpoint, self.sqs_endpoint, self.credentials = endpoint, sqs_endpoint, credentials
        self.s3 = self._client("s3", endpoint)
        self.sqs = sqs_endpoint and self._client("sqs", sqs_endpoint)

    def _client(self, service: str, endpoint: str):
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 5},
                        request_checksum_calculation="when_required", response_checksum_validation="when_required")
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", config=config,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"])

    def buckets(self, name: str) -> "Buckets":
        return Buckets(self, f"{name}-uploads", f"{name}-thumbnails")


class Buckets:
    """Where images go in and thumbnails come out, and what was done to them."""

    def __init__(self, store: Store, source: str, destination: str):
        self.store, self.source, self.destination = store, source, destination
        self.sequence = 0
        self.keys: set[str] = set()
        for bucket in (source, destination):
            store.s3.create_bucket(Bucket=bucket)

    def put(self, key: str, body: bytes) -> dict:
        """Uploads; returns the event as MinIO sends it."""
        etag = self.store.s3.put_object(Bucket=self.source, Key=key, Body=body)["ETag"]
        self.keys.add(key)
        return self.event("s3:ObjectCreated:Put", key, etag.strip('"'))

    def delete(self, key: str) -> dict:
        self.store.s3.delete_object(Bucket=self.source, Key=key)
        return self.event("s3:ObjectRemoved:Delete", key, None)

    def event(self, name: str, key: str, etag: str | None) -> dict:
        self.sequence += 1
        entity = {"key": urllib.parse.quote_plus(key), "sequencer": f"{self.sequence:016X}"}
        if etag:
            entity["eTag"] = etag
        record = {"eventVersion": "2.0", "eventSource": "minio:s3", "eventName": name,
                  "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": self.source}, "object": entity}}
        return {"EventName": name, "Key": f"{self.source}/{key}", "Records": [record]}

    def listed(self, bucket: str) -> list[str]:
        pages = self.store.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def head(self, bucket: str, key: str) -> dict | None:
        try:
            return self.store.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def thumbnails(self, key: str) -> list[dict]:
        heads = (self.head(self.destination, f"{key}/128x128.{extension}") for extension in ("jpg", "png"))
        return [head for head in heads if head]

    def verdict(self) -> dict[str, list[str]]:
        """Lost: there, and without a thumbnail of it. Stale: with one of another version. Orphaned: of what is gone."""
        found: dict[str, list[str]] = {"lost": [], "stale": [], "orphaned": []}
        for key in sorted(self.keys):
            source = self.head(self.source, key)
            of = [head["Metadata"].get("thumbtier-source-etag") for head in self.thumbnails(key)]
            if not source:
                found["orphaned"] += [key] * len(of)
            elif not of:
                found["lost"].append(key)
            elif set(of) != {source["ETag"]}:
                found["stale"].append(key)
        return found

    def settled(self, what: str, patience_s: float = PATIENCE_S) -> None:
        """Waits until nothing is lost, stale or orphaned."""
        deadline = time.monotonic() + patience_s
        while any((verdict := self.verdict()).values()):
            if time.monotonic() > deadline:
                raise Failed(f"{what}: {verdict} of {len(self.keys)} keys after {patience_s} s")
            time.sleep(0.3)


class Serve:
    """A process that serves; leaving the `with` block asks it to stop and looks how it ended."""

    def __init__(self, buckets: Buckets, state: Path, *options: str, endpoint: str = "", wait: bool = True):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = state.parent / f"{state.name}-{self.port}.log"
        credentials = buckets.store.credentials
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "THUMBTIER_"))}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--source", buckets.source, "--destination", buckets.destination,
                 "--state", state, "--listen", f"127.0.0.1:{self.port}", "--endpoint", endpoint or buckets.store.endpoint,
                 "--events-token", TOKEN, "--retry-delay", "1s", *options],
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


@contextlib.contextmanager
def s3s(folder: Path):
    """A store of its own; its endpoint."""
    program = subprocess.run([ROOT / "local" / "s3s.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    port = free_port()
    root = folder / "store"
    root.mkdir()
    with (folder / "s3s.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--host", "127.0.0.1", "--port", str(port), "--access-key", CREDENTIALS["AWS_ACCESS_KEY_ID"],
             "--secret-key", CREDENTIALS["AWS_SECRET_ACCESS_KEY"], root], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until("s3s-fs", lambda: listens(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def until(what: str, holds, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not come within {patience_s} s")
        time.sleep(0.1)


def picture(dice: random.Random, kind: str = "", side_px: int = 160) -> bytes:
    mode = dice.choice(["RGB", "RGBA"])
    image = Image.new(mode, (side_px, side_px), tuple(dice.randrange(256) for _ in mode))
    # No two have the same bytes.
    image.putpixel((0, 0), tuple(dice.randrange(256) for _ in mode))
    image.putpixel((1, 0), tuple(dice.randrange(256) for _ in mode))
    file = BytesIO()
    kind = kind or ("PNG" if mode == "RGBA" else dice.choice(["PNG", "JPEG"]))
    image.convert("RGB" if kind == "JPEG" else mode).save(file, kind)
    return file.getvalue()


def story(buckets: Buckets, dice: random.Random, keys: int, steps: int, send) -> None:
    """Uploads, versions and deletions; events twice now and then, and in any order."""
    late: list[dict] = []
    names = [f"album {number % 5}/{number}.png" for number in range(keys)]
    with ThreadPoolExecutor(8) as pool:
        sent = []
        for step in range(steps):
            key = names[step] if step < keys else dice.choice(names)
            event = buckets.delete(key) if step >= keys and dice.random() < 0.3 else buckets.put(key, picture(dice))
            late += [event] * dice.choice([1, 1, 1, 2])
            while late and dice.random() < 0.6:
                sent.append(pool.submit(send, late.pop(dice.randrange(len(late)))))
        dice.shuffle(late)
        sent += [pool.submit(send, event) for event in late]
        for one in sent:
            one.result()


# The tests: each is a sentence.


def an_upload_gets_a_thumbnail_and_loses_it_with_its_image(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("simple")
    with Serve(buckets, folder / "simple", "--api-token", "api token") as serve:
        for key in ["cat.png", *ODD_KEYS]:
            serve.post(buckets.put(key, picture(dice)))
        buckets.settled("uploads")
        for key in ["cat.png", *ODD_KEYS]:
            serve.post(buckets.put(key, picture(dice)))
        buckets.settled("newer versions")
        for key in ["cat.png", *ODD_KEYS[:4]]:
            serve.post(buckets.delete(key))
        buckets.settled("deletions")
        metadata = buckets.thumbnails(ODD_KEYS[4])[0]["Metadata"]
        if metadata["thumbtier-source-bucket"] != buckets.source or metadata["thumbtier-tier"] != "small":
            raise Failed(f"metadata of a thumbnail: {metadata}")
        check_http(serve, buckets, dice)
        check_letters(serve, buckets, folder / "simple")


def check_http(serve: Serve, buckets: Buckets, dice: random.Random) -> None:
    expect(serve.ask("/healthz"), 200, "/healthz")
    expect(serve.ask("/events", b"{}", token="wrong"), 401, "a wrong token")
    expect(serve.ask("/events", b"{}"), 401, "no token")
    expect(serve.ask("/events", b"{}", token=TOKEN), 400, "no event")
    expect(serve.ask("/events", method="HEAD", token=TOKEN), 200, "MinIO's question")
    expect(serve.ask("/events", json.dumps({"Event": "s3:TestEvent"}).encode(), token=TOKEN), 200, "a test event")
    expect(serve.ask("/status/cat.png"), 401, "the API without a token")
    expect(serve.ask("/"), 200, "the page")
    # Uploaded over HTTP and waited for; the event comes all the same.
    body = picture(dice, "JPEG")
    headers = {"Prefer": "wait=20", "Content-Type": "image/jpeg"}
    status, thumbnail = serve.ask("/images/by%20http/%C3%BC.jpg", body, "PUT", "api token", headers)
    expect((status, thumbnail), 200, "an upload that is waited for")
    if Image.open(BytesIO(thumbnail)).size != (128, 128):
        raise Failed("the thumbnail of an upload over HTTP")
    told = json.loads(serve.ask("/status/by%20http/%C3%BC.jpg", token="api token")[1])
    if told["state"] != "made":
        raise Failed(f"/status: {told}")
    metrics = serve.ask("/metrics")[1].decode()
    for want in ('thumbtier_images_total{function="worker",tier="small"} ', 'thumbtier_total_ms_count{function="worker",tier="small"} ',
                 'thumbtier_objects_total{function="dispatcher",outcome="dispatched"} ', 'thumbtier_journal_entries '):
        if want not in metrics:
            raise Failed(f"/metrics lacks {want}: {metrics}")
    outcomes = [json.loads(line).get("outcome") for line in serve.log().splitlines() if line.startswith("{")]
    for want in ("dispatched", "made", "removal_dispatched", "removed"):
        if want not in outcomes:
            raise Failed(f"no line of the log has the outcome {want}")


def check_letters(serve: Serve, buckets: Buckets, state: Path) -> None:
    """A refused upload is a letter; after the fix it is sent again."""
    good = picture(random.Random(1), "PNG")
    serve.post(buckets.put("damaged.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64))
    letters = lambda: run("letters", "--state", state, "--refusals")
    until("the letter of a damaged upload", lambda: "damaged.png" in letters())
    buckets.store.s3.put_object(Bucket=buckets.source, Key="damaged.png", Body=good)
    if "1 letters are sent again" not in run("redrive", "--state", state, "--refusals"):
        raise Failed("redrive")
    buckets.settled("a letter that was sent again")
    if letters():
        raise Failed(f"letters after redrive: {letters()}")
    if "another process's" not in failing(buckets, state):
        raise Failed("two processes had one state folder")


def what_was_acknowledged_survives_a_kill(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("kill")
    state = folder / "kill"
    for round_ in range(3):
        serve = Serve(buckets, state)
        with ThreadPoolExecutor(8) as pool:
            events = [buckets.put(f"{round_}/{number}.png", picture(dice)) for number in range(25)]
            list(pool.map(serve.post, events))
        serve.kill()
    with Serve(buckets, state) as serve:
        buckets.settled("a process that was killed three times")


def a_bad_day(store: Store, folder: Path, dice: random.Random) -> None:
    """The store is slow, says 503 and resets connections; events come twice and in any order; two kills."""
    buckets = store.buckets("day")
    proxy = faults.Proxy(urllib.parse.urlsplit(store.endpoint).port)
    state = folder / "day"
    serving = [restarted(buckets, state, proxy.endpoint)]

    def post(event: dict) -> None:
        for _ in range(100):
            with contextlib.suppress(OSError):
                if serving[-1].ask("/events", json.dumps(event).encode(), token=TOKEN)[0] == 200:
                    return
            time.sleep(0.2)
        raise Failed(f"an event is not taken: {serving[-1].log()[-2000:]}")

    # The store looks at most images and then does not give them: their jobs are put off.
    fail(proxy, slow_down=0.7)
    for number in range(16):
        post(buckets.put(f"slow/{number}.png", picture(dice)))
    until("a job that was put off and came again", lambda: '"outcome":"retried"' in serving[-1].log())
    fail(proxy, slow_down=0.05, reset=0.05, delay=0.1)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(story, buckets, dice, 40, 120, post)
        for _ in range(2):
            time.sleep(2)
            serving[-1].kill()
            serving.append(restarted(buckets, state, proxy.endpoint))
        told.result()
    fail(proxy)
    try:
        buckets.settled("a bad day", 120)
    finally:
        serving[-1].kill()
    print(f"    {len(buckets.keys)} keys, {buckets.sequence} changes, {fail(proxy)}: lost 0, stale 0, orphaned 0", flush=True)


def restarted(buckets: Buckets, state: Path, endpoint: str) -> Serve:
    """At the start the store is asked: on a bad day it may not answer, and whoever supervises starts it again."""
    for _ in range(20):
        serve = Serve(buckets, state, endpoint=endpoint, wait=False)
        for _ in range(100):
            if serve.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                serve.ask("/healthz")
                return serve
            time.sleep(0.1)
    raise Failed(f"thumbtier serve does not start: {serve.log()[-2000:]}")


def fail(proxy: faults.Proxy, **rates: float) -> dict:
    request = urllib.request.Request(f"{proxy.endpoint}/_faults", data=json.dumps(rates).encode(), method="PUT")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def two_processes_share_a_queue_of_sqs(store: Store, folder: Path, dice: random.Random) -> None:
    if not store.sqs:
        return
    buckets = store.buckets("sqs")
    queue = store.sqs.create_queue(QueueName="serve")["QueueUrl"]
    options = ("--sqs", queue, "--sqs-endpoint", store.sqs_endpoint)
    send = lambda event: store.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    first, second = (Serve(buckets, folder / f"sqs-{name}", *options) for name in "ab")
    with second:
        story(buckets, dice, 40, 100, send)
        first.kill()
        buckets.settled("two processes on SQS, and a kill", 90)
    counts = [serve.log().count('"outcome":"made"') for serve in (first, second)]
    print(f"    made by each: {counts}", flush=True)
    if not all(counts):
        raise Failed(f"one process did all of it: {counts}")


def two_processes_share_a_list_of_redis(store: Store, folder: Path, dice: random.Random) -> None:
    program = shutil.which("redis-server")
    if not program:
        print("    left out: there is no redis-server", flush=True)
        return
    buckets = store.buckets("redis")
    port = free_port()

    def start() -> subprocess.Popen:
        started = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--appendfsync",
             "always", "--requirepass", "p@ss"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until("Redis", lambda: redis(port, "PING") == b"+PONG")
        return started

    server = start()
    try:
        options = ("--redis", f"redis://:p%40ss@127.0.0.1:{port}", "--redis-key", "events")

        def send(event: dict) -> None:
            entry = [{"Event": event["Records"], "EventTime": "2026-11-20T09:27:28.000Z"}]
            redis(port, "RPUSH", "events", json.dumps(entry))

        first, second = (Serve(buckets, folder / f"redis-{name}", *options) for name in "ab")
        with second:
            story(buckets, dice, 40, 100, send)
            first.kill()
            buckets.settled("two processes on Redis, and a kill", 90)
            # The queue is restarted, with events in it and others under way.
            for number in range(20):
                send(buckets.put(f"restart/{number}.png", picture(dice)))
            server.terminate()
            server.wait()
            server = start()
            send(buckets.put("restart/last.png", picture(dice)))
            buckets.settled("a restart of Redis", 90)
            until("an end of what was taken", lambda: redis(port, "KEYS", "events:taken:*") == b"*0")
    finally:
        server.kill()
        server.wait()


def redis(port: int, *words: str) -> bytes:
    """One command; the first line of its answer."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
        file = connection.makefile("rwb")
        answer = b""
        for command in (("AUTH", "p@ss"), words):
            encoded = [word.encode() for word in command]
            file.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
            file.flush()
            answer = file.readline().strip()
        return answer
    return b""


def without_events_the_buckets_are_compared(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("compared")
    for key in ["a.png", "b/c.png", *ODD_KEYS]:
        buckets.put(key, picture(dice))
    buckets.put("notes.txt", b"no image")
    buckets.keys.discard("notes.txt")
    others = {"foreign.png/128x128.jpg": {"thumbtier-source-etag": '"e"', "thumbtier-source-bucket": "another"}, "mine.txt": {}}
    for key, metadata in others.items():
        store.s3.put_object(Bucket=buckets.destination, Key=key, Body=b"x", Metadata=metadata)
    with Serve(buckets, folder / "compared", "--reconcile", "2s") as serve:
        buckets.settled("images from before")
        buckets.put("b/c.png", picture(dice))
        for key in ["a.png", ODD_KEYS[0], ODD_KEYS[3]]:
            buckets.delete(key)
        buckets.settled("changes that nobody announced")
        made = serve.log().count('"outcome":"made"')
        time.sleep(5)
        if serve.log().count('"outcome":"made"') != made:
            raise Failed("a round made again what was made")
    for key in others:
        if not buckets.head(buckets.destination, key):
            raise Failed(f"{key} is not ours, and was removed")


def a_job_that_takes_too_long_goes_up_a_tier(store: Store, folder: Path, dice: random.Random) -> None:
    tiers = json.loads((ROOT / "tiers.json").read_text())
    tiers["small"]["timeout_s"] = 0
    table = folder / "tiers.json"
    table.write_text(json.dumps(tiers))
    buckets = store.buckets("slow")
    with Serve(buckets, folder / "slow", "--tiers", str(table)) as serve:
        serve.post(buckets.put("cat.png", picture(dice)))
        buckets.settled("a job that took too long")
        tier = buckets.thumbnails("cat.png")[0]["Metadata"]["thumbtier-tier"]
        if tier != "medium" or '"outcome":"escalated"' not in serve.log():
            raise Failed(f"made by {tier}: {serve.log()[-2000:]}")


def too_little_memory_is_an_error_with_numbers(store: Store, folder: Path, _: random.Random) -> None:
    buckets = store.buckets("memory")
    said = failing(buckets, folder / "memory", "--memory", "200")
    if "200 MB of memory, as --memory has it, are too little" not in said or "303 MB" not in said:
        raise Failed(f"with 200 MB: {said}")


def run(*arguments: object) -> str:
    return subprocess.run([PROGRAM, "serve", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def failing(buckets: Buckets, state: Path, *options: str) -> str:
    """What it says when it does not start."""
    serve = Serve(buckets, state, *options, wait=False)
    if serve.process.wait(30) == 0:
        raise Failed("it started")
    return serve.log()


def expect(answer: tuple[int, bytes], status: int, what: str) -> None:
    if answer[0] != status:
        raise Failed(f"{what}: {answer[0]} instead of {status}, {answer[1][:500]!r}")


TESTS = [
    an_upload_gets_a_thumbnail_and_loses_it_with_its_image,
    what_was_acknowledged_survives_a_kill,
    a_bad_day,
    two_processes_share_a_queue_of_sqs,
    two_processes_share_a_list_of_redis,
    without_events_the_buckets_are_compared,
    a_job_that_takes_too_long_goes_up_a_tier,
    too_little_memory_is_an_error_with_numbers,
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="local.served", description=__doc__.partition("\n")[0])
    parser.add_argument("--endpoint", help="a store that runs already")
    parser.add_argument("--s3s", action="store_true", help="s3s-fs, a store in Rust that keeps files in a folder")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only", default="", help="tests whose name has this in it")
    arguments = parser.parse_args()
    print(f"· thumbtier serve, seed {arguments.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=ROOT / "target")))
        if arguments.endpoint:
            credentials = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
            store = Store(arguments.endpoint, None, credentials)
        elif arguments.s3s:
            store = Store(stack.enter_context(s3s(folder)), None, CREDENTIALS)
        else:
            local = stack.enter_context(Stack(0))
            store = Store(local.endpoint, local.endpoint, {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})

        def told(test) -> bool:
            started = time.monotonic()
            try:
                test(store, folder, random.Random(arguments.seed))
            except Exception as error:  # Also what boto3 raises: the other tests end as they would.
                print(f"FAILED {test.__name__}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                return False
            print(f"  ok {test.__name__.replace('_', ' ')} ({time.monotonic() - started:.0f} s)", flush=True)
            return True

        # Most of them wait most of the time.
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            passed = list(pool.map(told, (test for test in TESTS if arguments.only in test.__name__)))
        if not all(passed):
            kept = ROOT / "target" / "served-logs"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("lock"))
            print(f"logs and state folders: {kept.relative_to(ROOT)}", file=sys.stderr)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
