// The deployment's dashboard, alarms and saved queries, as CloudFormation resources: one widget, alarm or condition
// per tier of tiers.json, and the metric filters that make our own metrics of log lines.

const { hasVersions } = require("./canary.js");
const { distributionIds } = require("./cdn.js");
const { widgets } = require("./dashboard.js");
const { alarms } = require("./alarms.js");
const { queries } = require("./queries.js");
const { filters, level: levelOf } = require("./monitoring.js");
const { dollarsAMonth } = require("./fixed.js");
const { tiers, measuredFor, variantSet, variants } = require("./tiers.js");
const { sub } = require("./parameters.js");
const { pricesOf } = require("./prices.js");

// As in serverless.yml and api.js.
const DISPATCHER_MB = 128;
const API_MB = 256;
const QUEUES = ["failed-jobs", "dead-letters", "refusals"];

module.exports = async ({ resolveVariable }) => {
  const [service, stage, region, architecture, targetMs, costLimit, email, api, destination, keyArn] = await Promise.all(
    ["self:service", "sls:stage", "self:provider.region", "param:architecture", "param:latency_target_ms",
      "param:daily_cost_limit_dollars", "param:alarm_email", "param:api",
      "param:destination_bucket", "param:kms_key_arn"].map(resolveVariable),
  );
  const level = await levelOf(resolveVariable);
  const prices = pricesOf(region);
  const deployment = {
    name: `${service}-${stage}`,
    namespace: `${service}/${stage}`,
    region,
    level,
    tiers,
    measuredFor,
    variantSet,
    variants,
    architecture,
    prices,
    targetMs: Number(targetMs),
    costLimit: Number(costLimit),
    email,
    dollarsPerGbSecond: prices.lambda_gb_second[architecture],
    destination,
    hasKey: keyArn !== "",
    distributions: await distributionIds({ resolveVariable }),
    queues: QUEUES.map((queue) => `${service}-${stage}-${queue}`),
    functionName: (name) => `${service}-${stage}-${name}`,
    functions: [
      ...tiers.map((tier) => ({ id: `worker-${tier.name}`, memoryMb: tier.memory_mb, kind: "worker" })),
      { id: "dispatcher", memoryMb: DISPATCHER_MB, kind: "dispatcher" },
      { id: "batch", memoryMb: DISPATCHER_MB, kind: "batch" },
      ...(api === "on" ? [{ id: "api", memoryMb: API_MB, kind: "api" }] : []),
    ].map(({ id, ...rest }) => {
      const name = `${service}-${stage}-${id}`;
      return { id, name, group: `/aws/lambda/${name}`, ...rest };
    }),
  };
  if (level === "off") {
    return { Resources: queries(deployment) };
  }
  const dashboard = {
    Type: "AWS::CloudWatch::Dashboard",
    Properties: {
      DashboardName: deployment.name,
      // The bucket's name may have the account and the region in it.
      DashboardBody: sub(JSON.stringify({ widgets: widgets(deployment) })),
    },
  };
  const ours = filters(level, deployment.namespace, api === "on");
  const has = { hasApi: api === "on", hasCanary: await hasVersions({ resolveVariable }) };
  deployment.dollarsADay = dollarsAMonth(level, deployment.prices, has) / 30;
  return { Resources: { Dashboard: dashboard, ...ours, ...alarms(deployment), ...queries(deployment) } };
};
