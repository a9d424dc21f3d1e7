"""Stores that speak S3, each started for the tests and ended with them, and two buckets of one test."""

import contextlib
import json
import os
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ..stack import ROOT, Stack, free_port, listens
from .tls import Tls

TOKEN = "a token of the test"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest"}
PATIENCE_S = 60
ODD_KEYS = ["ü +1.jpg", "a b/c%20d.png", "a//b.png", "50% & more/?#[x].png", "日本/写真.png", "'quotes\".png", "dots/../up.png"]

class Failed(Exception):
    """What was not as it should be."""


class Store:
    """A store that speaks S3."""

    def __init__(self, name: str, endpoint: str, credentials: dict[str, str], guards: bool = True, has_paths: bool = False):
        """`has_paths`: its keys are paths of a file system, where `a//b` is `a/b` and `..` is the folder above."""
        self.name, self.endpoint, self.credentials = name, endpoint, credentials
        self.odd_keys = [key for key in ODD_KEYS if not has_paths or not ("//" in key or ".." in key)]
        # Whether it has conditional writes, so that several processes may share the work.
        self.guards = guards
        # Of every process that serves.
        self.options = () if guards else ("--alone",)
        # Whether a header that is signed may be left out on its way.
        self.checks_signatures = True
        # Of the names of buckets.
        self.run = 0
        self.s3 = self.client("s3")

    def client(self, service: str, endpoint: str = "", **options: object):
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 5},
                        request_checksum_calculation="when_required", response_checksum_validation="when_required")
        return boto3.client(
            service, endpoint_url=endpoint or self.endpoint, region_name="us-east-1", config=config,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"], **options)

    @property
    def port(self) -> int:
        return urllib.parse.urlsplit(self.endpoint).port

    def buckets(self, name: str) -> "Buckets":
        return Buckets(self, f"{name}-uploads-{self.run}", f"{name}-thumbnails-{self.run}")

    def notify(self, buckets: "Buckets", port: int) -> tuple[str, ...] | None:
        """Has the store send events of the bucket of images by itself, to a process that will listen to that port;
        returns what options that process needs. `None` where the store sends none."""
        return None


class Ministack(Store):
    def __init__(self, stack: Stack):
        super().__init__("MiniStack", stack.endpoint, {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
        self.sqs = self.client("sqs")
        self.checks_signatures = False

    def notify(self, buckets: "Buckets", port: int) -> tuple[str, ...]:
        """By a queue that speaks SQS."""
        queue = self.sqs.create_queue(QueueName=buckets.source)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        may_send = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
        self.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        buckets.notify("QueueConfigurations", "QueueArn", arn)
        return ("--sqs", queue, "--sqs-endpoint", self.endpoint)


class Juicefs(Store):
    """MinIO's S3, of 2021, in front of a file system: it has MinIO's webhook, and knows no conditions of PutObject."""

    def __init__(self, endpoint: str, events_port: int):
        super().__init__("JuiceFS", endpoint, CREDENTIALS, guards=False, has_paths=True)
        self.events_port = events_port

    def notify(self, buckets: "Buckets", port: int) -> tuple[str, ...]:
        buckets.notify("QueueConfigurations", "QueueArn", "arn:minio:sqs::THUMBTIER:webhook")
        return ()


class Ceph(Store):
    def __init__(self, endpoint: str, over_tls: str, tls: Tls):
        super().__init__("Ceph", endpoint, CREDENTIALS)
        # A topic with a secret is taken over TLS only.
        self.sns = self.client("sns", over_tls, verify=str(tls.ca))
        self.tls = tls

    def notify(self, buckets: "Buckets", port: int) -> tuple[str, ...]:
        """By a webhook, with the token as a password."""
        token = urllib.parse.quote(TOKEN, safe="")
        endpoint = f"https://thumbtier:{token}@127.0.0.1:{self.tls.before(port)}/events"
        topic = {"push-endpoint": endpoint, "verify-ssl": "false"}
        arn = self.sns.create_topic(Name=buckets.source, Attributes=topic)["TopicArn"]
        buckets.notify("TopicConfigurations", "TopicArn", arn)
        return ()


class Buckets:
    """Where images go in and thumbnails come out, and what was done to them."""

    def __init__(self, store: Store, source: str, destination: str):
        self.store, self.source, self.destination = store, source, destination
        self.sequence = 0
        self.keys: set[str] = set()
        for bucket in (source, destination):
            store.s3.create_bucket(Bucket=bucket)

    def notify(self, kind: str, name: str, arn: str) -> None:
        """Has the store tell of what is uploaded and deleted."""
        what = {"Id": "thumbtier", name: arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        self.store.s3.put_bucket_notification_configuration(Bucket=self.source, NotificationConfiguration={kind: [what]})

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

    def verdict(self, keys: Iterable[str]) -> dict[str, str]:
        """What is wrong with each key. Lost: there, and without a thumbnail of it. Stale: with one of another version.
        Orphaned: thumbnails of what is gone."""
        found = {}
        for key in sorted(keys):
            source = self.head(self.source, key)
            of = [head["Metadata"].get("thumbtier-source-etag") for head in self.thumbnails(key)]
            if not source and of:
                found[key] = "orphaned"
            elif source and not of:
                found[key] = "lost"
            elif source and set(of) != {source["ETag"]}:
                found[key] = "stale"
        return found

    def settled(self, what: str, patience_s: float = PATIENCE_S, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Waits until nothing is lost, stale or orphaned: asks again of those that were, and of all when none is.

        `meanwhile` is called before each look at those that were.
        """
        deadline = time.monotonic() + patience_s
        while verdict := self.verdict(self.keys):
            while verdict:
                if time.monotonic() > deadline:
                    raise Failed(f"{what}: {verdict} of {len(self.keys)} keys after {patience_s} s")
                meanwhile()
                time.sleep(0.3)
                verdict = self.verdict(verdict)


@contextlib.contextmanager
def ministack(folder: Path):
    with Stack(0) as stack:
        yield Ministack(stack)


@contextlib.contextmanager
def running(log: Path, command: list[object], environment: dict[str, str] | None = None):
    """A program in the background, which ends with the block."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=os.environ | (environment or {}), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def built(script: str) -> str:
    """What a script of ours brings here, once."""
    return subprocess.run([ROOT / "local" / script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def s3s(folder: Path):
    port = free_port()
    root = folder / "store"
    root.mkdir()
    command = [built("s3s.sh"), "--host", "127.0.0.1", "--port", str(port), "--access-key",
               CREDENTIALS["AWS_ACCESS_KEY_ID"], "--secret-key", CREDENTIALS["AWS_SECRET_ACCESS_KEY"], root]
    with running(folder / "s3s.log", command):
        until("s3s-fs", lambda: listens(port))
        # It looks first and writes then, so that two that write at once both may.
        yield Store("s3s-fs", f"http://127.0.0.1:{port}", CREDENTIALS, guards=False, has_paths=True)


@contextlib.contextmanager
def juicefs(folder: Path):
    program, port, events_port = built("juicefs.sh"), free_port(), free_port()
    meta, cache = f"sqlite3://{folder}/juicefs.db", ["--cache-dir", folder / "cache"]
    objects = folder / "objects"
    objects.mkdir()
    log = folder / "juicefs-format.log"
    with log.open("wb") as said:
        subprocess.run([program, "format", "--storage", "file", "--bucket", f"{objects}/", meta, "store"],
                       stdout=said, stderr=said, check=True)
    hook = "MINIO_NOTIFY_WEBHOOK_{}_THUMBTIER".format
    environment = {
        "MINIO_ROOT_USER": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "MINIO_ROOT_PASSWORD": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        hook("ENABLE"): "on",
        hook("ENDPOINT"): f"http://127.0.0.1:{events_port}/events",
        hook("AUTH_TOKEN"): TOKEN,
        hook("QUEUE_DIR"): str(folder / "events"),
    }
    command = [program, "gateway", "--multi-buckets", "--keep-etag", "--object-meta", "--no-banner", "--no-usage-report",
               "--metrics", f"127.0.0.1:{free_port()}", "--log", folder / "juicefs.log", *cache, meta, f"127.0.0.1:{port}"]
    with running(folder / "juicefs-gateway.log", command, environment):
        until("the gateway of JuiceFS", lambda: listens(port))
        yield Juicefs(f"http://127.0.0.1:{port}", events_port)


def until(what: str, holds, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not come within {patience_s} s")
        time.sleep(0.1)
