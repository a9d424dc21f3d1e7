// The list prices of a region, as `Prices` in crates/contract/src/prices.rs: its own and the rest of another's, or those of
// us-east-1 where prices.json has no such region, which `thumbtier validate` tells before a deployment.

const fs = require("node:fs");
const path = require("node:path");

const STAND_IN = "us-east-1";

const rows = JSON.parse(fs.readFileSync(path.join(__dirname, "..", "prices.json"), "utf8"));

exports.pricesOf = (region) => {
  if (!(region in rows)) {
    console.error(`prices.json has no region ${region}: dashboard and alarms reckon with the list prices of ${STAND_IN}`);
  }
  const { rest_of: base, ...own } = rows[region] ?? rows[STAND_IN];
  return { ...rows[base], ...own };
};
