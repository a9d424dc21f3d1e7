// How uploads and deletions reach the dispatcher, by the parameter event_source.

const SOURCES = ["s3", "eventbridge", "none"];

// An object that comes, and one that goes: deleted, expired, or restored from an archive.
const EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"];
const DETAIL_TYPES = ["Object Created", "Object Restore Completed", "Object Deleted"];

const dispatcher = { "Fn::GetAtt": ["DispatcherLambdaFunction", "Arn"] };

const eventSource = async (resolveVariable) => {
  const source = await resolveVariable("param:event_source");
  if (!SOURCES.includes(source)) {
    throw new Error(`event_source is "${source}": expected ${SOURCES.join(", ")}`);
  }
  return source;
};

exports.notification = async ({ resolveVariable }) => ({
  s3: { LambdaConfigurations: EVENTS.map((Event) => ({ Event, Function: dispatcher })) },
  eventbridge: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
  none: {},
})[await eventSource(resolveVariable)];

exports.resources = async ({ resolveVariable }) => {
  if (await eventSource(resolveVariable) !== "eventbridge") {
    return {};
  }
  const [service, stage, bucket] =
    await Promise.all(["self:service", "sls:stage", "param:source_bucket"].map(resolveVariable));
  return {
    Resources: {
      UploadsRule: {
        Type: "AWS::Events::Rule",
        Properties: {
          Name: `${service}-${stage}-uploads`,
          EventPattern: {
            source: ["aws.s3"],
            "detail-type": DETAIL_TYPES,
            detail: { bucket: { name: [{ "Fn::Sub": bucket }] } },
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
    },
  };
};
