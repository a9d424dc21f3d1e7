"""The dashboard of a deployment on the local AWS as a page, for the picture in docs/.

.venv/bin/python -m local.dashboard PAGE --minutes 3      with the environment of a client of the local AWS

Widgets, places and metrics are those of the deployed dashboard, values those that the local CloudWatch answers. Steps are
seconds and not hours, because a deployment here lives for minutes: what a widget adds up in an hour is shown as a rate an
hour. A search for metrics is passed over, which no widget of monitoring=basic has; CloudFront is left out, because nothing
counts it here.
"""

import argparse
import html
import json
import os
import re
import time
from pathlib import Path

import boto3
from botocore.config import Config

from . import alarms

STEP_S = 5
HOUR_S = 3600
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
           "#aec7e8", "#ffbb78", "#98df8a"]
# Of one of the dashboard's 24 columns, and of a row; and what a chart leaves of its widget for the axis and the legend.
COLUMN_PX, ROW_PX, LEFT_PX, BELOW_PX = 50, 36, 64, 52
STYLE = """
body { margin: 0; font: 13px "DejaVu Sans", sans-serif; color: #16191f; background: #f2f3f3; }
main { position: relative; width: 1200px; }
section { position: absolute; box-sizing: border-box; padding: 4px; }
div { box-sizing: border-box; height: 100%; padding: 8px 10px; background: #fff; border: 1px solid #d5dbdb; border-radius: 4px; }
h2 { margin: 0 0 4px; font-size: 13px; } p { margin: 6px 0; } ul { margin: 2px 0 0; padding: 0; max-height: 34px; overflow: hidden; }
li { display: inline-block; margin-right: 12px; font-size: 11px; line-height: 16px; }
i { display: inline-block; width: 10px; height: 10px; margin-right: 4px; border-radius: 2px; } text { font-size: 10px; fill: #545b64; }
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.dashboard", description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path, help="where the page is written")
    parser.add_argument("--minutes", type=float, default=3, help="how far back (default: %(default)s)")
    arguments = parser.parse_args()
    client = boto3.client("cloudwatch", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(retries={"total_max_attempts": 2}))
    [name] = [one["DashboardName"] for one in client.list_dashboards()["DashboardEntries"]]
    widgets = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])["widgets"]
    # The local S3 measures its buckets when somebody asks.
    points(client, ["AWS/S3", "BucketSizeBytes"], "Average", HOUR_S, [int(time.time())])
    end = int(time.time()) // STEP_S * STEP_S + STEP_S
    steps = list(range(end - int(arguments.minutes * 60) // STEP_S * STEP_S, end, STEP_S))
    text, *charts = [one for one in widgets if "CloudFront" not in one["properties"].get("title", "")]
    # The deployment's own places, two to a row, without gaps.
    charts = [one | {"x": number % 2 * 12, "y": text["height"] + number // 2 * 6} for number, one in enumerate(charts)]
    rows = charts[-1]["y"] + charts[-1]["height"]
    drawn = "".join(widget(client, one, steps) for one in [text, *charts])
    arguments.page.write_text(
        f'<!doctype html><meta charset="utf-8"><title>{html.escape(name)}</title><style>{STYLE}</style>'
        f'<main style="height: {rows * ROW_PX}px">{drawn}</main>\n')


def widget(client, one: dict, steps: list[int]) -> str:
    width, height = one["width"] * COLUMN_PX, one["height"] * ROW_PX
    properties = one["properties"]
    inside = f"<p>{words(properties['markdown'])}</p>" if one["type"] == "text" else (
        f"<h2>{html.escape(properties['title'])}</h2>"
        + chart(lines(client, properties, steps), properties, width - 30, height - BELOW_PX - 30))
    place = f"left: {one['x'] * COLUMN_PX}px; top: {one['y'] * ROW_PX}px; width: {width}px; height: {height}px"
    return f'<section style="{place}"><div>{inside}</div></section>'


def words(markdown: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(markdown)).replace("**", "")


def lines(client, properties: dict, steps: list[int]) -> dict[str, list[float | None]]:
    """The values of each shown line, a step each; None where there is none."""
    series, shown = {}, {}
    for number, metric in enumerate(properties["metrics"]):
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        if "expression" in options:
            continue
        identity = options.get("id", f"line{number}")
        series[identity] = points(client, metric, options.get("stat", properties.get("stat")), properties["period"], steps)
        if options.get("visible", True):
            shown[options.get("label", metric[1])] = identity
    found = {label: series[identity] or [None] * len(steps) for label, identity in shown.items()}
    for options in (metric[0] for metric in properties["metrics"] if isinstance(metric[0], dict)):
        if options["expression"].startswith("SEARCH"):
            continue
        found[options["label"]] = [value(options["expression"], series, step) for step in range(len(steps))]
    return found


def points(client, metric: list, stat: str, period_s: int, steps: list[int]) -> list[float | None] | None:
    """Values of a metric; None for one that was never published."""
    namespace, name, *dimensions = [part for part in metric if isinstance(part, str)]
    pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
    query = {"Id": "line", "MetricStat": {"Period": STEP_S, "Stat": stat, "Metric": {
        "Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": key, "Value": one} for key, one in pairs]}}}
    answer = client.get_metric_data(MetricDataQueries=[query], StartTime=steps[0], EndTime=steps[-1] + STEP_S)
    [result] = answer["MetricDataResults"]
    by_step = {int(at.timestamp()): one for at, one in zip(result["Timestamps"], result["Values"], strict=True)}
    factor = HOUR_S / STEP_S if stat == "Sum" and period_s == HOUR_S else 1
    return [by_step[step] * factor if step in by_step else None for step in steps] if by_step else None


def value(expression: str, series: dict, step: int) -> float | None:
    """Of metric math, as the alarms here reckon it."""
    at = {identity: alarms.NO_SERIES if one is None else one[step] for identity, one in series.items()}
    found = alarms.result(expression, at)
    return found if isinstance(found, float | int) else None


def figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.4g}"


def chart(found: dict[str, list[float | None]], properties: dict, width: int, height: int) -> str:
    found = {label: ones for label, ones in found.items() if any(one is not None for one in ones)}
    stacked = properties.get("stacked", False)
    level = properties.get("annotations", {}).get("horizontal", [])
    tops = [sum(one or 0 for one in ones) for ones in zip(*found.values(), strict=True)] if stacked else [
        one for ones in found.values() for one in ones if one is not None]
    top = max([*tops, *(line["value"] for line in level)], default=0) or 1
    drawn, below = [], [0.0] * len(next(iter(found.values()), []))
    for number, ones in enumerate(found.values()):
        colour = COLOURS[number % len(COLOURS)]
        across = (width - LEFT_PX) / max(1, len(ones) - 1)
        place = lambda step, one: f"{LEFT_PX + step * across:.1f},{height - one / top * (height - 8):.1f}"  # noqa: E731
        if stacked:
            above = [low + (one or 0) for low, one in zip(below, ones, strict=True)]
            edge = [place(step, one) for step, one in enumerate(above)]
            back = [place(step, one) for step, one in reversed(list(enumerate(below)))]
            drawn.append(f'<polygon points="{" ".join(edge + back)}" fill="{colour}" fill-opacity=".8"/>')
            below = above
        else:
            there = [place(step, one) for step, one in enumerate(ones) if one is not None]
            drawn.append(f'<polyline points="{" ".join(there)}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
            drawn += [f'<circle cx="{x}" cy="{y}" r="2" fill="{colour}"/>' for x, y in (one.split(",") for one in there)]
    for line in level:
        y = height - line["value"] / top * (height - 8)
        drawn.append(f'<path d="M{LEFT_PX} {y:.1f}H{width}" stroke="#d13212" stroke-dasharray="5 4"/>'
                     f'<text x="{width - 4}" y="{y + 12:.1f}" text-anchor="end">{html.escape(line["label"])}</text>')
    axis = "".join(f'<text x="{LEFT_PX - 6}" y="{height - part * (height - 8) + 4:.1f}" text-anchor="end">{figure(top * part)}</text>'
                   f'<path d="M{LEFT_PX} {height - part * (height - 8):.1f}H{width}" stroke="#eaeded"/>' for part in (0, 0.5, 1))
    legend = "".join(f'<li><i style="background: {COLOURS[number % len(COLOURS)]}"></i>{html.escape(label)}</li>'
                     for number, label in enumerate(found)) or "<li>nothing yet</li>"
    return f'<svg width="{width}" height="{height + 4}">{axis}{"".join(drawn)}</svg><ul>{legend}</ul>'


if __name__ == "__main__":
    main()
