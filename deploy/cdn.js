// Thumbnails on the web, by the parameter `cdn`: a CloudFront distribution that alone may read the bucket of thumbnails, or
// one that is there already (`cdn_distribution_arn`); and policy statements of the user's own for both buckets.
//
// Source: Amazon CloudFront developer guide, "Restrict access to an Amazon S3 origin".

const fs = require("node:fs");

const { onOff, sub } = require("./parameters.js");

const DISTRIBUTION = /^arn:[a-z-]+:cloudfront::\d{12}:distribution\/[A-Z0-9]+$/;

// Managed-CachingOptimized: caches as long as Cache-Control says, compresses, and no cookie, header or query string makes
// another copy. Source: the same guide, "Use managed cache policies".
const CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";

const read = async (resolveVariable) => {
  // A deployment of one bucket for both sides has a prefix, and uploads are nobody's business.
  const isOn = await onOff(resolveVariable, "cdn");
  const [arn, service, stage, bucket, prefix] = await Promise.all(["param:cdn_distribution_arn", "self:service",
    "sls:stage", "param:destination_bucket", "param:destination_prefix"].map(resolveVariable));
  if (arn !== "" && !DISTRIBUTION.test(arn)) {
    throw new Error(`cdn_distribution_arn is "${arn}": expected arn:aws:cloudfront::ACCOUNT:distribution/ID`);
  }
  return { isOn, arn, name: `${service}-${stage}`, bucket, prefix };
};

const distributionArn = sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}");

/** Who may read thumbnails, for the policy of their bucket. Our own records are in it too, and are not served. */
const readers = ({ isOn, arn, bucket, prefix }) => {
  const distributions = [...(isOn ? [distributionArn] : []), ...(arn ? [arn] : [])];
  if (distributions.length === 0) {
    return [];
  }
  const statement = (Sid, Effect, keys) => ({
    Sid,
    Effect,
    Principal: { Service: "cloudfront.amazonaws.com" },
    Action: "s3:GetObject",
    Resource: sub(`arn:\${AWS::Partition}:s3:::${bucket}/${keys}`),
    Condition: { StringEquals: { "aws:SourceArn": distributions } },
  });
  return [statement("ServeThumbnails", "Allow", `${prefix}*`), statement("ServeNoRecords", "Deny", ".thumbtier/*")];
};

const own = async (resolveVariable, parameter) => {
  const file = await resolveVariable(`param:${parameter}`);
  if (file === "") {
    return [];
  }
  const statements = JSON.parse(fs.readFileSync(file, "utf8"));
  if (!Array.isArray(statements) || !statements.every((one) => one.Effect && one.Principal && one.Action && one.Resource)) {
    throw new Error(`${parameter} is "${file}": expected a JSON list of policy statements, each with Effect, Principal, `
      + "Action and Resource");
  }
  return statements;
};

/** The distributions before the thumbnails, by their ids; one of ours has its from CloudFormation. */
exports.distributionIds = async ({ resolveVariable }) => {
  const { isOn, arn } = await read(resolveVariable);
  return [...(isOn ? ["${Distribution}"] : []), ...(arn ? [arn.split("/")[1]] : [])];
};

/** Statements beside those of the deployment, for the policy of the source bucket. */
exports.sourceStatements = async ({ resolveVariable }) => own(resolveVariable, "source_policy_file");

/** The same for the bucket of thumbnails, with whoever serves them. */
exports.destinationStatements = async ({ resolveVariable }) =>
  [...readers(await read(resolveVariable)), ...await own(resolveVariable, "destination_policy_file")];

exports.resources = async ({ resolveVariable }) => {
  const { isOn, name, bucket } = await read(resolveVariable);
  if (!isOn) {
    return {};
  }
  return {
    Resources: {
      DistributionAccess: {
        Type: "AWS::CloudFront::OriginAccessControl",
        Properties: {
          OriginAccessControlConfig: {
            // CloudFront is of no region, and the same stage may be in several.
            Name: sub(`${name}-\${AWS::Region}`),
            OriginAccessControlOriginType: "s3",
            SigningBehavior: "always",
            SigningProtocol: "sigv4",
          },
        },
      },
      Distribution: {
        Type: "AWS::CloudFront::Distribution",
        Properties: {
          DistributionConfig: {
            Comment: `${name}: thumbnails`,
            Enabled: true,
            HttpVersion: "http2and3",
            IPV6Enabled: true,
            Origins: [{
              Id: "thumbnails",
              DomainName: sub(`${bucket}.s3.\${AWS::Region}.\${AWS::URLSuffix}`),
              OriginAccessControlId: { "Fn::GetAtt": ["DistributionAccess", "Id"] },
              S3OriginConfig: { OriginAccessIdentity: "" },
            }],
            DefaultCacheBehavior: {
              TargetOriginId: "thumbnails",
              CachePolicyId: CACHING_OPTIMIZED,
              Compress: true,
              ViewerProtocolPolicy: "redirect-to-https",
            },
            // S3 says 403 of a thumbnail that is not made yet, because nobody may list the bucket: ask again soon.
            CustomErrorResponses: [{ ErrorCode: 403, ErrorCachingMinTTL: 5 }],
          },
        },
      },
    },
    Outputs: {
      CdnUrl: { Description: "Thumbnails on the web", Value: { "Fn::Join": ["", ["https://", { "Fn::GetAtt": ["Distribution", "DomainName"] }]] } },
    },
  };
};
