// What is measured, by the parameter `monitoring`: the rows of metrics.json as metric filters on the functions' log groups.

const { onOff } = require("./parameters.js");
const { tiers } = require("./tiers.js");
const rows = require("./metrics.json");

const LEVELS = ["off", "basic", "full"];

/** The rows that a deployment of this level has. */
exports.metrics = (level) => rows.filter((row) => LEVELS.indexOf(row.level) <= LEVELS.indexOf(level));

/** The level, checked. */
exports.level = async (resolveVariable) => {
  const level = await resolveVariable("param:monitoring");
  if (!LEVELS.includes(level)) {
    throw new Error(`monitoring is "${level}": expected ${LEVELS.join(", ")}`);
  }
  return level;
};

exports.systemLogLevel = async ({ resolveVariable }) => await onOff(resolveVariable, "platform_logs") ? "INFO" : "WARN";

/** The log groups of each kind of function, as serverless.yml names them in the template. */
const groups = (withApi) => ({
  worker: tiers.map(({ name }) => `WorkerDash${name}LogGroup`),
  dispatcher: ["DispatcherLogGroup"],
  batch: ["BatchLogGroup"],
  api: withApi ? ["ApiLogGroup"] : [],
});

/**
 * A filter for each row and log group. A line without the number, which was 0 then, publishes nothing; nor does one
 * without the dimension. A filter can publish no value that its pattern does not name.
 */
exports.filters = (level, namespace, withApi) => Object.fromEntries(exports.metrics(level).flatMap((row) =>
  row.functions.flatMap((kind) => groups(withApi)[kind]).map((group) => [filterName(row, group), {
    Type: "AWS::Logs::MetricFilter",
    Properties: {
      LogGroupName: { Ref: group },
      FilterPattern: `{ $.${row.name} > 0 }`,
      MetricTransformations: [{
        MetricNamespace: namespace,
        MetricName: row.name,
        MetricValue: `$.${row.name}`,
        Unit: row.unit,
        ...(row.dimension && { Dimensions: [{ Key: row.dimension, Value: `$.${row.dimension}` }] }),
      }],
    },
  }])));

const filterName = (row, group) =>
  [group.replace("LogGroup", ""), ...row.name.split("_"), "By", row.dimension ?? "all", "Filter"].map(capital).join("");

const capital = (word) => word[0].toUpperCase() + word.slice(1);
