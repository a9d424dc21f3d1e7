// `make prices`: the rows of prices.json by AWS's own public price lists, with their dates. It needs the internet and no
// account. What a list does not have keeps its price and is named; nothing is guessed.
//
// Source: AWS Billing user guide, "Getting price list files manually"; usage types: the guides on usage reports of each service.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILE = join(dirname(fileURLToPath(import.meta.url)), "..", "prices.json");
const LISTS = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws";

// A region's short name comes first, but in us-east-1, and KMS has the long one.
const usage = (name) => new RegExp(`^(?:[A-Z]{2,4}[0-9]?-|[a-z]{2}(?:-[a-z]+)+-[0-9]+-)?${name}$`);

/** Each field of a row: the list it is in, the product by its attributes, and how many of its units the field is about. */
const OF_ARCHITECTURE = {
  x86_64: { list: "AWSLambda", product: { usagetype: usage("Lambda-GB-Second") }, times: 1 },
  arm64: { list: "AWSLambda", product: { usagetype: usage("Lambda-GB-Second-ARM") }, times: 1 },
};
const FIELDS = {
  lambda_million_requests: { list: "AWSLambda", product: { usagetype: usage("Request") }, times: 1e6 },
  s3_thousand_puts: { list: "AmazonS3", product: { usagetype: usage("Requests-Tier1"), group: /^S3-API-Tier1$/ }, times: 1e3 },
  s3_thousand_gets: { list: "AmazonS3", product: { usagetype: usage("Requests-Tier2"), group: /^S3-API-Tier2$/ }, times: 1e3 },
  // HEAD is one of "GET, SELECT, and all other requests".
  s3_thousand_heads: { list: "AmazonS3", product: { usagetype: usage("Requests-Tier2"), group: /^S3-API-Tier2$/ }, times: 1e3 },
  s3_batch_job: { list: "AmazonS3", product: { usagetype: usage("BatchOperations-Jobs") }, times: 1 },
  s3_batch_million_objects: { list: "AmazonS3", product: { usagetype: usage("BatchOperations-Objects") }, times: 1e6 },
  cloudwatch_metric_month: { list: "AmazonCloudWatch", product: { usagetype: usage("CW:MetricMonitorUsage") }, times: 1 },
  cloudwatch_alarm_month: { list: "AmazonCloudWatch", product: { usagetype: usage("CW:AlarmMonitorUsage") }, times: 1 },
};
const MORE_FIELDS = {
  cloudwatch_logs_gb: { list: "AmazonCloudWatch", product: { usagetype: usage("DataProcessing-Bytes") }, times: 1 },
  cloudwatch_logs_gb_month: { list: "AmazonCloudWatch", product: { usagetype: usage("TimedStorage-ByteHrs") }, times: 1 },
  sqs_million_requests: { list: "AWSQueueService", product: { usagetype: usage("Requests-(?:RBP|Tier1)") }, times: 1e6 },
  sns_million_publishes: { list: "AmazonSNS", product: { usagetype: usage("Requests-Tier1") }, times: 1e6 },
  eventbridge_million_events: { list: "AWSEvents", product: { usagetype: usage("Event-64K-Chunks"), eventType: /^Custom Event$/ }, times: 1e6 },
  api_gateway_million_requests: { list: "AmazonApiGateway", product: { usagetype: usage("ApiGatewayHttpRequest") }, times: 1e6 },
  kms_ten_thousand_requests: { list: "awskms", product: { usagetype: usage("KMS-Requests") }, times: 1e4 },
  kms_key_month: { list: "awskms", product: { usagetype: usage("KMS-Keys") }, times: 1 },
  s3_storage_gb_month: { list: "AmazonS3", product: { usagetype: usage("TimedStorage-ByteHrs"), volumeType: /^Standard$/ }, times: 1 },
};

/**
 * The dollars of one unit in the first paid range; `undefined` where the list has no such product.
 * Two products with different prices are an error: the table above no longer says which is meant.
 */
const dollars = (list, { product, times }) => {
  const isIt = ({ attributes }) => Object.entries(product).every(([name, pattern]) => pattern.test(attributes[name] ?? ""));
  const found = Object.values(list.products).filter(isIt).flatMap(({ sku }) => {
    const ranges = Object.values(list.terms.OnDemand?.[sku] ?? {}).flatMap((term) => Object.values(term.priceDimensions));
    // A free range comes first where there is one.
    const paid = ranges.filter(({ pricePerUnit }) => Number(pricePerUnit.USD) > 0);
    const first = paid.sort((one, other) => Number(one.beginRange) - Number(other.beginRange))[0];
    return first ? [Number((Number(first.pricePerUnit.USD) * times).toPrecision(9))] : [];
  });
  const prices = [...new Set(found)];
  if (prices.length > 1) {
    throw new Error(`${list.offerCode} has ${prices.length} prices for ${product.usagetype}: ${prices.join(", ")}`);
  }
  return prices[0];
};

const day = (list) => list.publicationDate.slice(0, 10);

const read = (fields, lists) => Object.entries(fields).map(([name, field]) =>
  ({ name, list: field.list, price: lists[field.list] && dollars(lists[field.list], field) }));

/** When the oldest of the lists was published, and the sentence on what is from where. */
const provenance = (found, lists, was) => {
  const dates = new Map(found.filter(({ price }) => price !== undefined).map(({ list }) => [list, day(lists[list])]));
  const missing = found.filter(({ price }) => price === undefined).map(({ name }) => name);
  const named = [...dates].map(([list, date]) => `${list} of ${date}`).join(", ");
  return {
    date: [...dates.values()].sort()[0],
    missing,
    source: `price list API of AWS: ${named}${missing.length ? `; as before ${missing.join(", ")}: ${was}` : ""}`,
  };
};

/** A row by the lists, and the names of the fields that they have not. `before` is what the file has of the region. */
export const row = (before, standIn, lists) => {
  const [speeds, own, more] = [OF_ARCHITECTURE, FIELDS, MORE_FIELDS].map((fields) => read(fields, lists));
  if (speeds.some(({ price }) => price === undefined)) {
    throw new Error("the list of AWSLambda has no price of GB-seconds for both architectures");
  }
  const values = (found) => Object.fromEntries(
    found.map(({ name, price }) => [name, price ?? before?.[name]]).filter(([, price]) => price !== undefined));
  const was = (name) => before?.[name] ?? `those of ${standIn}`;
  const first = provenance([...speeds, ...own], lists, was("source"));
  const second = provenance(more, lists, was("more_source"));
  // No list of a region has these: dashboards are of an account, CloudFront's prices of where readers are.
  const kept = (names) => Object.fromEntries(names.filter((name) => name in (before ?? {})).map((name) => [name, before[name]]));
  return {
    missing: [...first.missing, ...second.missing],
    row: {
      ...(before && !before.rest_of ? {} : { rest_of: standIn }),
      as_of: first.date,
      source: first.source,
      lambda_gb_second: values(speeds),
      ...values(own),
      ...kept(["cloudwatch_dashboard_month", "cloudwatch_free_dashboards"]),
      more_as_of: second.date ?? was("more_as_of"),
      more_source: second.date ? second.source : was("more_source"),
      ...values(more),
      ...kept(["cloudfront_ten_thousand_requests", "cloudfront_gb"]),
    },
  };
};

// Without an exponent, as a person writes a price.
const number = (value) => value.toFixed(12).replace(/0+$/, "").replace(/\.$/, ".0");

const written = (value) => {
  if (typeof value === "number") {
    return Number.isInteger(value) ? String(value) : number(value);
  }
  return typeof value === "string" ? JSON.stringify(value)
    : `{ ${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${written(inner)}`).join(", ")} }`;
};

/** The file with that row in place of the region's, or behind all others. */
export const withRow = (text, region, row) => {
  const block = `  ${JSON.stringify(region)}: {\n${Object.entries(row).map(([name, value]) => `    ${JSON.stringify(name)}: ${written(value)}`).join(",\n")}\n  }`;
  const old = new RegExp(`^  "${region}": \\{\\n[\\s\\S]*?\\n  \\}`, "m");
  return old.test(text) ? text.replace(old, () => block) : text.replace(/\n\}\s*$/, () => `,\n${block}\n}\n`);
};

const fetched = async (list, region) => {
  const answer = await fetch(`${LISTS}/${list}/current/${region}/index.json`);
  if (answer.status === 403 || answer.status === 404) {
    return undefined; // AWS answers so about a service that is not in a region.
  }
  if (!answer.ok) {
    throw new Error(`${list} of ${region}: ${answer.status} ${answer.statusText}`);
  }
  return answer.json();
};

// Without names, every region of the file.
const main = async (regions) => {
  let text = readFileSync(FILE, "utf8");
  const names = regions.length ? regions : Object.keys(JSON.parse(text));
  const wanted = [...new Set(Object.values({ ...OF_ARCHITECTURE, ...FIELDS, ...MORE_FIELDS }).map(({ list }) => list))];
  for (const region of names) {
    if (region.startsWith("cn-")) {
      throw new Error(`${region}: AWS China asks in yuan, by lists of its own; prices.json is in dollars`);
    }
    const lists = Object.fromEntries(await Promise.all(wanted.map(async (list) => [list, await fetched(list, region)])));
    const done = row(JSON.parse(text)[region], "us-east-1", lists);
    text = withRow(text, region, done.row);
    console.log(`${region}: ${done.row.as_of}${done.missing.length ? `; not in the lists: ${done.missing.join(", ")}` : ""}`);
    writeFileSync(FILE, text);
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(`prices: ${error.message}${error.cause ? `: ${error.cause.message}` : ""}`);
    process.exitCode = 1;
  }
}
