// The deployment's dashboard, alarms and saved queries, as CloudFormation resources: one widget, alarm or condition
// per tier of tiers.json. Metric names are those of crates/contract/src/metrics.rs; a test compares the two.

const fs = require("node:fs");
const path = require("node:path");
const { widgets } = require("./dashboard.js");
const { alarms } = require("./alarms.js");
const { queries } = require("./queries.js");
const { tiers, measuredFor, variantSet } = require("./tiers.js");

const prices = JSON.parse(fs.readFileSync(path.join(__dirname, "..", "prices.json"), "utf8"));

module.exports = async ({ resolveVariable }) => {
  const [service, stage, region, architecture, targetMs, costLimit, email] = await Promise.all(
    ["self:service", "sls:stage", "self:provider.region", "param:architecture", "param:latency_target_ms",
      "param:daily_cost_limit_dollars", "param:alarm_email"].map(resolveVariable),
  );
  if (!(region in prices)) {
    const known = Object.keys(prices).join(", ");
    throw new Error(`prices.json has no region "${region}", only ${known}: add its list prices, with date and source`);
  }
  const deployment = {
    name: `${service}-${stage}`,
    namespace: `${service}/${stage}`,
    region,
    tiers,
    measuredFor,
    variantSet,
    targetMs: Number(targetMs),
    costLimit: Number(costLimit),
    email,
    dollarsPerGbSecond: prices[region].lambda_gb_second[architecture],
    functionName: (name) => `${service}-${stage}-${name}`,
  };
  const dashboard = {
    Type: "AWS::CloudWatch::Dashboard",
    Properties: { DashboardName: deployment.name, DashboardBody: JSON.stringify({ widgets: widgets(deployment) }) },
  };
  return { Resources: { Dashboard: dashboard, ...alarms(deployment), ...queries(deployment) } };
};
