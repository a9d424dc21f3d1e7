// The two buckets: made by the deployment, or there before; one for both sides where prefixes keep them apart.
//
// A bucket that exists already belongs to somebody else. The deployment makes no bucket, no policy and no notification
// for it: `thumbtier attach` adds ours to its notifications, or EventBridge, an SQS queue or an SNS topic announce it.

const { sourceStatements, destinationStatements } = require("./cdn.js");
const encryption = require("./encryption.js");
const events = require("./events.js");
const { flag, onOff, prefixes, sub } = require("./parameters.js");

const SOURCE = "SourceBucket";
const DESTINATION = "DestinationBucket";

const NO_VALUE = { Ref: "AWS::NoValue" };

// Someone who deletes the deployment, or gives it another bucket, never means the pictures. Only what a first deployment
// made and rolled back goes, which is empty: kept, it would make the next try fail with "already exists".
// Source: AWS CloudFormation user guide, "DeletionPolicy attribute".
const RETAIN = { DeletionPolicy: "RetainExceptOnCreate", UpdateReplacePolicy: "Retain" };

// Parts of an upload that nobody completed are billed and shown by no listing.
const ABORT_RULE = {
  Id: "abort-incomplete-uploads", Status: "Enabled", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
};

// How uploads ended that left no thumbnail, manifests and reports of backfills.
const OWN_RECORDS_RULE = { Id: "own-records", Prefix: ".thumbtier/", ExpirationInDays: 30, Status: "Enabled" };

// Thumbnails can be made again, and those of a deleted picture must not stay. Uploads have no such rule.
const oldVersionsRule = (Id, Prefix) => ({
  Id, Status: "Enabled", ...(Prefix && { Prefix }), NoncurrentVersionExpiration: { NoncurrentDays: 30 },
});

const bucketArn = (bucket) => sub(`arn:\${AWS::Partition}:s3:::${bucket}`);
const objectArns = (bucket, starts) => {
  const arns = starts.map((start) => sub(`arn:\${AWS::Partition}:s3:::${bucket}/${start}*`));
  return arns.length === 1 ? arns[0] : arns;
};

/** The parameters that are about buckets, checked. */
const read = async (resolveVariable) => {
  const [source, destination, sourceExists, destinationExists, sourcePrefixes, destinationPrefixes, sourceVersioning,
    destinationVersioning] = await Promise.all([
    resolveVariable("param:source_bucket"), resolveVariable("param:destination_bucket"),
    flag(resolveVariable, "source_bucket_exists"), flag(resolveVariable, "destination_bucket_exists"),
    prefixes(resolveVariable, "source_prefixes"), prefixes(resolveVariable, "destination_prefix"),
    onOff(resolveVariable, "source_versioning"), onOff(resolveVariable, "destination_versioning"),
  ]);
  const isSame = source === destination;
  if (isSame && sourceExists !== destinationExists) {
    throw new Error(`source_bucket and destination_bucket are both "${source}", and only one of source_bucket_exists `
      + "and destination_bucket_exists is true: give both the same value");
  }
  if (isSame && sourceVersioning !== destinationVersioning) {
    throw new Error(`source_bucket and destination_bucket are both "${source}": give source_versioning and `
      + "destination_versioning the same value");
  }
  // Else workers might write over uploads, and a rule for old thumbnails would be one for old uploads.
  if (isSame && (sourcePrefixes.length === 0 || destinationPrefixes.length === 0)) {
    throw new Error(`source_bucket and destination_bucket are both "${source}": set source_prefixes and `
      + "destination_prefix, of which none may begin as the other, such as uploads/ and thumbnails/");
  }
  if (destinationPrefixes.length > 1) {
    throw new Error(`destination_prefix is "${destinationPrefixes.join(",")}": expected one prefix, such as thumbnails/`);
  }
  for (const [exists, versioning, side] of [[sourceExists, sourceVersioning, "source"],
    [destinationExists, destinationVersioning, "destination"]]) {
    if (exists && versioning) {
      throw new Error(`${side}_versioning is on and ${side}_bucket_exists is true: the deployment changes no bucket that `
        + "exists, so leave versioning to the bucket's owner");
    }
  }
  return { source, destination, sourceExists, destinationExists, sourcePrefixes, isSame,
    destinationPrefix: destinationPrefixes[0] ?? "", sourceVersioning, destinationVersioning };
};

exports.sourceName = async ({ resolveVariable }) => sub((await read(resolveVariable)).source);

exports.destinationName = async ({ resolveVariable }) => sub((await read(resolveVariable)).destination);

/** What functions may read of the source bucket: no more than the source prefixes. */
exports.sourceObjects = async ({ resolveVariable }) => {
  const { source, sourcePrefixes } = await read(resolveVariable);
  return objectArns(source, sourcePrefixes.length > 0 ? sourcePrefixes : [""]);
};

/** Where functions may write, read and delete thumbnails and our own records, and nothing else of that bucket. */
exports.thumbnailObjects = async ({ resolveVariable }) => {
  const { destination, destinationPrefix } = await read(resolveVariable);
  return objectArns(destination, destinationPrefix === "" ? [""] : [destinationPrefix, ".thumbtier/"]);
};

/** The rules of a bucket that we make, by what it holds. */
const lifecycle = (holdsThumbnails, { destinationPrefix, destinationVersioning }) => ({
  Rules: [
    ABORT_RULE,
    ...(holdsThumbnails ? [OWN_RECORDS_RULE] : []),
    ...(holdsThumbnails && destinationVersioning ? [
      oldVersionsRule("old-thumbnails", destinationPrefix),
      ...(destinationPrefix ? [oldVersionsRule("old-own-records", ".thumbtier/")] : []),
    ] : []),
  ],
});

const bucket = (name, versioning, rules, properties) => ({
  Type: "AWS::S3::Bucket",
  ...RETAIN,
  Properties: {
    BucketName: sub(name),
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
    },
    LifecycleConfiguration: rules,
    VersioningConfiguration: versioning ? { Status: "Enabled" } : NO_VALUE,
    ...properties,
  },
});

// It stays with its bucket: a bucket that is left keeps refusing requests without TLS.
const policy = (logicalId, name, more) => ({
  Type: "AWS::S3::BucketPolicy",
  ...RETAIN,
  Properties: {
    Bucket: { Ref: logicalId },
    PolicyDocument: {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "TlsOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [bucketArn(name), sub(`arn:\${AWS::Partition}:s3:::${name}/*`)],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
        ...more,
      ],
    },
  },
});

exports.resources = async ({ resolveVariable }) => {
  // Loaded late: api.js asks this file for the ARNs of objects.
  const { uploadCors } = require("./api.js");
  const settings = await read(resolveVariable);
  const { source, destination, sourceExists, destinationExists, isSame } = settings;
  const BucketEncryption = await encryption.bucket({ resolveVariable });
  const resources = {
    // Where `thumbtier attach` adds the notification, S3 asks for this right before it accepts it. Source: Amazon S3
    // user guide, "Granting permissions to publish event notification messages to a destination".
    SourceBucketMayInvokeDispatcher: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        Action: "lambda:InvokeFunction",
        FunctionName: { "Fn::GetAtt": ["DispatcherLambdaFunction", "Arn"] },
        Principal: "s3.amazonaws.com",
        SourceAccount: { Ref: "AWS::AccountId" },
        SourceArn: bucketArn(source),
      },
    },
  };
  if (!sourceExists) {
    resources[SOURCE] = {
      DependsOn: "SourceBucketMayInvokeDispatcher",
      ...bucket(source, settings.sourceVersioning, lifecycle(isSame, settings), {
        BucketEncryption,
        NotificationConfiguration: await events.notification({ resolveVariable }),
        CorsConfiguration: await uploadCors({ resolveVariable }),
      }),
    };
    const served = isSame ? await destinationStatements({ resolveVariable }) : [];
    resources.SourceBucketPolicy = policy(SOURCE, source, [...await sourceStatements({ resolveVariable }), ...served]);
  }
  if (!destinationExists && !isSame) {
    resources[DESTINATION] =
      bucket(destination, settings.destinationVersioning, lifecycle(true, settings), { BucketEncryption });
    resources.DestinationBucketPolicy = policy(DESTINATION, destination, await destinationStatements({ resolveVariable }));
  }
  return {
    Resources: resources,
    Outputs: {
      SourceBucketName: {
        Description: "Upload images here", Value: sourceExists ? sub(source) : { Ref: SOURCE },
      },
      DestinationBucketName: {
        Description: "Thumbnails are here",
        Value: destinationExists ? sub(destination) : { Ref: isSame ? SOURCE : DESTINATION },
      },
    },
  };
};
