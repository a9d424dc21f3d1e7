// Prices out of price lists of the shape that AWS publishes, and the file with them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { row, withRow } from "./refresh_prices.mjs";

const text = readFileSync(new URL("../prices.json", import.meta.url), "utf8");

/** A list: products by their attributes, each with the prices of its ranges. */
const list = (offerCode, products) => ({
  formatVersion: "v1.0", offerCode, publicationDate: "2026-11-20T17:05:33Z",
  products: Object.fromEntries(products.map(([attributes], place) => [`SKU${place}`, { sku: `SKU${place}`, attributes }])),
  terms: {
    OnDemand: Object.fromEntries(products.map(([, ...prices], place) => [`SKU${place}`, {
      [`SKU${place}.JRTCKXETXF`]: {
        priceDimensions: Object.fromEntries(prices.map((USD, range) => [`SKU${place}.${range}`, {
          beginRange: String(range * 1e6), pricePerUnit: { USD },
        }])),
      },
    }])),
  },
});

const lists = () => ({
  AWSLambda: list("AWSLambda", [
    [{ usagetype: "MXC1-Lambda-GB-Second", group: "AWS-Lambda-Duration" }, "0.0000175000", "0.0000150000"],
    [{ usagetype: "MXC1-Lambda-GB-Second-ARM", group: "AWS-Lambda-Duration-ARM" }, "0.0000140000"],
    [{ usagetype: "MXC1-Lambda-Provisioned-GB-Second" }, "0.0000100000"],
    [{ usagetype: "MXC1-Request", group: "AWS-Lambda-Requests" }, "0.0000002000"],
    [{ usagetype: "MXC1-Request-ARM" }, "0.0000009000"],
  ]),
  AmazonS3: list("AmazonS3", [
    [{ usagetype: "MXC1-Requests-Tier1", group: "S3-API-Tier1" }, "0.0000053000"],
    [{ usagetype: "MXC1-Requests-SIA-Tier1", group: "S3-API-SIA-Tier1" }, "0.0000100000"],
    [{ usagetype: "MXC1-Requests-Tier2", group: "S3-API-Tier2" }, "0.0000004200"],
    [{ usagetype: "MXC1-BatchOperations-Jobs" }, "0.2500000000"],
    [{ usagetype: "MXC1-BatchOperations-Objects" }, "0.0000010000"],
    [{ usagetype: "MXC1-TimedStorage-ByteHrs", volumeType: "Standard" }, "0.0242000000", "0.0231000000"],
  ]),
  AmazonCloudWatch: list("AmazonCloudWatch", [
    [{ usagetype: "MXC1-CW:MetricMonitorUsage" }, "0.3000000000", "0.1000000000"],
    [{ usagetype: "MXC1-CW:AlarmMonitorUsage" }, "0.1000000000"],
    [{ usagetype: "MXC1-DataProcessing-Bytes" }, "0.5250000000"],
    [{ usagetype: "MXC1-TimedStorage-ByteHrs" }, "0.0315000000"],
  ]),
  // The free million comes first.
  AWSQueueService: list("AWSQueueService", [[{ usagetype: "MXC1-Requests-RBP" }, "0.0000000000", "0.0000004000"]]),
  AmazonSNS: list("AmazonSNS", [[{ usagetype: "MXC1-Requests-Tier1" }, "0.0000000000", "0.0000005000"]]),
  AWSEvents: list("AWSEvents", [
    [{ usagetype: "MXC1-Event-64K-Chunks", eventType: "Custom Event" }, "0.0000010000"],
    [{ usagetype: "MXC1-Event-64K-Chunks", eventType: "Cross-Account Event" }, "0.0000020000"],
  ]),
  awskms: list("awskms", [
    [{ usagetype: "mx-central-1-KMS-Requests" }, "0.0000030000"], [{ usagetype: "mx-central-1-KMS-Keys" }, "1.0000000000"],
  ]),
});

test("a new region has its prices, their dates, and the rest of us-east-1", () => {
  const { row: got, missing } = row(undefined, "us-east-1", lists());
  assert.deepEqual(missing, ["api_gateway_million_requests"]);
  assert.deepEqual(got.lambda_gb_second, { x86_64: 0.0000175, arm64: 0.000014 });
  assert.equal(got.rest_of, "us-east-1");
  assert.equal(got.as_of, "2026-11-20");
  assert.equal(got.s3_thousand_puts, 0.0053);
  assert.deepEqual([got.s3_thousand_gets, got.s3_thousand_heads], [0.00042, 0.00042]);
  assert.deepEqual([got.s3_batch_million_objects, got.sqs_million_requests, got.kms_ten_thousand_requests], [1, 0.4, 0.03]);
  assert.equal(got.s3_storage_gb_month, 0.0242);
  assert.match(got.more_source, /AWSQueueService of 2026-11-20.*as before api_gateway_million_requests: those of us-east-1/);
  const after = JSON.parse(withRow(text, "mx-central-1", got));
  assert.deepEqual(Object.keys(after), [...Object.keys(JSON.parse(text)), "mx-central-1"]);
  assert.equal(after["mx-central-1"].lambda_gb_second.x86_64, 0.0000175);
});

test("a region that is there changes alone, and keeps what the lists have not", () => {
  const before = JSON.parse(text);
  for (const region of ["us-west-2", "sa-east-1"]) {
    const got = row(before[region], "us-east-1", lists()).row;
    const changed = withRow(text, region, got);
    const after = JSON.parse(changed);
    assert.deepEqual({ ...after, [region]: 0 }, { ...before, [region]: 0 });
    assert.deepEqual(Object.keys(after), Object.keys(before));
    assert.deepEqual(Object.keys(after[region]).sort(), [...new Set([...Object.keys(after[region]), ...Object.keys(before[region])])].sort());
    assert.ok(!/[0-9]e-/.test(changed), "a price is written without an exponent");
  }
  const west = row(before["us-west-2"], "us-east-1", lists()).row;
  assert.equal(west.api_gateway_million_requests, before["us-west-2"].api_gateway_million_requests);
  assert.equal(west.cloudfront_gb, before["us-west-2"].cloudfront_gb);
});

test("nothing is guessed", () => {
  assert.throws(() => row(undefined, "us-east-1", {}), /no price of GB-seconds/);
  const two = lists();
  two.AWSLambda.products.SKU2.attributes.usagetype = "MXC1-Request";
  assert.throws(() => row(undefined, "us-east-1", two), /AWSLambda has 2 prices/);
});
