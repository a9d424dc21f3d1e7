// How both buckets are encrypted, by the parameter kms_key_arn: by S3's own key where it is empty, else by that key of
// KMS, with the rights that this takes.

const { workers } = require("./tiers.js");

// An alias is no resource of a right.
const KEY = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;

const key = async (resolveVariable) => {
  const arn = await resolveVariable("param:kms_key_arn");
  if (arn !== "" && !KEY.test(arn)) {
    throw new Error(`kms_key_arn is "${arn}": expected the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID`);
  }
  return arn;
};

exports.key = key;

// Without a bucket key each thumbnail would be a request to KMS.
exports.bucket = async ({ resolveVariable }) => {
  const arn = await key(resolveVariable);
  const rule = arn === ""
    ? { ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }
    : { ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: arn }, BucketKeyEnabled: true };
  return { ServerSideEncryptionConfiguration: [rule] };
};

// Workers read uploads and write thumbnails; a job of S3 Batch Operations reads its manifest and writes its report.
// Whoever writes decrypts the bucket key too. Dispatcher and batch function only HEAD, which takes no key; with an HTTP
// API, which reads and writes both, they keep endings.
exports.resources = async ({ resolveVariable }) => {
  const arn = await key(resolveVariable);
  if (arn === "") {
    return {};
  }
  const withApi = await resolveVariable("param:api") === "on" ? ["ApiRole", "DispatcherRole", "BatchRole"] : [];
  const policy = {
    Type: "AWS::IAM::Policy",
    Properties: {
      PolicyName: "use-bucket-key",
      Roles: [...workers.map(({ role }) => role), "BatchJobRole", ...withApi].map((role) => ({ Ref: role })),
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [{
          Sid: "UseBucketKey",
          Effect: "Allow",
          Action: ["kms:Decrypt", "kms:GenerateDataKey"],
          Resource: arn,
          Condition: { StringEquals: { "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}" } } },
        }],
      },
    },
  };
  return { Resources: { UseBucketKey: policy } };
};
