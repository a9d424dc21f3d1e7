"""The bucket situations, end to end: buckets that others use, one bucket for both sides, a queue and a topic of others.

Runs inside `python -m local test`, against the local AWS that it started: deploys a stage for each situation, uploads,
overwrites, deletes and removes, and compares what others have in the buckets before and after. Buckets of the
deployment's own are the stage that every other test uses. S3 refuses overlapping notifications and destinations that it
may not invoke; the local AWS does not, so `thumbtier attach` is asked about the first, and the template's test sees the
second.
"""

import json
import os
import subprocess
import sys
import time
import urllib.parse

from PIL import Image

from .others import EVERYTHING, Others, make_queue, make_topic, png
from .parts import moving, pack_by_prefix, thirds
from .stack import ROOT, LocalError, Running

TIMEOUT_S = 90
COMMON = {"package_dir": "target/local", "retry_delay_s": "1", "monitoring": "off"}


def check(holds: bool, what: str) -> None:
    if not holds:
        raise LocalError(what)


class Situation:
    """A stage, its buckets, and what others have in them."""

    def __init__(self, stack: Running, stage: str, parameters: dict[str, str]):
        self.stack, self.stage, self.parameters = stack, stage, COMMON | parameters
        self.s3 = stack.client("s3")

    def deploy(self, **changed: str) -> dict[str, str]:
        return self.stack.deploy(self.stage, self.parameters | changed)

    def remove(self) -> str:
        return self.stack.remove(self.stage, self.parameters)

    def thumbtier(self, command: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [ROOT / "target" / "debug" / "thumbtier", command, "--stage", self.stage, "--json", *arguments],
            env=self.stack.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def says(self, status: int, command: str, *arguments: str, words: str = "") -> dict:
        """The command's report; its exit status must be this, and these words must be in what it says."""
        done = self.thumbtier(command, *arguments)
        said = done.stdout + done.stderr
        check(done.returncode == status, f"{command} {arguments} ended with {done.returncode}: {said}")
        check(words in said, f"{command} {arguments} does not say {words}: {said}")
        return json.loads(done.stdout) if done.stdout else {}

    def put(self, bucket: str, key: str, body: bytes, content_type: str = "image/png") -> str:
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)["ETag"]

    def refused(self) -> list[str]:
        """The names of refusals in their queue."""
        sqs = self.stack.client("sqs")
        queue = sqs.get_queue_url(QueueName=f"thumbtier-{self.stage}-refusals")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return [json.loads(message["Body"])["reason"] for message in found]

    def made_from(self, bucket: str, key: str) -> str | None:
        """The source ETag of a thumbnail; `None` without one."""
        try:
            return self.s3.head_object(Bucket=bucket, Key=key)["Metadata"]["thumbtier-source-etag"]
        except self.s3.exceptions.ClientError:
            return None

    def upload_overwrite_delete(self, source: str, destination: str, key: str, thumbnail: str) -> None:
        for shade in (10, 20):
            etag = self.put(source, key, png(shade))
            self.until_made_from(destination, thumbnail, etag)
        self.s3.delete_object(Bucket=source, Key=key)
        self.until_made_from(destination, thumbnail, None)

    def versions_end_right(self, source: str, destination: str, key: str, thumbnail: str) -> None:
        """An old version deleted, the newest deleted, a delete marker set and removed; then nothing is left of the key."""
        self.s3.put_bucket_versioning(Bucket=source, VersioningConfiguration={"Status": "Enabled"})
        versions = []
        for shade in (40, 50, 60):
            put = self.s3.put_object(Bucket=source, Key=key, Body=png(shade), ContentType="image/png")
            versions.append((put["VersionId"], put["ETag"]))
            self.until_made_from(destination, thumbnail, put["ETag"])
        (oldest, _), (middle, etag), (newest, newest_etag) = versions
        heard = self.lines_about(key)
        self.s3.delete_object(Bucket=source, Key=key, VersionId=oldest)
        self.until(lambda: self.lines_about(key) > heard, "word of the deleted version")
        self.until_made_from(destination, thumbnail, newest_etag)
        self.s3.delete_object(Bucket=source, Key=key, VersionId=newest)
        self.until_made_from(destination, thumbnail, etag)
        marker = self.s3.delete_object(Bucket=source, Key=key)["VersionId"]
        self.until_made_from(destination, thumbnail, None)
        self.s3.delete_object(Bucket=source, Key=key, VersionId=marker)
        self.until_made_from(destination, thumbnail, etag)
        self.s3.delete_object(Bucket=source, Key=key, VersionId=middle)
        self.until_made_from(destination, thumbnail, None)
        self.s3.put_bucket_versioning(Bucket=source, VersioningConfiguration={"Status": "Suspended"})

    def until_made_from(self, bucket: str, thumbnail: str, etag: str | None) -> None:
        self.until(lambda: self.made_from(bucket, thumbnail) == etag, f"{thumbnail} of {etag}")

    def until(self, holds, what: str) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not holds():
            check(time.monotonic() < deadline, f"{self.stage}: no {what} after {TIMEOUT_S} s")
            time.sleep(0.2)

    def heard_of(self) -> set[str]:
        """The keys that the dispatcher was told of."""
        return set(self.keys_told())

    def lines_about(self, key: str) -> int:
        return self.keys_told().count(key)

    def keys_told(self) -> list[str]:
        logs = self.stack.client("logs").get_paginator("filter_log_events")
        pages = logs.paginate(logGroupName=f"/aws/lambda/thumbtier-{self.stage}-dispatcher")
        lines = (event["message"] for page in pages for event in page["events"])
        return [key for line in lines if line.startswith("{") and (key := json.loads(line).get("key"))]

    def dispatched(self, bucket: str, key: str) -> dict:
        """What the dispatcher answers to S3's event about an object."""
        event = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": bucket}, "object": {"key": urllib.parse.quote(key)}}}]}
        answer = self.stack.client("lambda").invoke(
            FunctionName=f"thumbtier-{self.stage}-dispatcher", Payload=json.dumps(event))
        return json.load(answer["Payload"])


def made_by_the_deployment(stack: Running) -> None:
    """The bucket of the stage that every other test uses notifies by the deployment: there is nothing to attach."""
    one = Situation(stack, "local", {})
    refused = one.says(1, "attach", "--yes")
    check(all("to this dispatcher already" in message for message in refused["refused"]), f"refused: {refused}")
    check(one.says(0, "detach", "--yes")["outcome"] == "unchanged", "detach took away what attach did not make")


def there_before(stack: Running) -> None:
    """Both buckets exist and others use them; our notification is attached beside theirs."""
    source, destination = "situations-there", "situations-there-thumbnails"
    others, theirs = Others(stack, source), Others(stack, destination)
    listing = others.listing(), theirs.listing()
    notifies = stack.notifications(source), stack.notifications(destination)
    one = Situation(stack, "there", {
        "source_bucket": source, "source_bucket_exists": "true", "source_prefixes": "photos/,scans/",
        "destination_bucket": destination, "destination_bucket_exists": "true", "destination_prefix": "thumbs/"})

    def unchanged(after: str) -> None:
        check((others.listing(), theirs.listing()) == listing, f"{after} changed what others have: {others.listing()}")
        check(stack.notifications(destination) == notifies[1], f"{after} changed notifications of thumbnails")

    def theirs_only() -> dict:
        now = stack.notifications(source)
        functions = now.get("LambdaFunctionConfigurations", [])
        not_ours = [function for function in functions if not function["Id"].startswith("thumbtier-")]
        return now | {"LambdaFunctionConfigurations": not_ours}

    one.deploy()
    unchanged("the deployment")
    check(stack.notifications(source) == notifies[0], "the deployment changed notifications of uploads")

    planned = one.says(0, "attach", "--dry-run")
    ids = [found["id"] for found in planned["added"]]
    check(ids == ["thumbtier-there-uploads/photos/", "thumbtier-there-uploads/scans/"], f"planned: {planned}")
    one.says(2, "attach", words="nobody to ask")
    check(stack.notifications(source) == notifies[0], "a dry run wrote")
    attached = one.says(0, "attach", "--yes")
    check(attached["outcome"] == "written" and len(attached["kept"]) == 3, f"attached: {attached}")
    check(theirs_only() == notifies[0], f"attach changed {theirs_only()}")
    check(one.says(0, "attach", "--yes")["outcome"] == "unchanged", "attached twice")
    unchanged("attach")

    others.messages()
    one.upload_overwrite_delete(source, destination, "photos/ü 1.png", "thumbs/photos/ü 1.png/128x128.jpg")
    one.versions_end_right(source, destination, "scans/v.png", "thumbs/scans/v.png/128x128.jpg")
    one.put(source, "bills/2.png", png(3))
    one.until(lambda: "bills/2.png" in others.messages(), "message to the others' queue")
    one.s3.delete_object(Bucket=source, Key="bills/2.png")
    check(one.dispatched(source, "bills/2.png")["skipped"] == {"not_watched": 1}, "bills/ is nobody's upload")
    one.deploy(log_sample="1")
    check(theirs_only() == notifies[0] and len(stack.notifications(source)["LambdaFunctionConfigurations"]) == 3,
          "another deployment changed notifications")

    check(one.says(0, "detach", "--yes")["outcome"] == "written", "detached")
    check(stack.notifications(source) == notifies[0], f"detach left {stack.notifications(source)}")
    check(one.says(0, "detach", "--yes")["outcome"] == "unchanged", "detached twice")
    refused_by_name(one, source, notifies[0], others.queue)
    unchanged("detach")

    one.says(0, "attach", "--yes")
    said = one.remove()
    check(stack.notifications(source) == notifies[0], f"the removal left {stack.notifications(source)}")
    check(f"s3://{source}, with the uploads" in said, f"the removal said {said}")
    unchanged("the removal")


def refused_by_name(one: Situation, source: str, notifies: dict, queue: str) -> None:
    """Where another takes the same events of the same keys, nothing is written."""
    filtered = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "scans/2024/"}]}}
    rival = {"Id": "rival", "QueueArn": queue, "Events": ["s3:ObjectCreated:Put"], "Filter": filtered}
    with_rival = notifies | {"QueueConfigurations": [*notifies["QueueConfigurations"], rival]}
    one.s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration=with_rival)
    before = one.stack.notifications(source)
    refused = one.says(1, "attach", "--yes")
    check(refused["outcome"] == "refused" and "`rival`" in refused["refused"][0], f"refused: {refused}")
    check(one.stack.notifications(source) == before, "a refusal wrote")
    one.s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration=notifies)


def one_for_both(stack: Running) -> None:
    """One bucket that exists has both, with other thumbnails for a prefix, and EventBridge hears of every object."""
    bucket = "situations-both"
    others = Others(stack, bucket)
    listing, notifies = others.listing(), stack.notifications(bucket)
    one = Situation(stack, "both", {
        "source_bucket": bucket, "source_bucket_exists": "true", "source_prefixes": "photos/,avatars/",
        "destination_bucket": bucket, "destination_bucket_exists": "true", "destination_prefix": "thumbs/",
        "event_source": "eventbridge", "monitoring": "full", "formats": "jpeg,png",
        "package_dir": pack_by_prefix("avatars/", "8", 8)})
    one.deploy()
    check(one.says(0, "attach", "--yes")["eventbridge_after"], "EventBridge is on")
    with_eventbridge = notifies | {"EventBridgeConfiguration": {}}
    check(stack.notifications(bucket) == with_eventbridge, f"attach wrote {stack.notifications(bucket)}")

    one.upload_overwrite_delete(bucket, bucket, "avatars/a.png", "thumbs/avatars/a.png/8.jpg")
    focused(one, bucket)
    animated(one, bucket)
    one.versions_end_right(bucket, bucket, "avatars/v.png", "thumbs/avatars/v.png/8.jpg")
    etag = one.put(bucket, "photos/b.png", png(9))
    thumbnail = "thumbs/photos/b.png/128x128.jpg"
    one.until(lambda: one.made_from(bucket, thumbnail) == etag, thumbnail)
    heard = one.heard_of()
    check("photos/b.png" in heard and not any(key.startswith("thumbs/") for key in heard), f"the rule lets in {heard}")
    # Each guard of the dispatcher by itself: where thumbnails go, what is no upload, and what carries our mark.
    made = one.s3.get_object(Bucket=bucket, Key=thumbnail)["Body"].read()
    one.put(bucket, "thumbs/by-hand/128x128.jpg", made)
    one.put(bucket, "elsewhere/c.png", png(4))
    one.s3.copy_object(Bucket=bucket, Key="photos/copy.jpg", CopySource={"Bucket": bucket, "Key": thumbnail})
    for key, name in [(thumbnail, "own_output"), ("thumbs/by-hand/128x128.jpg", "own_output"),
                      ("elsewhere/c.png", "not_watched"), ("photos/copy.jpg", "own_output")]:
        check(one.dispatched(bucket, key).get("skipped") == {name: 1}, f"{key}: {one.dispatched(bucket, key)}")
    # What is off is skipped by what it says it is, or refused by what its bytes are.
    one.put(bucket, "photos/d.psd", png(5), "application/octet-stream")
    check(one.dispatched(bucket, "photos/d.psd").get("skipped") == {"format_off": 1}, "a document where psd is off")
    one.put(bucket, "photos/e.png", b"qoif" + b"\0\0\0\1" * 2 + b"\3\0" + b"\xfe\1\2\3" + bytes(7) + b"\1")
    one.until(lambda: "format_off" in one.refused(), "refusal of QOI under another name")
    time.sleep(3)  # For what would be made by mistake.
    thumbnails = [key for key in stack.objects(bucket) if key.startswith("thumbs/")]
    manifest = "thumbs/photos/b.png/manifest.json"
    check(sorted(thumbnails) == ["thumbs/by-hand/128x128.jpg", thumbnail, manifest], f"a loop: {thumbnails}")

    before = stack.objects(bucket)
    check(one.says(0, "detach", "--yes")["outcome"] == "unchanged", "EventBridge stays on")
    said = one.remove()
    check(stack.notifications(bucket) == with_eventbridge, f"the removal left {stack.notifications(bucket)}")
    check(stack.objects(bucket) == before and others.listing() == listing, "the removal changed objects")
    check(f"s3://{bucket}, with uploads and thumbnails" in said, f"the removal said {said}")


def focused(one: Situation, bucket: str) -> None:
    """The focus of an upload is what its thumbnail shows; the manifest names it, and goes with it."""
    key, folder = "avatars/f.png", "thumbs/avatars/f.png"
    one.s3.put_object(Bucket=bucket, Key=key, Body=thirds(), ContentType="image/png", Metadata={"focus": "0.9,0.5"})
    one.until(lambda: one.made_from(bucket, f"{folder}/manifest.json"), "manifest")
    one.until(lambda: one.made_from(bucket, f"{folder}/8.jpg"), "thumbnail with a focus")
    made = one.s3.get_object(Bucket=bucket, Key=f"{folder}/8.jpg")
    red, _, blue = Image.open(made["Body"]).convert("RGB").getpixel((4, 4))
    check(blue > 150 > red, f"the focus is not in the thumbnail: {red}, {blue}")
    manifest = json.load(one.s3.get_object(Bucket=bucket, Key=f"{folder}/manifest.json")["Body"])
    check([variant["key"] for variant in manifest["variants"]] == [f"{folder}/8.jpg"], f"the manifest is {manifest}")
    check(manifest["thumbhash"] == made["Metadata"]["thumbtier-thumbhash"], "two placeholders")
    one.s3.delete_object(Bucket=bucket, Key=key)
    one.until(lambda: not any(found.startswith(folder) for found in one.stack.objects(bucket)), "end of the manifest")


def animated(one: Situation, bucket: str) -> None:
    """A prefix has animated thumbnails, of as many frames as its list says."""
    key, thumbnail = "avatars/moving/m.png", "thumbs/avatars/moving/m.png/8.webp"
    etag = one.put(bucket, key, moving())
    one.until(lambda: one.made_from(bucket, thumbnail) == etag, thumbnail)
    made = one.s3.get_object(Bucket=bucket, Key=thumbnail)
    seen = (made["ContentType"], made["Metadata"].get("thumbtier-frames"), made["Metadata"].get("thumbtier-warnings"))
    check(seen == ("image/webp", "2", "frames_cut"), f"the animated thumbnail has {seen}")
    image = Image.open(made["Body"])
    colours = []
    for number in range(image.n_frames):
        image.seek(number)
        colours.append(max(range(3), key=image.convert("RGB").getpixel((4, 1)).__getitem__))
    check(colours == [0, 1], f"its frames are {colours}")
    one.s3.delete_object(Bucket=bucket, Key=key)
    one.until(lambda: not one.made_from(bucket, thumbnail), "end of the animated thumbnail")
    one.until(lambda: not any("moving" in found for found in one.stack.objects(bucket)), "end of its manifest")


def queue_and_topic(stack: Running) -> None:
    """Buckets of the stage's own, which it never notifies of: a queue and a topic that somebody connects by hand."""
    queue, _ = make_queue(stack, "situations-uploads")
    topic = make_topic(stack, "situations-uploads")
    one = Situation(stack, "connected", {
        "event_source": "none", "source_queue_arn": queue, "source_topic_arn": topic})
    outputs = one.deploy()
    source, destination = outputs["SourceBucketName"], outputs["DestinationBucketName"]
    check(stack.notifications(source) == {}, "event_source=none notifies")
    filters = [{"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}} for prefix in ("queue/", "topic/")]
    events = [EVERYTHING, "s3:ObjectRemoved:*"]
    one.s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration={
        "QueueConfigurations": [{"Id": "by-hand", "QueueArn": queue, "Events": events, "Filter": filters[0]}],
        "TopicConfigurations": [{"Id": "by-hand-too", "TopicArn": topic, "Events": events, "Filter": filters[1]}]})
    by_hand = stack.notifications(source)
    # A deployment that does change the bucket.
    one.deploy(source_versioning="on")
    check(one.s3.get_bucket_versioning(Bucket=source).get("Status") == "Enabled", "the bucket was not changed")
    check(stack.notifications(source) == by_hand, f"another deployment wrote {stack.notifications(source)}")
    for way in ("queue", "topic"):
        one.upload_overwrite_delete(source, destination, f"{way}/a.png", f"{way}/a.png/128x128.jpg")
    one.says(2, "attach", "--yes", words="deploy it with event_source=s3, or eventbridge")
    # As twelve versions of the API's token left them.
    ssm, tokens = stack.client("ssm"), "/thumbtier/connected/api-token"
    for version in range(12):
        ssm.put_parameter(Name=f"{tokens}/{version}", Value="token", Type="SecureString")
    ssm.put_parameter(Name="/thumbtier/connected-too/api-token/1", Value="another stage's", Type="String")
    one.remove()
    left = ssm.describe_parameters()["Parameters"]
    left = [found["Name"] for found in left if "/connected" in found["Name"]]
    check(left == ["/thumbtier/connected-too/api-token/1"], f"the removal left {left}")
    ssm.delete_parameter(Name=left[0])
    check(stack.notifications(source) == by_hand, "the removal changed what was connected by hand")
    mappings = stack.client("lambda").list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]
    subscriptions = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    check(not mappings and not subscriptions, f"the removal left {mappings} {subscriptions}")
    for bucket in (source, destination):  # Which only their owner does.
        for found in one.s3.list_object_versions(Bucket=bucket).get("Versions", []):
            one.s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
        for found in one.s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", []):
            one.s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
        one.s3.delete_bucket(Bucket=bucket)


def main() -> int:
    stack = Running(urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).port)
    try:
        for situation in (made_by_the_deployment, there_before, one_for_both, queue_and_topic):
            started = time.monotonic()
            situation(stack)
            print(f"ok  {time.monotonic() - started:4.0f} s  {situation.__doc__}", flush=True)
    except LocalError as error:
        print(f"local.situations: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
