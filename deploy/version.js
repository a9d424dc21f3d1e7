// The version that is deployed, for `thumbtier version` to compare.

const fs = require("node:fs");
const path = require("node:path");

const manifest = fs.readFileSync(path.join(__dirname, "..", "Cargo.toml"), "utf8");

exports.version = manifest.match(/\[workspace\.package\]\nversion = "([^"]+)"/)[1];
