"""Alarms as CloudWatch evaluates them, where MiniStack ignores dimensions and refuses metric math.

An alarm here looks at the metrics of one period that ends now, with exactly the dimensions that it names, and treats
missing data as it is told to. In metric math a metric that was never published is no series: FILL has nothing to fill, an
operator with a value that is missing has none, and SUM and MAX take those that are there. What an expression says that
is not known here is refused when the alarm is made.

Sources: Amazon CloudWatch user guide, "Using math expressions with CloudWatch metrics", "Configuring how CloudWatch alarms
treat missing data". That SUM and MAX pass over a series that is not there is said nowhere; docs/aws.md tries it on AWS.
"""

import ast
import operator
import threading
import time

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

plain_put_alarm = cloudwatch._put_metric_alarm
plain_record = provisioners._cw_metric_alarm_record

PACE_S = 1
MOST_METRICS = 10
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
FUNCTIONS = {"SUM": sum, "MAX": max, "MIN": min}
BREACHES = {
    "GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt, "LessThanOrEqualToThreshold": operator.le,
}
# What becomes of an alarm without a value; `ignore` leaves it as it is.
MISSING = {"notBreaching": "OK", "breaching": "ALARM", "missing": "INSUFFICIENT_DATA"}


class NoSeries:
    """A metric that was never published."""


NO_SERIES = NoSeries()


def install() -> None:
    """Puts it in MiniStack's place, and looks at every alarm once a second: CloudWatch does each minute."""
    cloudwatch._evaluate_alarm = evaluate
    cloudwatch._put_metric_alarm = put_alarm
    provisioners._cw_metric_alarm_record = record
    threading.Thread(target=watch, daemon=True).start()


def watch() -> None:
    while True:
        time.sleep(PACE_S)
        for alarm in list(cloudwatch._alarms.values()):
            evaluate(alarm)


def record(name: str, properties: dict) -> dict:
    """An alarm of a template."""
    metrics = properties.get("Metrics")
    if not metrics:
        return plain_record(name, properties)
    check(metrics)
    plain = {key: value for key, value in properties.items() if key != "Metrics"}
    return of_metrics(plain_record(name, plain | {"MetricName": "math", "Namespace": "math"}), metrics)


def put_alarm(params, cbor_data, is_cbor, is_json=False):
    """An alarm of PutMetricAlarm."""
    metrics = (cbor_data or {}).get("Metrics")
    if metrics:
        check(metrics)
    answer = plain_put_alarm(params, cbor_data, is_cbor, is_json)
    if metrics:
        evaluate(of_metrics(cloudwatch._alarms[cbor_data["AlarmName"]], metrics))
    return answer


def of_metrics(alarm: dict, metrics: list) -> dict:
    alarm.update(Metrics=metrics, MetricName=None, Namespace=None)
    return alarm


def check(metrics: list) -> None:
    """As CloudWatch refuses it, and what is not known here."""
    stats = [one for one in metrics if "MetricStat" in one]
    if len(stats) > MOST_METRICS:
        raise ValueError(f"an alarm with {len(stats)} metrics: at most {MOST_METRICS}")
    returned = [one for one in metrics if str(one.get("ReturnData", True)).lower() == "true"]
    if len(returned) != 1:
        raise ValueError(f"an alarm with {len(returned)} results: expected one with ReturnData")
    names = {one["Id"]: 1.0 for one in stats}
    for one in metrics:
        if "Expression" in one:
            result(one["Expression"], names)


def evaluate(alarm: dict) -> None:
    """Its state, by what there is now."""
    if not alarm.get("Metrics") and not alarm.get("MetricName"):
        return  # PutMetricAlarm has it in two steps here.
    value = value_of(alarm)
    old = alarm["StateValue"]
    if value is None:
        new = MISSING.get(alarm.get("TreatMissingData") or "missing", old)
        reason = "no datapoints were received"
    else:
        breaches = BREACHES[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))
        new = "ALARM" if breaches else "OK"
        reason = f"Threshold Crossed: {value} {alarm['ComparisonOperator']} {alarm['Threshold']}"
    if new == old:
        return
    alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def value_of(alarm: dict) -> float | None:
    metrics = alarm.get("Metrics")
    if not metrics:
        found = latest(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions"), alarm["Period"],
                       alarm.get("ExtendedStatistic") or alarm["Statistic"])
        return None if found is NO_SERIES else found
    values = {}
    for one in metrics:
        if "MetricStat" in one:
            stat, metric = one["MetricStat"], one["MetricStat"]["Metric"]
            values[one["Id"]] = latest(
                metric["Namespace"], metric["MetricName"], metric.get("Dimensions"), stat["Period"], stat["Stat"])
    expression = next(one["Expression"] for one in metrics if "Expression" in one)
    found = result(expression, values)
    return None if found is NO_SERIES else found


def latest(namespace: str, name: str, dimensions: list | None, period: int, stat: str):
    """A metric's statistic over the period that ends now: None of an empty one, NO_SERIES of one never published."""
    dimensions = {one["Name"]: one["Value"] for one in dimensions or []}
    points = cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dimensions)))
    if not points:
        return NO_SERIES
    start = time.time() - int(period)
    points = [point for point in list(points) if point["Timestamp"] >= start]
    return cloudwatch._stat_value(cloudwatch._calc_stats(points), stat, points) if points else None


def result(expression: str, values: dict):
    """Of metric math: its syntax is in Python's."""
    return of_node(ast.parse(expression, mode="eval").body, expression, values)


def of_node(node, expression: str, values: dict):
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            left, right = (of_node(side, expression, values) for side in (left, right))
            if not isinstance(left, float | int) or not isinstance(right, float | int):
                return NO_SERIES if NO_SERIES in (left, right) else None
            # What is divided by nothing is dropped.
            return None if isinstance(op, ast.Div) and right == 0 else OPERATORS[type(op)](left, right)
        case ast.Call(func=ast.Name(id="FILL"), args=[series, ast.Constant(value=number)]):
            found = of_node(series, expression, values)
            return float(number) if found is None else found
        case ast.Call(func=ast.Name(id=name), args=[ast.List(elts=elements)]) if name in FUNCTIONS:
            all_of_them = [of_node(element, expression, values) for element in elements]
            there = [one for one in all_of_them if isinstance(one, float | int)]
            return FUNCTIONS[name](there) if there else None
    raise ValueError(f"metric math `{expression}`: local/alarms.py does not know `{ast.unparse(node)}`")
