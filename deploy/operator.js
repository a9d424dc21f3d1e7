// What whoever operates a deployment may do, a managed policy for each subcommand of `thumbtier`: attach it to their role
// or permission set. Its ARN is an output of the stack. IAM Identity Center takes it as a customer managed policy.
//
// Nothing is named `*` but calls that have no resource. Source: Service Authorization Reference, "Actions, resources, and
// condition keys" for Lambda, CloudWatch, CloudWatch Logs, Amazon SQS, Amazon S3 and IAM.

const { key: keyOf } = require("./encryption.js");
const { sub } = require("./parameters.js");

const attribute = (resource, name) => ({ "Fn::GetAtt": [resource, name] });
const allow = (Sid, Action, Resource, Condition) => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition && { Condition }) });

const here = (service, rest) => sub(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${rest}`);
const bucket = (name) => sub(`arn:\${AWS::Partition}:s3:::${name}`);
const objects = (name, keys) => sub(`arn:\${AWS::Partition}:s3:::${name}/${keys}`);

exports.resources = async ({ resolveVariable }) => {
  const [service, stage, source, destination, key] = await Promise.all(
    [...["self:service", "sls:stage", "param:source_bucket", "param:destination_bucket"].map(resolveVariable), keyOf(resolveVariable)]);
  const all = policies({ name: `${service}-${stage}`, source, destination, key });
  const Resources = Object.fromEntries(Object.entries(all).map(([command, Statement]) => [`${command}Policy`, {
    Type: "AWS::IAM::ManagedPolicy",
    Properties: {
      Description: `What thumbtier ${command.toLowerCase()} --stage ${stage} needs`,
      PolicyDocument: { Version: "2012-10-17", Statement },
    },
  }]));
  const Outputs = Object.fromEntries(Object.keys(all).map((command) => [`${command}PolicyArn`, {
    Description: `For whoever runs thumbtier ${command.toLowerCase()}`,
    Value: { Ref: `${command}Policy` },
  }]));
  return { Resources, Outputs };
};

const policies = ({ name, source, destination, key }) => {
  // With the log streams behind the colon, and without.
  const logs = (functions) => ["", ":*"].map((end) => here("logs", `log-group:/aws/lambda/${name}-${functions}${end}`));
  const functions = (names) => here("lambda", `function:${name}-${names}`);
  const queues = [attribute("DeadLetters", "Arn"), attribute("Refusals", "Arn")];
  // Where the buckets have a key of KMS, whoever writes an object asks S3 for its data key.
  const useKey = key
    ? [allow("UseBucketKey", ["kms:Decrypt", "kms:GenerateDataKey"], key,
      { StringEquals: { "kms:ViaService": sub("s3.${AWS::Region}.${AWS::URLSuffix}") } })]
    : [];
  return {
    Cost: [
      allow("ReadFunctions", "lambda:GetFunctionConfiguration", functions("*")),
      // Neither has a resource that could be named.
      allow("ReadMetrics", "cloudwatch:GetMetricData", "*"),
      allow("ReadRetention", "logs:DescribeLogGroups", "*"),
      // With --billed.
      allow("ReadLogs", "logs:FilterLogEvents", logs("*")),
    ],
    Tune: [
      allow("ReadLogs", "logs:FilterLogEvents", logs("worker-*")),
      // With --validate: an image for workers only, and away with it.
      allow("ReadFunctions", "lambda:GetFunctionConfiguration", functions("worker-*")),
      allow("RunWorkers", "lambda:InvokeFunction", functions("worker-*")),
      allow("StoreImages", "s3:PutObject", objects(source, "thumbtier-validate/*")),
      allow("RemoveImages", "s3:DeleteObject", objects(source, "thumbtier-validate/*")),
      // Wherever the key template of thumbnails.json puts them.
      allow("RemoveThumbnails", "s3:DeleteObject", objects(destination, "*thumbtier-validate/*")),
      ...useKey,
    ],
    Smoke: [
      allow("ReadFunctions", "lambda:GetFunctionConfiguration", functions("dispatcher")),
      allow("StoreImages", "s3:PutObject", objects(source, "*thumbtier-smoke/*")),
      allow("RemoveImages", ["s3:DeleteObject", "s3:DeleteObjectVersion"], objects(source, "*thumbtier-smoke/*")),
      // Wherever the key template of thumbnails.json puts them. Without the list S3 answers 403 where none is there yet.
      allow("ReadThumbnails", "s3:GetObject", objects(destination, "*thumbtier-smoke/*")),
      allow("TellThumbnailGoneFromForbidden", "s3:ListBucket", bucket(destination)),
      allow("RemoveThumbnails", ["s3:DeleteObject", "s3:DeleteObjectVersion"], objects(destination, "*thumbtier-smoke/*")),
      ...useKey,
    ],
    Redrive: [
      allow("FindQueues", "sqs:GetQueueUrl", queues),
      allow("CountLetters", "sqs:GetQueueAttributes", queues),
      allow("ReadLetters", "sqs:ReceiveMessage", queues),
      allow("LeaveLetters", "sqs:ChangeMessageVisibility", queues),
      allow("RemoveLetters", "sqs:DeleteMessage", queues),
      allow("RunDispatcher", "lambda:InvokeFunction", functions("dispatcher")),
    ],
    Backfill: [
      allow("ReadFunction", "lambda:GetFunctionConfiguration", functions("batch")),
      allow("ListUploads", "s3:ListBucket", bucket(source)),
      // With --direct, or where there is no S3 Batch Operations.
      allow("RunBatch", "lambda:InvokeFunction", functions("batch")),
      // With --max-concurrency, which waits for each worker.
      allow("ReadUploads", "s3:GetObject", objects(source, "*")),
      allow("RunWorkers", "lambda:InvokeFunction", functions("worker-*")),
      allow("StoreManifests", "s3:PutObject", objects(destination, ".thumbtier/backfill/*")),
      allow("RemoveManifests", "s3:DeleteObject", objects(destination, ".thumbtier/backfill/*")),
      allow("MakeJobs", "s3:CreateJob", "*"),
      allow("FollowJobs", "s3:DescribeJob", here("s3", "job/*")),
      allow("LendJobsTheirRole", "iam:PassRole", attribute("BatchJobRole", "Arn"),
        { StringEquals: { "iam:PassedToService": "batchoperations.s3.amazonaws.com" } }),
      ...useKey,
    ],
  };
};
