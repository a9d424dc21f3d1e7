"""What other systems have in somebody's account: buckets with notifications, queues, topics and functions."""

import json
from io import BytesIO

from PIL import Image

from .stack import ROOT, Running

EVERYTHING = "s3:ObjectCreated:*"


def png(shade: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (9, 9), (shade, 0, 0)).save(file, "PNG")
    return file.getvalue()


class Others:
    """What other systems have: a bucket's queue, topic and function, its objects with their tags, its configuration."""

    def __init__(self, stack: Running, bucket: str, notifies: bool = True):
        self.stack, self.bucket, self.s3 = stack, bucket, stack.client("s3")
        self.s3.create_bucket(Bucket=bucket)
        for key, body in [("bills/1.pdf", b"%PDF"), ("film/a.mp4", b"film"), ("readme.png", png(1))]:
            self.s3.put_object(Bucket=bucket, Key=key, Body=body, Tagging="owner=others&kept=yes")
        self.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "others"}]})
        rule = {"ID": "others", "Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 9}}
        self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        self.queue, self.queue_url = make_queue(stack, f"{bucket}-bills")
        if notifies:
            self.notify()

    def notify(self) -> None:
        topic = make_topic(self.stack, f"{self.bucket}-tags")
        function = make_function(self.stack, f"{self.bucket}-film", self.bucket)
        film = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "film/"}, {"Name": "suffix", "Value": ".mp4"}]}}
        bills = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "bills/"}]}}
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration={
            "QueueConfigurations": [{"Id": "bills", "QueueArn": self.queue, "Events": [EVERYTHING], "Filter": bills}],
            "TopicConfigurations": [{"Id": "tags", "TopicArn": topic, "Events": ["s3:ObjectTagging:*"]}],
            "LambdaFunctionConfigurations": [
                {"Id": "film", "LambdaFunctionArn": function, "Events": [EVERYTHING], "Filter": film}],
        })

    def listing(self) -> dict:
        """Everything of theirs: it must be the same before and after."""
        keys = [key for key in self.stack.objects(self.bucket) if key.startswith(("bills/", "film/", "readme"))]
        s3 = self.s3
        return {
            "objects": {key: self.stack.objects(self.bucket)[key] for key in keys},
            "tags": {key: s3.get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"] for key in keys},
            "bucket tags": s3.get_bucket_tagging(Bucket=self.bucket)["TagSet"],
            "lifecycle": s3.get_bucket_lifecycle_configuration(Bucket=self.bucket)["Rules"],
            "policy": policy_of(s3, self.bucket),
        }

    def messages(self) -> list[str]:
        """The keys that their queue was told of; they are taken out of it."""
        sqs, keys = self.stack.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                records = json.loads(message["Body"]).get("Records", [])
                keys += [record["s3"]["object"]["key"] for record in records]
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return keys


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
