// A plugin of the Serverless Framework: what a removal does beside deleting the stack.
//
// The buckets stay, with everything in them. Before the functions go, what notifies the dispatcher is taken out of the
// source bucket's configuration: a notification to a function that is gone makes every later change of it fail. After
// that the API's tokens go, which CloudFormation did not make, and the buckets that are left are named.

class Removal {
  constructor(serverless, options, { log }) {
    const stackName = () => serverless.getProvider("aws").naming.getStackName();
    const stage = () => serverless.getProvider("aws").getStage();
    const profile = options["aws-profile"];
    const configuration = () => ({ region: serverless.service.provider.region, ...(profile && { profile }) });
    let buckets = {};
    this.hooks = {
      "before:remove:remove": async () => {
        buckets = await bucketsOf(configuration(), stackName());
        if (buckets.source) {
          await disconnect(configuration(), buckets.source, `${stackName()}-dispatcher`, log);
        }
      },
      "after:remove:remove": async () => {
        await removeTokens(configuration(), `/thumbtier/${stage()}/`);
        tellOfBuckets(buckets, log);
      },
    };
  }
}

/** The names in the stack's outputs: the parameters of this call may be others than those of the deployment. */
const bucketsOf = async (configuration, StackName) => {
  const { CloudFormationClient, DescribeStacksCommand } = require("@aws-sdk/client-cloudformation");
  const client = new CloudFormationClient(configuration);
  const { Stacks: [stack] } = await client.send(new DescribeStacksCommand({ StackName })).catch((error) => {
    if (/does not exist/.test(error.message)) {
      return { Stacks: [{}] };
    }
    throw error;
  });
  const value = (key) => stack.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  return { source: value("SourceBucketName"), destination: value("DestinationBucketName") };
};

/**
 * Every notification to the dispatcher, whoever made it, and nothing else of the configuration. What else is there is not
 * validated again: a queue that is gone is its owner's concern. Source: Amazon S3 API reference,
 * "PutBucketNotificationConfiguration", which replaces the whole configuration.
 */
const disconnect = async (configuration, Bucket, dispatcher, log) => {
  const { S3Client, GetBucketNotificationConfigurationCommand, PutBucketNotificationConfigurationCommand } =
    require("@aws-sdk/client-s3");
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const client = new S3Client({ ...configuration, forcePathStyle: Boolean(endpoint) });
  try {
    const { $metadata, ...current } = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    const isOurs = ({ LambdaFunctionArn: arn }) => arn.split(":")[6] === dispatcher;
    const all = current.LambdaFunctionConfigurations ?? [];
    const kept = all.filter((one) => !isOurs(one));
    if (kept.length < all.length) {
      const NotificationConfiguration = { ...current, LambdaFunctionConfigurations: kept };
      await client.send(new PutBucketNotificationConfigurationCommand({
        Bucket, NotificationConfiguration, SkipDestinationValidation: true,
      }));
      log.notice(`s3://${Bucket} notifies ${dispatcher} no more; ${kept.length} other functions, its queues, topics and `
        + "EventBridge as before");
    }
  } catch (error) {
    if (error.name === "NoSuchBucket") {
      return;
    }
    throw new Error(`taking the notifications to ${dispatcher} out of s3://${Bucket} failed, so nothing was removed: `
      + `${error.name}: ${error.message}; it takes s3:GetBucketNotification and s3:PutBucketNotification`, { cause: error });
  }
};

/** Tokens of every version, and their digests. */
const removeTokens = async (configuration, Path) => {
  const { SSMClient, GetParametersByPathCommand, DeleteParametersCommand } = require("@aws-sdk/client-ssm");
  const client = new SSMClient(configuration);
  for (;;) {
    // Ten are a page, and as many are deleted at once.
    const { Parameters } = await client.send(new GetParametersByPathCommand({ Path, Recursive: true, MaxResults: 10 }));
    if (Parameters.length === 0) {
      return;
    }
    await client.send(new DeleteParametersCommand({ Names: Parameters.map(({ Name }) => Name) }));
  }
};

const tellOfBuckets = ({ source, destination }, log) => {
  if (!source) {
    return;
  }
  const left = source === destination
    ? [`s3://${source}, with uploads and thumbnails`]
    : [`s3://${source}, with the uploads`, `s3://${destination}, with the thumbnails`];
  log.notice(`Left as they are: ${left.join("; ")}.`);
  log.notice("A removal deletes no bucket and no object, because uploads cannot be made again.");
  log.notice(`To deploy with them again: --param="source_bucket=${source}" --param="source_bucket_exists=true" `
    + `--param="destination_bucket=${destination}" --param="destination_bucket_exists=true", and then thumbtier attach`);
};

module.exports = Removal;
