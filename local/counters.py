"""What AWS counts and MiniStack does not: requests to S3 and what it stores, SQS, SNS. And a message is deleted
alone: MiniStack puts another list in a queue's place, and loses what Lambda puts into it at that very moment.

Sources: Amazon S3 user guide, "Metrics and dimensions" (of requests and of storage); Amazon SQS developer guide, "Available
CloudWatch metrics for Amazon SQS"; Amazon SNS developer guide, "Monitoring Amazon SNS topics using CloudWatch". Request
metrics are for every bucket here; on AWS they are switched on by bucket, and paid.
"""

import json
import threading
import time

from ministack.services import cloudwatch, s3, sns, sqs

plain_fanout = sns._fanout
plain_metric_data = cloudwatch._get_metric_data
plain_receive = sqs._receive_messages_for_esm
plain_sweep = sqs._dlq_sweep

PACE_S = 1
REQUESTS = {"_put_object": "PutRequests", "_get_object": "GetRequests", "_head_object": "HeadRequests",
            "_delete_object": "DeleteRequests"}
sent: set[str] = set()


def install() -> None:
    """Puts it in MiniStack's place, and samples the queues once a second: SQS does each minute."""
    for function, metric in REQUESTS.items():
        setattr(s3, function, counted(getattr(s3, function), metric))
    cloudwatch._get_metric_data = get_metric_data
    sns._fanout = fanout
    sqs._receive_messages_for_esm = receive
    sqs._delete_messages_for_esm = delete
    sqs._dlq_sweep = sweep
    threading.Thread(target=watch, daemon=True).start()


def counted(plain, metric: str):
    def count(bucket, *arguments, **options):
        cloudwatch.record_metric("AWS/S3", metric, 1, "Count", {"BucketName": bucket, "FilterId": "EntireBucket"})
        return plain(bucket, *arguments, **options)
    return count


def get_metric_data(*arguments, **options):
    """S3 measures buckets once a day; here it does when somebody asks."""
    for name, bucket in list(s3._buckets.items()):
        size = sum(stored.get("size", 0) for stored in list(bucket["objects"].values()))
        dimensions = {"BucketName": name, "StorageType": "StandardStorage"}
        cloudwatch.record_metric("AWS/S3", "BucketSizeBytes", size, "Bytes", dimensions)
    return plain_metric_data(*arguments, **options)


def fanout(topic_arn, *arguments, **options):
    count("AWS/SNS", "NumberOfMessagesPublished", 1, TopicName=topic_arn.rsplit(":", 1)[-1])
    return plain_fanout(topic_arn, *arguments, **options)


def receive(queue_url, *arguments, **options):
    count_sent()
    messages = plain_receive(queue_url, *arguments, **options)
    # Lambda asks here many times a second, and on AWS three times a minute: what it does not find is not counted.
    if messages:
        count("AWS/SQS", "NumberOfMessagesReceived", len(messages), QueueName=name_of(queue_url))
    return messages


def delete(queue_url, receipts) -> None:
    """In place."""
    if not receipts:
        return
    messages = sqs._get_q(queue_url)["messages"]
    done = [one for one in list(messages) if one.get("receipt_handle") in receipts]
    for one in done:
        messages.remove(one)
    count("AWS/SQS", "NumberOfMessagesDeleted", len(done), QueueName=name_of(queue_url))


def sweep(queue: dict) -> None:
    """The same: only where a message was received too often is there anything to sweep."""
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    most = int(policy.get("maxReceiveCount", 0))
    if any(one["receive_count"] >= most for one in list(queue["messages"])):
        plain_sweep(queue)


def name_of(queue_url: str) -> str:
    return queue_url.rsplit("/", 1)[-1]


def watch() -> None:
    while True:
        time.sleep(PACE_S)
        count_sent()
        now = time.time()
        for url, queue in list(sqs._queues.items()):
            visible = [one for one in list(queue["messages"]) if one["visible_at"] <= now]
            age = max((now - one["sent_at"] for one in visible), default=0)
            count("AWS/SQS", "ApproximateNumberOfMessagesVisible", len(visible), QueueName=name_of(url))
            count("AWS/SQS", "ApproximateAgeOfOldestMessage", age, QueueName=name_of(url))


def count_sent() -> None:
    """Whoever sent them: S3, SNS and Lambda put them into the queue past its API."""
    for url, queue in list(sqs._queues.items()):
        new = {one["id"] for one in list(queue["messages"])} - sent
        sent.update(new)
        if new:
            count("AWS/SQS", "NumberOfMessagesSent", len(new), QueueName=name_of(url))


def count(namespace: str, metric: str, number: float, **dimensions: str) -> None:
    cloudwatch.record_metric(namespace, metric, number, "None", dimensions)
