"""CloudWatch as AWS has it, where MiniStack has it otherwise: what Lambda logs in JSON, metric filters, counters.

Sources: AWS Lambda developer guide, "Log-level filtering", "Lambda function metrics"; Amazon CloudWatch Logs user guide,
"Filter pattern syntax for metric filters", "Monitoring usage with CloudWatch metrics".
"""

import json
import math
import operator
import re
import threading
import time

from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc

plain_append = cloudwatch_logs._append_log_events
plain_compile = cloudwatch_logs._compile_filter_pattern
plain_dimensions = cloudwatch._dims_from_list
plain_emit = lambda_svc._emit_lambda_logs
plain_lambda_metrics = lambda_svc._emit_lambda_metrics
plain_spawn = ProvidedWorker._spawn
plain_invoke = ProvidedWorker.invoke
plain_result = ProvidedWorker._record_result
plain_put_filter = cloudwatch_logs._put_metric_filter

# What CloudWatch Logs adds to each event.
EVENT_BYTES = 26
# The invocation whose lines are being written.
writing = threading.local()

COMPARISONS = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}
CONDITION = re.compile(r'\$\.([A-Za-z_][\w.]*)\s*(>=|<=|!=|>|<|=)\s*("[^"]*"|-?\d+(?:\.\d+)?)')


def install() -> None:
    """Puts it in MiniStack's place."""
    cloudwatch_logs._append_log_events = append
    cloudwatch_logs._put_metric_filter = put_metric_filter
    cloudwatch_logs._compile_filter_pattern = compile_filter_pattern
    lambda_svc._emit_lambda_logs = emit
    lambda_svc._emit_lambda_metrics = lambda_metrics
    ProvidedWorker._spawn = spawn
    ProvidedWorker._record_result = record_result
    cloudwatch._dims_from_list = lambda dimensions: Dimensions(plain_dimensions(dimensions))


class Dimensions(dict):
    """Those that are asked for. None is a metric too, and not the sum over all that have some."""

    def __bool__(self) -> bool:
        return True


def spawn(environment, *arguments, **options) -> None:
    """INIT, which is no part of the first invocation's Duration; the same thread goes on with that invocation."""
    started = time.monotonic()
    try:
        plain_spawn(environment, *arguments, **options)
    finally:
        writing.init_ms = getattr(writing, "init_ms", 0) + 1000 * (time.monotonic() - started)


def record_result(environment, *arguments) -> bool:
    """The last byte of the answer is here: Duration ends."""
    environment.answered = time.monotonic()
    return plain_result(environment, *arguments)


def invoke(environment, *arguments, **options):
    """What MiniStack takes to notice the answer is nothing that Lambda bills."""
    environment.answered = None
    try:
        return plain_invoke(environment, *arguments, **options)
    finally:
        if environment.answered:
            writing.late_ms = 1000 * (time.monotonic() - environment.answered)


def emit(function, request_id, log_text, error, duration_ms, *, log_source=None) -> None:
    """The end of an invocation: its lines, and AWS/Lambda's counters."""
    config = function.get("config") or function
    dimensions = {"FunctionName": config.get("FunctionName", "unknown")}
    init_ms, writing.init_ms = getattr(writing, "init_ms", 0), 0
    late_ms, writing.late_ms = getattr(writing, "late_ms", 0), 0
    duration_ms = max(duration_ms - init_ms - late_ms, 0.01)
    cloudwatch.record_metric("AWS/Lambda", "Invocations", 1, "Count", dimensions)
    cloudwatch.record_metric("AWS/Lambda", "Errors", 1 if error else 0, "Count", dimensions)
    cloudwatch.record_metric("AWS/Lambda", "Duration", duration_ms, "Milliseconds", dimensions)
    writing.now = (config, request_id, error, duration_ms, init_ms)
    try:
        plain_emit(function, request_id, log_text, error, duration_ms, log_source=log_source)
    finally:
        writing.now = None


def lambda_metrics(name, duration_ms, error, throttle) -> None:
    """MiniStack counts an asynchronous invocation when it is accepted, and never its errors: `emit` counts all."""
    if throttle:
        cloudwatch.record_metric("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": name})


def append(stream, events) -> None:
    """What is written is what is counted, and what filters see."""
    now = getattr(writing, "now", None)
    if now:
        messages = [(event, message(event["message"], *now)) for event in events]
        events = [{**event, "message": text} for event, text in messages if text is not None]
    plain_append(stream, events)
    group = group_of(stream, now[0] if now else None)
    if not group:
        return
    for event in events:
        written = len(event["message"].encode()) + EVENT_BYTES
        cloudwatch.record_metric("AWS/Logs", "IncomingBytes", written, "Bytes", {"LogGroupName": group})
        cloudwatch.record_metric("AWS/Logs", "IncomingLogEvents", 1, "Count", {"LogGroupName": group})
        publish(group, event)


def group_of(stream: dict, config: dict | None) -> str | None:
    if config:
        return (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    groups = cloudwatch_logs._log_groups.items()
    return next((name for name, one in groups if any(stream is other for other in one["streams"].values())), None)


def message(
    line: str, config: dict, request_id: str, error: bool, duration_ms: float, init_ms: float,
) -> str | None:
    """A line of Lambda's text format as the function's configuration has it; None where its level leaves it out."""
    logging = config.get("LoggingConfig") or {}
    if logging.get("LogFormat") != "JSON":
        return line
    # A report of what failed is a warning, and so is the end of its runtime.
    is_written = logging.get("SystemLogLevel", "INFO") in ("INFO", "DEBUG")
    if line.startswith("START RequestId: "):
        return platform("start", {"requestId": request_id, "version": "$LATEST"}) if is_written else None
    if line.startswith("END RequestId: "):
        return None
    if not line.startswith("REPORT RequestId: "):
        return line
    metrics = {
        "durationMs": round(duration_ms, 3), "billedDurationMs": math.ceil(duration_ms + init_ms),
        "memorySizeMB": config.get("MemorySize", 128),
        "maxMemoryUsedMB": int(re.search(r"Max Memory Used: (\d+) MB", line)[1]),
        **({"initDurationMs": round(init_ms, 3)} if init_ms else {}),
    }
    status = "error" if error else "success"
    record = {"requestId": request_id, "metrics": metrics, "status": status}
    return platform("report", record) if is_written or error else None


def platform(kind: str, record: dict) -> str:
    written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return json.dumps({"time": written, "type": f"platform.{kind}", "record": record}, separators=(",", ":"))


def put_metric_filter(data):
    """A pattern that is not understood here is refused, instead of matching nothing for ever."""
    conditions(data.get("filterPattern", ""))
    return plain_put_filter(data)


def compile_filter_pattern(raw: str):
    """Of FilterLogEvents too: MiniStack takes every line for one that matches a pattern of JSON."""
    if not raw.strip().startswith("{"):
        return plain_compile(raw)
    wanted = conditions(raw)
    return lambda text: (line := parsed(text)) is not None and all(holds(line, *one) for one in wanted)


def conditions(pattern: str) -> list[tuple]:
    """The conditions of `{ $.field > 0 && $.other = "text" }`, which must all hold."""
    inner = re.fullmatch(r"\{\s*(.*?)\s*\}", pattern)
    parts = re.split(r"\s*&&\s*", inner[1]) if inner else []
    found = [CONDITION.fullmatch(part) for part in parts]
    if not found or not all(found):
        raise ValueError(f"metric filter `{pattern}`: local/cloudwatch.py knows only $.field, a comparison, && and a value")
    return [(one[1], one[2], json.loads(one[3])) for one in found]


def publish(group: str, event: dict) -> None:
    filters = [one for (of_group, _), one in cloudwatch_logs._metric_filters.items() if of_group == group]
    line = parsed(event["message"]) if filters else None
    if line is None:
        return
    matching = [one for one in filters
                if all(holds(line, *condition) for condition in conditions(one["filterPattern"]))]
    for one in matching:
        for transformation in one["metricTransformations"]:
            transform(line, transformation, event["timestamp"] / 1000)


def parsed(text: str) -> dict | None:
    """A line of JSON as filters read it: a number with an exponent is none."""
    if not text.startswith("{"):
        return None
    try:
        return json.loads(text, parse_float=lambda number: number if "e" in number.lower() else float(number))
    except ValueError:
        return None


def holds(line: dict, field: str, comparison: str, wanted) -> bool:
    found = value(line, field)
    is_text = isinstance(wanted, str)
    if found is None or isinstance(found, bool) or isinstance(found, str) != is_text:
        return False
    return COMPARISONS[comparison](found, wanted)


def value(line, path: str):
    for name in path.split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line


def transform(line: dict, transformation: dict, timestamp_s: float) -> None:
    number = transformation["metricValue"]
    number = value(line, number.removeprefix("$.")) if number.startswith("$.") else float(number)
    names = transformation.get("dimensions") or {}
    dimensions = {name: value(line, path.removeprefix("$.")) for name, path in names.items()}
    if len(names) > 3:
        raise ValueError(f"{len(names)} dimensions of {transformation['metricName']}: a filter has at most 3")
    # A line without the dimension is in no metric.
    if all(isinstance(text, str) for text in dimensions.values()) and isinstance(number, int | float):
        cloudwatch._store_datum(
            transformation["metricNamespace"], transformation["metricName"], dimensions, timestamp_s,
            transformation.get("unit", "None"), number, None, None, None)
