// The template that needs no Serverless Framework.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const { standalone } = require("./standalone.js");

const read = (folder) =>
  JSON.parse(readFileSync(new URL(`../target/${folder}/cloudformation-template-update-stack.json`, import.meta.url), "utf8"));

test("code comes from a bucket that two parameters name, and nothing else changes", () => {
  for (const folder of ["template", "template-kms", "template-canary"]) {
    const template = read(folder);
    const made = standalone(template);
    assert.ok(!JSON.stringify(made).includes("ServerlessDeploymentBucket"), folder);
    const functions = Object.entries(made.Resources).filter(([, { Type }]) => Type === "AWS::Lambda::Function");
    const zips = new Set(functions.map(([, { Properties }]) => Properties.Code.S3Key["Fn::Sub"]));
    const api = folder === "template" ? [] : ["${CodePrefix}api.zip"];
    assert.deepEqual([...zips].sort(), [...api, "${CodePrefix}dispatcher.zip", "${CodePrefix}worker.zip"]);
    for (const [id, resource] of functions) {
      const { Code, ...rest } = resource.Properties;
      const { Code: _, ...before } = template.Resources[id].Properties;
      assert.deepEqual([Code.S3Bucket, rest], [{ Ref: "CodeBucket" }, before]);
    }
    assert.deepEqual(Object.keys(made.Parameters), ["CodeBucket", "CodePrefix"]);
  }
});
