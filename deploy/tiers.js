// The tiers of tiers.json, and what their workers are called in the template.

const fs = require("node:fs");
const path = require("node:path");

const capitalised = (name) => name[0].toUpperCase() + name.slice(1);

exports.tiers = Object.entries(JSON.parse(fs.readFileSync(path.join(__dirname, "..", "tiers.json"), "utf8")))
  .map(([name, tier]) => ({ name, ...tier }));

exports.workers = exports.tiers.map(({ name }) => ({
  function: `WorkerDash${name}LambdaFunction`,
  role: `Worker${capitalised(name)}Role`,
}));
