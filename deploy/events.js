// How uploads and deletions reach the dispatcher, by the parameter event_source: from the bucket, by EventBridge, or from
// an SQS queue or an SNS topic that gets the bucket's events already.

const { prefixes, sub } = require("./parameters.js");

const SOURCES = ["s3", "eventbridge", "none"];

// An object that comes, and one that goes: deleted, expired, or restored from an archive. As in cli/aws/src/attach.
const EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"];
const DETAIL_TYPES = ["Object Created", "Object Restore Completed", "Object Deleted"];

// Of a bucket. Source: Amazon S3 endpoints and quotas, "Event notifications".
const MAX_NOTIFICATIONS = 100;

// S3 notifies no queue and no topic in order (`.fifo`).
const ARNS = {
  sqs: /^arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/,
  sns: /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/,
};

const dispatcher = { "Fn::GetAtt": ["DispatcherLambdaFunction", "Arn"] };

/** Checked. */
exports.eventSource = async ({ resolveVariable }) => {
  const source = await resolveVariable("param:event_source");
  if (!SOURCES.includes(source)) {
    throw new Error(`event_source is "${source}": expected ${SOURCES.join(", ")}`);
  }
  return source;
};

/**
 * The NotificationConfiguration of a bucket that we make. With `none` there is none, not an empty one, which would be a
 * configuration: it would take away what somebody connected by hand.
 */
exports.notification = async ({ resolveVariable }) => {
  const filters = (await prefixes(resolveVariable, "source_prefixes"))
    .map((Value) => ({ Filter: { S3Key: { Rules: [{ Name: "prefix", Value }] } } }));
  const filtered = filters.length > 0 ? filters : [{}];
  if (filtered.length * EVENTS.length > MAX_NOTIFICATIONS) {
    throw new Error(`source_prefixes has ${filtered.length} prefixes: a bucket has ${MAX_NOTIFICATIONS} notifications at `
      + `most, and each prefix takes ${EVENTS.length}; use event_source=eventbridge`);
  }
  const lambdas = filtered.flatMap((filter) => EVENTS.map((Event) => ({ Event, Function: dispatcher, ...filter })));
  return {
    s3: { LambdaConfigurations: lambdas },
    eventbridge: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    none: { Ref: "AWS::NoValue" },
  }[await exports.eventSource({ resolveVariable })];
};

exports.resources = async ({ resolveVariable }) => {
  const source = await exports.eventSource({ resolveVariable });
  const [queue, topic] = await Promise.all(["source_queue_arn", "source_topic_arn"].map((name) =>
    resolveVariable(`param:${name}`)));
  for (const [name, arn, service] of [["source_queue_arn", queue, "sqs"], ["source_topic_arn", topic, "sns"]]) {
    if (arn !== "" && !ARNS[service].test(arn)) {
      throw new Error(`${name} is "${arn}": expected an ARN such as arn:aws:${service}:REGION:ACCOUNT:NAME`);
    }
    if (arn !== "" && source !== "none") {
      throw new Error(`${name} is set and event_source is ${source}: each upload would come twice; set event_source=none`);
    }
  }
  return {
    Resources: {
      ...(source === "eventbridge" && await rule(resolveVariable)),
      ...(queue !== "" && fromQueue(queue)),
      ...(topic !== "" && fromTopic(topic)),
    },
  };
};

const rule = async (resolveVariable) => {
  const [service, stage, bucket] =
    await Promise.all(["self:service", "sls:stage", "param:source_bucket"].map(resolveVariable));
  const keys = (await prefixes(resolveVariable, "source_prefixes")).map((prefix) => ({ prefix }));
  return {
    UploadsRule: {
      Type: "AWS::Events::Rule",
      Properties: {
        Name: `${service}-${stage}-uploads`,
        EventPattern: {
          source: ["aws.s3"],
          "detail-type": DETAIL_TYPES,
          detail: { bucket: { name: [sub(bucket)] }, ...(keys.length > 0 && { object: { key: keys } }) },
        },
        Targets: [{ Id: "dispatcher", Arn: dispatcher }],
      },
    },
    UploadsRuleMayInvokeDispatcher: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        Action: "lambda:InvokeFunction",
        FunctionName: dispatcher,
        Principal: "events.amazonaws.com",
        SourceArn: { "Fn::GetAtt": ["UploadsRule", "Arn"] },
      },
    },
  };
};

// Lambda asks for the role's rights when the mapping is made. Source: AWS Lambda developer guide, "Using Lambda with
// Amazon SQS".
const fromQueue = (arn) => ({
  ReceiveUploads: {
    Type: "AWS::IAM::Policy",
    Properties: {
      PolicyName: "receive-uploads",
      Roles: [{ Ref: "DispatcherRole" }],
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [{
          Sid: "ReceiveUploads",
          Effect: "Allow",
          Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          Resource: arn,
        }],
      },
    },
  },
  UploadsQueueMapping: {
    Type: "AWS::Lambda::EventSourceMapping",
    DependsOn: "ReceiveUploads",
    Properties: {
      EventSourceArn: arn,
      FunctionName: dispatcher,
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    },
  },
});

// The topic may be in another region. Source: AWS CloudFormation, "AWS::SNS::Subscription".
const fromTopic = (arn) => ({
  UploadsTopicMayInvokeDispatcher: {
    Type: "AWS::Lambda::Permission",
    Properties: {
      Action: "lambda:InvokeFunction", FunctionName: dispatcher, Principal: "sns.amazonaws.com", SourceArn: arn,
    },
  },
  UploadsTopicSubscription: {
    Type: "AWS::SNS::Subscription",
    DependsOn: "UploadsTopicMayInvokeDispatcher",
    Properties: { TopicArn: arn, Protocol: "lambda", Endpoint: dispatcher, Region: arn.split(":")[3] },
  },
});
