"""What is true of every store on a good day."""

import json
import os
import random
import shutil
import subprocess
import time
from io import BytesIO
from pathlib import Path

from PIL import Image

from .. import faults
from ..stack import ROOT, free_port
from .days import fail, picture, story
from . import process
from .process import Serve, expect, failing, run
from .stores import TOKEN, Buckets, Failed, Store, until
from .tls import Tls


def an_upload_gets_a_thumbnail_and_loses_it_with_its_image(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("simple")
    with Serve(buckets, folder / "simple", "--api-token", "api token") as serve:
        for key in ["cat.png", *store.odd_keys]:
            serve.post(buckets.put(key, picture(dice)))
        buckets.settled("uploads")
        for key in ["cat.png", *store.odd_keys]:
            serve.post(buckets.put(key, picture(dice)))
        buckets.settled("newer versions")
        for key in ["cat.png", *store.odd_keys[:4]]:
            serve.post(buckets.delete(key))
        buckets.settled("deletions")
        metadata = buckets.thumbnails(store.odd_keys[4])[0]["Metadata"]
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


def without_events_the_buckets_are_compared(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("compared")
    for key in ["a.png", "b/c.png", *store.odd_keys]:
        buckets.put(key, picture(dice))
    buckets.put("notes.txt", b"no image")
    buckets.keys.discard("notes.txt")
    others = {"foreign.png/128x128.jpg": {"thumbtier-source-etag": '"e"', "thumbtier-source-bucket": "another"}, "mine.txt": {}}
    for key, metadata in others.items():
        store.s3.put_object(Bucket=buckets.destination, Key=key, Body=b"x", Metadata=metadata)
    with Serve(buckets, folder / "compared", "--reconcile", "2s") as serve:
        buckets.settled("images from before")
        buckets.put("b/c.png", picture(dice))
        for key in ["a.png", store.odd_keys[0], store.odd_keys[3]]:
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


def the_store_sends_its_own_events(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("own")
    port = getattr(store, "events_port", 0) or free_port()
    options = store.notify(buckets, port)
    if options is None:
        print(f"    left out: {store.name} sends none", flush=True)
        return
    keys = store.odd_keys
    with Serve(buckets, folder / "own", *options, port=port):
        for what in ("uploads", "newer versions"):
            for key in keys:
                buckets.put(key, picture(dice))
            buckets.settled(f"{what} that {store.name} told of")
        for key in keys[:4]:
            buckets.delete(key)
        buckets.settled(f"deletions that {store.name} told of")


def a_store_without_conditions_is_named_and_needs_a_process_alone(store: Store, folder: Path, dice: random.Random) -> None:
    if not store.guards:
        store.options = ()
        try:
            said = failing(store.buckets("bare"), folder / "bare")
        finally:
            store.options = ("--alone",)
        if "lacks conditional writes" not in said or "PutObject" not in said:
            raise Failed(f"a store without conditional writes: {said}")
        print(f"    {said.strip().splitlines()[-1][:300]}", flush=True)
        return
    proxy = faults.Proxy(store.port)
    said_why = {"unconditional": "it is ignored", "not_implemented": "the answer is 501"}
    if store.checks_signatures:
        del said_why["unconditional"]
    for fault, why in said_why.items():
        buckets = store.buckets(f"bare-{fault.replace('_', '-')}")
        fail(proxy, **{fault: 1})
        said = failing(buckets, folder / fault, endpoint=proxy.endpoint)
        for want in (f"If-None-Match of PutObject: {why}", f"If-Match of PutObject: {why}", "--alone"):
            if want not in said:
                raise Failed(f"it does not say `{want}`: {said}")
        with Serve(buckets, folder / fault, "--alone", endpoint=proxy.endpoint) as serve:
            story(buckets, dice, 8, 24, serve.post)
            buckets.settled(f"one process before a store without conditions ({fault})")


def tls_of_ones_own(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("tls")
    home = folder / "certificates"
    home.mkdir()
    tls = Tls(home)
    endpoint = f"https://127.0.0.1:{tls.before(store.port)}"
    if "certificate" not in (said := failing(buckets, folder / "untrusted", endpoint=endpoint)).lower():
        raise Failed(f"a certificate that nobody knows: {said}")
    with Serve(buckets, folder / "tls", "--ca", str(tls.ca), endpoint=endpoint) as serve:
        serve.post(buckets.put("cat.png", picture(dice)))
        buckets.settled("an upload over TLS")


# As a container's runtime does: /proc and /dev, no other file of this machine, none that may be written, not root. One process.
IN_IMAGE = """mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount --bind "$2" "$1/state" && mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev" || exit
root=$1; shift 2; exec chroot --userspec=65532:65532 "$root" /usr/bin/thumbtier-serve "$@"
"""


def the_image_has_all_that_it_needs(store: Store, folder: Path, dice: random.Random) -> None:
    if os.geteuid() or not shutil.which("unshare"):
        print("    left out: mounts take root", flush=True)
        return
    root, state = folder / "image", folder / "image-state"
    subprocess.run([ROOT / "serve" / "deploy" / "rootfs.sh", process.PROGRAM, root], check=True)
    state.mkdir()
    os.chown(state, 65532, 65532)
    buckets = store.buckets("image")
    program = ["unshare", "--mount", "sh", "-c", IN_IMAGE, "sh", root, state]
    with Serve(buckets, state, program=program) as serve:
        serve.post(buckets.put("cat.jpg", picture(dice, "JPEG")))
        # Drawn by a process of its own.
        serve.post(buckets.put("icon.svg", b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4" cx="5" cy="5"/></svg>'))
        buckets.settled("an upload to the image's files")
