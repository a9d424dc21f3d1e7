// A plugin of the Serverless Framework: the HTTP API's bearer token, made by whoever deploys, before the deployment.
//
// The token is a SecureString in SSM, which CloudFormation cannot make. Its SHA-256 is an ordinary String beside it,
// which CloudFormation can read; the function is told that and nothing else. A token that is there is left alone.
// Those of all versions go with the deployment: deploy/remove.js.

const { createHash, randomBytes } = require("node:crypto");

class ApiToken {
  constructor(serverless, options) {
    const names = () => serverless.service.custom.api_token ?? {};
    const client = () => {
      const { SSMClient } = require("@aws-sdk/client-ssm");
      const profile = options["aws-profile"];
      return new SSMClient({ region: serverless.service.provider.region, ...(profile && { profile }) });
    };
    this.hooks = {
      "before:deploy:deploy": () => make(client, names()),
    };
  }
}

const make = async (client, { token: name, sha256: digestName }) => {
  if (!name) {
    return;
  }
  const { GetParameterCommand, PutParameterCommand } = require("@aws-sdk/client-ssm");
  const ssm = client();
  const read = async () => {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    return Parameter.Value;
  };
  const create = async () => {
    const token = randomBytes(32).toString("base64url");
    const Description = "Bearer token of the HTTP API";
    await ssm.send(new PutParameterCommand({ Name: name, Value: token, Type: "SecureString", Description }));
    return token;
  };
  const token = await read().catch((error) => {
    if (error.name !== "ParameterNotFound") {
      throw error;
    }
    return create();
  });
  const sha256 = createHash("sha256").update(token).digest("hex");
  await ssm.send(new PutParameterCommand({ Name: digestName, Value: sha256, Type: "String", Overwrite: true }));
};

module.exports = ApiToken;
