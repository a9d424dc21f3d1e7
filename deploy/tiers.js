// The tiers of tiers.json, what their workers are called in the template, and which thumbnails they were measured for.

const fs = require("node:fs");
const path = require("node:path");

const capitalised = (name) => name[0].toUpperCase() + name.slice(1);

const read = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, "..", name), "utf8"));

const { measured_for: measuredFor, ...rows } = read("tiers.json");

exports.measuredFor = measuredFor;

exports.tiers = Object.entries(rows).map(([name, tier]) => ({ name, ...tier }));

const { variants } = read("thumbnails.json");

/** How many thumbnails each image gets. */
exports.variants = variants.length;

/** As `VariantSet` in crates/contract/src/variant_set.rs; a test compares the two. */
exports.variantSet = variants
  .map(({ width_px, height_px, fit, format, quality }) => `${width_px}x${height_px} ${fit} ${format} ${quality}`)
  .sort()
  .join(" + ");

exports.workers = exports.tiers.map(({ name }) => ({
  function: `WorkerDash${name}LambdaFunction`,
  role: `Worker${capitalised(name)}Role`,
}));
