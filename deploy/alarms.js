// Each alarm goes to the topic; silence is no alarm, because a bucket may rest for days.

const FIVE_MINUTES_S = 300;
const HALF_AN_HOUR_S = 1800;
const DAY_S = 86400;

exports.alarms = (deployment) => {
  const { name, namespace, tiers, costLimit, email, functionName, level, prices, destination, dollarsADay } = deployment;
  const names = tiers.map((tier) => tier.name);
  const ours = (id, metric, dimension, value, period, stat = "Sum") =>
    part(id, namespace, metric, { [dimension]: value }, period, stat);
  const alarm = (suffix, description, properties) => ({
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmName: `${name}-${suffix}`,
      AlarmDescription: description,
      AlarmActions: [{ Ref: "AlarmTopic" }],
      ComparisonOperator: "GreaterThanThreshold",
      EvaluationPeriods: 1,
      TreatMissingData: "notBreaching",
      ...properties,
    },
  });
  // Nothing fills a metric that was never published, such as of a tier that nothing was sent to yet: `+` would have no
  // value then, and the alarm could never go off. SUM takes what there is.
  const sumOf = (ids) => `SUM([${ids.map((id) => `FILL(${id},0)`).join(",")}])`;
  const percentOfImages = (metric, period) => [
    ...names.flatMap((tier) => [
      ours(`${tier}_${metric}`, metric, "tier", tier, period),
      ours(`${tier}_images`, "images", "tier", tier, period),
    ]),
    result(`100*(${sumOf(names.map((tier) => `${tier}_${metric}`))})/(${sumOf(names.map((tier) => `${tier}_images`))})`, "percent"),
  ];
  const workers = names.map((tier) => `worker-${tier}`);
  const hasApi = deployment.functions.some(({ kind }) => kind === "api");
  // S3 Batch Operations and `thumbtier backfill` tell each failure of the batch function themselves: `basic` saves its metric.
  const all = ["dispatcher", ...workers, ...(hasApi ? ["api"] : []), ...(level === "full" ? ["batch"] : [])];
  const lambda = (prefix, metric, functions, period, stat = "Sum") => functions.map((one, index) =>
    part(`${prefix}${index}`, "AWS/Lambda", metric, { FunctionName: functionName(one) }, period, stat));

  const headroom = Object.fromEntries(names.map((tier) => [`Headroom${capital(tier)}Alarm`,
    alarm(`headroom-${tier}`, `tier ${tier} had less than 10 % of its memory left: lower its thresholds in tiers.json`, {
      ComparisonOperator: "LessThanThreshold",
      Threshold: 10,
      Namespace: namespace, MetricName: "headroom_percent", Dimensions: dimensions({ tier }),
      Period: FIVE_MINUTES_S, Statistic: "Minimum",
    })]));

  const topic = {
    AlarmTopic: { Type: "AWS::SNS::Topic", Properties: { TopicName: `${name}-alarms` } },
    ...(email && {
      AlarmEmail: {
        Type: "AWS::SNS::Subscription",
        Properties: { TopicArn: { Ref: "AlarmTopic" }, Protocol: "email", Endpoint: email },
      },
    }),
  };

  const basic = {
    ...topic,
    DeadLettersAlarm: alarm("dead-letters", "a job failed for good, and not for a fault of its upload: its message in the queue of dead letters says which and why", {
      Threshold: 0,
      Namespace: "AWS/SQS", MetricName: "ApproximateNumberOfMessagesVisible",
      Dimensions: dimensions({ QueueName: { "Fn::GetAtt": ["DeadLetters", "QueueName"] } }),
      Period: FIVE_MINUTES_S, Statistic: "Maximum",
    }),
    // A function that is killed, times out or cannot start writes no line of ours.
    ErrorsAlarm: alarm("errors", "functions failed, were killed, timed out or could not start more than five times in 15 minutes: see their logs, and the query `failures by name`", {
      Threshold: 5,
      Metrics: [
        ...lambda("errors", "Errors", all, 3 * FIVE_MINUTES_S),
        result(sumOf(all.map((_, index) => `errors${index}`)), "errors"),
      ],
    }),
    // One metric without dimensions: another tier is one more writer of it, and no other alarm. Each line says what its
    // job cost, with requests, logs and the way of its event; a day of what a month costs anyway is added.
    DailyCostAlarm: alarm("daily-cost", `a day cost more than $${costLimit}: functions, requests, logs, events, monitoring${level === "full" ? ", storage" : ""}`, {
      Threshold: costLimit,
      Metrics: [
        part("dollars", namespace, "dollars", {}, DAY_S, "Sum"),
        ...(level === "full"
          ? [part("stored", "AWS/S3", "BucketSizeBytes", { BucketName: destination.includes("${") ? { "Fn::Sub": destination } : destination, StorageType: "StandardStorage" }, DAY_S, "Average")]
          : []),
        result(level === "full"
          ? `SUM([FILL(dollars,0),FILL(stored,0)*${(prices.s3_storage_gb_month / 30e9).toFixed(15)}])+${dollarsADay.toFixed(4)}`
          : `dollars+${dollarsADay.toFixed(4)}`, "dollars"),
      ],
    }),
  };
  if (level === "basic") {
    return basic;
  }
  return {
    ...basic,
    FailureRateAlarm: alarm("failure-rate", "more than 5 % of the jobs of 15 minutes failed for now: see the query `failures by name`", {
      Threshold: 5,
      Metrics: percentOfImages("failures", 3 * FIVE_MINUTES_S),
    }),
    // One broken upload is nobody's business but its uploader's; many of them are a client that went wrong.
    RefusalRateAlarm: alarm("refusal-rate", "more than 20 % of the uploads of an hour were refused: see the query `failures by name`", {
      Threshold: 20,
      Metrics: percentOfImages("refusals", 12 * FIVE_MINUTES_S),
    }),
    ...headroom,
    ThrottlesAlarm: alarm("throttles", "Lambda throttled a function: raise its reserved concurrency or the account's limit", {
      Threshold: 0,
      Metrics: [
        ...lambda("throttles", "Throttles", all, FIVE_MINUTES_S),
        result(sumOf(all.map((_, index) => `throttles${index}`)), "throttles"),
      ],
    }),
    // What Lambda gave up without telling the dispatcher: no queue and no line of ours says so.
    LostAlarm: alarm("lost", "Lambda dropped events or could not hand failed jobs to their queue: uploads may have no thumbnails, see `thumbtier backfill`", {
      Threshold: 0,
      Metrics: [
        ...lambda("dropped", "AsyncEventsDropped", ["dispatcher", ...workers], FIVE_MINUTES_S),
        ...lambda("undelivered", "DestinationDeliveryFailures", ["dispatcher", ...workers], FIVE_MINUTES_S),
        result(sumOf(["dropped", "undelivered"].flatMap((prefix) =>
          ["dispatcher", ...workers].map((_, index) => `${prefix}${index}`))), "events"),
      ],
    }),
    WaitingAlarm: alarm("waiting", "events or jobs have waited for Lambda for more than half an hour: raise the reserved concurrency or the account's limit", {
      Threshold: HALF_AN_HOUR_S * 1000,
      Metrics: [
        ...lambda("age", "AsyncEventAge", ["dispatcher", ...workers], FIVE_MINUTES_S, "Maximum"),
        result(`MAX([${["dispatcher", ...workers].map((_, index) => `FILL(age${index},0)`).join(",")}])`, "milliseconds"),
      ],
    }),
    // A job is put off for a quarter of an hour at most.
    FailedJobsAgeAlarm: alarm("failed-jobs-age", "jobs that failed have waited for the dispatcher for more than half an hour: see its log", {
      Threshold: HALF_AN_HOUR_S,
      Namespace: "AWS/SQS", MetricName: "ApproximateAgeOfOldestMessage",
      Dimensions: dimensions({ QueueName: { "Fn::GetAtt": ["FailedJobs", "QueueName"] } }),
      Period: FIVE_MINUTES_S, Statistic: "Maximum",
    }),
    LoopAlarm: alarm("loop", "the dispatcher was called for this system's own thumbnails: somebody writes them to the source bucket", {
      Threshold: 0,
      Namespace: namespace, MetricName: "objects", Dimensions: dimensions({ outcome: "own_output" }),
      Period: FIVE_MINUTES_S, Statistic: "Sum",
    }),
    InvocationsAlarm: alarm("invocations", "workers ran more than four times for each object that the dispatcher saw", {
      Threshold: 4,
      Metrics: [
        ...lambda("invocations", "Invocations", workers, 12 * FIVE_MINUTES_S),
        ours("objects", "objects", "tier", "dispatcher", 12 * FIVE_MINUTES_S),
        result(`(${sumOf(workers.map((_, index) => `invocations${index}`))})/objects`, "invocations per object"),
      ],
    }),
  };
};

const capital = (word) => word[0].toUpperCase() + word.slice(1);

const dimensions = (values) => Object.entries(values).map(([Name, Value]) => ({ Name, Value }));

const part = (Id, Namespace, MetricName, values, Period, Stat) => ({
  Id,
  ReturnData: false,
  MetricStat: { Metric: { Namespace, MetricName, Dimensions: dimensions(values) }, Period, Stat },
});

const result = (Expression, Label) => ({ Id: "result", Expression, Label, ReturnData: true });
