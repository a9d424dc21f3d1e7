// The widgets, two to a row below a line of words. Money first, then whether the thresholds are right, then what went
// wrong. Metrics of AWS itself cost nothing; those of ours are shown as far as the level has them.

const HOUR_S = 3600;
const TEXT_ROWS = 2;

/** `SKIPS` of crates/contract/src/metrics.rs. */
const SKIPS = [
  "not_an_image", "empty", "folder", "own_output", "not_watched", "delete_ignored", "too_large", "gone",
  "archived_storage_class",
  "bad_key",
];

exports.widgets = (deployment) => {
  const { tiers, targetMs, region, level } = deployment;
  const names = tiers.map((tier) => tier.name);
  const everyFunction = [...names, "dispatcher"];
  const { metric, sum, expression, chart, lambda } = tools(deployment);
  const functionOf = (name) => (name === "dispatcher" ? name : `worker-${name}`);
  const queue = (title, name) => ({
    type: "metric",
    properties: {
      title, region, view: "timeSeries", period: 300, stat: "Maximum",
      metrics: [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", `${deployment.name}-${name}`]],
      yAxis: { left: { min: 0, label: "messages", showUnits: false } },
    },
  });
  return layout(readme(deployment), [
    chart("Cost per hour, dollars, as the functions logged it", { stacked: true, unit: "dollars" },
      everyFunction.map((name) => metric(name, "dollars", { stat: "Sum", label: name }))),
    chart("Cost per million images, dollars", { unit: "dollars" }, [
      ...names.flatMap((name) => [sum(name, "dollars", `${name}_dollars`), sum(name, "images", `${name}_images`)]),
      ...names.map((name) =>
        expression(`1000000*${name}_dollars/${name}_images`, name, `${name}_per_million`)),
    ]),
    items(deployment),
    chart("Images per hour", { stacked: true, unit: "images" },
      names.map((name) => metric(name, "images", { stat: "Sum", label: name }))),
    chart("Duration, milliseconds", { unit: "ms", lines: [{ label: "target", value: targetMs }] },
      everyFunction.flatMap((name) => ["p50", "p95", "p99"].map((stat) =>
        lambda(functionOf(name), "Duration", { stat, label: `${name} ${stat}` })))),
    chart("Errors and throttles: failed, killed, timed out, could not start", { unit: "invocations" },
      everyFunction.flatMap((name) => ["Errors", "Throttles"].map((what) =>
        lambda(functionOf(name), what, { stat: "Sum", label: `${name} ${what}` })))),
    queue("Dead letters: jobs that failed for good", "dead-letters"),
    queue("Refused uploads", "refusals"),
    queue("Jobs that failed and wait for the dispatcher", "failed-jobs"),
    ...(level === "full" ? everything(deployment) : []),
  ]);
};

/** Each item of the bill, by AWS's own counters and the list prices: what the functions say should be about their sum. */
const items = (deployment) => {
  const { prices, variants, functions, architecture, region } = deployment;
  const { expression, chart } = tools(deployment);
  const id = (prefix, index) => `${prefix}${index}`;
  const counters = functions.flatMap(({ name, group }, index) => [
    ["AWS/Lambda", "Invocations", "FunctionName", name, { stat: "Sum", id: id("n", index), visible: false, region }],
    ["AWS/Lambda", "Duration", "FunctionName", name, { stat: "Sum", id: id("ms", index), visible: false, region }],
    ["AWS/Logs", "IncomingBytes", "LogGroupName", group, { stat: "Sum", id: id("b", index), visible: false, region }],
  ]);
  // SUM takes what there is: a function that never ran has no metric that could be filled.
  const all = (prefix, times) =>
    `SUM([${functions.map((one, index) => `FILL(${id(prefix, index)},0)*${times(one)}`).join(",")}])`;
  const gbMs = prices.lambda_gb_second[architecture] / 1000;
  const worker = (prices.s3_thousand_gets + prices.s3_thousand_heads + variants * prices.s3_thousand_puts) / 1000;
  return chart("The bill by item, dollars per hour, by AWS's counters", { stacked: true, unit: "dollars" }, [
    ...counters,
    expression(all("n", (one) => (one.isWorker ? worker : prices.s3_thousand_heads / 1000).toFixed(9)), "S3 requests", "s3"),
    expression(all("ms", (one) => (one.memoryMb / 1024 * gbMs).toFixed(15)), "Lambda time", "time"),
    expression(all("n", () => (prices.lambda_million_requests / 1e6).toFixed(9)), "Lambda requests", "requests"),
    expression(all("b", () => (prices.cloudwatch_logs_gb / 1e9).toFixed(15)), "logs", "logs"),
  ]);
};

/** What only `monitoring=full` has. */
const everything = (deployment) => {
  const { tiers, namespace } = deployment;
  const names = tiers.map((tier) => tier.name);
  const everyFunction = [...names, "dispatcher"];
  const largest = tiers.at(-1);
  const { metric, sum, expression, chart } = tools(deployment);
  const total = (metricName, label) => [
    ...names.map((name) => sum(name, metricName, `${name}_${metricName}`)),
    expression(`SUM([${names.map((name) => `FILL(${name}_${metricName},0)`).join(",")}])`, label, metricName),
  ];
  const stages = ["get", "decode", "resize", "encode", "put"];
  const found = (dimension, metricName) =>
    ({ expression: `SEARCH('{${namespace},${dimension}} ${metricName}', 'Sum', ${HOUR_S})`, id: metricName });
  return [
    chart(`One ${largest.memory_mb} MB function for everything would have cost, dollars of compute`, { unit: "dollars" }, [
      ...total("compute_dollars", "as it is"),
      ...total("largest_only_dollars", `one ${largest.memory_mb} MB function`),
    ]),
    chart("Compute and requests, dollars per hour", { stacked: true, unit: "dollars" },
      everyFunction.flatMap((name) => ["compute_dollars", "request_dollars"].map((what) =>
        metric(name, what, { stat: "Sum", label: `${name} ${what.replace("_dollars", "")}` })))),
    chart("Dispatcher: objects and HEADs per hour", { unit: "objects" }, ["objects", "heads"].map((what) =>
      metric("dispatcher", what, { stat: "Sum", label: what }))),
    chart("Duration by the functions' own clocks, milliseconds", { unit: "ms" },
      everyFunction.map((name) => metric(name, "total_ms", { stat: "p95", label: `${name} p95` }))),
    chart("Memory headroom, least of each hour, percent", { unit: "%", min: 0, max: 100, lines: [{ label: "too little", value: 10 }] },
      names.map((name) => metric(name, "headroom_percent", { stat: "Minimum", label: name }))),
    chart("Peak memory, largest of each hour, bytes", { unit: "bytes" },
      names.map((name) => metric(name, "peak_bytes", { stat: "Maximum", label: name }))),
    chart("Handed to the next tier, refused, failed for now", { unit: "images" },
      everyFunction.flatMap((name) =>
        (name === "dispatcher" ? ["failures"] : ["escalations", "refusals", "failures"])
          .map((what) => metric(name, what, { stat: "Sum", label: `${name} ${what}` })))),
    chart("Outcomes by name", { unit: "images" }, [found("outcome", "images"), found("outcome", "objects")]),
    chart("Skipped by the dispatcher, by reason", { stacked: true, unit: "objects" },
      SKIPS.map((skip) => [namespace, "objects", "outcome", skip, { stat: "Sum", label: skip }])),
    chart("Where the time goes, average milliseconds", { stacked: true, unit: "ms" },
      names.flatMap((name) => stages.map((stage) =>
        metric(name, `${stage}_ms`, { stat: "Average", label: `${name} ${stage}` })))),
    chart("By format: images per hour, dollars of compute", { unit: "images", right: "dollars" },
      [found("format", "images"), { ...found("format", "compute_dollars"), yAxis: "right" }]),
    chart("Bytes: stored at the source, and really read", { unit: "bytes" },
      names.flatMap((name) => ["bytes", "bytes_read"].map((what) =>
        metric(name, what, { stat: "Sum", label: `${name} ${what}` })))),
    chart("Thumbnails per hour, megapixels per hour", { unit: "thumbnails", right: "megapixels" }, [
      ...names.map((name) => metric(name, "thumbnails", { stat: "Sum", label: name })),
      ...names.map((name) => sum(name, "pixels", `${name}_pixels`)),
      ...names.map((name) =>
        expression(`${name}_pixels/1000000`, `${name} megapixels`, `${name}_megapixels`, { yAxis: "right" })),
    ]),
    chart("Cold starts per hour", { stacked: true, unit: "starts" },
      everyFunction.map((name) => metric(name, "cold_starts", { stat: "Sum", label: name }))),
  ];
};

/** What the thresholds are for, and whether that is what this deployment makes. */
const readme = ({ measuredFor, variantSet }) => measuredFor === variantSet
  ? `Each image becomes \`${variantSet}\`, which the tiers' thresholds were measured for.`
  : `**The thresholds are not for these thumbnails.** Each image becomes \`${variantSet}\`; the tiers were measured for ` +
    `\`${measuredFor ?? "unknown"}\`. Time, memory and cost per tier are not as planned: run \`make calibrate\` and deploy again.`;

/** Widgets in CloudWatch's own notation: arrays of namespace, name, dimension, value, options. */
const tools = ({ name: deploymentName, namespace, region }) => {
  const metric = (tier, name, options) => [namespace, name, "tier", tier, options];
  const lambda = (name, what, options) => ["AWS/Lambda", what, "FunctionName", `${deploymentName}-${name}`, options];
  const sum = (tier, name, id, options = {}) => metric(tier, name, { stat: "Sum", id, visible: false, ...options });
  const expression = (text, label, id, options = {}) => ({ expression: text, label, id: `e_${id}`, ...options });
  const chart = (title, { unit, right, stacked = false, lines = [], min = 0, max }, metrics) => ({
    type: "metric",
    properties: {
      title, region, stacked, view: "timeSeries", period: HOUR_S,
      metrics: metrics.map((one) => (Array.isArray(one) ? one : [one])),
      yAxis: {
        left: { min, max, label: unit, showUnits: false },
        ...(right && { right: { min: 0, label: right, showUnits: false } }),
      },
      ...(lines.length && { annotations: { horizontal: lines } }),
    },
  });
  return { metric, lambda, sum, expression, chart };
};

/** The words over all of the dashboard's 24 units, then two columns. */
const layout = (markdown, widgets) => [
  { type: "text", x: 0, y: 0, width: 24, height: TEXT_ROWS, properties: { markdown } },
  ...widgets.map((widget, index) => ({
    ...widget, x: (index % 2) * 12, y: TEXT_ROWS + Math.floor(index / 2) * 6, width: 12, height: 6,
  })),
];
