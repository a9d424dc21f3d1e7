// docs/operations.md says of every alarm what to do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const { alarms } = require("./alarms.js");
const { pricesOf } = require("./prices.js");
const { tiers } = require("./tiers.js");

/** The sections below `## Alarms`, by their headings. */
function sections() {
  const text = readFileSync(new URL("../docs/operations.md", import.meta.url), "utf8");
  const [, inside] = text.match(/\n## Alarms\n([\s\S]*?)\n## /);
  return Object.fromEntries(inside.split(/\n### /).slice(1).map((part) => [part.split("\n", 1)[0], part]));
}

test("every alarm has a section, and every section an alarm", () => {
  const deployment = { name: "here", namespace: "thumbtier/here", tiers, costLimit: 10, functionName: (one) => one, level: "full",
    prices: pricesOf("us-east-1"), destination: "thumbs", dollarsADay: 1 };
  const names = Object.values(alarms(deployment)).map((one) => one.Properties.AlarmName).filter(Boolean)
    .map((name) => name.replace("here-", "")).map((name) => (name.startsWith("headroom-") ? "headroom-TIER" : name));
  names.push("canary-errors"); // deploy/canary.js
  const found = sections();
  assert.deepEqual(Object.keys(found).sort(), [...new Set(names)].sort());
  for (const [name, text] of Object.entries(found)) {
    assert.match(text, /\n1\. /, `${name}: its section says nothing that is to be done`);
  }
});
