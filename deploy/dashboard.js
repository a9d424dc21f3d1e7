// The widgets, two to a row below a line of words. Money first, then whether the thresholds are right, then what went
// wrong.

const HOUR_S = 3600;
const TEXT_ROWS = 2;

/** `SKIPS` of crates/contract/src/metrics.rs. */
const SKIPS = [
  "not_an_image", "empty", "folder", "own_output", "delete_ignored", "too_large", "gone", "archived_storage_class",
  "bad_key",
];

exports.widgets = (deployment) => {
  const { tiers, targetMs, region } = deployment;
  const names = tiers.map((tier) => tier.name);
  const everyFunction = [...names, "dispatcher"];
  const largest = tiers.at(-1);
  const { metric, sum, expression, chart } = tools(deployment);

  const cost = (name) => [
    sum(name, "compute_dollars", `${name}_compute`),
    sum(name, "request_dollars", `${name}_request`),
  ];
  const dollars = (name) => `(FILL(${name}_compute,0)+FILL(${name}_request,0))`;
  const perImage = (name) => `1000000*(${name}_compute+${name}_request)/${name}_images`;
  const total = (metricName, label) => [
    ...names.map((name) => sum(name, metricName, `${name}_${metricName}`)),
    expression(names.map((name) => `FILL(${name}_${metricName},0)`).join("+"), label, metricName),
  ];
  const stages = ["get", "decode", "resize", "encode", "put"];
  const found = (dimension, metricName) =>
    ({ expression: `SEARCH('{${deployment.namespace},${dimension}} ${metricName}', 'Sum', ${HOUR_S})`, id: metricName });

  return layout(readme(deployment), [
    chart("Cost per hour, dollars (estimated)", { stacked: true, unit: "dollars" }, [
      ...everyFunction.flatMap(cost),
      ...everyFunction.map((name) => expression(dollars(name), name, `${name}_cost`)),
    ]),
    chart("Cost per million images, dollars (estimated)", { unit: "dollars" }, [
      ...names.flatMap((name) => [...cost(name), sum(name, "images", `${name}_images`)]),
      ...names.map((name) => expression(perImage(name), name, `${name}_per_million`)),
    ]),
    chart(`One ${largest.memory_mb} MB function for everything would have cost, dollars of compute`, { unit: "dollars" }, [
      ...total("compute_dollars", "as it is"),
      ...total("largest_only_dollars", `one ${largest.memory_mb} MB function`),
    ]),
    chart("Dispatcher: cost per million objects, HEADs per hour", { unit: "dollars", right: "HEADs" }, [
      ...cost("dispatcher"),
      sum("dispatcher", "objects", "dispatcher_objects"),
      expression(`1000000*${dollars("dispatcher")}/dispatcher_objects`, "dollars per million", "dispatcher_per_million"),
      metric("dispatcher", "heads", { stat: "Sum", label: "HEADs", yAxis: "right" }),
    ]),
    chart("Images per hour", { stacked: true, unit: "images" },
      names.map((name) => metric(name, "images", { stat: "Sum", label: name }))),
    chart("Duration, milliseconds", { unit: "ms", lines: [{ label: "target", value: targetMs }] },
      everyFunction.flatMap((name) => ["p50", "p95", "p99"].map((stat) =>
        metric(name, "total_ms", { stat, label: `${name} ${stat}` })))),
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
      SKIPS.map((skip) => [deployment.namespace, "objects", "outcome", skip, { stat: "Sum", label: skip }])),
    {
      type: "metric",
      properties: {
        title: "Dead letters", region, view: "timeSeries", period: 300, stat: "Maximum",
        metrics: [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", `${deployment.name}-dead-letters`]],
        yAxis: { left: { min: 0, label: "messages", showUnits: false } },
      },
    },
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
  ]);
};

/** What the thresholds are for, and whether that is what this deployment makes. */
const readme = ({ measuredFor, variantSet }) => measuredFor === variantSet
  ? `Each image becomes \`${variantSet}\`, which the tiers' thresholds were measured for.`
  : `**The thresholds are not for these thumbnails.** Each image becomes \`${variantSet}\`; the tiers were measured for ` +
    `\`${measuredFor ?? "unknown"}\`. Time, memory and cost per tier are not as planned: run \`make calibrate\` and deploy again.`;

/** Widgets in CloudWatch's own notation: arrays of namespace, name, dimension, value, options. */
const tools = ({ namespace, region }) => {
  const metric = (tier, name, options) => [namespace, name, "tier", tier, options];
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
  return { metric, sum, expression, chart };
};

/** The words over all of the dashboard's 24 units, then two columns. */
const layout = (markdown, widgets) => [
  { type: "text", x: 0, y: 0, width: 24, height: TEXT_ROWS, properties: { markdown } },
  ...widgets.map((widget, index) => ({
    ...widget, x: (index % 2) * 12, y: TEXT_ROWS + Math.floor(index / 2) * 6, width: 12, height: 6,
  })),
];
