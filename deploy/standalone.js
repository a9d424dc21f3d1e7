// The packaged template without the Serverless Framework: no bucket of its own for code, which two parameters name.
//
// node deploy/standalone.js target/deploy target/standalone.json

const fs = require("node:fs");
const path = require("node:path");

const BUCKET = "ServerlessDeploymentBucket";

exports.standalone = (template) => {
  const { [BUCKET]: bucket, [`${BUCKET}Policy`]: policy, ...Resources } = structuredClone(template.Resources);
  const { [`${BUCKET}Name`]: name, ...Outputs } = template.Outputs;
  for (const resource of Object.values(Resources).filter(({ Type }) => Type === "AWS::Lambda::Function")) {
    const zip = path.posix.basename(resource.Properties.Code.S3Key);
    resource.Properties.Code = { S3Bucket: { Ref: "CodeBucket" }, S3Key: { "Fn::Sub": `\${CodePrefix}${zip}` } };
  }
  return {
    AWSTemplateFormatVersion: template.AWSTemplateFormatVersion,
    Description: template.Description,
    Parameters: {
      CodeBucket: { Type: "String", Description: "The bucket, in this region, that the functions' zips are in" },
      // CloudFormation changes a function when its key is another one, and looks at no bytes.
      CodePrefix: { Type: "String", Description: "What their keys begin with, another for each version, such as thumbtier/v1.2.3/" },
    },
    Resources,
    Outputs,
  };
};

if (require.main === module) {
  const [folder, out] = process.argv.slice(2);
  const template = JSON.parse(fs.readFileSync(path.join(folder, "cloudformation-template-update-stack.json"), "utf8"));
  fs.writeFileSync(out, `${JSON.stringify(exports.standalone(template), null, 2)}\n`);
  console.error(`${out}: give it the parameters CodeBucket and CodePrefix; docs/deploy.md says how`);
}
