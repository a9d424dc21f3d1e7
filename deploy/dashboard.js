// The widgets, two to a row below a line of words. Money first, then whether the thresholds are right, then what went
// wrong. Metrics of AWS itself cost nothing; those of ours are shown as far as the level has them.

const HOUR_S = 3600;
const TEXT_ROWS = 2;

/** As `QUEUE_REQUESTS` of cli/aws/src/cost/metric.rs: Lambda's polls that find nothing come every month, used or not. */
const QUEUE_REQUESTS = ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"];

/** `SKIPS` of crates/contract/src/metrics.rs. */
const SKIPS = [
  "not_an_image", "format_off", "empty", "folder", "own_output", "not_watched", "delete_ignored", "too_large", "gone",
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
      metrics: [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", `${deployment.name}-${name}`, { label: "messages" }]],
      yAxis: { left: { min: 0, label: "messages", showUnits: false } },
    },
  });
  return layout(readme(deployment), [
    chart("Cost per hour, dollars, as the functions logged it", { stacked: true, unit: "dollars" }, [
      ...names.map((name) => metric(name, "dollars", { stat: "Sum", id: `cost_${name}`, label: name })),
      [deployment.namespace, "dollars", { stat: "Sum", id: "cost_all", visible: false }],
      // What the workers leave of all: one metric fewer.
      expression(`cost_all-SUM([${names.map((name) => `FILL(cost_${name},0)`).join(",")}])`, "dispatcher, batch, API", "cost_rest"),
    ]),
    chart("Cost per million images, dollars", { unit: "dollars" }, [
      ...names.flatMap((name) => [sum(name, "dollars", `${name}_dollars`), sum(name, "images", `${name}_images`)]),
      ...names.map((name) =>
        expression(`1000000*${name}_dollars/${name}_images`, name, `${name}_per_million`)),
    ]),
    items(deployment),
    stored(deployment),
    ...deployment.distributions.map((id) => served(deployment, id)),
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
  const { prices, variants, functions, architecture, region, queues, hasKey, name: deploymentName } = deployment;
  const { expression, chart } = tools(deployment);
  const id = (prefix, index) => `${prefix}${index}`;
  const counter = (namespace, metric, dimension, value, id) =>
    [namespace, metric, dimension, value, { stat: "Sum", id, visible: false, region }];
  const counters = functions.flatMap(({ name, group }, index) => [
    counter("AWS/Lambda", "Invocations", "FunctionName", name, id("n", index)),
    counter("AWS/Lambda", "Duration", "FunctionName", name, id("ms", index)),
    counter("AWS/Logs", "IncomingBytes", "LogGroupName", group, id("b", index)),
  ]);
  const requests = queues.flatMap((queue, index) => QUEUE_REQUESTS.map((metric, which) =>
    counter("AWS/SQS", metric, "QueueName", queue, `q${index}_${which}`)));
  // SUM takes what there is: a function that never ran has no metric that could be filled.
  const all = (prefix, times, which = functions) =>
    `SUM([${which.map((one) => `FILL(${id(prefix, functions.indexOf(one))},0)*${times(one)}`).join(",")}])`;
  const gbMs = prices.lambda_gb_second[architecture] / 1000;
  const worker = (prices.s3_thousand_gets + prices.s3_thousand_heads + variants * prices.s3_thousand_puts) / 1000;
  const s3 = { worker, dispatcher: prices.s3_thousand_heads / 1000, batch: prices.s3_thousand_heads / 1000 };
  const of = (kind) => functions.filter((one) => one.kind === kind);
  const million = (price) => (price / 1e6).toFixed(9);
  return chart("The bill by item, dollars per hour, by AWS's counters (INIT apart)", { stacked: true, unit: "dollars" }, [
    ...counters,
    ...requests,
    counter("AWS/SNS", "NumberOfMessagesPublished", "TopicName", `${deploymentName}-alarms`, "sns"),
    counter("AWS/Events", "TriggeredRules", "RuleName", `${deploymentName}-uploads`, "events"),
    expression(all("n", (one) => s3[one.kind].toFixed(9), functions.filter((one) => one.kind in s3)), "S3 requests", "s3"),
    expression(all("ms", (one) => (one.memoryMb / 1024 * gbMs).toFixed(15)), "Lambda time", "time"),
    expression(all("n", () => million(prices.lambda_million_requests)), "Lambda requests", "requests"),
    expression(all("b", () => (prices.cloudwatch_logs_gb / 1e9).toFixed(15)), "logs", "logs"),
    expression(`SUM([${requests.map((one) => `FILL(${one[4].id},0)`).join(",")}])*${million(prices.sqs_million_requests)}`, "SQS", "sqs"),
    expression(`sns*${million(prices.sns_million_publishes)}`, "SNS", "sns"),
    expression(`events*${million(prices.eventbridge_million_events)}`, "EventBridge", "events"),
    expression(all("n", () => million(prices.s3_batch_million_objects), of("batch")), "S3 Batch Operations", "batch"),
    // As `REQUESTS_OF_A_BUCKET_KEY` of crates/contract/src/bill.rs: one in a hundred PUTs and GETs.
    ...(hasKey
      ? [expression(all("n", () => ((1 + variants) / 100 * prices.kms_ten_thousand_requests / 1e4).toFixed(15), of("worker")), "KMS", "kms")]
      : []),
    ...(of("api").length
      ? [expression(all("n", () => million(prices.api_gateway_million_requests), of("api")), "API Gateway", "api")]
      : []),
  ]);
};

/** What is stored, and what a month of it costs. */
const stored = ({ destination, prices, region }) => ({
  type: "metric",
  properties: {
    title: "Thumbnails stored, bytes, and dollars a month", region, view: "timeSeries", period: 24 * HOUR_S, stat: "Average",
    metrics: [
      ["AWS/S3", "BucketSizeBytes", "BucketName", destination, "StorageType", "StandardStorage", { id: "stored", label: "bytes" }],
      [{ expression: `stored*${(prices.s3_storage_gb_month / 1e9).toFixed(15)}`, label: "dollars a month", id: "e_stored", yAxis: "right" }],
    ],
    yAxis: { left: { min: 0, label: "bytes", showUnits: false }, right: { min: 0, label: "dollars", showUnits: false } },
  },
});

/** What a distribution before the thumbnails costs. Its metrics are in us-east-1, wherever the buckets are. */
const served = ({ prices }, id) => {
  const counter = (metric, id_) =>
    ["AWS/CloudFront", metric, "DistributionId", id, "Region", "Global", { id: id_, visible: false }];
  return {
    type: "metric",
    properties: {
      title: `CloudFront, dollars per hour: ${id}`, region: "us-east-1", view: "timeSeries", period: HOUR_S, stat: "Sum", stacked: true,
      metrics: [
        counter("Requests", "requests"),
        counter("BytesDownloaded", "bytes"),
        [{ expression: `requests*${(prices.cloudfront_ten_thousand_requests / 1e4).toFixed(9)}`, label: "requests", id: "e_requests" }],
        [{ expression: `bytes*${(prices.cloudfront_gb / 1e9).toFixed(15)}`, label: "bytes", id: "e_bytes" }],
      ],
      yAxis: { left: { min: 0, label: "dollars", showUnits: false } },
    },
  };
};

/** What only `monitoring=full` has. */
const everything = (deployment) => {
  const { tiers, namespace, functions, prices, architecture } = deployment;
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
    // No counter of Lambda's has it.
    chart("INIT, dollars per hour", { stacked: true, unit: "dollars" }, [
      ...everyFunction.map((name) => sum(name, "init_ms", `${name}_init`)),
      ...everyFunction.map((name) => {
        const { memoryMb } = functions.find((one) => one.id === (name === "dispatcher" ? name : `worker-${name}`));
        return expression(`${name}_init*${(memoryMb / 1024 * prices.lambda_gb_second[architecture] / 1000).toFixed(15)}`, name, `${name}_init_dollars`);
      }),
    ]),
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
