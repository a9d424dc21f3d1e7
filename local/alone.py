"""The template without the Serverless Framework, end to end: a stack by CloudFormation alone, its code in a bucket.

Runs inside `python -m local test`, as local/situations.py does.
"""

import json
import os
import subprocess
import sys

from . import lambda_zips
from .situations import COMMON, Situation, check, png
from .stack import REGION, ROOT, LocalError, Running, framework

STAGE = "alone"
CODE = "code-of-others"
PREFIX = "thumbtier/v1/"


def main() -> int:
    stack = Running(int(os.environ["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]))
    try:
        deploy(stack)
    except LocalError as error:
        print(f"alone: {error}", file=sys.stderr)
        return 1
    print("· a stack by CloudFormation alone made a thumbnail, and is gone", file=sys.stderr)
    return 0


def deploy(stack: Running) -> None:
    situation = Situation(stack, STAGE, {})
    template = packaged(stack)
    s3, formation = stack.client("s3"), stack.client("cloudformation")
    s3.create_bucket(Bucket=CODE)
    for name in ("dispatcher.zip", "worker.zip"):
        s3.upload_file(str(ROOT / "target" / "local" / name), CODE, f"{PREFIX}{name}")
    name = f"thumbtier-{STAGE}"
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in [("CodeBucket", CODE), ("CodePrefix", PREFIX)]]
    formation.create_stack(StackName=name, TemplateBody=template, Parameters=parameters, Capabilities=["CAPABILITY_IAM"])
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    [made] = formation.describe_stacks(StackName=name)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
    situation.upload_overwrite_delete(
        outputs["SourceBucketName"], outputs["DestinationBucketName"], "a.png", "a.png/128x128.jpg")
    situation.says(0, "version")
    # What docs/deploy.md says before a deletion.
    s3.put_bucket_notification_configuration(Bucket=outputs["SourceBucketName"], NotificationConfiguration={})
    check(not stack.notifications(outputs["SourceBucketName"]), "a notification is left")
    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    for bucket in (outputs["SourceBucketName"], outputs["DestinationBucketName"], CODE):
        for key in stack.objects(bucket):
            s3.delete_object(Bucket=bucket, Key=key)
        s3.delete_bucket(Bucket=bucket)


def packaged(stack: Running) -> str:
    folder = ROOT / "target" / "template-alone"
    given = COMMON | {"architecture": lambda_zips.of_this_machine()}
    options = [f"--param={name}={value}" for name, value in given.items()]
    command = [ROOT / "node_modules" / ".bin" / "osls", "package", "--stage", STAGE, "--region", REGION, *options, "--package", folder]
    with framework():
        subprocess.run(command, cwd=ROOT, env=stack.environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    out = folder / "standalone.json"
    subprocess.run(["node", ROOT / "deploy" / "standalone.js", folder, out], check=True, capture_output=True)
    return json.dumps(json.loads(out.read_text()))


if __name__ == "__main__":
    sys.exit(main())
