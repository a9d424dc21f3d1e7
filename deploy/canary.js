// A plugin of the Serverless Framework: by the parameter `canary`, a new version gets a part of the work first, and is
// rolled back where it fails. As the Framework's users know it from serverless-plugin-canary-deployments.
//
// Each function has a version and the alias `live`, which everything that invokes it goes to; CodeDeploy moves the alias.
// Batch has none: only whoever runs a backfill invokes it. CloudFormation deletes the version before once the alias has
// left it, so that versions do not pile up. Sources: AWS CloudFormation, "UpdatePolicy", CodeDeployLambdaAliasUpdate;
// AWS CodeDeploy user guide, "Working with deployment configurations"; AWS Lambda developer guide, "Using aliases".

const ALIAS = "live";
const CONFIGURATIONS = ["Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes",
  "Canary10Percent30Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes",
  "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes", "AllAtOnce"];
// Errors of the new version in a minute. One image that kills its worker, and its second try, are no fault of the version.
const MOST_ERRORS = 2;
const MINUTE_S = 60;

const read = async (resolveVariable) => {
  const canary = String(await resolveVariable("param:canary"));
  if (canary !== "off" && !CONFIGURATIONS.includes(canary)) {
    throw new Error(`canary is "${canary}": expected off, ${CONFIGURATIONS.join(", ")}`);
  }
  return canary;
};

/** Whether functions have versions. Without an alias nobody would ever ask for one. */
exports.hasVersions = async ({ resolveVariable }) => await read(resolveVariable) !== "off";

/** What is asked for behind a function's name; empty for what was deployed last. */
exports.alias = async ({ resolveVariable }) => (await read(resolveVariable) === "off" ? "" : ALIAS);

exports.settings = async ({ resolveVariable }) => ({ canary: await read(resolveVariable) });

/** Changes the compiled template. */
exports.add = (template, name, configuration) => {
  const { Resources, Outputs = {} } = template;
  const functions = Object.keys(Resources).filter((id) => Resources[id].Type === "AWS::Lambda::Function");
  const versionOf = (id) => Object.keys(Resources).find((one) =>
    Resources[one].Type === "AWS::Lambda::Version" && Resources[one].Properties.FunctionName.Ref === id);
  const batch = versionOf("BatchLambdaFunction");
  delete Resources[batch];
  for (const [key, { Value }] of Object.entries(Outputs)) {
    if (Value.Ref === batch) {
      delete Outputs[key];
    }
  }
  const aliased = functions.filter((id) => id !== "BatchLambdaFunction");
  for (const [id, resource] of Object.entries(Resources)) {
    Resources[id] = toAliases(resource, aliased, resource.Type === "AWS::IAM::Role");
  }
  for (const id of aliased) {
    const version = versionOf(id);
    Object.assign(Resources[version], { DeletionPolicy: "Delete" });
    Object.assign(Resources, ofFunction(id, version, Resources[id].Properties.FunctionName, configuration, Resources));
  }
  Object.assign(Resources, shared(name));
};

/** With what invokes a function going to its alias. A role names it by the function, or all canaries would wait in a row. */
const toAliases = (value, functions, isRole) => {
  if (Array.isArray(value)) {
    return value.map((one) => toAliases(one, functions, isRole));
  }
  if (value === null || typeof value !== "object") {
    return value;
  }
  const [id, attribute] = value["Fn::GetAtt"] ?? [];
  if (attribute === "Arn" && functions.includes(id)) {
    return isRole ? { "Fn::Sub": `\${${id}.Arn}:${ALIAS}` } : { Ref: aliasOf(id) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toAliases(one, functions, isRole)]));
};

const aliasOf = (id) => id.replace("LambdaFunction", "Alias");

const ofFunction = (id, version, functionName, configuration, resources) => {
  const part = (suffix) => id.replace("LambdaFunction", suffix);
  const events = resources[part("LambdaEvConf")];
  const dimensions = { FunctionName: { Ref: id }, Resource: { "Fn::Sub": `\${${id}}:${ALIAS}` },
    ExecutedVersion: { "Fn::GetAtt": [version, "Version"] } };
  return {
    [aliasOf(id)]: {
      Type: "AWS::Lambda::Alias",
      Properties: { Name: ALIAS, FunctionName: { Ref: id }, FunctionVersion: { "Fn::GetAtt": [version, "Version"] } },
      UpdatePolicy: {
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: "CanaryApplication" }, DeploymentGroupName: { Ref: part("CanaryGroup") },
        },
      },
    },
    [part("CanaryErrorsAlarm")]: {
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        AlarmName: `${functionName}-canary-errors`,
        AlarmDescription: `the new version of ${functionName} failed more than ${MOST_ERRORS} times in a minute: its update is rolled back`,
        ...(resources.AlarmTopic && { AlarmActions: [{ Ref: "AlarmTopic" }] }),
        Namespace: "AWS/Lambda", MetricName: "Errors", Statistic: "Sum", Period: MINUTE_S, EvaluationPeriods: 1,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        ComparisonOperator: "GreaterThanThreshold", Threshold: MOST_ERRORS, TreatMissingData: "notBreaching",
      },
    },
    [part("CanaryGroup")]: {
      Type: "AWS::CodeDeploy::DeploymentGroup",
      Properties: {
        ApplicationName: { Ref: "CanaryApplication" },
        DeploymentGroupName: functionName,
        DeploymentConfigName: `CodeDeployDefault.Lambda${configuration}`,
        DeploymentStyle: { DeploymentType: "BLUE_GREEN", DeploymentOption: "WITH_TRAFFIC_CONTROL" },
        AlarmConfiguration: { Enabled: true, Alarms: [{ Name: { Ref: part("CanaryErrorsAlarm") } }] },
        AutoRollbackConfiguration: {
          Enabled: true, Events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
        },
        ServiceRoleArn: { "Fn::GetAtt": ["CanaryRole", "Arn"] },
      },
    },
    // What becomes of an event that fails is said of each alias by itself.
    ...(events && {
      [part("AliasEvConf")]: {
        ...events, DependsOn: [aliasOf(id)], Properties: { ...events.Properties, Qualifier: ALIAS },
      },
    }),
  };
};

const shared = (name) => ({
  CanaryApplication: { Type: "AWS::CodeDeploy::Application", Properties: { ApplicationName: name, ComputePlatform: "Lambda" } },
  CanaryRole: {
    Type: "AWS::IAM::Role",
    Properties: {
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [{
          Effect: "Allow", Principal: { Service: "codedeploy.amazonaws.com" }, Action: "sts:AssumeRole",
          Condition: { StringEqualsIfExists: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
        }],
      },
      ManagedPolicyArns: [{ "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited" }],
    },
  },
});

class Canary {
  constructor(serverless) {
    this.hooks = {
      "after:aws:package:finalize:mergeCustomProviderResources": () => {
        const { provider, custom } = serverless.service;
        const name = serverless.getProvider("aws").naming.getStackName();
        if (custom.canary.canary !== "off") {
          exports.add(provider.compiledCloudFormationTemplate, name, custom.canary.canary);
        }
      },
    };
  }
}

module.exports = Object.assign(Canary, exports);
