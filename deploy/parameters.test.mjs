// What parameters about buckets and events are refused, in words that say what to give instead.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const buckets = require("./buckets.js");
const cdn = require("./cdn.js");
const events = require("./events.js");

const DEFAULTS = {
  source_bucket: "up", destination_bucket: "thumbs", source_bucket_exists: false, destination_bucket_exists: false,
  source_prefixes: "", destination_prefix: "", source_versioning: "off", destination_versioning: "off",
  event_source: "s3", source_queue_arn: "", source_topic_arn: "", kms_key_arn: "", api: "off",
  cdn: "off", cdn_distribution_arn: "", source_policy_file: "", destination_policy_file: "",
};

/** As the Serverless Framework asks for variables. */
const variables = (given) => ({
  resolveVariable: async (name) => ({ ...DEFAULTS, ...given })[name.replace("param:", "")] ?? name,
});

const refused = (part, given, words) => assert.rejects(part(variables(given)), words);

test("buckets that could not be told apart, or that are others', are refused", async () => {
  const same = { source_bucket: "one", destination_bucket: "one", source_prefixes: "a/", destination_prefix: "b/" };
  const check = (given, words) => refused(buckets.resources, given, words);
  await check({ source_bucket_exists: "yes" }, /source_bucket_exists is "yes": expected true or false/);
  await check({ source_versioning: true }, /source_versioning is "true": expected on or off/);
  await check({ source_bucket_exists: true, source_versioning: "on" }, /leave versioning to the bucket's owner/);
  await check({ ...same, source_bucket_exists: true }, /give both the same value/);
  await check({ ...same, source_versioning: "on" }, /source_versioning and destination_versioning the same value/);
  await check({ ...same, source_prefixes: "" }, /set source_prefixes and destination_prefix/);
  await check({ ...same, destination_prefix: "" }, /set source_prefixes and destination_prefix/);
  await check({ destination_prefix: "a/,b/" }, /expected one prefix/);
  assert.deepEqual(Object.keys((await buckets.resources(variables(same))).Resources),
    ["SourceBucketMayInvokeDispatcher", "SourceBucket", "SourceBucketPolicy"]);
});

test("prefixes mean the same to S3, EventBridge and IAM, and none begins as another", async () => {
  const check = (source_prefixes, words) => refused(events.notification, { source_prefixes }, words);
  for (const bad of ["a*/", "a b/", "${AWS::Region}/", "ü/", "/a"]) {
    await check(bad, /expected letters, digits and any of/);
  }
  await check("a/,a/b/", /has "a\/" and "a\/b\/", and the second begins as the first/);
  await check("a/,a/", /leave one out/);
  await check(Array.from({ length: 26 }, (_, at) => `${at}-/`).join(), /100 notifications at most/);
  const { LambdaConfigurations } = await events.notification(variables({ source_prefixes: " a/ , b/ " }));
  const prefixes = LambdaConfigurations.map((one) => one.Filter.S3Key.Rules[0].Value);
  assert.deepEqual([...new Set(prefixes)], ["a/", "b/"]);
});

test("a queue or a topic is an ARN, and the only way that events come", async () => {
  const check = (given, words) => refused(events.resources, given, words);
  const queue = "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:uploads";
  await check({ event_source: "sqs" }, /expected s3, eventbridge, none/);
  await check({ event_source: "none", source_queue_arn: "https://sqs/uploads" }, /expected an ARN such as arn:aws:sqs:/);
  await check({ event_source: "none", source_topic_arn: queue }, /expected an ARN such as arn:aws:sns:/);
  await check({ source_queue_arn: queue }, /each upload would come twice; set event_source=none/);
  const { Resources } = await events.resources(variables({ event_source: "none", source_queue_arn: queue }));
  assert.deepEqual(Object.keys(Resources), ["ReceiveUploads", "UploadsQueueMapping"]);
});

test("who else may read thumbnails is a distribution, or statements in a list", async () => {
  const check = (given, words) => refused(cdn.destinationStatements, given, words);
  await check({ cdn: true }, /cdn is "true": expected on or off/);
  await check({ cdn_distribution_arn: "E1EXAMPLE" }, /expected arn:aws:cloudfront::ACCOUNT:distribution\/ID/);
  await check({ destination_policy_file: "package.json" }, /expected a JSON list of policy statements/);
  // In one bucket for both sides uploads are not served.
  const [serves, keeps] = await cdn.destinationStatements(variables({ cdn: "on", destination_prefix: "thumbnails/" }));
  assert.match(serves.Resource["Fn::Sub"], /:::thumbs\/thumbnails\/\*$/);
  assert.deepEqual([serves.Effect, keeps.Effect], ["Allow", "Deny"]);
  assert.deepEqual(await cdn.destinationStatements(variables({})), []);
});
