// The deployment's dashboard, alarms and saved queries, as CloudFormation resources: one widget, alarm or condition
// per tier of tiers.json, and the metric filters that make our own metrics of log lines.

const { widgets } = require("./dashboard.js");
const { alarms } = require("./alarms.js");
const { queries } = require("./queries.js");
const { filters, level: levelOf } = require("./monitoring.js");
const { tiers, measuredFor, variantSet, variants } = require("./tiers.js");

const { pricesOf } = require("./prices.js");

// As in serverless.yml.
const DISPATCHER_MB = 128;

module.exports = async ({ resolveVariable }) => {
  const [service, stage, region, architecture, targetMs, costLimit, email, api] = await Promise.all(
    ["self:service", "sls:stage", "self:provider.region", "param:architecture", "param:latency_target_ms",
      "param:daily_cost_limit_dollars", "param:alarm_email", "param:api"].map(resolveVariable),
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
    functionName: (name) => `${service}-${stage}-${name}`,
    functions: [
      ...tiers.map((tier) => ({ id: `worker-${tier.name}`, memoryMb: tier.memory_mb, isWorker: true })),
      { id: "dispatcher", memoryMb: DISPATCHER_MB, isWorker: false },
    ].map(({ id, ...rest }) => {
      const name = `${service}-${stage}-${id}`;
      return { name, group: `/aws/lambda/${name}`, ...rest };
    }),
  };
  if (level === "off") {
    return { Resources: queries(deployment) };
  }
  const dashboard = {
    Type: "AWS::CloudWatch::Dashboard",
    Properties: { DashboardName: deployment.name, DashboardBody: JSON.stringify({ widgets: widgets(deployment) }) },
  };
  const ours = filters(level, deployment.namespace, api === "on");
  return { Resources: { Dashboard: dashboard, ...ours, ...alarms(deployment), ...queries(deployment) } };
};
