// Saved queries of CloudWatch Logs Insights. The functions log in Lambda's JSON format: the fields of their own lines go by
// their names; those of `platform.report`, which `platform_logs=on` writes, by their paths.

const MB_PER_VCPU = 1769;

const REPORT = "record.metrics";

/** What the dispatcher says of objects that get no thumbnail and should have. */
const DISPATCHERS_FAILURES = [
  "failed", "killed", "timed_out", "never_ran", "too_large", "bad_key", "archived_storage_class",
];

exports.queries = (deployment) => {
  const { name, tiers, targetMs, dollarsPerGbSecond, functionName } = deployment;
  const group = (one) => `/aws/lambda/${functionName(one)}`;
  const workers = tiers.map((tier) => group(`worker-${tier.name}`));
  const everyFunction = [group("dispatcher"), ...workers];
  const share = (tier) => tier.memory_mb / MB_PER_VCPU;
  // On another tier the waiting stays and the CPU time is stretched by its share.
  const wouldFit = (tier, smaller) =>
    `(tier = "${tier.name}" and peak_bytes < ${smaller.budget_mb * 2 ** 20} and `
    + `total_ms - cpu_ms / ${Math.min(1, share(tier)).toFixed(3)} + cpu_ms / ${share(smaller).toFixed(3)} < ${targetMs})`;
  const query = (title, groups, lines) => ({
    Type: "AWS::Logs::QueryDefinition",
    Properties: { Name: `${name}/${title}`, LogGroupNames: groups, QueryString: lines.join("\n| ") },
  });

  return {
    BilledCostQuery: query("cost per tier as billed", everyFunction, [
      'filter type = "platform.report"',
      "stats count(*) as invocations, "
        + `sum(${REPORT}.billedDurationMs / 1000 * ${REPORT}.memorySizeMB / 1024) * ${dollarsPerGbSecond} as compute_dollars, `
        + `pct(${REPORT}.durationMs, 95) as p95_ms, max(${REPORT}.maxMemoryUsedMB) as max_memory_mb, `
        + `count(${REPORT}.initDurationMs) as cold_starts by @log`,
      "sort compute_dollars desc",
    ]),
    SlowestQuery: query("slowest objects", workers, [
      "fields @timestamp, tier, outcome, key, format, bytes, pixels, total_ms, cpu_ms, get_ms, decode_ms, put_ms, peak_bytes",
      "filter images = 1",
      "sort total_ms desc",
      "limit 50",
    ]),
    TierMistakesQuery: query("jobs that would have fitted a smaller tier", workers, [
      "fields @timestamp, tier, key, format, bytes, total_ms, cpu_ms, peak_bytes, compute_dollars",
      // Only whole lines have what is compared.
      `filter cpu_ms > 0 and (${tiers.slice(1).map((tier, index) => wouldFit(tier, tiers[index])).join(" or ")})`,
      "sort compute_dollars desc",
      "limit 100",
    ]),
    FailuresQuery: query("failures by name", everyFunction, [
      `filter refusals = 1 or failures = 1 or outcome in [${DISPATCHERS_FAILURES.map((name) => `"${name}"`).join(", ")}]`,
      "stats count(*) as jobs, latest(message) as example, latest(key) as example_key by tier, outcome",
      "sort jobs desc",
    ]),
    UploadQuery: query("one upload from event to end", everyFunction, [
      "fields @timestamp, @log, tier, sent_to, outcome, message, total_ms, correlation_id",
      'filter key = "put the object key here"',
      "sort @timestamp asc",
    ]),
  };
};
