"""What the bucket situations are made of: pictures, packages, and what others have beside a bucket."""

import json
import zipfile
from io import BytesIO

from PIL import Image

from .stack import ROOT, Running


def thirds() -> bytes:
    """Red on the left, green in the middle, blue on the right."""
    image = Image.new("RGB", (90, 30), (0, 200, 0))
    image.paste((200, 0, 0), (0, 0, 30, 30))
    image.paste((0, 0, 200), (60, 0, 90, 30))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def png(shade: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (9, 9), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


def pack_by_prefix(prefix: str, name: str, side_px: int) -> str:
    """The zips with a thumbnails.json that has other variants for a prefix; returns their folder."""
    table = json.loads((ROOT / "thumbnails.json").read_text())
    variant = table["variants"][0] | {
        "name": name, "width_px": side_px, "height_px": side_px, "fit": "cover", "gravity": "attention"}
    text = json.dumps(table | {"manifest": True, "prefixes": [{"prefix": prefix, "variants": [variant]}]})
    folder = ROOT / "target" / "local-by-prefix"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "target" / "local").glob("*.zip"):
        packed = zipfile.ZipFile(folder / path.name, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        with zipfile.ZipFile(path) as there, packed as made:
            for entry in there.infolist():
                made.writestr(entry, text if entry.filename == "thumbnails.json" else there.read(entry))
    return str(folder.relative_to(ROOT))


def policy_of(s3, bucket: str) -> str | None:
    try:
        return s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except s3.exceptions.ClientError:
        return None


def allow(service: str, action: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_queue(stack: Running, name: str) -> tuple[str, str]:
    sqs = stack.client("sqs")
    policy = allow("s3.amazonaws.com", "sqs:SendMessage")
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn, url


def make_topic(stack: Running, name: str) -> str:
    sns = stack.client("sns")
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=allow("s3.amazonaws.com", "sns:Publish"))
    return arn


def make_function(stack: Running, name: str, bucket: str) -> str:
    """Somebody else's function, which may be the dispatcher's code: nobody here asks what it does."""
    trust = allow("lambda.amazonaws.com", "sts:AssumeRole").replace(', "Resource": "*"', "")
    role = stack.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client = stack.client("lambda")
    arn = client.create_function(
        FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=role,
        Code={"ZipFile": (ROOT / "target" / "local" / "dispatcher.zip").read_bytes()})["FunctionArn"]
    client.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction",
                          Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{bucket}")
    return arn
