// The template with a canary, as `make templates` packages it: whoever invokes a function goes to its alias.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const canary = require("./canary.js");
const events = require("./events.js");

const packaged = (folder) => {
  const path = new URL(`../target/${folder}/cloudformation-template-update-stack.json`, import.meta.url);
  assert.ok(existsSync(path), `no ${folder}: run \`make templates\``);
  return JSON.parse(readFileSync(path, "utf8")).Resources;
};

const ALIASED = ["Dispatcher", "WorkerDashsmall", "WorkerDashmedium", "WorkerDashlarge", "Api"];

test("without a canary there are no versions, which nobody would delete", () => {
  for (const folder of ["template", "template-kms", "template-off"]) {
    const types = Object.values(packaged(folder)).map(({ Type }) => Type);
    assert.deepEqual(types.filter((type) => /Lambda::(Version|Alias)|CodeDeploy/.test(type)), [], folder);
  }
});

test("each function but batch has an alias that CodeDeploy moves, and an alarm that rolls it back", () => {
  const resources = packaged("template-canary");
  const ids = (type) => Object.keys(resources).filter((id) => resources[id].Type === type).sort();
  assert.deepEqual(ids("AWS::Lambda::Alias"), ALIASED.map((one) => `${one}Alias`).sort());
  for (const name of ALIASED) {
    const { Properties, UpdatePolicy } = resources[`${name}Alias`];
    const version = Properties.FunctionVersion["Fn::GetAtt"][0];
    assert.deepEqual(resources[version].Properties.FunctionName, { Ref: `${name}LambdaFunction` });
    assert.equal(resources[version].DeletionPolicy, "Delete", "versions would pile up");
    assert.deepEqual(UpdatePolicy.CodeDeployLambdaAliasUpdate,
      { ApplicationName: { Ref: "CanaryApplication" }, DeploymentGroupName: { Ref: `${name}CanaryGroup` } });
    const group = resources[`${name}CanaryGroup`].Properties;
    assert.equal(group.DeploymentConfigName, "CodeDeployDefault.LambdaCanary10Percent5Minutes");
    assert.deepEqual(group.AlarmConfiguration.Alarms, [{ Name: { Ref: `${name}CanaryErrorsAlarm` } }]);
    assert.ok(group.AutoRollbackConfiguration.Events.includes("DEPLOYMENT_STOP_ON_ALARM"));
    const alarm = resources[`${name}CanaryErrorsAlarm`].Properties;
    assert.deepEqual(alarm.Dimensions.find(({ Name }) => Name === "ExecutedVersion").Value, { "Fn::GetAtt": [version, "Version"] });
    assert.deepEqual(alarm.AlarmActions, [{ Ref: "AlarmTopic" }]);
  }
  assert.equal(ids("AWS::Lambda::Version").length, ALIASED.length, "batch has a version that nothing asks for");
});

test("a day's cost has the alarms of the canary in it", () => {
  const added = (folder) => {
    const { Metrics } = Object.values(packaged(folder)).find(({ Properties }) => Properties?.AlarmName === "thumbtier-prod-daily-cost").Properties;
    return Number(Metrics.find(({ Expression }) => Expression).Expression.replace("dollars+", ""));
  };
  // Both have the API.
  const difference = added("template-canary") - added("template-existing");
  assert.ok(Math.abs(difference - (ALIASED.length * 0.10) / 30) < 1e-4, `${difference}`);
});

test("nothing but a role goes past an alias", () => {
  const resources = packaged("template-canary");
  const past = JSON.stringify(Object.fromEntries(Object.entries(resources).filter(([, { Type }]) => Type !== "AWS::IAM::Role")));
  for (const name of ALIASED) {
    assert.ok(!past.includes(`{"Fn::GetAtt":["${name}LambdaFunction","Arn"]}`), name);
  }
  const target = (id, read) => assert.deepEqual(read(resources[id].Properties), { Ref: "DispatcherAlias" }, id);
  target("SourceBucket", ({ NotificationConfiguration }) => NotificationConfiguration.LambdaConfigurations[0].Function);
  target("SourceBucketMayInvokeDispatcher", ({ FunctionName }) => FunctionName);
  target("DispatcherEventSourceMappingSQSFailedJobs", ({ FunctionName }) => FunctionName);
  assert.deepEqual(resources.HttpApiIntegration.Properties.IntegrationUri, { Ref: "ApiAlias" });
  const invoke = resources.DispatcherRole.Properties.Policies[0].PolicyDocument.Statement.find(({ Sid }) => Sid === "InvokeWorkers");
  assert.deepEqual(invoke.Resource[0], { "Fn::Sub": "${WorkerDashsmallLambdaFunction.Arn}:live" });
  for (const name of ["Dispatcher", "WorkerDashsmall"]) {
    const [latest, live] = ["LambdaEvConf", "AliasEvConf"].map((suffix) => resources[`${name}${suffix}`].Properties);
    assert.deepEqual([latest.Qualifier, live.Qualifier], ["$LATEST", "live"]);
    assert.deepEqual(live.DestinationConfig, latest.DestinationConfig);
  }
  const variables = resources.DispatcherLambdaFunction.Properties.Environment.Variables;
  assert.equal(variables.WORKER_ALIAS, "live");
});

test("a queue, a topic and EventBridge reach the alias too", async () => {
  const withVersion = (id) => ({ [id]: { Type: "AWS::Lambda::Function", Properties: { FunctionName: id } },
    [`${id}Version`]: { Type: "AWS::Lambda::Version", Properties: { FunctionName: { Ref: id } } } });
  const parameters = { source_bucket: "up", source_prefixes: "", "self:service": "thumbtier", "sls:stage": "prod" };
  const made = async (given) => {
    const known = { ...parameters, source_queue_arn: "", source_topic_arn: "", ...given };
    const resolveVariable = async (name) => known[name.replace("param:", "")] ?? known[name];
    const { Resources } = await events.resources({ resolveVariable });
    const template = { Resources: { ...Resources, ...withVersion("DispatcherLambdaFunction") } };
    canary.add(template, "thumbtier-prod", "AllAtOnce");
    return template.Resources;
  };
  const alias = { Ref: "DispatcherAlias" };
  const others = await made({ event_source: "none", source_queue_arn: "arn:aws:sqs:us-east-1:123456789012:uploads",
    source_topic_arn: "arn:aws:sns:us-east-1:123456789012:uploads" });
  assert.deepEqual(others.UploadsQueueMapping.Properties.FunctionName, alias);
  assert.deepEqual(others.UploadsTopicSubscription.Properties.Endpoint, alias);
  assert.deepEqual(others.UploadsTopicMayInvokeDispatcher.Properties.FunctionName, alias);
  const rule = await made({ event_source: "eventbridge" });
  assert.deepEqual(rule.UploadsRule.Properties.Targets[0].Arn, alias);
  assert.deepEqual(rule.UploadsRuleMayInvokeDispatcher.Properties.FunctionName, alias);
});

test("a canary that CodeDeploy does not know is refused", async () => {
  const resolveVariable = async () => "on";
  await assert.rejects(canary.hasVersions({ resolveVariable }), /canary is "on": expected off, Canary10Percent5Minutes/);
});
