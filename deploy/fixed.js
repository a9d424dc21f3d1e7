// What a month costs whatever comes, as `cli/aws/src/cost/fixed.rs` reckons it; a test compares the two.

const { metrics } = require("./monitoring.js");
const { tiers } = require("./tiers.js");

// Five pollers of Lambda, each asking the queue of failed jobs every 20 seconds.
const POLLS = 5 * 3 * 60 * 24 * 30;

// By format and by outcome there are as many as came: about so many.
const OF_DIMENSION = { format: 4, outcome: 3 };

/** Metrics in alarms: see alarms.js. The API is in one alarm of basic and in two of full. */
const inAlarms = (level, hasApi) => ({
  off: 0,
  basic: 3 + tiers.length + Number(hasApi),
  full: 16 + 10 * tiers.length + 2 * Number(hasApi),
})[level];

const customMetrics = (level) => metrics(level).reduce((sum, { dimension, functions }) =>
  sum + (dimension === "tier" && functions.includes("worker") ? tiers.length : OF_DIMENSION[dimension] ?? 1), 0);

/** With a canary each function that has an alias has an alarm: the dispatcher, the workers, the API. */
const ofCanary = (hasCanary, hasApi) => (hasCanary ? 1 + tiers.length + Number(hasApi) : 0);

exports.dollarsAMonth = (level, prices, { hasApi, hasCanary }) => customMetrics(level) * prices.cloudwatch_metric_month
  + (inAlarms(level, hasApi) + ofCanary(hasCanary, hasApi)) * prices.cloudwatch_alarm_month
  + POLLS / 1e6 * prices.sqs_million_requests;
