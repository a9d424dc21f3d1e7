"""`make local` and the end-to-end part of `make test`."""

import argparse
import mimetypes
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import samples, watch
from .package import PackageError
from .stack import ROOT, LocalError, Stack, build_and_zip, check_port


def main() -> int:
    parser = argparse.ArgumentParser(prog="local", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="where the local AWS listens (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="deploy, upload images, show what became of them, stay up until Ctrl-C")
    up.add_argument("images", nargs="*", type=Path, help="files or folders; without any, the sample pictures")
    build = commands.add_parser("build", help="build and zip the functions, each behind the wrapper that limits it")
    build.add_argument("--compiled", action="store_true", help="zip what cargo has built")
    test = commands.add_parser("test", help="deploy on a free port, run a command against it, remove it again")
    test.add_argument("--built", action="store_true", help="with the functions as `build` left them")
    test.add_argument("test_command", nargs=argparse.REMAINDER, help="the command, with its arguments")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell starts background jobs with Ctrl-C ignored; whoever sends SIGINT means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if arguments.command == "up":
            return stay_up(arguments.port, arguments.images)
        if arguments.command == "build":
            build_and_zip(arguments.compiled)
            return 0
        if not arguments.built:
            step("building the functions")
            build_and_zip()
        return run_tests(arguments.test_command)
    except (LocalError, PackageError) as error:
        print(f"local: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def stay_up(port: int, images: list[Path]) -> int:
    check_port(port)
    files = list(_files(images))
    step("packing the functions")
    build_and_zip()
    step(f"starting the local AWS on port {port}")
    with Stack(port) as stack:
        step("deploying serverless.yml")
        outputs = stack.deploy()
        step(stack.limits.describe())
        source, destination = outputs["SourceBucketName"], outputs["DestinationBucketName"]
        uploads = upload(stack, source, files or samples.make())
        print(watch.table(watch.await_fates(stack, uploads, timeout_s=60 + 5 * len(uploads))))
        print(f"\nThe upload page:   {outputs['ApiUrl']}/#token={stack.api_token(outputs)}")
        credentials = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1"
        aws = f"{credentials} aws --endpoint-url {stack.endpoint} s3"
        print(f"Upload your own:   {aws} cp photo.jpg s3://{source}/")
        print(f"See thumbnails:    {aws} ls --recursive s3://{destination}/")
        print("Ctrl-C ends it.", flush=True)
        try:
            while stack.server.poll() is None:
                time.sleep(0.5)
        except KeyboardInterrupt:
            print()
            return 0
        raise LocalError("the local AWS ended by itself: see .local")


def run_tests(command: list[str]) -> int:
    with Stack(0, may_fail=True) as stack:
        step(f"deploying serverless.yml to the local AWS on port {stack.port}")
        outputs = stack.deploy()
        step(stack.limits.describe())
        environment = stack.environment() | {
            "SOURCE_BUCKET": outputs["SourceBucketName"],
            "DESTINATION_BUCKET": outputs["DestinationBucketName"],
            "API_URL": outputs["ApiUrl"],
            "API_TOKEN": stack.api_token(outputs),
            "CDN_URL": outputs["CdnUrl"],
            "FUNCTIONS_ENDPOINT_URL": stack.functions_endpoint,
            "LIMITS": stack.limits.describe(),
        }
        tested = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if tested.returncode != 0:
            return tested.returncode
        step("removing the deployment")
        watch.await_rest(stack)
        remove(stack, [outputs["SourceBucketName"], outputs["DestinationBucketName"]])
        step("nothing is left of it but its buckets, and everything in them")
    return 0


def remove(stack: Stack, buckets: list[str]) -> None:
    """Removes the deployment; its buckets stay as they are, and nothing else of it does."""
    before = {bucket: stack.objects(bucket) for bucket in buckets}
    said = stack.remove()
    if before != {bucket: stack.objects(bucket) for bucket in buckets}:
        raise LocalError("`osls remove` changed objects")
    for bucket in buckets:
        if f"s3://{bucket}" not in said:
            raise LocalError(f"`osls remove` left {bucket} and did not say so")
        if stack.notifications(bucket):
            raise LocalError(f"`osls remove` left {bucket} with notifications: {stack.notifications(bucket)}")
    left = [name for name in left_behind(stack) if name not in buckets]
    if left:
        raise LocalError(f"`osls remove` left {', '.join(left)}")


def left_behind(stack: Stack) -> list[str]:
    """Everything of ours that the local AWS still has."""
    clients = {service: stack.client(service) for service in (
        "s3", "lambda", "iam", "logs", "sqs", "sns", "cloudwatch", "apigatewayv2", "ssm", "cloudfront")}
    found = [
        *(bucket["Name"] for bucket in clients["s3"].list_buckets()["Buckets"]),
        *(function["FunctionName"] for function in clients["lambda"].list_functions()["Functions"]),
        *(role["RoleName"] for role in clients["iam"].list_roles()["Roles"]),
        *(policy["PolicyName"] for policy in clients["iam"].list_policies(Scope="Local")["Policies"]),
        *(user["UserName"] for user in clients["iam"].list_users()["Users"]),
        *(found["Comment"] for found in clients["cloudfront"].list_distributions()["DistributionList"].get("Items", [])),
        *(group["logGroupName"] for group in clients["logs"].describe_log_groups()["logGroups"]),
        *clients["sqs"].list_queues().get("QueueUrls", []),
        *(topic["TopicArn"] for topic in clients["sns"].list_topics()["Topics"]),
        *(dashboard["DashboardName"] for dashboard in clients["cloudwatch"].list_dashboards()["DashboardEntries"]),
        *(api["Name"] for api in clients["apigatewayv2"].get_apis()["Items"]),
        *(parameter["Name"] for parameter in clients["ssm"].describe_parameters()["Parameters"]),
        *(alarm["AlarmName"] for alarm in clients["cloudwatch"].describe_alarms()["MetricAlarms"]),
    ]
    return [name for name in found if "thumbtier" in name]


def upload(stack: Stack, bucket: str, files: list[Path]) -> dict[str, int]:
    """Uploads with an ordinary S3 client; returns each key's size in bytes."""
    s3 = stack.client("s3")
    # Python below 3.13 knows it only from a list that not every system has.
    mimetypes.add_type("image/webp", ".webp")
    uploads = {}
    for number, path in enumerate(files, start=1):
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        step(f"uploading {path.name} ({number} of {len(files)}, {path.stat().st_size:,} bytes)")
        s3.upload_file(str(path), bucket, path.name, ExtraArgs={"ContentType": content_type})
        uploads[path.name] = path.stat().st_size
    return uploads


def _files(images: list[Path]):
    for path in images:
        if path.is_dir():
            yield from sorted(child for child in path.rglob("*") if child.is_file())
        elif path.is_file():
            yield path
        else:
            raise LocalError(f"{path} is neither a file nor a folder")


def step(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
